//! `rollcall run` as a process: files, signals, and another one beside it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use insta::assert_snapshot;
use rollcall::core::key::TargetName;
use rollcall::sandbox::credentials;

use crate::program::{Folder, Served};
use crate::wiki::{CONFIG, PEOPLE, with};

/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A process that does not outlive its story.
pub struct Service {
    child: Child,
    name: String,
}

impl Service {
    pub fn start(
        folder: &Folder,
        name: &str,
        arguments: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut all = vec![("ROLLCALL_LOG", "rollcall=info")];
        all.extend_from_slice(environment);
        Self {
            child: folder.start_service(name, arguments, &all),
            name: name.to_owned(),
        }
    }

    /// Sends a signal to this process.
    pub fn signal(&self, name: &str) {
        self.signals(&[name]);
    }

    /// Sends signals to this process, one right behind the other.
    pub fn signals(&self, names: &[&str]) {
        let id = self.child.id();
        let kill: Vec<String> = names
            .iter()
            .map(|name| format!("kill -{name} {id}"))
            .collect();
        let sent = Command::new("sh").args(["-c", &kill.join(" && ")]).status();
        assert!(sent.expect("there is a shell").success());
    }

    /// Waits for its end. Gives its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let mut code = None;
        eventually("it ends", || {
            let status = self.child.try_wait().expect("it is ours");
            code = status.and_then(|status| status.code());
            status.is_some()
        });
        code
    }

    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended()
    }

    /// What it said so far.
    pub fn said(&self, folder: &Folder, ending: &str) -> String {
        let path = folder.path(&format!("{}.{ending}", self.name));
        let text = fs::read_to_string(path).unwrap_or_default();
        let folder = folder.path("").display().to_string();
        text.replace(folder.trim_end_matches('/'), "FOLDER")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits in true time, for another process.
#[expect(
    clippy::disallowed_methods,
    reason = "another process has no virtual time"
)]
pub fn pause(span: Duration) {
    std::thread::sleep(span);
}

/// Waits until something is so.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let step = Duration::from_millis(50);
    for _ in 0..PATIENCE.as_millis() / step.as_millis() {
        if is_so() {
            return;
        }
        pause(step);
    }
    panic!("not within {PATIENCE:?}: {what}");
}

/// The wiki, looked after every second.
fn site() -> (Folder, Served) {
    let folder = with("    assign:", "    every: 1s\n    assign:");
    let served = folder.serve("config.yaml");
    (folder, served)
}

fn run(served: &Served) -> String {
    format!("run --config config.yaml --sandbox={}", served.root)
}

/// Login names in the app, and who of them is active.
fn accounts(served: &Served) -> Vec<(String, bool)> {
    let dump = served.ask("/_sandbox/wiki/dump");
    let users = dump["users"].as_array().expect("a list");
    let account = |user: &serde_json::Value| {
        let name = user["userName"].as_str().unwrap_or_default().to_owned();
        (name, user["active"] != false)
    };
    let mut all: Vec<_> = users.iter().map(account).collect();
    all.sort();
    all
}

