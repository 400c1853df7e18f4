//! One app and a small directory in one process and in virtual time: the real engine, connector and
//! store before a sandbox copy, with every request that was sent.
//!
//! Promises the same requests for the same story. Leaves what is right to the stories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rollcall::clock::Clock;
use rollcall::config::{self, Config};
use rollcall::core::fault::Fault;
use rollcall::core::key::{GroupKey, RemoteId, SourceName, TargetName, UserKey};
use rollcall::core::memory::{Approval, Hold, TargetState};
use rollcall::core::plan::{Basis, Plan};
use rollcall::core::profile::Profile;
use rollcall::core::reading::{Coverage, Reading};
use rollcall::core::user::{Group, User};
use rollcall::draw::Draw;
use rollcall::engine::apply::{Applied, apply};
use rollcall::engine::propose::propose;
use rollcall::engine::roster::Roster;
use rollcall::engine::{SourceUnit, World};
use rollcall::http::{Answer, Request, Transport};
use rollcall::installation::{connect, sandboxed};
use rollcall::sandbox::faults::{FaultInjection, Faulty};
use rollcall::sandbox::{AppSetup, IN_PROCESS, Sandbox, SandboxAuth};
use rollcall::source::{ReadError, Source};
use rollcall::store::{Epoch, Record, SqliteStore, Store as _};
use serde_json::{Value as Json, json};
use url::Url;

use crate::simulator::sifted;

/// Groups by key: the name, and who is in it.
type Groups = BTreeMap<String, (String, BTreeSet<String>)>;

/// Who is in which group, shared by the story and the source that reads it.
#[derive(Clone, Default)]
pub struct Directory {
    people: Arc<Mutex<BTreeMap<String, bool>>>,
    /// How often somebody got another address.
    names: Arc<Mutex<BTreeMap<String, u32>>>,
    groups: Arc<Mutex<Groups>>,
    managers: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Directory {
    /// Hires somebody, or brings them back.
    pub fn hire(&self, key: &str) {
        self.people().insert(key.into(), false);
    }

    /// Gives somebody another address.
    pub fn rename(&self, key: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        *names.entry(key.into()).or_default() += 1;
    }

    /// Gives somebody a manager.
    pub fn report(&self, key: &str, manager: &str) {
        let mut managers = self.managers.lock().unwrap_or_else(PoisonError::into_inner);
        managers.insert(key.into(), manager.into());
    }

    /// Somebody is not in the directory any more.
    pub fn lose(&self, key: &str) {
        self.people().remove(key);
    }

    /// Disables somebody.
    pub fn disable(&self, key: &str) {
        self.people().insert(key.into(), true);
    }

    /// Gives the group of that key a name and members.
    pub fn group(&self, key: &str, name: &str, members: &[&str]) {
        let members = members.iter().map(ToString::to_string).collect();
        self.groups().insert(key.into(), (name.into(), members));
    }

    fn people(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, bool>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn groups(&self) -> std::sync::MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn source() -> SourceName {
    SourceName::new("hq")
}

#[async_trait]
impl Source for Directory {
    async fn read(&self) -> Result<Reading, ReadError> {
        let source = source();
        let people = self.people().clone();
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let names = names.clone();
        let managers = self.managers.lock().unwrap_or_else(PoisonError::into_inner);
        let managers = managers.clone();
        let mail = |key: &String| match names.get(key) {
            Some(times) => format!("{key}.{times}@example.com"),
            None => format!("{key}@example.com"),
        };
        let users = people.iter().map(|(key, disabled)| User {
            key: UserKey::new(&source, key),
            label: Arc::from(key.as_str()),
            attributes: [("uid", key.clone()), ("mail", mail(key))]
                .into_iter()
                .map(|(name, value)| (Arc::from(name), vec![Arc::from(value)]))
                .collect(),
            disabled: *disabled,
            manager: managers.get(key).map(|key| UserKey::new(&source, key)),
        });
        let users = users.collect();
        let pushed = self.groups().clone();
        let groups = pushed.iter().map(|(key, (name, members))| Group {
            key: GroupKey::new(&source, key),
            name: Arc::from(name.as_str()),
            members: members
                .iter()
                .map(|key| UserKey::new(&source, key))
                .collect(),
        });
        let groups = groups.collect();
        Ok(Reading {
            source,
            users,
            groups,
            coverage: Coverage::Whole,
            broken: Vec::new(),
            notes: Vec::new(),
            dangling: None,
        })
    }

    fn attributes(&self) -> Option<Vec<String>> {
        None
    }
}

/// A request that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub line: String,
    pub body: String,
    pub status: u16,
}

impl Sent {
    pub fn is_write(&self) -> bool {
        !self.line.starts_with("GET")
    }
}

/// Keeps every request, and how many were on their way at once.
struct Tap<T> {
    inner: T,
    clock: Clock,
    sent: Arc<Mutex<Vec<Sent>>>,
}

#[async_trait]
impl<T: Transport> Transport for Tap<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let path = request.url.path().trim_start_matches("/wiki/scim/v2");
        let line = format!("{} {path}", request.method);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        self.clock.sleep(Duration::from_millis(3)).await;
        let answer = self.inner.send(request).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status.as_u16());
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push(Sent { line, body, status });
        drop(sent);
        answer
    }
}

