//! A whole daemon in one process and in virtual time: a directory that can be heard, two apps, and a
//! network with weather.
//!
//! Promises that everything but sockets and the disk is what runs for real. Leaves what happens, and
//! what should come of it, to the stories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use rollcall::clock::Clock;
use rollcall::config::{self, Config};
use rollcall::core::fault::{Effect, Fault, FaultKind};
use rollcall::core::key::{SourceName, TargetName, UserKey};
use rollcall::core::reading::{Coverage, Reading, Whereabouts};
use rollcall::core::user::User;
use rollcall::daemon::board::{Board, TargetBoard};
use rollcall::daemon::event::Event;
use rollcall::daemon::{Daemon, Ended, Handle};
use rollcall::http::{Answer, Request, Transport};
use rollcall::installation::Installation;
use rollcall::sandbox::{AppSetup, Sandbox, SandboxAuth};
use rollcall::source::{Heard, ReadError, Source, Watch};
use rollcall::store::SqliteStore;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Two apps without rates, as two targets of one directory.
pub const CONFIG: &str = "\
sources:
  hq: { file: { users: nowhere.yaml }, absent_for: 10m, full_read_every: 6h }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { env: NONE } }
    assign: everyone
    guard: { leavers: 50% }
    override: { rates: { buckets: [] } }
  chat:
    connector: scim
    base_url: https://chat.example.com/scim/v2
    auth: { bearer: { env: NONE } }
    assign: everyone
    guard: { leavers: 50% }
    override: { rates: { buckets: [] } }
";

/// How an app, or the way to it, is.
#[derive(Clone, Copy, Debug, Default)]
pub enum Weather {
    #[default]
    Fair,
    /// Nobody can be reached.
    Down,
    /// Each answer takes so long.
    Slow(Duration),
    /// Our credentials are refused.
    Refuses,
    /// Slow down, for so many seconds.
    Throttles(u64),
    /// Everything gets this status.
    Ill(StatusCode),
    /// The lists get this status; all else works.
    Unlistable(StatusCode),
    /// The lists get this status, and so does whatever is about the first account; all else works.
    Curses(StatusCode),
}

/// A request that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Instant,
    pub target: String,
    pub line: String,
}

