//! How much memory a run takes that has next to nothing to do: 200,000 people beside 50,000, all of them
//! linked and in line but for a handful; with a directory in files, and with one behind slapd.
//!
//! `cargo bench --bench memory`; it needs slapd and slapadd, which `./tests/run` installs.

#[path = "bench/run.rs"]
mod run;
#[path = "bench/slapd.rs"]
mod slapd;
#[path = "bench/tree.rs"]
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rollcall::clock::Clock;
use rollcall::config::{self, Config};
use rollcall::core::attribute::{AttrName, Attributes, Value};
use rollcall::core::crowd::Crowd;
use rollcall::core::desired::{Judge, Wanted};
use rollcall::core::fingerprint::{FingerprintKey, Fingerprints};
use rollcall::core::key::{RemoteId, TargetName, UserKey};
use rollcall::core::link::{GroupLink, Link};
use rollcall::core::reading::Reading;
use rollcall::store::{Access, Epoch, Record, SqliteStore, StateKind, Store as _};
use rollcall::{installation, show};
use tree::SUFFIX;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 2] = [50_000, 200_000];

/// So many have another title than the app was told.
const DIFFERING: usize = 5;

/// What four times the people may take, of what one time does.
const RATIO: f64 = 1.5;

/// Where the people are.
#[derive(Clone, Copy, Debug)]
enum Directory {
    Files,
    Slapd,
}

#[tokio::main]
async fn main() {
    let mut ratios = Vec::new();
    for directory in [Directory::Files, Directory::Slapd] {
        let mut peaks = Vec::new();
        for people in SIZES {
            peaks.push(measure(directory, people).await);
        }
        for (at, what) in ["in line", "plan"].into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "kilobytes of memory")]
            let ratio = peaks[1][at] as f64 / peaks[0][at] as f64;
            show::out(&format!("{directory:?}, {what}: ratio {ratio:.2}\n"));
            ratios.push(ratio);
        }
    }
    assert!(
        ratios.iter().all(|ratio| *ratio <= RATIO),
        "four times the people take {RATIO} times the memory at most"
    );
}

/// The peaks of a run with nothing to do, and of a plan of some changes, in kB.
async fn measure(directory: Directory, people: usize) -> [u64; 2] {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (source, _server) = match directory {
        Directory::Files => (write_files(folder, people), None),
        Directory::Slapd => {
            write_tree(folder, people);
            let (server, port) = slapd::start(folder, &[]);
            (tree_source(port), Some(server))
        }
    };
    write_config(folder, &source);
    seed(folder, 0).await;
    let sync = run::sync(folder, &["--quick"], 0);
    seed(folder, DIFFERING).await;
    let plan = run::sync(folder, &["--quick", "--dry-run"], 2);
    show::out(&format!(
        "{directory:?}, {people} people, in line: {} kB, {:.1} s; plan of {DIFFERING} changes: {} kB, \
         {:.1} s\n",
        sync.1,
        sync.0.as_secs_f64(),
        plan.1,
        plan.0.as_secs_f64()
    ));
    [sync.1, plan.1]
}

/// The groups that somebody is in.
fn groups(number: usize) -> [usize; 3] {
    [number % 20, 20 + number % 70, 90 + number % 900]
}

fn write_files(folder: &Path, people: usize) -> String {
    let mut users = String::from(
        "key,uid,mail,givenName,sn,displayName,title,department,telephoneNumber,street,l,c,manager\n",
    );
    let mut memberships = String::from("key,name,member\n");
    for number in 0..people {
        let _ = writeln!(
            users,
            "p-{number:06},user{number},user{number}@example.com,Given{number},Family{number},\
             Given{number} Family{number},Title {},Department {},+1 555 {number:07},{} Elm Street,\
             Town {},US,p-{:06}",
            number % 97,
            number % 31,
            number % 499,
            number % 211,
            number / 10
        );
        for group in groups(number) {
            let _ = writeln!(memberships, "g-{group},group-{group},p-{number:06}");
        }
    }
    fs::write(folder.join("users.csv"), users).expect("it can be written");
    fs::write(folder.join("groups.csv"), memberships).expect("it can be written");
    "file: { users: users.csv, groups: groups.csv }".to_owned()
}

