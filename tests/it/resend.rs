//! One account is switched off and on again on request, and the program is killed in between.
//!
//! Promises that nobody stays locked out: whatever happens at whichever request, the next run switches
//! the account on. Leaves what an app does with that to the app.

use std::process::{Command, Stdio};
use std::time::Duration;

use insta::assert_snapshot;
use rollcall::clock::Clock;
use rollcall::config;
use rollcall::core::key::TargetName;
use rollcall::sandbox::{AppSetup, Sandbox, SandboxAuth};
use rollcall::store::{Access, SqliteStore, StateKind};
use tokio::runtime::Runtime;

use crate::company::Company;
use crate::plug::{Point, Pull, Served};
use crate::served::{Home, Leashed, Ran};

/// With `drift: report` nothing that looks like a person's doing in the app is ever set right.
const CONFIG: &str = "
sources:
  hq: { file: { users: users.csv, groups: groups.csv } }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: everyone
    drift: report
    override: { users: {}, rates: { buckets: [], retry: { attempts: 1 } } }
";

/// Two people with accounts.
struct Story {
    home: Home,
    company: Company,
    runtime: Runtime,
    sandbox: Sandbox,
}

impl Story {
    fn new(config: &str) -> Self {
        let company = Company::of(2, 1);
        let home = Home::new(config, &company);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let story = Self {
            runtime: runtime.expect("a runtime starts"),
            sandbox: app(&home),
            company,
            home,
        };
        let first = story.run("sync", None);
        assert_eq!(first.code, Some(0), "{first:?}");
        story
    }

    fn run(&self, command: &str, point: Option<Point>) -> Ran {
        let served = Served::start(&self.runtime, &self.sandbox, point);
        let flag = format!("--sandbox={}", served.root);
        let mut words = command.split(' ');
        let command = words.next().expect("a command");
        let arguments: Vec<&str> = words.chain([flag.as_str()]).collect();
        let ran = self.home.run(command, &arguments);
        served.cut();
        ran
    }

    fn told(&self, command: &str, point: Option<Point>) -> String {
        let ran = self.run(command, point);
        let code = ran.code.expect("it ends by itself");
        format!("{}{}-- exit {code}\n", ran.out, ran.err)
    }

    fn is_active(&self) -> bool {
        let dump = self.sandbox.dump(&TargetName::new("wiki"));
        let mut users = dump["users"].as_array().expect("a list").iter();
        users.any(|user| user["userName"] == "user0001" && user["active"] == true)
    }

    /// Changes that are due, in doubt and parked, by the state alone.
    fn outbox(&self) -> (u64, u64, usize) {
        let status = self.run("status --format json", None).json();
        let target = &status["targets"][0];
        let number = |name: &str| target[name].as_u64().expect("a number");
        let parked = target["parked"].as_array().expect("a list");
        (number("due"), number("in_doubt"), parked.len())
    }