/// What a run came to.
pub struct Ran {
    pub plan: Plan,
    pub held: Vec<Hold>,
    pub applied: Applied,
    pub sent: Vec<Sent>,
}

impl Ran {
    /// The writes, one line each.
    pub fn writes(&self) -> Vec<String> {
        let writes = self.sent.iter().filter(|sent| sent.is_write());
        writes
            .map(|sent| format!("{} {}", sent.line, sent.status))
            .collect()
    }

    /// What was parked by the plan, failed, or was warned of.
    pub fn trouble(&self) -> Vec<String> {
        let parked = self.plan.parked.iter();
        let parked = parked.map(|it| format!("{}: {} → {}", it.label, it.reason, it.hint));
        let failed = self.applied.failed.iter().map(|it| {
            let kind = it.change.action.kind().word();
            format!("{} {kind}: {} → {}", it.change.label, it.reason, it.hint)
        });
        let warnings = self.plan.warnings.iter().cloned();
        parked.chain(failed).chain(warnings).collect()
    }

    /// Nothing to do, nothing sent, nothing wrong.
    pub fn is_in_line(&self) -> bool {
        self.plan.changes.is_empty() && self.writes().is_empty() && self.applied.failed.is_empty()
    }
}

/// What happens to the request of that number.
pub type Weather = Box<dyn Fn(u64, &Request) -> Option<FaultInjection> + Send + Sync>;

