//! How long a plan of ten thousand people takes, from the start of the program to its end, and how
//! much memory: beside the time that reading the same file takes a plain CSV reader, in the same run.
//!
//! `cargo bench --bench plan`

#[path = "bench/run.rs"]
mod run;

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const PEOPLE: usize = 10_000;
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    write_company(folder.path());
    let mut plans = Vec::new();
    let mut reads = Vec::new();
    let mut memory = 0;
    for _ in 0..ROUNDS {
        let flags = ["--dry-run", "--sandbox", "--format", "json"];
        let (time, peak) = run::sync(folder.path(), &flags, 2);
        plans.push(time);
        memory = memory.max(peak);
        reads.push(read(folder.path()));
    }
    plans.sort();
    reads.sort();
    let (plan, read) = (plans[ROUNDS / 2], reads[ROUNDS / 2]);
    let ratio = plan.as_secs_f64() / read.as_secs_f64();
    rollcall::show::out(&format!(
        "plan of {PEOPLE} people: {:.3} s (median of {ROUNDS}; {:.3} to {:.3} s), {memory} kB at most\n\
         plain CSV read of the same file: {:.4} s; ratio {ratio:.1}\n",
        plan.as_secs_f64(),
        plans[0].as_secs_f64(),
        plans[ROUNDS - 1].as_secs_f64(),
        read.as_secs_f64(),
    ));
    assert!(
        plan < Duration::from_secs(2),
        "a plan takes two seconds at most"
    );
}

fn write_company(folder: &Path) {
    let mut users =
        String::from("key,uid,mail,givenName,sn,title,department,telephoneNumber,manager\n");
    let mut groups = String::from("key,name,member\n");
    for number in 0..PEOPLE {
        let manager = number / 10;
        let _ = writeln!(
            users,
            "p-{number:05},user{number},user{number}@example.com,Given{number},Family{number},\
             Title {},Department {},+1 555 {number:07},p-{manager:05}",
            number % 97,
            number % 31
        );
        for group in [number % 20, 20 + number % 7] {
            let _ = writeln!(groups, "g-{group},group-{group},p-{number:05}");
        }
    }
    let config = "
sources: { hq: { file: { users: users.csv, groups: groups.csv } } }
targets:
  app:
    connector: scim
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { env: NONE } }
    assign: everyone
    groups: { push: [\"group-*\"] }
";
    for (name, text) in [
        ("users.csv", users.as_str()),
        ("groups.csv", &groups),
        ("config.yaml", config),
    ] {
        std::fs::write(folder.join(name), text).expect("it can be written");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench measures the machine's time"
)]
fn read(folder: &Path) -> Duration {
    let start = Instant::now();
    let mut reader = csv::Reader::from_path(folder.join("users.csv")).expect("it is CSV");
    assert_eq!(reader.records().flatten().count(), PEOPLE);
    start.elapsed()
}