fn write_tree(folder: &Path, people: usize) {
    let mut text = String::new();
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for number in 0..people {
        let _ = write!(
            text,
            "dn: uid=user{number},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: user{number}\n\
             cn: Given{number} Family{number}\nsn: Family{number}\ngivenName: Given{number}\n\
             displayName: Given{number} Family{number}\nmail: user{number}@example.com\n\
             title: Title {}\ndepartmentNumber: Department {}\n\
             telephoneNumber: +1 555 {number:07}\nstreet: {} Elm Street\nl: Town {}\n\
             manager: uid=user{},ou=people,{SUFFIX}\n\n",
            number % 97,
            number % 31,
            number % 499,
            number % 211,
            number / 10
        );
        for group in groups(number) {
            members.entry(group).or_default().push(number);
        }
    }
    for (group, members) in members {
        let _ = write!(
            text,
            "dn: cn=group-{group},ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: group-{group}\n"
        );
        for number in members {
            let _ = writeln!(text, "member: uid=user{number},ou=people,{SUFFIX}");
        }
        text.push('\n');
    }
    tree::write(folder, &["people", "groups"], &text);
}

fn tree_source(port: u16) -> String {
    format!(
        "ldap: {{ url: \"ldap://127.0.0.1:{port}\", bind: anonymous, users: {{ base: \
         \"ou=people,{SUFFIX}\" }}, groups: {{ base: \"ou=groups,{SUFFIX}\" }} }}"
    )
}

fn write_config(folder: &Path, source: &str) {
    let config = format!(
        "state: {{ dir: state }}\nsources: {{ hq: {{ {source} }} }}\ntargets:\n  app:\n    \
         connector: scim\n    base_url: https://localhost:9/scim/v2\n    \
         auth: {{ bearer: {{ env: {} }} }}\n    assign: everyone\n    \
         groups: {{ push: [\"group-*\"] }}\n",
        run::TOKEN
    );
    fs::write(folder.join("config.yaml"), config).expect("it can be written");
}

/// Writes down that everybody has what they should have, but for some, who have an earlier title.
async fn seed(folder: &Path, differing: usize) {
    let config = config::load(&folder.join("config.yaml")).unwrap_or_else(|bad| panic!("{bad}"));
    let reading = read(&config).await;
    let every = reading.users.len().checked_div(differing);
    let target = TargetName::new("app");
    let rules = &config.targets[&target].rules;
    let access = Access::Write;
    let store = SqliteStore::open(&folder.join("state"), StateKind::Real, access).expect("a state");
    let key = store.fingerprint_key();
    let readings = [reading];
    let judge = Judge::new(rules, &readings);
    let mut number = 0;
    for portion in Crowd::of(&readings).portions() {
        let mut batch = Vec::with_capacity(portion.len());
        for person in portion {
            let desired = judge.judge(&person).expect("nobody is protected");
            let Wanted::Active { attributes, .. } = &desired.wanted else {
                panic!("everybody is assigned");
            };
            let mut attributes = attributes.clone();
            if every.is_some_and(|every| number % every == 7) {
                attributes.insert(AttrName::new("title"), Value::text("Earlier"));
            }
            number += 1;
            let link = link(&desired.user, &attributes, &key);
            batch.push(Record::PutLink(target.clone(), link));
        }
        store.commit(Epoch(1), &batch).await.expect("room");
    }
    let groups = readings[0].groups.iter();
    let groups = groups.map(|group| {
        let link = GroupLink {
            group: group.key.clone(),
            id: RemoteId::new(format!("app-{}", group.key.id)),
            ours: true,
            name: key.of(&AttrName::new("displayName"), &Value::text(&*group.name)),
            members: group.members.clone(),
            in_doubt: BTreeSet::new(),
            unseen: None,
        };
        Record::PutGroup(target.clone(), link)
    });
    let batch: Vec<Record> = groups.collect();
    store.commit(Epoch(1), &batch).await.expect("room");
}

async fn read(config: &Config) -> Reading {
    let sources = installation::sources(config, &Clock::System);
    let source = &sources.values().next().expect("it has a source").source;
    source.read().await.expect("it can be read")
}

fn account(user: &UserKey) -> RemoteId {
    RemoteId::new(format!("2819c223-7f76-453a-{}", user.id))
}

fn link(user: &UserKey, attributes: &Attributes, key: &FingerprintKey) -> Link {
    let prints: Fingerprints = attributes
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Account(other) => Value::text(account(other).as_str()),
                other => other.clone(),
            };
            (name.clone(), key.of(name, &value))
        })
        .collect();
    Link {
        user: user.clone(),
        id: account(user),
        ours: true,
        active: true,
        sent: prints.clone(),
        held: prints,
        refused: BTreeMap::new(),
        left: None,
        unseen: BTreeMap::new(),
    }
}
