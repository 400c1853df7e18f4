//! Commands beside a running daemon: they reach it through its control socket, and say what they say
//! without one.
//!
//! Promises the real program at both ends of the socket. Leaves what goes over it, line by line, to the
//! socket's own tests.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::program::{Daemon, Ended, Folder, Served};

/// An app that takes names of 16 characters, of which the config knows nothing.
const CONFIG: &str = "\
state: { dir: state }
sources:
  hq:
    file: { users: people.yaml }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff] }
    leavers: { unassigned: keep }
    sandbox: { accounts: wiki.json }
";
const SERVED: &str = "    override: { attributes: { displayName: { max_length: 16 } } }\n";

const PEOPLE: &str = "\
users:
- { key: p-1, uid: ana, mail: ana@example.com, givenName: Ana, sn: Lima }
- { key: p-2, uid: cy, mail: cy@example.com, givenName: Cy, sn: Young }
- { key: p-3, uid: max, mail: max@example.com, givenName: Maximilian, sn: Featherstone }
groups:
- { key: g-1, name: staff, members: [p-2, p-3] }
";

fn accounts() -> Json {
    json!({
        "users": [
            { "id": "u-1", "userName": "ana", "active": true },
            { "id": "u-6", "userName": "stray", "active": false },
        ],
        "groups": [],
    })
}

/// An installation, with a daemon or without.
struct Site {
    folder: Folder,
    served: Served,
    daemon: Option<Daemon>,
}

impl Site {
    fn new(config: &str, served: &str) -> Self {
        let folder = Folder::new();
        folder.write("served.yaml", served);
        folder.write("config.yaml", config);
        folder.write("people.yaml", PEOPLE);
        folder.write("people.csv", &many(0));
        folder.write("wiki.json", &accounts().to_string());
        let served = folder.serve("served.yaml");
        Self {
            folder,
            served,
            daemon: None,
        }
    }

    /// Three people: one who is not assigned and has an account all the same, one with an account, one
    /// parked.
    fn small() -> Self {
        Self::new(CONFIG, &format!("{CONFIG}{SERVED}"))
    }

    /// Forty people.
    fn large(more: &str) -> Self {
        let config = CONFIG
            .replace("people.yaml", "people.csv")
            .replace("{ groups: [staff] }", "everyone")
            + more;
        Self::new(&config, &config)
    }

    fn start(&mut self) {
        let root = &self.served.root;
        let daemon = format!("--config config.yaml --sandbox={root}");
        self.daemon = Some(self.folder.daemon(&daemon));
        self.until("the daemon is at rest", |status| {
            let target = &status["targets"][0];
            target["last_run"] != Json::Null && target["live"]["phase"] == "idle"
        });
    }

    /// The same installation with a daemon that has had its first run.
    fn with_daemon(mut self) -> Self {
        self.start();
        self
    }

    /// The same installation without a daemon, after its first run.
    fn without_daemon(self) -> Self {
        let first = self.run("sync");
        assert!(matches!(first.code, Some(0 | 4)), "{}", first.told());
        self
    }

    fn line(&self, command: &str) -> String {
        let root = &self.served.root;
        format!("{command} --config config.yaml --sandbox={root}")
    }

    fn run(&self, command: &str) -> Ended {
        self.folder.rollcall(&self.line(command))
    }

    fn told(&self, command: &str) -> String {
        self.run(command).told()
    }

    /// Looks until the status is so.
    fn until(&self, what: &str, is_so: impl Fn(&Json) -> bool) -> Json {
        let begun = now();
        loop {
            let looked = self.run("status --format json");
            if looked.code == Some(0) && is_so(&looked.json()) {
                return looked.json();
            }
            let log = fs::read_to_string(self.folder.path("daemon.err")).unwrap_or_default();
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "never: {what}\n{}\n{log}",
                looked.told()
            );
            pause(100);
        }
    }

    /// Active accounts in the app.
    fn active(&self) -> usize {
        let dump = self.served.ask("/_sandbox/wiki/dump");
        let users = dump["users"].as_array().expect("a list");
        users.iter().filter(|user| user["active"] == true).count()
    }

    /// What the journal says of levers.
    fn levers(&self) -> Vec<String> {
        let told = self.told("history");
        let lines = told.lines().filter(|line| line.contains("NAME (uid N)"));
        lines.map(str::to_owned).collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits for another process, in no one's virtual time"
)]
fn pause(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long another process takes, in no one's virtual time"
)]
fn now() -> Instant {
    Instant::now()
}