/// The way to all apps.
#[derive(Clone)]
pub struct Network {
    sandbox: Sandbox,
    clock: Clock,
    weather: Arc<Mutex<BTreeMap<String, Weather>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Network {
    pub fn weather(&self, target: &str, weather: Weather) {
        locked(&self.weather).insert(target.into(), weather);
    }

    /// What was sent to a target.
    pub fn sent(&self, target: &str) -> Vec<Sent> {
        let sent = locked(&self.sent);
        let ours = sent.iter().filter(|one| one.target == target);
        ours.cloned().collect()
    }

    fn is_about_the_first(&self, target: &str, path: &str) -> bool {
        let dump = self.sandbox.dump(&TargetName::new(target));
        let first = dump["users"][0]["id"].as_str();
        first.is_some_and(|id| path.ends_with(&format!("/Users/{id}")))
    }

    pub fn forget(&self) {
        locked(&self.sent).clear();
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let mut path = request.url.path().splitn(3, '/').skip(1);
        let target = path.next().unwrap_or_default().to_owned();
        let rest = path.next().unwrap_or_default().replace("scim/v2", "");
        let line = format!("{} {rest}", request.method);
        locked(&self.sent).push(Sent {
            at: self.clock.instant(),
            target: target.clone(),
            line,
        });
        let weather = locked(&self.weather).get(&target).copied();
        self.clock.sleep(Duration::from_millis(3)).await;
        let is_list = request.method == http::Method::GET && rest.trim_matches('/') == "Users";
        match weather.unwrap_or_default() {
            Weather::Down => Err(Fault::new(
                FaultKind::Unreachable,
                Effect::None,
                "connection refused",
            )),
            Weather::Slow(pause) => {
                self.clock.sleep(pause).await;
                self.sandbox.send(request).await
            }
            Weather::Refuses => Ok(answer(StatusCode::UNAUTHORIZED, None)),
            Weather::Throttles(seconds) => Ok(answer(StatusCode::TOO_MANY_REQUESTS, Some(seconds))),
            Weather::Ill(status) => Ok(answer(status, None)),
            Weather::Unlistable(status) if is_list => Ok(answer(status, None)),
            Weather::Curses(status) if is_list || self.is_about_the_first(&target, &rest) => {
                Ok(answer(status, None))
            }
            Weather::Fair | Weather::Unlistable(_) | Weather::Curses(_) => {
                self.sandbox.send(request).await
            }
        }
    }
}

fn answer(status: StatusCode, retry_after: Option<u64>) -> Answer {
    let mut headers = HeaderMap::new();
    if let Some(seconds) = retry_after {
        headers.insert("retry-after", seconds.into());
    }
    Answer {
        status,
        headers,
        body: Bytes::from_static(b"{}"),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a directory lets hear.
#[derive(Clone, Copy, Debug)]
pub enum Sound {
    Change,
    Anew,
    Lost,
    Back,
}

/// A directory of people, by key: disabled or not.
#[derive(Clone)]
pub struct Directory {
    people: Arc<Mutex<BTreeMap<String, bool>>>,
    sounds: broadcast::Sender<Sound>,
    /// How it was read: as a whole, and by what was heard.
    pub reads: Arc<Mutex<(usize, usize)>>,
    /// Why it cannot be read.
    pub broken: Arc<Mutex<Option<String>>>,
    /// It never answers.
    pub hangs: Arc<Mutex<bool>>,
    /// How many names in its groups lead to nobody. It says so, and that whoever is missing is deleted.
    pub names: Arc<Mutex<Option<usize>>>,
}

impl Directory {
    fn new() -> Self {
        Self {
            people: Arc::default(),
            sounds: broadcast::Sender::new(64),
            reads: Arc::default(),
            broken: Arc::default(),
            hangs: Arc::default(),
            names: Arc::default(),
        }
    }

    pub fn hire(&self, key: &str) {
        locked(&self.people).insert(key.into(), false);
    }

    pub fn hire_many(&self, count: usize) {
        for number in 0..count {
            self.hire(&format!("p{number:04}"));
        }
    }

    pub fn disable(&self, key: &str) {
        locked(&self.people).insert(key.into(), true);
    }

    pub fn remove(&self, key: &str) {
        locked(&self.people).remove(key);
    }

    /// Lets something be heard.
    pub fn sounds(&self, sound: Sound) {
        // Nobody may listen.
        let _ = self.sounds.send(sound);
    }

    async fn give(&self) -> Result<Reading, ReadError> {
        if *locked(&self.hangs) {
            std::future::pending::<()>().await;
        }
        if let Some(problem) = locked(&self.broken).clone() {
            return Err(unreadable(problem));
        }
        let source = SourceName::new("hq");
        let people = locked(&self.people).clone();
        let users = people.iter().map(|(key, disabled)| User {
            key: UserKey::new(&source, key),
            label: Arc::from(key.as_str()),
            attributes: [("uid", key.clone()), ("mail", format!("{key}@example.com"))]
                .into_iter()
                .map(|(name, value)| (Arc::from(name), vec![Arc::from(value)]))
                .collect(),
            disabled: *disabled,
            manager: None,
        });
        Ok(Reading {
            users: users.collect(),
            source,
            groups: Vec::new(),
            coverage: Coverage::Whole,
            broken: Vec::new(),
            notes: Vec::new(),
            dangling: *locked(&self.names),
        })
    }
}

fn unreadable(problem: String) -> ReadError {
    ReadError {
        problem,
        hint: Some("mend it".into()),
        cause: None,
    }
}

#[async_trait]
impl Source for Directory {
    async fn read(&self) -> Result<Reading, ReadError> {
        locked(&self.reads).0 += 1;
        self.give().await
    }

    async fn follow(&self) -> Result<Reading, ReadError> {
        locked(&self.reads).1 += 1;
        self.give().await
    }

    async fn whereabouts(
        &self,
        missing: &BTreeSet<UserKey>,
    ) -> Result<Option<BTreeMap<UserKey, Whereabouts>>, ReadError> {
        let deleted = |user: &UserKey| (user.clone(), Whereabouts::Deleted);
        let knows = locked(&self.names).is_some();
        Ok(knows.then(|| missing.iter().map(deleted).collect()))
    }

    fn watch(&self) -> Option<Box<dyn Watch>> {
        Some(Box::new(Ear(self.sounds.subscribe())))
    }

    fn attributes(&self) -> Option<Vec<String>> {
        None
    }
}

struct Ear(broadcast::Receiver<Sound>);

#[async_trait]
impl Watch for Ear {
    async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            Ok(Sound::Change) | Err(broadcast::error::RecvError::Lagged(_)) => Heard::Change,
            Ok(Sound::Anew) => {
                Heard::Anew("the server does not know what has changed since".into())
            }
            Ok(Sound::Lost) => Heard::Lost(unreadable("the line is dead".into())),
            Ok(Sound::Back) => Heard::Back,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// What outlives a daemon.
pub struct Site {
    pub directory: Directory,
    pub sandbox: Sandbox,
    pub network: Network,
    pub clock: Clock,
    /// The text of the config, which a reload takes anew.
    pub config: Arc<Mutex<String>>,
}

/// A daemon at work.
pub struct House {
    pub handle: Handle,
    pub store: Arc<SqliteStore>,
    events: broadcast::Receiver<Event>,
    running: JoinHandle<Ended>,
}

impl Site {
    pub fn new(config: &str) -> Self {
        let clock = Clock::simulated("2026-11-02T07:00:00Z".parse().expect("a point in time"));
        let parsed = parsed(config);
        let apps = parsed.targets.values().map(|target| {
            let profile = target.rules.profile.clone();
            AppSetup::new(target.rules.target.clone(), profile, SandboxAuth::Bearer)
        });
        let sandbox = Sandbox::new(apps.collect(), clock.clone()).expect("the apps are sound");
        Self {
            directory: Directory::new(),
            network: Network {
                sandbox: sandbox.clone(),
                clock: clock.clone(),
                weather: Arc::default(),
                sent: Arc::default(),
            },
            sandbox,
            clock,
            config: Arc::new(Mutex::new(config.to_owned())),
        }
    }

    /// A daemon with a state of its own.
    pub fn start(&self) -> House {
        self.start_with(SqliteStore::in_memory())
    }

    /// A daemon with this state.
    pub fn start_with(&self, store: SqliteStore) -> House {
        let config = parsed(&locked(&self.config));
        let network = Arc::new(self.network.clone());
        let mut installation = Installation::simulated(config, network, store, self.clock.clone());
        for unit in installation.sources.units.values_mut() {
            unit.source = Arc::new(self.directory.clone());
        }
        let store = Arc::clone(&installation.store);
        let text = Arc::clone(&self.config);
        let load = Box::new(move || {
            let text = locked(&text).clone();
            config::check(Path::new("config.yaml"), &text).map_err(Into::into)
        });
        let daemon = Daemon::new(installation, load);
        let handle = daemon.handle();
        House {
            events: handle.events(),
            handle,
            store,
            running: tokio::spawn(daemon.run()),
        }
    }

    pub async fn wait(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    /// The accounts of an app: are they active?
    pub fn accounts(&self, target: &str) -> BTreeMap<String, bool> {
        let dump = self.sandbox.dump(&TargetName::new(target));
        let users = dump["users"].as_array().cloned().unwrap_or_default();
        let account = |user: &serde_json::Value| {
            let name = user["userName"].as_str().unwrap_or_default().to_owned();
            (name, user["active"] != false)
        };
        let all: Vec<(String, bool)> = users.iter().map(account).collect();
        let count = all.len();
        let by_name: BTreeMap<String, bool> = all.into_iter().collect();
        assert_eq!(by_name.len(), count, "somebody has two accounts");
        by_name
    }

    /// Is this person's account there, and active?
    pub fn is_active(&self, target: &str, key: &str) -> Option<bool> {
        let accounts = self.accounts(target);
        let named = |name: &str| name == key || name.starts_with(&format!("{key}@"));
        let found = accounts.iter().find(|(name, _)| named(name));
        found.map(|(_, active)| *active)
    }
}

impl House {
    pub fn board(&self) -> Board {
        self.handle.boards().borrow().clone()
    }

    pub fn target(&self, name: &str) -> TargetBoard {
        let board = self.board();
        board.targets[&TargetName::new(name)].clone()
    }

    /// What happened since the last time somebody asked.
    pub fn heard(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            events.push(event);
        }
        events
    }

    /// Asks for the end, and waits for it. Gives what a crash at that moment would have left behind.
    pub async fn stop(self) -> (Ended, SqliteStore) {
        self.handle.stop();
        let ended = self.running.await.expect("the daemon does not break");
        (ended, self.store.fork().expect("the state can be copied"))
    }

    /// The process is gone, from one moment to the next.
    pub async fn kill(self) -> SqliteStore {
        let store = self.store.fork().expect("the state can be copied");
        self.running.abort();
        let _ = self.running.await;
        store
    }
}

pub fn parsed(text: &str) -> Config {
    config::check(Path::new("config.yaml"), text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The text with another target in it.
pub fn set(config: &Arc<Mutex<String>>, text: &str) {
    text.clone_into(&mut locked(config));
}

/// A number of the directory: how often it was read as a whole, and how often by what was heard.
pub fn reads(directory: &Directory) -> (usize, usize) {
    *locked(&directory.reads)
}

pub fn hang(directory: &Directory, hangs: bool) {
    *locked(&directory.hangs) = hangs;
}

pub fn break_off(directory: &Directory, problem: Option<&str>) {
    *locked(&directory.broken) = problem.map(str::to_owned);
}