/// The config of a target with these lines.
fn config(lines: &str) -> Config {
    let text = format!(
        "\
sources:
  hq: {{ file: {{ users: nowhere.yaml }}, absent_for: 10m }}
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: {{ bearer: {{ env: NONE }} }}
    assign: everyone
    groups: {{ push: [\"*\"] }}
    {lines}
"
    );
    config::check(Path::new("site.yaml"), &text).unwrap_or_else(|problems| panic!("{problems}"))
}

pub struct Site {
    pub directory: Directory,
    pub sandbox: Sandbox,
    pub clock: Clock,
    config: Config,
    draw: Draw,
    store: SqliteStore,
}

impl Site {
    /// An app as `override:` says.
    pub fn new(more: &str) -> Self {
        Self::with(more, |_| ())
    }

    /// An app that is not quite as `override:` says.
    pub fn with(more: &str, change: impl FnOnce(&mut Profile)) -> Self {
        let lines = format!("guard: {{ leavers: 50%, members: 100% }}\n    override: {more}");
        Self::configured(&lines, change)
    }

    /// An app of a target with these lines, each indented by four.
    pub fn configured(lines: &str, change: impl FnOnce(&mut Profile)) -> Self {
        let config = config(lines);
        let clock = Clock::simulated("2026-11-22T08:00:00Z".parse().expect("a point in time"));
        let mut profile = config.targets[&target()].rules.profile.clone();
        change(&mut profile);
        let setup = AppSetup::new(target(), profile, SandboxAuth::Bearer);
        let sandbox = Sandbox::new(vec![setup], clock.clone()).expect("the app is sound");
        Self {
            directory: Directory::default(),
            sandbox,
            clock,
            config,
            draw: Draw::seeded(1),
            store: SqliteStore::in_memory(),
        }
    }

    /// The same site under another config.
    pub fn under(self, lines: &str) -> Self {
        Self {
            config: config(lines),
            ..self
        }
    }

    /// The process ends and another begins: what is left is what had been written.
    pub fn restart(&mut self) {
        self.store = self.store.fork().expect("the state can be copied");
    }

    /// What is remembered of the target.
    pub async fn state(&self) -> TargetState {
        let state = self.store.target(&target(), Timestamp::UNIX_EPOCH).await;
        state.expect("the state can be read")
    }

    /// A person releases a hold.
    pub async fn approve(&self, id: &str) {
        let state = self.state().await;
        let mut holds = state.holds.into_iter();
        let mut hold = holds.find(|hold| hold.id == id).expect("it is held");
        hold.approved = Some(Approval {
            at: self.clock.now(),
            by: "ana".into(),
            because: "it is right".into(),
        });
        let record = Record::PutHold(target(), hold);
        let written = self.store.commit(Epoch(1), &[record]).await;
        written.expect("the state can be written");
    }

    /// A run that reads the app, in fair weather.
    pub async fn sync(&self) -> Ran {
        self.run(Basis::Observed, Box::new(|_, _| None)).await
    }

    /// A run.
    pub async fn run(&self, basis: Basis, weather: Weather) -> Ran {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let tap = Tap {
            inner: Faulty::new(self.sandbox.clone(), weather),
            clock: self.clock.clone(),
            sent: Arc::clone(&sent),
        };
        let root = Url::parse(IN_PROCESS).expect("an address");
        let config = &self.config.targets[&target()];
        let way = sandboxed(config, &root, Arc::new(tap));
        let unit = connect(config, way, &self.clock, self.draw.clone());
        let key = self.store.fingerprint_key();
        let silent = |_| ();
        let world = World {
            store: &self.store,
            key: &key,
            clock: &self.clock,
            draw: &self.draw,
            progress: &silent,
        };
        let reader = SourceUnit {
            source: Arc::new(self.directory.clone()),
            absent_for: Duration::from_mins(10),
            settings: 1,
            watch: false,
            full_read_every: Duration::from_hours(6),
        };
        let sources = BTreeMap::from([(source(), reader)]);
        let roster = Roster::read(&sources, world).await.expect("a state");
        let roster = roster.in_portions_of(2);
        let rules = &unit.target.rules;
        sifted(&unit.target, &roster, world).await;
        let proposal = propose(rules, &*unit.target.app, &roster, basis, world)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let plan = proposal.reviewed.plan.clone();
        let held = proposal.reviewed.held.clone();
        let linked = proposal.state.holders().cloned().collect();
        let applied = apply(&unit.target, proposal, "run", world)
            .await
            .expect("the state can be written");
        roster
            .accept(&linked, &BTreeSet::new(), world)
            .await
            .expect("the state can be written");
        let sent = sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ran {
            plan,
            held,
            applied,
            sent,
        }
    }

    /// The names of the members of the group of that name, in the app.
    pub fn members(&self, name: &str) -> Vec<String> {
        let dump = self.sandbox.dump(&target());
        let users = dump["users"].as_array().cloned().unwrap_or_default();
        let groups = dump["groups"].as_array().cloned().unwrap_or_default();
        let group = groups.iter().find(|group| group["displayName"] == name);
        let members = group.and_then(|group| group["members"].as_array().cloned());
        let mut names: Vec<String> = members
            .unwrap_or_default()
            .iter()
            .filter_map(|member| {
                let user = users.iter().find(|user| user["id"] == member["value"])?;
                Some(user["userName"].as_str()?.to_owned())
            })
            .collect();
        names.sort();
        names
    }

    /// The names of the groups in the app.
    pub fn groups(&self) -> Vec<String> {
        let dump = self.sandbox.dump(&target());
        let groups = dump["groups"].as_array().cloned().unwrap_or_default();
        groups
            .iter()
            .filter_map(|group| Some(group["displayName"].as_str()?.to_owned()))
            .collect()
    }

    /// The id of the account of that name.
    pub fn account(&self, name: &str) -> RemoteId {
        let dump = self.sandbox.dump(&target());
        let users = dump["users"].as_array().cloned().unwrap_or_default();
        let user = users.iter().find(|user| user["userName"] == name);
        RemoteId::new(user.and_then(|user| user["id"].as_str()).expect("there"))
    }

    /// Puts an account of that name into the app by hand, just as we would make it.
    pub fn plant(&self, name: &str) -> RemoteId {
        let user = json!({
            "userName": name, "externalId": name, "active": true,
            "emails": [{"value": format!("{name}@example.com"), "type": "work", "primary": true}]
        });
        self.put(user, Sandbox::put_user)
    }

    /// Puts a group into the app by hand.
    pub fn plant_group(&self, name: &str, members: &[&RemoteId]) -> RemoteId {
        let members: Vec<Json> = members
            .iter()
            .map(|id| json!({"value": id.as_str()}))
            .collect();
        let group = json!({"displayName": name, "members": members});
        self.put(group, Sandbox::put_group)
    }

    fn put(
        &self,
        resource: Json,
        put: fn(&Sandbox, &TargetName, serde_json::Map<String, Json>) -> Option<RemoteId>,
    ) -> RemoteId {
        let Json::Object(resource) = resource else {
            panic!("it is an object");
        };
        put(&self.sandbox, &target(), resource).expect("the app is there")
    }
}

pub fn target() -> TargetName {
    TargetName::new("wiki")
}
