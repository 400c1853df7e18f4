//! How long a change takes from the directory to an app, with `rollcall run` between a real slapd and a
//! sandbox on a socket: two thousand people, two hundred groups, five changes a second.
//!
//! `cargo bench --bench latency`, or `-- 10` after it for ten minutes; it needs slapd and slapadd, which
//! `./tests/run` installs. A time begins before the change is sent to the directory, and ends when the
//! first request about its account or group has come to the sandbox. The app has no rate limit, so what
//! is measured is ours.

mod change;
mod directory;
mod program;
#[path = "../bench/slapd.rs"]
mod slapd;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use rollcall::clock::Clock;

use change::{Change, Landed};
use directory::Directory;
use program::{Daemon, Sandbox};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// From one change to the next.
const PERIOD: Duration = Duration::from_millis(200);
/// What 99 of a hundred changes keep below.
const GOAL: Duration = Duration::from_secs(1);
/// Whatever has not come so long after the last change does not come.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let minutes = std::env::args().find_map(|word| word.parse().ok());
    let minutes: u32 = minutes.unwrap_or(1);
    let count = minutes * 60 * 1000 / u32::try_from(PERIOD.as_millis()).expect("it is short");
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let mut directory = Directory::start(at).await;
    fs::write(at.join("config.yaml"), config(&directory)).expect("it can be written");
    let sandbox = Sandbox::start(at);
    let daemon = Daemon::start(at, &sandbox);
    daemon.await_company().await;
    let accounts = sandbox.ids();
    rollcall::show::out(&format!(
        "the company is there; to look on: {}; the log: {}/log\n",
        daemon.watched_by(),
        at.display()
    ));

    let mut changes = Vec::new();
    let mut ticks = tokio::time::interval(PERIOD);
    for number in 0..count {
        ticks.tick().await;
        let change = Change::of_turn(number as usize);
        let begun = Clock::System.now();
        directory.make(&change).await;
        changes.push((change, begun));
    }
    let landed = await_all(&changes, &accounts, &sandbox).await;
    check_titles(&changes, &sandbox);
    report(&landed, &daemon, at);
}

fn config(directory: &Directory) -> String {
    let url = directory.url();
    format!(
        "sources:\n  hq:\n    ldap:\n      url: {url}\n      bind: anonymous\n      \
         users:\n        base: \"ou=people,{0}\"\n        \
         disabled: 'user.?description.orValue(\"\") == \"left\"'\n      \
         groups: {{ base: \"ou=groups,{0}\", filter: \"(objectClass=groupOfNames)\" }}\n\
         targets:\n  app:\n    connector: scim\n    base_url: https://app.example.com/scim/v2\n    \
         auth: {{ bearer: {{ env: NONE }} }}\n    assign: everyone\n    groups: {{ push: [\"team-*\"] }}\n    \
         override: {{ rates: {{ buckets: [] }} }}\n    \
         guard: {{ leavers: 50%, members: 100%, updates: {{ percent: 100%, count: 100000 }} }}\n",
        directory::SUFFIX
    )
}

/// When each change came to the app.
async fn await_all(
    changes: &[(Change, Timestamp)],
    accounts: &BTreeMap<String, String>,
    sandbox: &Sandbox,
) -> Vec<Landed> {
    let last = Clock::System.now();
    loop {
        let (landed, lost) =
            change::trace(changes, accounts, &sandbox.requests(), &sandbox.logins());
        if lost.is_empty() {
            return landed;
        }
        let waited = Duration::try_from(Clock::System.now().duration_since(last));
        assert!(
            waited.unwrap_or_default() < PATIENCE,
            "{} of {} changes never came to the app, such as {:?}",
            lost.len(),
            changes.len(),
            lost.first()
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What came is what was meant.
fn check_titles(changes: &[(Change, Timestamp)], sandbox: &Sandbox) {
    let titles = sandbox.titles();
    let mut meant = BTreeMap::new();
    for (change, _) in changes {
        if let Change::Title { person, title } = change {
            meant.insert(directory::login(*person), title.clone());
        }
    }
    for (login, title) in &meant {
        assert_eq!(titles.get(login), Some(title), "the title of {login}");
    }
}

fn report(landed: &[Landed], daemon: &Daemon, folder: &Path) {
    let mut text = String::new();
    let mut all: Vec<Duration> = landed.iter().map(|landed| landed.took).collect();
    text.push_str(&line("all", &mut all));
    let mut kinds: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for landed in landed {
        kinds.entry(landed.kind).or_default().push(landed.took);
    }
    for (kind, took) in &mut kinds {
        text.push_str(&line(kind, took));
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    rollcall::show::out(&format!(
        "{text}the daemon: {} MiB at most; {} lines in its log\n",
        daemon.peak_kib() / 1024,
        log.lines().count()
    ));
    assert!(
        share(&all, 99) <= GOAL,
        "99 of a hundred changes take {GOAL:?} at most"
    );
}

fn line(kind: &str, took: &mut [Duration]) -> String {
    took.sort();
    format!(
        "{kind:<14} {:>5} changes: p50 {:>4} ms, p99 {:>4} ms, at most {:>4} ms\n",
        took.len(),
        share(took, 50).as_millis(),
        share(took, 99).as_millis(),
        share(took, 100).as_millis()
    )
}

/// What so many of a hundred keep within (nearest rank).
fn share(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}
