//! How long reading a directory of fifty thousand people takes beside `ldapsearch`, which writes the
//! same attributes of the same entries to a file, in the same run.
//!
//! `cargo bench --bench directory`; it needs slapd, slapadd and ldapsearch, which `./tests/run`
//! installs.

#[path = "bench/slapd.rs"]
mod slapd;
#[path = "bench/tree.rs"]
mod tree;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rollcall::clock::Clock;
use rollcall::config;
use rollcall::installation;
use tree::SUFFIX;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PEOPLE: usize = 50_000;
const ROUNDS: u32 = 5;
/// Those that a reading asks for; the last one because this server numbers nothing else.
const ATTRIBUTES: [&str; 10] = [
    "entryUUID",
    "uid",
    "mail",
    "givenName",
    "sn",
    "cn",
    "title",
    "employeeNumber",
    "manager",
    "modifyTimestamp",
];

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    write_server(folder.path());
    let (_server, port) = slapd::start(folder.path(), &[]);
    write_config(folder.path(), port);
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    let before = work();
    for _ in 0..ROUNDS {
        ours.push(read(folder.path()));
        theirs.push(search(folder.path(), port));
    }
    let after = work();
    let each =
        |who: usize| after[who].saturating_sub(before[who]).as_secs_f64() / f64::from(ROUNDS);
    ours.sort();
    theirs.sort();
    let (mine, other) = (ours[ours.len() / 2], theirs[theirs.len() / 2]);
    let ratio = mine.as_secs_f64() / other.as_secs_f64();
    rollcall::show::out(&format!(
        "reading {PEOPLE} people: {:.3} s (median of {ROUNDS}; {:.3} to {:.3} s)\n\
         ldapsearch of the same: {:.3} s ({:.3} to {:.3} s); ratio {ratio:.2}\n\
         of processors, without the server: {:.3} s, and ldapsearch {:.3} s\n",
        mine.as_secs_f64(),
        ours[0].as_secs_f64(),
        ours[ours.len() - 1].as_secs_f64(),
        other.as_secs_f64(),
        theirs[0].as_secs_f64(),
        theirs[theirs.len() - 1].as_secs_f64(),
        each(0),
        each(1),
    ));
    assert!(ratio <= 1.3, "a reading takes 1.3 times as long at most");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench measures the time that really passes"
)]
fn now() -> Instant {
    Instant::now()
}

/// The processor time that this program has had so far, and that the programs it has waited for have
/// (proc(5): `utime` to `cstime`, in hundredths of a second).
fn work() -> [Duration; 2] {
    let stat = fs::read_to_string("/proc/self/stat").expect("the system tells it");
    let (_, after) = stat.rsplit_once(')').expect("the name ends");
    let ticks: Vec<u64> = after
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(|number| number.parse().expect("a number"))
        .collect();
    let time = |two: &[u64]| Duration::from_millis(two.iter().sum::<u64>() * 10);
    [time(&ticks[..2]), time(&ticks[2..])]
}

fn write_server(folder: &Path) {
    let mut people = String::new();
    for number in 0..PEOPLE {
        let manager = number / 10;
        let _ = write!(
            people,
            "dn: uid=user{number:05},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\n\
             uid: user{number:05}\ncn: Given{number} Family{number}\nsn: Family{number}\n\
             givenName: Given{number}\nmail: user{number:05}@example.com\ntitle: Title {}\n\
             employeeNumber: {number}\nmanager: uid=user{manager:05},ou=people,{SUFFIX}\n\n",
            number % 97
        );
    }
    tree::write(folder, &["people"], &people);
}

fn write_config(folder: &Path, port: u16) {
    let text = format!(
        "sources:\n  hq:\n    ldap:\n      url: ldap://127.0.0.1:{port}\n      bind: anonymous\n      \
         users: {{ base: \"ou=people,{SUFFIX}\", attributes: [cn, title, employeeNumber] }}\n\
         targets:\n  app:\n    connector: scim\n    base_url: https://app.example.com/scim/v2\n    \
         auth: {{ bearer: {{ env: NONE }} }}\n    assign: everyone\n"
    );
    fs::write(folder.join("config.yaml"), text).expect("it can be written");
}

/// One whole reading, from connecting to the last person.
fn read(folder: &Path) -> Duration {
    let config = config::load(&folder.join("config.yaml")).expect("the config is right");
    let sources = installation::sources(&config, &Clock::System);
    let source = &sources.values().next().expect("it has a source").source;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let begun = now();
    let reading = runtime.block_on(source.read()).expect("it can be read");
    let took = begun.elapsed();
    assert_eq!(reading.users.len(), PEOPLE);
    took
}

/// One whole search, from starting the program to its end.
fn search(folder: &Path, port: u16) -> Duration {
    let file = fs::File::create(folder.join("found.ldif")).expect("it can be written");
    let begun = now();
    let status = Command::new("ldapsearch")
        .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-E", "pr=500/noprompt"])
        .args(["-H", &format!("ldap://127.0.0.1:{port}")])
        .args(["-b", &format!("ou=people,{SUFFIX}")])
        .arg("(objectClass=inetOrgPerson)")
        .args(ATTRIBUTES)
        .stdout(file)
        .status();
    let took = begun.elapsed();
    assert!(status.expect("ldapsearch is installed").success());
    took
}
