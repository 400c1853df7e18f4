//! How much memory a run takes that has next to nothing to do: 200,000 people beside 50,000, all of them
//! linked and in line but for a handful.
//!
//! `cargo bench --bench memory`

#[path = "bench/run.rs"]
mod run;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use rollcall::config::{self, Config, SourceKind};
use rollcall::core::attribute::{AttrName, Attributes, Value};
use rollcall::core::crowd::Crowd;
use rollcall::core::desired::{Judge, Wanted};
use rollcall::core::fingerprint::{FingerprintKey, Fingerprints};
use rollcall::core::key::{RemoteId, TargetName, UserKey};
use rollcall::core::link::{GroupLink, Link};
use rollcall::core::reading::Reading;
use rollcall::show;
use rollcall::source::Source as _;
use rollcall::source::file::FileSource;
use rollcall::store::{Access, Epoch, Record, SqliteStore, StateKind, Store as _};

const SIZES: [usize; 2] = [50_000, 200_000];

/// So many have another title than the app was told.
const DIFFERING: usize = 5;

/// What four times the people may take, of what one time does.
const RATIO: f64 = 1.5;

#[tokio::main]
async fn main() {
    let mut peaks = Vec::new();
    for people in SIZES {
        let folder = tempfile::tempdir().expect("a folder");
        write_company(folder.path(), people, 0);
        seed(folder.path()).await;
        let sync = run::sync(folder.path(), &["--quick"], 0);
        write_company(folder.path(), people, DIFFERING);
        let plan = run::sync(folder.path(), &["--quick", "--dry-run"], 2);
        show::out(&format!(
            "{people} people, in line: {} kB, {:.1} s; plan of {DIFFERING} changes: {} kB, {:.1} s\n",
            sync.1,
            sync.0.as_secs_f64(),
            plan.1,
            plan.0.as_secs_f64()
        ));
        peaks.push([sync.1, plan.1]);
    }
    for (at, what) in ["in line", "plan"].into_iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "kilobytes of memory")]
        let ratio = peaks[1][at] as f64 / peaks[0][at] as f64;
        show::out(&format!("{what}: ratio {ratio:.2}\n"));
        assert!(
            ratio <= RATIO,
            "four times the people take {RATIO} times the memory at most"
        );
    }
}

fn write_company(folder: &Path, people: usize, differing: usize) {
    let mut users = String::from(
        "key,uid,mail,givenName,sn,displayName,title,department,telephoneNumber,street,l,c,manager\n",
    );
    let mut groups = String::from("key,name,member\n");
    for number in 0..people {
        let title = if number % (people / DIFFERING) == 7 && differing > 0 {
            "Changed"
        } else {
            "Title"
        };
        let _ = writeln!(
            users,
            "p-{number:06},user{number},user{number}@example.com,Given{number},Family{number},\
             Given{number} Family{number},{title} {},Department {},+1 555 {number:07},{} Elm Street,\
             Town {},US,p-{:06}",
            number % 97,
            number % 31,
            number % 499,
            number % 211,
            number / 10
        );
        for group in [number % 20, 20 + number % 70, 90 + number % 900] {
            let _ = writeln!(groups, "g-{group},group-{group},p-{number:06}");
        }
    }
    let config = "
state: { dir: state }
sources: { hq: { file: { users: users.csv, groups: groups.csv } } }
targets:
  app:
    connector: scim
    base_url: https://localhost:9/scim/v2
    auth: { bearer: { env: ROLLCALL_BENCH_TOKEN } }
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

/// Writes down that everybody has what they should have.
async fn seed(folder: &Path) {
    let config = config::load(&folder.join("config.yaml")).unwrap_or_else(|bad| panic!("{bad}"));
    let reading = read(&config).await;
    let target = TargetName::new("app");
    let rules = &config.targets[&target].rules;
    let access = Access::Write;
    let store = SqliteStore::open(&folder.join("state"), StateKind::Real, access).expect("a state");
    let key = store.fingerprint_key();
    let readings = [reading];
    let judge = Judge::new(rules, &readings);
    for portion in Crowd::of(&readings).portions() {
        let mut batch = Vec::with_capacity(portion.len());
        for person in portion {
            let desired = judge.judge(&person).expect("nobody is protected");
            let Wanted::Active { attributes, .. } = &desired.wanted else {
                panic!("everybody is assigned");
            };
            batch.push(Record::PutLink(
                target.clone(),
                link(&desired.user, attributes, &key),
            ));
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
            in_doubt: std::collections::BTreeSet::new(),
            unseen: None,
        };
        Record::PutGroup(target.clone(), link)
    });
    let batch: Vec<Record> = groups.collect();
    store.commit(Epoch(1), &batch).await.expect("room");
}

async fn read(config: &Config) -> Reading {
    let (name, source) = config.sources.first_key_value().expect("a source");
    let SourceKind::File(file) = &source.kind else {
        panic!("it is a file");
    };
    let source = FileSource::new(name.clone(), file.clone());
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
