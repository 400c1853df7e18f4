//! The program is killed at every request it sends, in three ways, and simply run again.
//!
//! Promises that each point ends like the run that nobody disturbed: the same accounts, none twice,
//! the same members, an unbroken journal, and a next run that sends no write. Leaves the apps and the
//! plug to [`crate::plug`].

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rollcall::clock::Clock;
use rollcall::config::{self, Config};
use rollcall::core::key::TargetName;
use rollcall::sandbox::{AppSetup, Sandbox, SandboxAuth, load_seed};
use rollcall::store::{Access, SqliteStore, StateKind};
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

use crate::company::Company;
use crate::plug::{Point, Pull, Served};
use crate::served::{Home, Leashed, Ran, tree};

/// Both apps take a second account of the same name without a word: nothing but care keeps one from
/// being made.
const CONFIG: &str = r#"
sources:
  hq: { file: { users: users.csv, groups: groups.csv } }
targets:
  trotto:
    connector: trotto
    base_url: https://trotto.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: everyone
    override: { attributes: { userName: { unique: false } }, rates: { buckets: [] } }
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: everyone
    groups: { push: ["Team *"], gone: delete }
    leavers: { disabled: delete }
    override:
      attributes: { userName: { unique: false } }
      groups: { chunk: 4 }
      rates: { buckets: [] }
"#;

const TARGETS: [&str; 2] = ["trotto", "wiki"];
const PEOPLE: usize = 20;

#[test]
fn onboarding_may_be_killed_at_every_request() {
    let story = Story::new(Company::of(PEOPLE, 2));
    // Three lists; then trotto's people, the wiki's people, its groups, and their members by fours.
    assert_eq!(story.requests, 3 + 20 + 20 + 2 + 2 * 3);
    for point in story.every_point() {
        story.survives(&[point]);
    }
}

#[test]
fn a_day_of_changes_may_be_killed_at_every_request() {
    let story = Story::new(Company::of(PEOPLE, 3)).then(a_day);
    // Three lists; two renamed, one out and three new in trotto; eleven changes of people in the
    // wiki; a group made, one renamed, one deleted; and members: into three groups, out of one of
    // them, and the deleted account out of its own.
    assert_eq!(story.requests, 3 + 6 + 11 + 3 + 3 + 2);
    for point in story.every_point() {
        story.survives(&[point]);
    }
}

#[test]
fn the_run_that_mends_may_be_killed_too() {
    let story = Story::new(Company::of(PEOPLE, 2));
    // The second run has four requests at least: three lists, and what was not done.
    for first in (2..story.requests).step_by(5) {
        for second in [2, 4] {
            story.survives(&[(first, Pull::After), (second, Pull::After)]);
        }
    }
}

/// Without a look at the lists, only what was written down before each request tells what is in
/// doubt.
#[test]
fn a_quick_run_mends_as_well() {
    let mut story = Story::new(Company::of(PEOPLE, 2));
    story.mend = &["--quick"];
    for number in (2..=story.requests).step_by(3) {
        story.survives(&[(number, Pull::After)]);
    }
}

/// One of each kind of change.
fn a_day(company: &mut Company) {
    for number in [21, 22, 23] {
        let key = company.hire(number);
        company.group("g-01").members.insert(key);
    }
    for key in ["p-0001", "p-0002", "p-0003", "p-0004"] {
        company.person(key).title = Some("Head of something".into());
    }
    company.person("p-0005").title = None;
    for key in ["p-0006", "p-0007"] {
        company.person(key).uid.push_str(".renamed");
        company.person(key).family.push_str("-Renamed");
    }
    company.person("p-0008").disabled = true;
    for key in ["p-0010", "p-0013"] {
        company.group("g-01").members.remove(key);
        company.group("g-02").members.insert(key.to_owned());
    }
    company.group("g-02").name = "Team Two".into();
    company.groups.remove("g-03");
    company.found_group(4, &["p-0001", "p-0021"]);
}

/// A folder, apps to begin with, and how everything ends when nobody pulls the plug.
struct Story {
    home: Home,
    config: Config,
    company: Company,
    runtime: Runtime,
    /// Requests of the undisturbed run.
    requests: u64,
    /// What the apps hold after it.
    end: Json,
    /// How the run is run that mends.
    mend: &'static [&'static str],
}