/// Forty people; those numbered up to `gone` are disabled.
fn many(gone: usize) -> String {
    let row = |number: usize| {
        let off = number <= gone;
        format!(
            "p-{number},user{number:02},user{number:02}@example.com,User,Number{number:02},{off}\n"
        )
    };
    let rows: String = (1..=40).map(row).collect();
    format!("key,uid,mail,givenName,sn,disabled\n{rows}")
}

#[test]
fn every_lever_says_the_same_with_a_daemon_and_without() {
    let (with, without) = (Site::small().with_daemon(), Site::small().without_daemon());
    for command in [
        "sync --user cy --format json",
        "retry --because mended",
        "retry nobody",
        "link ana wiki u-1 --because badge",
        "link ana wiki u-1",
        "link nobody wiki u-1",
        "link cy wikis u-1",
        "ignore --user ana wiki",
        "ignore --user ana wiki --undo",
        "unlink ana wiki",
        "unlink ana wiki",
        "ignore u-6 wiki --because legal",
        "ignore u-6 wiki",
        "resend cy wiki --because mail",
        "resend max wiki",
        "approve H-0 --because no",
    ] {
        let (beside, alone) = (with.run(command), without.run(command));
        assert_eq!(beside.told(), alone.told(), "{command}");
        assert!(!alone.told().is_empty(), "{command}");
    }
    assert_eq!(with.levers(), without.levers());
    assert_snapshot!(with.levers().join("\n"), @r#"
    WHEN  wiki  max         retry          done        create by NAME (uid N): mended
    WHEN  wiki  ana         link           done        u-1 by NAME (uid N): badge
    WHEN  wiki  ana         ignore         done        by NAME (uid N)
    WHEN  wiki  ana         unignore       done        by NAME (uid N)
    WHEN  wiki  ana         unlink         done        u-1 by NAME (uid N)
    WHEN  wiki  account u-6 ignore         done        by NAME (uid N): legal
    WHEN  wiki  cy          resend         done        by NAME (uid N): mail
    "#);
    let ours = with.run("history cy").out;
    let uid = fs::metadata(with.folder.path("state")).expect("ours").uid();
    assert!(ours.contains(&format!("(uid {uid}): mail")), "{ours}");
    assert_eq!(with.run("journal verify").code, Some(0));
}

#[test]
fn a_hold_is_shown_and_approved_with_the_same_words() {
    let (with, without) = (
        Site::large("").with_daemon(),
        Site::large("").without_daemon(),
    );
    for site in [&with, &without] {
        // An account of the app's own is among them.
        assert_eq!(site.active(), 41);
        site.folder.write("people.csv", &many(20));
    }
    let (beside, alone) = (with.run("sync"), without.run("sync"));
    assert_eq!(alone.code, Some(3));
    assert_eq!(beside.told(), alone.told());
    let hold = |site: &Site| site.run("status --format json").hold();
    let approve = |site: &Site| site.told(&format!("approve {} --because layoff", hold(site)));
    let wrong = |site: &Site| site.told("approve H-0 --because layoff");
    assert_eq!(wrong(&with), wrong(&without));
    assert_eq!(approve(&with), approve(&without));
    assert_eq!(without.run("sync").code, Some(0));
    // Nobody says sync: what was approved is carried out as soon as it can be.
    with.until("the hold is gone", |status| {
        let target = &status["targets"][0];
        target["held"] == json!([]) && target["last_run"]["outcome"] == "in line"
    });
    assert_eq!((with.active(), without.active()), (21, 21));
    assert_eq!(with.levers(), without.levers());
}

#[test]
fn status_shows_how_things_stand_with_the_daemon() {
    let site = Site::small().with_daemon();
    assert_snapshot!(site.told("status"), @r#"
    daemon  runs since HH:MM UTC, with the config of HH:MM UTC
    source hq  read HH:MM UTC, AGE ago, 3 users, 1 group
      listened to: its news is acted on at once; all of it is read again HH:MM UTC
    target wiki  1 account (1 active), 0 groups
      last run HH:MM UTC: unfinished
      next run HH:MM UTC, or as soon as hq has news
      ! parked max: the app refused the request (400): displayName has 23 characters, more than 16
        → correct the value at the source or the mapping; or, mended in the app: rollcall retry
    -- exit 0
    "#);
    let status = site.run("status --format json").json();
    let live = &status["targets"][0]["live"];
    assert_eq!(live["phase"], "idle");
    assert_eq!(live["pause"], Json::Null);
    assert_eq!(status["sources"][0]["live"]["users"], 3);
}

#[test]
fn a_plan_that_is_only_shown_is_made_beside_the_daemon() {
    let site = Site::small().with_daemon();
    let before = fs::read_to_string(site.folder.path("daemon.err")).expect("a log");
    let shown = site.run("sync --dry-run --user cy --quick");
    assert_eq!(shown.code, Some(0), "{}", shown.told());
    assert!(shown.out.contains(", only cy"), "{}", shown.told());
    let after = fs::read_to_string(site.folder.path("daemon.err")).expect("a log");
    assert_eq!(before, after);
}

#[test]
fn a_plan_that_takes_long_says_how_long_at_least() {
    let slow = "    override: { rates: { buckets: [{ limit: 30, per: 1m }] } }\n";
    let site = Site::large(slow);
    let plan = site.told("sync --dry-run");
    let line = "\n  that takes 2 min at least: the app allows 30 requests in 1m\n\n-- exit 2\n";
    assert!(plan.ends_with(line), "{plan}");
    let brisk = Site::large("").told("sync --dry-run");
    assert!(!brisk.contains("at least"), "{brisk}");
}

#[test]
fn a_reload_says_what_is_different_or_why_it_was_refused() {
    let mut site = Site::small();
    assert_snapshot!(site.told("reload"), @r#"
    -- stderr
    error: no daemon listens at state/control
      hint: a config is read when a command or a daemon starts: rollcall run
    -- exit 1
    "#);
    site.start();
    assert_snapshot!(site.told("reload"), @r#"
    reloaded: nothing is different; secrets were fetched again
    -- exit 0
    "#);
    site.folder.write(
        "config.yaml",
        &CONFIG.replace("groups: [staff]", "grups: [staff]"),
    );
    assert_snapshot!(site.told("reload"), @r#"
    -- stderr
    error: targets.wiki.assign.grups: unknown key `grups`
      --> config.yaml:10:15
       |
    10 |     assign: { grups: [staff] }
       |               ^^^^^
       |
       = help: did you mean `groups`?

    error: the config has 1 problem; nothing was done
    not reloaded: the daemon goes on with the config from before
    -- exit 1
    "#);
    let told = site.told("status");
    assert!(
        told.contains("was refused, the one before is in force"),
        "{told}"
    );
    assert!(told.ends_with("-- exit 0\n"), "{told}");
}

#[test]
fn the_socket_is_for_owner_and_group_and_goes_with_the_daemon() {
    let gid = fs::metadata("/proc/self").expect("ours").gid();
    let group = nix::unistd::Group::from_gid(gid.into()).expect("asked");
    let group = group.expect("our group has a name").name;
    let mut site = Site::small();
    let control = format!("control: {{ socket: desk, group: {group} }}\n");
    site.folder.write("config.yaml", &(control + CONFIG));
    site.start();
    let socket = site.folder.path("desk");
    let file = fs::symlink_metadata(&socket).expect("it is there");
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o7777, 0o660);
    assert_eq!(file.gid(), gid);
    assert!(!site.folder.path("state/control").exists());
    let daemon = site.daemon.take().expect("it runs");
    assert_eq!(daemon.stop(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_daemon_that_was_killed_hinders_neither_commands_nor_the_next_one() {
    let mut site = Site::small().with_daemon();
    site.daemon.take().expect("it runs").kill();
    assert!(site.folder.path("state/control").exists());
    assert_eq!(site.run("link ana wiki u-1").code, Some(0));
    let status = site.run("status --format json").json();
    assert_eq!(status["daemon"], Json::Null);
    site.start();
    assert_eq!(site.run("unlink ana wiki").code, Some(0));
}

#[test]
fn a_command_says_that_its_daemon_has_died() {
    let slow = "    override: { rates: { buckets: [{ limit: 1, per: 1s }] } }\n";
    let mut site = Site::large(slow);
    let root = &site.served.root;
    let daemon = format!("--config config.yaml --sandbox={root}");
    site.daemon = Some(site.folder.daemon(&daemon));
    site.until("it is at work", |status| {
        status["targets"][0]["live"]["phase"] == "applying"
    });
    let at_work = site.told("status");
    let estimate = "that takes 1 min at least: the app allows 1 request in 1s";
    assert!(!at_work.contains(estimate), "{at_work}");
    assert!(at_work.contains("  at work: "), "{at_work}");
    let mut client = site.folder.start(&site.line("sync"));
    let mut heard = String::new();
    let mut out = BufReader::new(client.stdout.as_mut().expect("a pipe"));
    while !heard.contains("joiners") {
        assert_ne!(out.read_line(&mut heard).expect("text"), 0, "{heard}");
    }
    site.daemon.take().expect("it runs").kill();
    out.read_to_string(&mut heard).expect("text");
    let ended = site.folder.ended(client);
    assert_snapshot!(ended.told(), @r#"
    -- stderr
    error: the daemon (process N) ended before the command did; what was asked of it may be done, or not
      hint: rollcall history shows what was done; then give the command again
    -- exit 1
    "#);
}

#[test]
fn a_command_at_work_is_heard_out_when_the_daemon_is_told_to_end() {
    let slow = "    override: { rates: { buckets: [{ limit: 2, per: 1s }] } }\n";
    let mut site = Site::large(slow);
    let root = &site.served.root;
    let daemon = format!("--config config.yaml --sandbox={root}");
    site.daemon = Some(site.folder.daemon(&daemon));
    site.until("it is at work", |status| {
        status["targets"][0]["live"]["phase"] == "applying"
    });
    let mut client = site.folder.start(&site.line("sync"));
    let mut heard = String::new();
    let mut out = BufReader::new(client.stdout.as_mut().expect("a pipe"));
    while !heard.contains("joiners") {
        assert_ne!(out.read_line(&mut heard).expect("text"), 0, "{heard}");
    }
    let daemon = site.daemon.take().expect("it runs");
    assert_eq!(daemon.stop(), Some(0));
    out.read_to_string(&mut heard).expect("text");
    let ended = site.folder.ended(client);
    assert_eq!(ended.code, Some(4), "{heard}\n{}", ended.told());
    assert!(heard.contains("  ! ended before it was done: "), "{heard}");
    assert_eq!(site.run("journal verify").code, Some(0));
}

#[test]
fn two_clients_at_once_are_both_served() {
    let site = Site::small().with_daemon();
    let commands = [
        "sync",
        "link ana wiki u-1",
        "status",
        "ignore u-6 wiki",
        "sync --quick",
    ];
    let children = commands.map(|command| (command, site.folder.start(&site.line(command))));
    for (command, child) in children {
        let ended = site.folder.ended(child);
        // Somebody is parked, which is what 4 says.
        assert!(
            matches!(ended.code, Some(0 | 4)),
            "{command}: {}",
            ended.told()
        );
    }
    assert_eq!(site.levers().len(), 2);
    assert_eq!(site.run("journal verify").code, Some(0));
}

#[test]
fn garbage_at_the_socket_is_answered_and_forgotten() {
    let site = Site::small().with_daemon();
    let socket = site.folder.path("state/control");
    for garbage in [&b"GET / HTTP/1.0\r\n\r\n"[..], &vec![0xff; 100_000], b""] {
        let mut stream = UnixStream::connect(&socket).expect("it listens");
        // It may have ended the connection before all of it was sent.
        stream.write_all(garbage).ok();
        stream.shutdown(std::net::Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    }
    assert_eq!(site.run("status").code, Some(0));
}

#[test]
fn a_command_that_means_something_else_is_refused() {
    let site = Site::small().with_daemon();
    site.folder.write("other.yaml", CONFIG);
    let root = &site.served.root;
    let other = site
        .folder
        .rollcall(&format!("retry --config other.yaml --sandbox={root}"));
    assert_snapshot!(other.told(), @r#"
    -- stderr
    error: the daemon runs with the config FOLDER/config.yaml, and the command names FOLDER/other.yaml
      hint: name the daemon's with --config, or another state with --state
    -- exit 1
    "#);
    let real = site.folder.rollcall("retry --config config.yaml");
    assert_snapshot!(real.told(), @r#"
    -- stderr
    error: the daemon works with the sandbox copies at http://127.0.0.1:PORT/, and the command means the real apps
      hint: give the command the same --sandbox as the daemon has, or none if it has none
    -- exit 1
    "#);
    let apart = site.folder.rollcall(&format!(
        "retry --config config.yaml --state b --sandbox={root}"
    ));
    assert_snapshot!(apart.told(), @r#"
    -- stderr
    error: nothing is parked
      hint: rollcall status lists what is
    -- exit 1
    "#);
}

#[test]
fn whoever_watches_at_a_pipe_hears_what_changes() {
    let mut site = Site::small();
    let mut watcher = site.folder.start(&site.line("status --watch"));
    let mut lines = BufReader::new(watcher.stdout.take().expect("a pipe")).lines();
    let mut next = || lines.next().expect("a line").expect("text").split_off(14);
    assert_eq!(next(), "no daemon runs");
    assert_eq!(next(), "source hq: never read");
    assert_eq!(next(), "target wiki: 0 accounts, never run");
    site.start();
    let mut heard = Vec::new();
    while !heard.contains(&"target wiki: 1 account, 1 parked, last run unfinished".to_owned()) {
        heard.push(next());
    }
    assert!(heard[0].starts_with("the daemon runs since "), "{heard:?}");
    site.run("link ana wiki u-1");
    while next() != "target wiki: 2 accounts, 1 parked, last run unfinished" {}
    site.daemon.take().expect("it runs").kill();
    while next() != "no daemon runs" {}
    drop(lines);
    site.start();
    // Nobody reads any more.
    assert_eq!(site.folder.ended(watcher).code, Some(0));
}

/// A group that every Debian has, and users of it whom the system does not know.
fn members() -> (u32, [u32; 2]) {
    let group = nix::unistd::Group::from_name("users").expect("asked");
    (group.expect("a group").gid.as_raw(), [4_242, 4_243])
}

/// An installation whose socket is for a group.
fn shared() -> Site {
    let site = Site::small();
    let control = "control: { socket: desk, group: users }\n";
    site.folder
        .write("config.yaml", &format!("{control}{CONFIG}"));
    site
}

/// Somebody else at the socket.
mod strangers {
    use super::*;

    #[test]
    #[ignore = "needs root, to be somebody else; tests/run says where it is not"]
    fn a_member_of_the_group_may_and_is_named_by_the_number_that_the_system_vouches_for() {
        let mut site = shared();
        site.start();
        let (group, [one, other]) = members();
        for (uid, lever) in [(one, "link ana wiki u-1"), (other, "unlink ana wiki")] {
            let command = site.line(&format!("{lever} --because badge"));
            let ended = site.folder.rollcall_as((uid, group), &command);
            assert_eq!(ended.code, Some(0), "{}", ended.told());
        }
        let told = site.run("history ana").out;
        for line in [
            "by unknown (uid 4242): badge",
            "by unknown (uid 4243): badge",
        ] {
            assert!(told.contains(line), "{line}\n{told}");
        }
        let outside = site.folder.rollcall_as((one, 4_242), &site.line("status"));
        assert_snapshot!(outside.told(), @r"
        -- stderr
        error: you may not use the control socket desk
          hint: run it as the user that rollcall runs as, or as a member of the group that the config names: control: { socket: PATH, group: NAME }
        -- exit 1
        ");
    }
}

/// Somebody else at the socket of a daemon with users of its own, as `PrivateUsers=yes` makes it.
mod hidden {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::*;

    #[test]
    #[ignore = "needs root and a name space of users; tests/run says where there is none"]
    fn whom_the_system_hides_is_named_as_they_say() {
        let mut site = shared();
        let (group, [one, _]) = members();
        let mut apart = Command::new("/usr/bin/unshare");
        apart
            .args([
                "--user",
                "--map-user=61184",
                &format!("--map-group={group}"),
                "--",
            ])
            .gid(group);
        let root = &site.served.root;
        let line = format!("--config config.yaml --sandbox={root}");
        site.daemon = Some(site.folder.daemon_by(apart, &line));
        site.until("it is at rest", |status| {
            let target = &status["targets"][0];
            target["last_run"] != Json::Null && target["live"]["phase"] == "idle"
        });
        let lever = site.line("link ana wiki u-1 --because badge");
        let ended = site.folder.rollcall_as((one, group), &lever);
        assert_eq!(ended.code, Some(0), "{}", ended.told());
        let ours = site.run("unlink ana wiki --because badge");
        assert_eq!(ours.code, Some(0), "{}", ours.told());
        let told = site.run("history ana").out;
        for line in [
            "by unknown (says to be uid 4242): badge",
            // Root is the daemon's own user in there.
            "by unknown (uid 61184): badge",
        ] {
            assert!(told.contains(line), "{line}\n{told}");
        }
    }
}
