//! What a target may do, what a deactivation really does, and an app that takes its time: told to a
//! person, and done to a sandbox app.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use rollcall::clock::Clock;
use rollcall::config::{self, SourceConfig, SourceKind};
use rollcall::core::key::{RemoteId, SourceName, TargetName};
use rollcall::core::plan::Basis;
use rollcall::draw::Draw;
use rollcall::engine::apply::apply;
use rollcall::engine::propose::{Proposal, propose};
use rollcall::engine::roster::Roster;
use rollcall::engine::{SourceUnit, World};
use rollcall::installation::{Unit, connect, sandboxed};
use rollcall::sandbox::{AppSetup, IN_PROCESS, Sandbox, SandboxAuth};
use rollcall::show::plan::PlanText;
use rollcall::source::file::FileSource;
use rollcall::store::SqliteStore;
use serde_json::{Value as Json, json};
use url::Url;

use super::program::Folder;

const PEOPLE: &str = "\
key,uid,mail,givenName,sn,disabled
1,ana,ana@example.com,Ana,Silva,false
2,bob,bob@example.com,Bob,Kaya,false
3,cid,cid@example.com,Cid,Moreau,false
";

/// The config of one target with `more` keys.
fn with(more: &str) -> String {
    format!(
        "\
state: {{ dir: state }}
sources:
  hq: {{ file: {{ users: people.csv, groups: groups.csv }}, absent_for: 10m }}
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: {{ bearer: {{ file: token }} }}
    assign: everyone
    groups: {{ push: [day] }}
{more}"
    )
}

/// A folder with three people, all of them in the group `day`.
fn folder(config: &str) -> Folder {
    let folder = Folder::new();
    folder.write("config.yaml", config);
    folder.write("people.csv", PEOPLE);
    folder.write("groups.csv", "key,name,members\ng1,day,1;2;3\n");
    folder
}

