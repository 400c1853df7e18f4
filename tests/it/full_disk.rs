//! The disk is full in the middle of a run: nothing more leaves, and nothing is forgotten.
//!
//! Promises that whatever the app holds is known to the state, wherever writing stopped, and that
//! the next run with room again makes no account twice. Leaves other failures of a disk to the
//! store's own tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use insta::assert_snapshot;
use rollcall::clock::Clock;
use rollcall::config::{self, Config, SourceKind};
use rollcall::core::key::TargetName;
use rollcall::core::plan::Basis;
use rollcall::draw::Draw;
use rollcall::engine::apply::{Applied, apply};
use rollcall::engine::propose::propose;
use rollcall::engine::roster::Roster;
use rollcall::engine::{SourceUnit, World};
use rollcall::installation::{Unit, connect, sandboxed};
use rollcall::sandbox::{AppSetup, IN_PROCESS, Sandbox, SandboxAuth};
use rollcall::source::file::FileSource;
use rollcall::store::{Access, SqliteStore, StateKind, Store, StoreError};
use url::Url;

use super::program::Folder;

const PEOPLE: usize = 200;

const CONFIG: &str = "\
state: { dir: state }
sources:
  hq:
    file: { users: people.csv }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: everyone
    override: { rates: { buckets: [] } }
";

/// An app, and a folder with a directory and a state.
struct Installation {
    folder: Folder,
    config: Config,
    sandbox: Sandbox,
}

impl Installation {
    fn new() -> Self {
        let folder = Folder::new();
        folder.write("config.yaml", CONFIG);
        let mut people = "key,uid,mail,sn\n".to_owned();
        for number in 0..PEOPLE {
            writeln!(
                people,
                "p-{number},u{number},u{number}@example.com,U{number}"
            )
            .expect("writing to a text cannot fail");
        }
        folder.write("people.csv", &people);
        let config = config::load(&folder.path("config.yaml"))
            .unwrap_or_else(|problems| panic!("{problems}"));
        let apps = config.targets.values().map(|target| {
            let profile = target.rules.profile.clone();
            AppSetup::new(target.rules.target.clone(), profile, SandboxAuth::Bearer)
        });
        let sandbox = Sandbox::new(apps.collect(), Clock::System).expect("the app is sound");
        Self {
            folder,
            config,
            sandbox,
        }
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(
            &self.folder.path("state"),
            StateKind::Sandbox,
            Access::Write,
        )
        .expect("nobody else has it")
    }

    fn unit(&self) -> Unit {
        let target = &self.config.targets[&wiki()];
        let root = Url::parse(IN_PROCESS).expect("an address");
        let way = sandboxed(target, &root, Arc::new(self.sandbox.clone()));
        connect(target, way, &Clock::System, Draw::seeded(1))
    }

    fn accounts(&self) -> Vec<String> {
        let dump = self.sandbox.dump(&wiki());
        let users = dump["users"].as_array().expect("a list");
        let key = |user: &serde_json::Value| user["externalId"].as_str().unwrap_or("").to_owned();
        users.iter().map(key).collect()
    }

    /// One run with that state.
    async fn sync(&self, store: &SqliteStore) -> Result<Applied, StoreError> {
        let (key, clock, draw) = (store.fingerprint_key(), Clock::System, Draw::seeded(1));
        let world = World {
            store,
            key: &key,
            clock: &clock,
            draw: &draw,
            progress: &|_| (),
        };
        let sources = self.config.sources.iter().map(|(name, source)| {
            let SourceKind::File(file) = &source.kind else {
                panic!("the example reads files");
            };
            let unit = SourceUnit {
                source: Arc::new(FileSource::new(name.clone(), file.clone())),
                absent_for: source.absent_for,
                settings: 1,
                watch: false,
                full_read_every: std::time::Duration::from_hours(6),
            };
            (name.clone(), unit)
        });
        let sources: BTreeMap<_, _> = sources.collect();
        let roster = Roster::read(&sources, world).await?;
        let unit = self.unit();
        let rules = &unit.target.rules;
        let proposal = propose(rules, &*unit.target.app, &roster, Basis::Observed, world)
            .await
            .expect("the app and the state can be read");
        apply(&unit.target, proposal, "run", world).await
    }
}

fn wiki() -> TargetName {
    TargetName::new("wiki")
}

fn pages(state: &Path) -> u32 {
    let db = rusqlite::Connection::open(state.join("state.db")).expect("it is there");
    db.pragma_query_value(None, "page_count", |row| row.get(0))
        .expect("a database")
}

/// People whose accounts the state knows of: linked, or perhaps made.
async fn known(store: &SqliteStore) -> Vec<String> {
    let state = store
        .target(&wiki(), jiff::Timestamp::UNIX_EPOCH)
        .await
        .expect("reading needs no room");
    let linked = state.links.keys().map(|user| user.id.to_string());
    let doubted = state.jobs.iter().filter_map(|job| match &job.subject {
        rollcall::core::change::Subject::User(user) => Some(user.id.to_string()),
        rollcall::core::change::Subject::Group(_) => None,
    });
    linked.chain(doubted).collect()
}

#[tokio::test]
async fn wherever_the_disk_fills_up_nothing_more_leaves_and_nothing_is_made_twice() {
    let mut stopped_half_way = 0;
    for room in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55] {
        let installation = Installation::new();
        drop(installation.open());
        let most = NonZeroU32::new(pages(&installation.folder.path("state")) + room)
            .expect("a database has pages");
        let store = installation.open();
        store.limit_pages(most).expect("a limit");
        let Err(error) = installation.sync(&store).await else {
            assert_eq!(installation.accounts().len(), PEOPLE, "{room}");
            continue;
        };
        assert!(error.problem.ends_with(" could not be written"), "{error}");
        let made = installation.accounts();
        if !made.is_empty() {
            stopped_half_way += 1;
        }
        let known = known(&store).await;
        for person in &made {
            assert!(known.contains(person), "room {room}: {person} is forgotten");
        }
        drop(store);

        let store = installation.open();
        let applied = installation
            .sync(&store)
            .await
            .expect("there is room again");
        assert_eq!(
            (applied.failed.len(), &applied.stopped),
            (0, &None),
            "{room}"
        );
        let mut accounts = installation.accounts();
        assert_eq!(accounts.len(), PEOPLE, "room {room}: one account each");
        accounts.sort();
        accounts.dedup();
        assert_eq!(
            accounts.len(),
            PEOPLE,
            "room {room}: each of another person"
        );
    }
    assert!(
        stopped_half_way > 0,
        "no run was stopped between two requests"
    );
}

#[tokio::test]
async fn a_full_disk_is_told_with_what_to_do() {
    let installation = Installation::new();
    let store = installation.open();
    store.limit_pages(NonZeroU32::MIN).expect("a limit");
    let error = installation
        .sync(&store)
        .await
        .expect_err("the disk is full");
    assert_eq!(installation.sandbox.counts(&wiki()).write, 0);
    let hint = error.hint.clone().expect("a hint");
    let folder = installation.folder.path("").display().to_string();
    let told = format!("{error}\n{hint}").replace(&folder, "FOLDER/");
    assert_snapshot!(told, @r#"
    the state in FOLDER/state could not be written
    free some space on the disk; nothing more was sent to any app
    "#);
}