impl Story {
    /// A company and empty apps.
    fn new(company: Company) -> Self {
        let home = Home::new(CONFIG, &company);
        fs::create_dir(home.path().join("before")).expect("there is room");
        let nothing = json!({ "users": [], "groups": [] }).to_string();
        for name in TARGETS {
            fs::write(seed(&home, name), &nothing).expect("there is room");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let mut story = Self {
            config: config::load(&home.config()).unwrap_or_else(|problems| panic!("{problems}")),
            runtime: runtime.expect("a runtime starts"),
            home,
            company,
            requests: 0,
            end: Json::Null,
            mend: &[],
        };
        story.rehearse();
        story
    }

    /// What follows when that day is over and in line.
    fn then(mut self, change: fn(&mut Company)) -> Self {
        let sandbox = self.set_up();
        let served = Served::start(&self.runtime, &sandbox, None);
        in_line(&self.sync(&served, &[]));
        for name in TARGETS {
            let dump = sandbox.dump(&TargetName::new(name)).to_string();
            fs::write(seed(&self.home, name), dump).expect("there is room");
        }
        copy(&self.home.state(), &self.home.path().join("before/state"));
        change(&mut self.company);
        self.company.write(self.home.path());
        self.rehearse();
        self
    }

    /// Runs it undisturbed.
    fn rehearse(&mut self) {
        let sandbox = self.set_up();
        let served = Served::start(&self.runtime, &sandbox, None);
        in_line(&self.sync(&served, &[]));
        self.requests = served.cut();
        self.end = contents(&sandbox);
    }

    /// Every request, pulled in every way.
    fn every_point(&self) -> Vec<Point> {
        let ways = |number| Pull::ALL.map(|how| (number, how));
        (1..=self.requests).flat_map(ways).collect()
    }

    /// The apps and the state as they were before.
    fn set_up(&self) -> Sandbox {
        let state = self.home.state();
        if state.exists() {
            fs::remove_dir_all(&state).expect("it is ours");
        }
        let before = self.home.path().join("before/state");
        if before.exists() {
            copy(&before, &state);
        }
        let apps = self.config.targets.values().map(|target| {
            let name = target.rules.target.clone();
            let held = load_seed(&seed(&self.home, name.as_str()));
            let profile = target.rules.profile.clone();
            AppSetup {
                seed: Some(held.unwrap_or_else(|error| panic!("{error}"))),
                ..AppSetup::new(name, profile, SandboxAuth::Bearer)
            }
        });
        Sandbox::new(apps.collect(), Clock::System).expect("the apps are sound")
    }

    fn sync(&self, served: &Served, more: &[&str]) -> Ran {
        let flag = format!("--sandbox={}", served.root);
        let arguments = [&[flag.as_str(), "--format", "json"], more].concat();
        self.home.run("sync", &arguments)
    }

    /// Runs it with the plug pulled once for each point, then to the end.
    fn survives(&self, points: &[Point]) {
        let sandbox = self.set_up();
        for point in points {
            self.killed(&sandbox, *point);
        }
        let served = Served::start(&self.runtime, &sandbox, None);
        let mended = self.sync(&served, self.mend);
        assert_eq!(mended.code, Some(0), "{points:?}: {mended:?}");
        assert_eq!(contents(&sandbox), self.end, "{points:?}: {mended:?}");
        let proof = self.sync(&served, &[]);
        assert_eq!(
            (proof.code, proof.writes()),
            (Some(0), 0),
            "{points:?}: {proof:?}"
        );
        served.cut();
        let store = SqliteStore::open(&self.home.state(), StateKind::Sandbox, Access::Snapshot);
        let store = store.unwrap_or_else(|error| panic!("{points:?}: {error}"));
        store
            .verify()
            .unwrap_or_else(|error| panic!("{points:?}: {error}"));
    }

    /// One run, ended by SIGKILL at that point.
    fn killed(&self, sandbox: &Sandbox, point: Point) {
        let served = Served::start(&self.runtime, sandbox, Some(point));
        let flag = format!("--sandbox={}", served.root);
        let mut command = self.home.command("sync", &[&flag, "--format", "json"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = Leashed(command.spawn().expect("the program starts"));
        let mut ended = false;
        while !served.is_pulled(Duration::from_millis(20)) && !ended {
            ended = child.0.try_wait().expect("it is our child").is_some();
        }
        // After its last answer it may be quicker than the kill.
        assert!(!ended || point.1 == Pull::Answered, "{point:?} never came");
        drop(child);
        served.cut();
    }
}

fn in_line(ran: &Ran) {
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
}

fn seed(home: &Home, target: &str) -> std::path::PathBuf {
    home.path().join("before").join(format!("{target}.json"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("there is room");
    for (path, bytes) in tree(from) {
        let inside = path.strip_prefix(from).expect("it is below");
        let to = to.join(inside);
        fs::write(&to, bytes).expect("there is room");
        let rights = fs::metadata(&path).expect("it is there").permissions();
        fs::set_permissions(&to, rights).expect("it is ours");
    }
    let rights = fs::metadata(from).expect("it is there").permissions();
    fs::set_permissions(to, rights).expect("it is ours");
}

/// What the apps hold, without the ids, which depend on the order in which requests arrive.
fn contents(sandbox: &Sandbox) -> Json {
    TARGETS
        .iter()
        .map(|name| {
            let dump = sandbox.dump(&TargetName::new(*name));
            ((*name).to_owned(), without_ids(&dump))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn without_ids(dump: &Json) -> Json {
    let list = |kind: &str| dump[kind].as_array().cloned().unwrap_or_default();
    let users = list("users");
    let name_of = |id: &Json| {
        let found = users.iter().find(|user| user["id"] == *id);
        found.map_or_else(|| id.to_string(), |user| user["userName"].to_string())
    };
    let mut groups = list("groups");
    for group in &mut groups {
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<String> = members.iter().map(|one| name_of(&one["value"])).collect();
        names.sort();
        group["members"] = names.into();
    }
    let plain = |mut resources: Vec<Json>| {
        for resource in &mut resources {
            resource["id"].take();
        }
        resources.sort_by_key(Json::to_string);
        resources
    };
    json!({ "users": plain(users.clone()), "groups": plain(groups) })
}