fn names(served: &Served) -> Vec<String> {
    accounts(served).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn it_starts_pushes_what_changes_and_stops() {
    let (folder, served) = site();
    let service = Service::start(&folder, "one", &run(&served), &[]);
    eventually("two accounts", || names(&served).len() == 2);
    let more = PEOPLE
        .replace("uid: ana,", "uid: ana, disabled: \"yes\",")
        .replace(
            "groups:",
            "- { key: p-3, uid: cat, mail: cat@example.com, givenName: Cat, sn: Fish }\ngroups:",
        )
        .replace("p-1, p-2]", "p-1, p-2, p-3]");
    folder.write("next.yaml", &more);
    fs::rename(folder.path("next.yaml"), folder.path("people.yaml")).expect("renamed");
    let wanted = [
        ("ana".to_owned(), false),
        ("bob".to_owned(), true),
        ("cat".to_owned(), true),
    ];
    eventually("the change is there", || accounts(&served) == wanted);
    assert_snapshot!(service.said(&folder, "out"), @r"
    rollcall runs: 1 source (hq), 1 target (wiki)
      state: in state
      log: on standard error
      stop: Ctrl-C or SIGTERM; reload: SIGHUP, or save the config
    ");
    assert_eq!(service.stop(), Some(0));
    let dry = folder.rollcall(&format!(
        "sync --dry-run --config config.yaml --sandbox={}",
        served.root
    ));
    assert_eq!(dry.code, Some(0), "{}", dry.told());
}

#[test]
fn a_second_one_hears_who_the_first_is() {
    let (folder, served) = site();
    let service = Service::start(&folder, "one", &run(&served), &[]);
    eventually("two accounts", || names(&served).len() == 2);
    assert_snapshot!(folder.rollcall(&run(&served)).told(), @r"
    -- stderr
    error: the state in state is in use by another rollcall (process N)
      hint: stop it first, or use another --state directory
    -- exit 1
    ");
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn killed_in_the_middle_it_goes_on_where_it_was() {
    let folder = with(
        "    assign:",
        "    every: 1s\n    override: { rates: { buckets: [{ limit: 40, per: 1s }] } }\n    assign:",
    );
    let mut people = "users:\n".to_owned();
    let mut keys = Vec::new();
    for number in 0..120 {
        people.push_str(&format!(
            "- {{ key: k-{number}, uid: u{number:03}, mail: u{number}@example.com, sn: S }}\n"
        ));
        keys.push(format!("k-{number}"));
    }
    people.push_str(&format!(
        "groups:\n- {{ key: g-1, name: staff, members: [{}] }}\n",
        keys.join(", ")
    ));
    folder.write("people.yaml", &people);
    let served = folder.serve("config.yaml");
    for (name, before) in [("one", 5), ("two", 45), ("three", 80)] {
        let mut service = Service::start(&folder, name, &run(&served), &[]);
        eventually("some accounts", || names(&served).len() > before);
        service.signal("KILL");
        assert_eq!(service.ended(), None);
    }
    let service = Service::start(&folder, "four", &run(&served), &[]);
    eventually("all accounts", || names(&served).len() >= 120);
    pause(Duration::from_secs(2));
    assert_eq!(service.stop(), Some(0));
    let mut all = names(&served);
    all.dedup();
    assert_eq!(all.len(), 120, "one account each");
    let dry = folder.rollcall(&format!(
        "sync --dry-run --config config.yaml --sandbox={}",
        served.root
    ));
    assert_eq!(dry.code, Some(0), "{}", dry.told());
}

#[test]
fn a_config_that_is_saved_is_taken_in_and_a_bad_one_is_not() {
    let (folder, served) = site();
    let service = Service::start(&folder, "one", &run(&served), &[]);
    eventually("two accounts", || names(&served).len() == 2);
    let good = fs::read_to_string(folder.path("config.yaml")).expect("it is there");
    folder.write("config.yaml", &good.replace("    assign:", "    asign:"));
    let told = "error: targets.wiki.asign: unknown key `asign`\n";
    // It may be read while it is half written, and is refused for that first.
    eventually("it is refused", || {
        service.said(&folder, "err").contains(told)
    });
    let log = service.said(&folder, "err");
    assert!(log.contains("was refused"), "{log}");
    assert!(log.contains("= help: did you mean `assign`?\n"), "{log}");
    // Bob is out by the next one.
    folder.write(
        "config.yaml",
        &good.replace(
            "groups: [staff]",
            "groups: [staff], except: { users: [bob] }",
        ),
    );
    let wanted = [("ana".to_owned(), true), ("bob".to_owned(), false)];
    eventually("bob is out", || accounts(&served) == wanted);
    assert!(
        service
            .said(&folder, "err")
            .contains("reloaded: target wiki changed")
    );
    service.signal("HUP");
    let nothing = "reloaded: nothing in the config is different";
    eventually("it was reloaded", || {
        service.said(&folder, "err").contains(nothing)
    });
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_token_that_is_replaced_is_noticed() {
    let (folder, served) = site();
    let config = fs::read_to_string(folder.path("config.yaml")).expect("it is there");
    let at = format!("{}/wiki/", served.root.trim_end_matches('/'));
    folder.write("config.yaml", &config.replace("http://127.0.0.1:9/", &at));
    let service = Service::start(&folder, "one", "run --config config.yaml", &[]);
    eventually("the wrong one is refused", || {
        service
            .said(&folder, "err")
            .contains("the app refused our credentials")
    });
    pause(Duration::from_secs(3));
    let refused = served.ask("/_sandbox/wiki/requests")["requests"]
        .as_array()
        .map(Vec::len);
    assert_eq!(
        refused,
        Some(1),
        "refused once, and never tried again by itself so soon"
    );
    folder.keep(
        "token",
        credentials(&TargetName::new("wiki")).token.expose(),
    );
    eventually("two accounts", || names(&served).len() == 2);
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn the_end_gives_up_a_reading_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = format!("http://{}/", listener.local_addr().expect("it listens"));
    let folder = Folder::new();
    folder.write("config.yaml", &CONFIG.replace("http://127.0.0.1:9/", &at));
    folder.write("people.yaml", PEOPLE);
    folder.keep("token", "t0ken-of-the-wiki");
    // The state knows nobody, so the app is asked, and nobody answers.
    let mut service = Service::start(&folder, "one", "run --config config.yaml", &[]);
    let (held, _) = listener.accept().expect("the app is asked");
    service.signal("TERM");
    assert_eq!(service.ended(), Some(0), "a reading is given up at once");
    drop(held);
}

/// An app that shows empty lists, and never answers a write. Gives its address, and hears of writes.
fn mute_app() -> (String, mpsc::Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = format!("http://{}/", listener.local_addr().expect("it listens"));
    let (sender, writes) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().expect("a copy"));
            while lines.read_line(&mut head).is_ok_and(|length| length > 2) {}
            if !head.starts_with("GET ") {
                // It is kept open, and nothing is said.
                sender.send(stream).ok();
                continue;
            }
            let list = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}"#;
            let mut stream = stream;
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{list}",
                list.len()
            )
            .ok();
        }
    });
    (at, writes)
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (at, writes) = mute_app();
    let folder = Folder::new();
    folder.write("config.yaml", &CONFIG.replace("http://127.0.0.1:9/", &at));
    folder.write("people.yaml", PEOPLE);
    folder.keep("token", "t0ken-of-the-wiki");
    let mut service = Service::start(&folder, "one", "run --config config.yaml", &[]);
    let held = writes.recv().expect("an account is to be made");
    // The first waits for the answer, for 10 seconds and then ends with 0; so these two go together.
    service.signals(&["TERM", "INT"]);
    assert_eq!(service.ended(), Some(1), "{}", service.said(&folder, "err"));
    // What was on its way is in doubt, and is looked up before anything is sent again.
    let status = folder.rollcall("status --config config.yaml");
    assert!(
        status.told().contains("in doubt: the next sync"),
        "{}",
        status.told()
    );
    drop(held);
}