#[test]
fn what_is_switched_off_is_listed_and_is_no_change() {
    let everything = "    features: { create: false, groups: false }\n";
    let ended = folder(&with(everything)).rollcall("sync --dry-run --sandbox --config config.yaml");
    assert_snapshot!(ended.told(), @"
    hq  3 users, 1 group

    wiki  plan ID, compared with the app

      skipped: switched off by `features:` of this target
        · 3 creates skipped: `features.create` is off
          ana, bob, cid
        · 1 create of a group skipped: `features.groups` is off
          day
        · 3 members to add skipped: `features.groups` is off
          day

      nothing else to change

    -- exit 0
    ");
    let json = folder(&with(everything))
        .rollcall("sync --dry-run --sandbox --config config.yaml --format json")
        .json();
    assert_eq!(
        json["targets"][0]["skipped"][0],
        json!({"subject": "ana", "action": "create", "reason": "`features.create` is off"})
    );
}

/// An installation in one process and virtual time.
struct Site {
    folder: Folder,
    clock: Clock,
    draw: Draw,
    sandbox: Sandbox,
    sources: BTreeMap<SourceName, SourceConfig>,
    unit: Unit,
    store: SqliteStore,
}

impl Site {
    /// With this config; the app shows what was written so long after.
    fn new(more: &str, visible_after: Option<Duration>) -> Self {
        let folder = folder(&with(more));
        let config = config::load(&folder.path("config.yaml"))
            .unwrap_or_else(|problems| panic!("{problems}"));
        let clock = Clock::simulated("2026-11-22T13:02:00Z".parse().expect("a time"));
        let target = &config.targets[&wiki()];
        let app = AppSetup {
            visible_after,
            ..AppSetup::new(wiki(), target.rules.profile.clone(), SandboxAuth::Bearer)
        };
        let sandbox = Sandbox::new(vec![app], clock.clone()).expect("the app is sound");
        let root = Url::parse(IN_PROCESS).expect("an address");
        let way = sandboxed(target, &root, Arc::new(sandbox.clone()));
        let draw = Draw::seeded(1);
        Self {
            unit: connect(target, way, &clock, draw.clone()),
            sources: config.sources.clone(),
            store: SqliteStore::in_memory(),
            folder,
            clock,
            draw,
            sandbox,
        }
    }

    fn people(&self, from: &str, to: &str) {
        assert!(PEOPLE.contains(from), "{from}");
        self.folder.write("people.csv", &PEOPLE.replace(from, to));
    }

    /// Reads, plans, and hands the plan as it is shown to `then`.
    async fn propose(&self) -> (Proposal, String) {
        let key = self.store.fingerprint_key();
        let world = self.world(&key);
        let sources = self.sources.iter().map(|(name, source)| {
            let SourceKind::File(file) = &source.kind else {
                panic!("the story reads files")
            };
            let unit = SourceUnit {
                source: Arc::new(FileSource::new(name.clone(), file.clone())),
                absent_for: source.absent_for,
                settings: 1,
                watch: false,
                full_read_every: Duration::from_hours(6),
            };
            (name.clone(), unit)
        });
        let sources: BTreeMap<_, _> = sources.collect();
        let roster = Roster::read(&sources, world).await;
        let roster = roster.expect("the state can be read");
        let rules = &self.unit.target.rules;
        let app = &*self.unit.target.app;
        let proposal = propose(rules, app, &roster, Basis::Observed, world).await;
        let proposal = proposal.expect("the app can be read");
        let text = PlanText {
            part: None,
            reviewed: &proposal.reviewed,
            profile: &rules.profile,
            labels: &BTreeMap::new(),
            now: self.clock.now(),
        };
        let text = anstream::adapter::strip_str(&text.render()).to_string();
        let text = text.lines().skip(2).collect::<Vec<_>>().join("\n");
        let linked = proposal.state.holders().cloned().collect();
        let accepted = roster.accept(&linked, &BTreeSet::new(), world).await;
        accepted.expect("the state can be written");
        (proposal, text)
    }

    /// The plan as it is shown, carried out; how many writes that took.
    async fn sync(&self) -> (String, u64) {
        let before = self.sandbox.counts(&wiki()).write;
        let (proposal, text) = self.propose().await;
        let key = self.store.fingerprint_key();
        let applied = apply(&self.unit.target, proposal, "run", self.world(&key)).await;
        let applied = applied.expect("the state can be written");
        assert!(applied.failed.is_empty(), "{:?}", applied.failed);
        (text, self.sandbox.counts(&wiki()).write - before)
    }

    fn world<'w>(&'w self, key: &'w rollcall::core::fingerprint::FingerprintKey) -> World<'w> {
        World {
            store: &self.store,
            key,
            clock: &self.clock,
            draw: &self.draw,
            progress: &|_| (),
        }
    }

    async fn wait(&self, minutes: u64) {
        self.clock.sleep(Duration::from_mins(minutes)).await;
    }

    fn users(&self) -> Vec<Json> {
        let dump = self.sandbox.dump(&wiki());
        dump["users"].as_array().cloned().unwrap_or_default()
    }
}

fn wiki() -> TargetName {
    TargetName::new("wiki")
}

const SLOW: &str = "    override: { settle: 1h }\n";

#[tokio::test(start_paused = true)]
async fn an_app_that_takes_an_hour_is_waited_for_and_sent_nothing_twice() {
    let site = Site::new(SLOW, Some(Duration::from_mins(50)));
    let (_, writes) = site.sync().await;
    assert_eq!(writes, 3 + 1 + 1);
    let (text, writes) = site.sync().await;
    assert_snapshot!(text, @"
      waiting
        · ana: sent at 13:02 UTC, not seen yet, waits until 14:02 UTC
        · bob: sent at 13:02 UTC, not seen yet, waits until 14:02 UTC
        · cid: sent at 13:02 UTC, not seen yet, waits until 14:02 UTC
        · day: sent at 13:02 UTC, not seen yet, waits until 14:02 UTC

      in line: nothing to change
    ");
    assert_eq!(writes, 0);
    site.wait(50).await;
    let (text, writes) = site.sync().await;
    assert_eq!((text.trim(), writes), ("in line: nothing to change", 0));

    // A rename and a leaver: sent once, although the app still shows the old.
    site.folder.write(
        "people.csv",
        &PEOPLE
            .replace("Kaya", "Aydin")
            .replace("Moreau,false", "Moreau,true"),
    );
    let (_, writes) = site.sync().await;
    assert_eq!(writes, 1 + 1 + 1, "cid goes out of the group too");
    let (text, writes) = site.sync().await;
    assert!(
        text.contains("bob: sent at 13:52 UTC, not seen yet, waits until 14:52 UTC"),
        "{text}"
    );
    assert!(
        text.contains("cid: sent at 13:52 UTC, not seen yet, waits until 14:52 UTC"),
        "{text}"
    );
    assert!(text.contains("in line: nothing to change"), "{text}");
    assert_eq!(writes, 0);
    site.wait(60).await;
    let (text, writes) = site.sync().await;
    assert_eq!((text.trim(), writes), ("in line: nothing to change", 0));
}

#[tokio::test(start_paused = true)]
async fn what_an_app_never_shows_is_sent_again_when_its_time_is_over() {
    let site = Site::new(SLOW, None);
    site.sync().await;
    let id = RemoteId::new("u-000002");
    site.sandbox.edit_user(&wiki(), &id, |user| {
        user.insert(
            "name".into(),
            json!({"givenName": "Bob", "familyName": "Lost"}),
        );
    });
    let (text, writes) = site.sync().await;
    assert!(
        text.contains("bob: sent at 13:02 UTC, not seen yet"),
        "{text}"
    );
    assert_eq!(writes, 0);
    site.wait(60).await;
    let (text, writes) = site.sync().await;
    assert!(text.contains("name.familyName Lost → Kaya"), "{text}");
    assert_eq!(writes, 1);
}

const EMPLOYEES: &str =
    "    override: { users: { reactivate: create, deactivate: { effect: frees_user_name } } }\n";

/// Cid leaves and is back; gives the plan of the return, and the accounts after it.
async fn return_of_cid(more: &str) -> (String, Vec<Json>) {
    let site = Site::new(more, None);
    site.sync().await;
    site.people("Moreau,false", "Moreau,true");
    site.sync().await;
    assert_eq!(site.users()[2].get("userName"), None);
    site.folder.write("people.csv", PEOPLE);
    let (text, _) = site.sync().await;
    (text, site.users())
}

#[tokio::test(start_paused = true)]
async fn a_person_who_is_back_has_the_account_that_the_site_wants() {
    let (text, users) = return_of_cid(&format!("{EMPLOYEES}    reactivate: link\n")).await;
    assert!(text.contains("+ reactivate     cid  is back"), "{text}");
    assert_eq!(users.len(), 3);
    assert_eq!(
        (&users[2]["userName"], &users[2]["active"]),
        (&json!("cid"), &json!(true))
    );

    let (text, users) = return_of_cid(EMPLOYEES).await;
    let beforehand = "+ create         cid  is back; a new account is made, and the old one (u-000003) stays off";
    assert!(text.contains(beforehand), "{text}");
    assert_eq!(users.len(), 4);
    assert_eq!(
        (&users[2]["active"], &users[3]["active"]),
        (&json!(false), &json!(true))
    );

    let (text, users) = return_of_cid(&format!("{EMPLOYEES}    reactivate: refuse\n")).await;
    let parked = "cid: is back, the account u-000003 is switched off, and `reactivate: refuse` leaves it to a person";
    assert!(text.contains(parked), "{text}");
    assert_eq!((users.len(), &users[2]["active"]), (3, &json!(false)));
}

const CONTRADICTED: &str = "    override: { users: { deactivate: { effect: unknown } } }\n";

#[tokio::test(start_paused = true)]
async fn a_deactivation_that_may_delete_says_so() {
    let site = Site::new(CONTRADICTED, None);
    site.sync().await;
    site.people("Moreau,false", "Moreau,true");
    let (text, _) = site.sync().await;
    let told = "- may delete     cid  disabled in the directory; may delete: the vendor contradicts itself";
    assert!(text.contains(told), "{text}");
    assert!(text.contains("to do: 1 delete, 1 remove members"), "{text}");
    assert_eq!(site.users().len(), 2, "the copy does the worse of the two");
}

#[test]
fn a_deactivation_that_may_delete_is_held_until_the_site_has_chosen() {
    let config = with("").replace("scim\n    base", "acme\n    base");
    let folder = folder(&format!("connectors: connectors\n{config}"));
    std::fs::create_dir(folder.path("connectors")).expect("a folder");
    let acme = "extends: scim\ntitle: Acme\nusers: { deactivate: { effect: unknown } }\n";
    folder.write("connectors/acme.yaml", acme);
    let served = folder.serve("config.yaml");
    let rollcall = |command: &str| {
        folder.rollcall(&format!(
            "{command} --config config.yaml --sandbox={}",
            served.root
        ))
    };
    assert_eq!(rollcall("sync").code, Some(0));
    folder.write("people.csv", &PEOPLE.replace("Moreau,false", "Moreau,true"));
    assert_snapshot!(rollcall("sync --dry-run").told(), @r#"
    hq  3 users, 1 group

    wiki  plan ID, compared with the app

      held back by the guard
        ! H-ID: 1 change may delete the account, and nobody has said that this is meant
          cid
          → if this is right: rollcall approve H-ID --because "…"
          → or write once for all what it does, override: { users: { deactivate: { effect: suspends } } }, or that deleting is meant, leavers: { unassigned: delete, disabled: delete, deleted: delete }

      nothing else to change

    -- exit 3
    "#);
    assert_snapshot!(rollcall("check --offline").told(), @"
    ok config  1 source, 1 target
     ! wiki  switching an account off may delete it in this app: the vendor contradicts itself, or nobody has looked; each such leaver (unassigned, disabled, deleted) is held until a person approves
      hint: say what it does, override: { users: { deactivate: { effect: suspends } } }, or that deleting is meant, leavers: { unassigned: delete, disabled: delete, deleted: delete }
    ok hq  3 users, 1 group
    no problem; 1 thing to look at
    -- exit 0
    ");
}