    /// One `resend`, ended by SIGKILL at that point.
    fn killed(&self, point: Point) {
        let served = Served::start(&self.runtime, &self.sandbox, Some(point));
        let flag = format!("--sandbox={}", served.root);
        let mut command = self.home.command("resend", &["user0001", "wiki", &flag]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = Leashed(command.spawn().expect("the program starts"));
        let mut ended = false;
        while !served.is_pulled(Duration::from_millis(20)) && !ended {
            ended = child.0.try_wait().expect("it is our child").is_some();
        }
        assert!(!ended || point.1 == Pull::Answered, "{point:?} never came");
        drop(child);
        served.cut();
    }
}

fn app(home: &Home) -> Sandbox {
    let config = config::load(&home.config()).unwrap_or_else(|problems| panic!("{problems}"));
    let apps = config.targets.values().map(|target| {
        let name = target.rules.target.clone();
        AppSetup::new(name, target.rules.profile.clone(), SandboxAuth::Bearer)
    });
    Sandbox::new(apps.collect(), Clock::System).expect("the apps are sound")
}

#[test]
fn off_and_on_again() {
    let story = Story::new(CONFIG);
    assert_snapshot!(story.told("resend user0001 wiki --because asked", None), @r#"
    resent: the account of user0001 in wiki was switched off and on again
    -- exit 0
    "#);
    assert!(story.is_active());
    assert_eq!(story.outbox(), (0, 0, 0));
    let sent = story.sandbox.requests(&TargetName::new("wiki"));
    let writes = sent.iter().filter(|one| one.method != "GET").count();
    assert_eq!(writes, 2 + 2, "two accounts made; off and on");

    let lines = story.run("history user0001 --format json", None).json();
    let told: Vec<String> = lines["lines"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| {
            let detail = line["detail"].as_str().expect("a text");
            let detail = detail.split(" (uid").next().unwrap_or_default();
            format!("{} {} {detail}", line["action"], line["approved"])
        })
        .collect();
    assert_eq!(told.len(), 5, "{told:?}");
    let by = std::env::var("SUDO_USER").unwrap_or_else(|_| ourselves());
    assert_eq!(
        told[1..],
        [
            format!("\"resend\" true by {by}"),
            "\"deactivate\" true resent".to_owned(),
            "\"reactivate\" true resent".to_owned(),
            "\"part_run\" false 2 done, 0 not".to_owned(),
        ]
    );
    let next = story.run("sync --format json", None);
    assert_eq!((next.code, next.writes()), (Some(0), 0), "{next:?}");
}

#[test]
fn it_may_be_killed_at_every_request() {
    // Look at the account, off, on.
    for number in 1..=3 {
        for how in Pull::ALL {
            for mend in ["sync", "sync --quick"] {
                let story = Story::new(CONFIG);
                let point = (number, how);
                story.killed(point);
                let mended = story.run(&format!("{mend} --format json"), None);
                assert_eq!(mended.code, Some(0), "{point:?} {mend}: {mended:?}");
                assert!(story.is_active(), "{point:?} {mend}: {mended:?}");
                assert_eq!(story.outbox(), (0, 0, 0), "{point:?} {mend}");
                let proof = story.run("sync --format json", None);
                assert_eq!(
                    (proof.code, proof.writes()),
                    (Some(0), 0),
                    "{point:?} {mend}: {proof:?}"
                );
                let state = story.home.state();
                let store = SqliteStore::open(&state, StateKind::Sandbox, Access::Snapshot);
                let store = store.unwrap_or_else(|error| panic!("{point:?}: {error}"));
                store
                    .verify()
                    .unwrap_or_else(|error| panic!("{point:?}: {error}"));
            }
        }
    }
}

#[test]
fn an_account_that_could_not_be_switched_on_is_told_loudly_and_is_due() {
    let story = Story::new(CONFIG);
    assert_snapshot!(story.told("resend user0001 wiki", Some((3, Pull::Refused))), @r#"
    LOCKED OUT: the account of user0001 in wiki may be off now, and could not be switched on: the app refused the request (400): not today
      switching it on is due, and the next sync does it
      at once: rollcall sync --user user0001 --target wiki; if that fails too, switch it on in the app by hand
    -- exit 4
    "#);
    assert!(!story.is_active());
    assert_eq!(story.outbox(), (1, 0, 0), "due, and not parked");
    let mended = story.run("sync --user user0001 --target wiki", None);
    assert_eq!(mended.code, Some(0), "{mended:?}");
    assert!(story.is_active());
    assert_eq!(story.outbox(), (0, 0, 0));
}

#[test]
fn an_account_that_could_not_be_switched_off_is_as_before() {
    let story = Story::new(CONFIG);
    assert_snapshot!(story.told("resend user0001 wiki", Some((2, Pull::Refused))), @r#"
    not resent: the account of user0001 in wiki was not switched off, so nothing was sent anew: the app refused the request (400): not today
      hint: it is on, as before; try again, or have the mail sent in the app itself
    -- exit 4
    "#);
    assert!(story.is_active());
    assert_eq!(story.outbox(), (0, 0, 0));
    let next = story.run("sync --format json", None);
    assert_eq!((next.code, next.writes()), (Some(0), 0), "{next:?}");
}

#[test]
fn who_is_out_or_ignored_gets_nothing_resent() {
    let mut story = Story::new(CONFIG);
    story.company.person("p-0001").disabled = true;
    story.company.write(story.home.path());
    assert_snapshot!(story.told("resend user0001 wiki", None), @r#"
    error: user0001 is not to have an active account in wiki
      hint: rollcall explain user0001 wiki says why
    -- exit 1
    "#);
    assert_eq!(story.run("sync", None).code, Some(0));
    story.company.person("p-0001").disabled = false;
    story.company.write(story.home.path());
    assert_snapshot!(story.told("resend user0001 wiki", None), @r#"
    error: user0001 has no active account in wiki
      hint: rollcall sync --user user0001 --target wiki brings it in line
    -- exit 1
    "#);
    assert!(!story.is_active(), "nothing was sent");
    assert_eq!(story.run("ignore --user user0002 wiki", None).code, Some(0));
    assert_snapshot!(story.told("resend user0002 wiki", None), @r#"
    error: the account of user0002 in wiki is ignored
      hint: rollcall ignore --user user0002 wiki --undo
    -- exit 1
    "#);
}

#[test]
fn an_app_that_does_not_bring_back_the_same_account_is_left_alone() {
    for (users, what) in [
        (
            "deactivate: { effect: deletes }",
            "switching an account off deletes it for good",
        ),
        (
            "deactivate: { effect: frees_user_name }",
            "switching an account off takes the user name away as well",
        ),
        (
            "reactivate: create",
            "switching an account on again makes a new one",
        ),
        (
            "reactivate: refuse",
            "an account that was switched off is not brought back",
        ),
    ] {
        let config = CONFIG.replace("users: {}", &format!("users: {{ {users} }}"));
        let story = Story::new(&config);
        let told = story.told("resend user0001 wiki", None);
        let expected = format!(
            "error: in wiki {what}, so nothing was sent\n  \
             hint: have the mail sent again in the app itself\n-- exit 1\n"
        );
        assert_eq!(told, expected);
        assert!(story.is_active());
    }
}

/// Who runs the tests, as the system knows them.
fn ourselves() -> String {
    let told = Command::new("id").arg("-un").output();
    let told = told.expect("every system has it").stdout;
    String::from_utf8(told).expect("a name").trim().to_owned()
}
