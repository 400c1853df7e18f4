//! From a config to an installation that can run: sources, targets, state.
//!
//! Promises that a dry run gets a state that cannot be written. Leaves the way to each app to
//! `way`, and running to the commands.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use url::Url;

use super::Common;
use super::keeper::Keepers;
use super::way::real;
pub use super::way::{Way, sandboxed};
use crate::clock::Clock;
use crate::config::{self, AuthConfig, Config, SourceConfig, SourceKind, TargetConfig};
use crate::connector::scim::ScimConnector;
use crate::core::cooldown::Urgency;
use crate::core::credential::Ending;
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::SourceName;
use crate::draw::Draw;
use crate::engine::{Progress, SourceUnit, Target, World};
use crate::http::auth::{Authorized, Remarks};
use crate::http::client::{Connection, ReqwestTransport};
use crate::http::count::{Counted, Counter, RequestCounts};
use crate::http::limit::{Limited, Limiter};
use crate::http::redirect::Redirected;
use crate::http::reread::Reread;
use crate::http::ruling::Rulings;
use crate::sandbox::{self, AppSetup, Sandbox, SandboxAuth};
use crate::show;
use crate::show::json::RequestsJson;
use crate::show::problem::Trouble;
use crate::source::file::FileSource;
use crate::store::{Access, SqliteStore, StateKind, TokenCache};

/// What a command will do with the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Look at it.
    Look,
    /// Look at it for a person who wants to know whether something helped: refused credentials are
    /// tried again at once.
    Ask,
    /// Write it.
    Write,
}

/// Which apps are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apps {
    /// Those of the config.
    Real,
    /// Sandbox copies in this process.
    InProcess,
    /// Sandbox copies that are served there.
    Served(Url),
}

/// A target that can run.
pub struct Unit {
    /// The target.
    pub target: Target,
    /// What the config says of it.
    pub config: TargetConfig,
    /// Counts its requests.
    pub counter: Counter,
    /// What there is to know about its credentials.
    pub remarks: Remarks,
}

impl Unit {
    /// Requests sent since `before`.
    #[must_use]
    pub fn requests_since(&self, before: RequestCounts) -> RequestsJson {
        let now = self.counter.counts();
        RequestsJson {
            read: now.read - before.read,
            write: now.write - before.write,
            token: now.token - before.token,
        }
    }

    /// What a person should know about its credentials, a line each.
    #[must_use]
    pub fn notes(&self, now: Timestamp) -> Vec<String> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let last = self.config.expires;
        let ending = last.and_then(|last| Some((last, Ending::of(last, today)?)));
        ending
            .map(|(last, ending)| show::credential::ending(last, ending))
            .into_iter()
            .chain(self.remarks.all().iter().map(show::credential::remark))
            .collect()
    }
}

/// An installation that can run.
pub struct Installation {
    /// The config it was made from.
    pub config: Config,
    /// The sources.
    pub sources: BTreeMap<SourceName, SourceUnit>,
    /// The targets, in the order of their names.
    pub units: Vec<Unit>,
    /// The state.
    pub store: SqliteStore,
    apps: Apps,
    key: FingerprintKey,
    clock: Clock,
    draw: Draw,
}

impl Installation {
    /// Makes an installation of what the command line names.
    ///
    /// # Errors
    /// When the config or the state cannot be had.
    pub fn assemble(common: &Common, need: Need) -> Result<Self, Trouble> {
        let config = config::load(&common.config)?;
        let apps = apps(common)?;
        let clock = Clock::System;
        let draw = Draw::ambient();
        let store = open(common, &config, &apps, need)?;
        let keepers = keepers(common, &config, &apps, need)?;
        let units = units(&config, &apps, &clock, &draw, keepers.as_ref())?;
        Ok(Self {
            sources: sources(&config),
            units,
            key: store.fingerprint_key(),
            store,
            apps,
            clock,
            draw,
            config,
        })
    }

    /// Are the apps sandbox copies in this process?
    #[must_use]
    pub fn is_in_process(&self) -> bool {
        self.apps == Apps::InProcess
    }

    /// What every step needs.
    #[must_use]
    pub fn world<'a>(&'a self, progress: &'a (dyn Fn(Progress) + Sync)) -> World<'a> {
        World {
            store: &self.store,
            key: &self.key,
            clock: &self.clock,
            draw: &self.draw,
            progress,
        }
    }

    /// The targets of these names; all of them when none is named.
    ///
    /// # Errors
    /// When there is none of a name.
    pub fn chosen(&self, names: &[String]) -> Result<Vec<&Unit>, Trouble> {
        if names.is_empty() {
            return Ok(self.units.iter().collect());
        }
        names.iter().map(|name| self.unit(name)).collect()
    }

    /// The target of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn unit(&self, name: &str) -> Result<&Unit, Trouble> {
        let found = self
            .units
            .iter()
            .find(|unit| unit.target.rules.target.as_str() == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self
                .units
                .iter()
                .map(|unit| unit.target.rules.target.as_str())
                .collect();
            let known = names.join(", ");
            Trouble::new(
                format!("there is no target `{name}`"),
                Some(&format!("the config has: {known}")),
            )
        })
    }
}

/// The apps that the command line means.
pub(super) fn apps(common: &Common) -> Result<Apps, Trouble> {
    match common.sandbox.as_deref() {
        None => Ok(Apps::Real),
        Some("") => Ok(Apps::InProcess),
        Some(text) => Url::parse(text).map(Apps::Served).map_err(|error| {
            Trouble::new(
                format!("--sandbox={text} is no address: {error}"),
                Some("write it like --sandbox=http://127.0.0.1:8081"),
            )
        }),
    }
}

fn open(common: &Common, config: &Config, apps: &Apps, need: Need) -> Result<SqliteStore, Trouble> {
    match apps {
        Apps::InProcess => Ok(SqliteStore::in_memory().with_journaling(config.journal)),
        Apps::Real => kept(common, config, StateKind::Real, need),
        Apps::Served(_) => kept(common, config, StateKind::Sandbox, need),
    }
}

/// The state on disk that the command line means, for commands that need no app.
pub(super) fn state(common: &Common, config: &Config, need: Need) -> Result<SqliteStore, Trouble> {
    let kind = match apps(common)? {
        Apps::Real => StateKind::Real,
        Apps::InProcess | Apps::Served(_) => StateKind::Sandbox,
    };
    kept(common, config, kind, need)
}

fn kept(
    common: &Common,
    config: &Config,
    kind: StateKind,
    need: Need,
) -> Result<SqliteStore, Trouble> {
    let access = match need {
        Need::Look | Need::Ask => Access::Snapshot,
        Need::Write => Access::Write,
    };
    let store = SqliteStore::open(state_dir(common, config), kind, access)?;
    Ok(store.with_journaling(config.journal))
}

fn state_dir<'a>(common: &'a Common, config: &'a Config) -> &'a Path {
    common.state.as_deref().unwrap_or(&config.state)
}

/// What remembers refresh tokens and refusals; copies in this process forget them with it.
pub(super) fn keepers(
    common: &Common,
    config: &Config,
    apps: &Apps,
    need: Need,
) -> Result<Option<Keepers>, Trouble> {
    let kind = match apps {
        Apps::InProcess => return Ok(None),
        Apps::Real => StateKind::Real,
        Apps::Served(_) => StateKind::Sandbox,
    };
    let urgency = match need {
        Need::Ask => Urgency::Asked,
        Need::Look | Need::Write => Urgency::Scheduled,
    };
    Ok(Some(Keepers {
        cache: Arc::new(TokenCache::open(state_dir(common, config), kind)?),
        urgency,
        clock: Clock::System,
    }))
}

pub(super) fn sources(config: &Config) -> BTreeMap<SourceName, SourceUnit> {
    config
        .sources
        .iter()
        .map(|(name, source)| (name.clone(), source_unit(name, source)))
        .collect()
}

fn source_unit(name: &SourceName, config: &SourceConfig) -> SourceUnit {
    let source = match &config.kind {
        SourceKind::File(file) => Box::new(FileSource::new(name.clone(), file.clone())),
    };
    let digest = Sha256::digest(format!("{:?}", config.kind));
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    SourceUnit {
        source,
        absent_for: config.absent_for,
        settings: u64::from_le_bytes(head),
    }
}

fn units(
    config: &Config,
    apps: &Apps,
    clock: &Clock,
    draw: &Draw,
    keepers: Option<&Keepers>,
) -> Result<Vec<Unit>, Trouble> {
    let sandbox = match apps {
        Apps::InProcess => Some(sandbox(config, clock)?),
        Apps::Real | Apps::Served(_) => None,
    };
    config
        .targets
        .values()
        .map(|target| {
            let way = match (apps, &sandbox) {
                (Apps::InProcess, Some(sandbox)) => {
                    sandboxed(target, &in_process(), Arc::new(sandbox.clone()))
                }
                (Apps::Served(root), _) => {
                    let transport = ReqwestTransport::new(&Connection::default())?;
                    sandboxed(target, root, Arc::new(transport))
                }
                (Apps::Real | Apps::InProcess, _) => real(target),
            };
            let way = match keepers {
                Some(keepers) => way.kept_by(keepers.of(&target.rules.target)),
                None => way,
            };
            Ok(connect(target, way, clock, draw.clone()))
        })
        .collect()
}

/// The address of the copies in this process; nothing connects to it.
fn in_process() -> Url {
    Url::parse(sandbox::IN_PROCESS).expect("it is an address")
}

/// Builds the layers of a target, from the network up: counted, limited, authorized, redirected,
/// read again, SCIM. `draw` is the jitter of what is read again.
#[must_use]
pub fn connect(config: &TargetConfig, way: Way, clock: &Clock, draw: Draw) -> Unit {
    let counter = Counter::new();
    let rules = Arc::new(config.rules.clone());
    let rulings = Rulings::of(&rules.profile.errors);
    let limiter = Limiter::new(&rules.profile.rates, clock.clone()).ruled_by(rulings.clone());
    let limiter = Arc::new(limiter);
    let counted = Counted::new(way.transport, counter.clone());
    let limited = Limited::new(counted, limiter);
    let authorized =
        Authorized::new(limited, &way.base_url, way.credentials, clock.clone()).kept_by(way.keeper);
    let remarks = authorized.remarks();
    let patient = Reread::new(
        Redirected::new(authorized),
        rules.profile.rates.retry.clone(),
        clock.clone(),
        draw,
    )
    .ruled_by(rulings);
    let app = ScimConnector::new(
        Arc::new(patient),
        way.base_url,
        Arc::new(rules.profile.clone()),
        clock.clone(),
    );
    Unit {
        target: Target {
            rules,
            app: Arc::new(app),
        },
        config: config.clone(),
        counter,
        remarks,
    }
}

/// Sandbox copies of all targets, each with the accounts that the config gives it.
///
/// # Errors
/// When a file of accounts cannot be used.
pub fn sandbox(config: &Config, clock: &Clock) -> Result<Sandbox, Trouble> {
    let apps = config
        .targets
        .values()
        .map(|target| {
            let seed = match &target.sandbox_accounts {
                Some(path) => Some(sandbox::load_seed(path)?),
                None => None,
            };
            let auth = match &target.auth {
                AuthConfig::Bearer(_) => SandboxAuth::Bearer,
                AuthConfig::Basic { .. } => SandboxAuth::Basic,
                AuthConfig::Header { name, .. } => SandboxAuth::Header(name.clone()),
                AuthConfig::Oauth2(_) => SandboxAuth::Oauth2,
            };
            let profile = target.rules.profile.clone();
            let name = target.rules.target.clone();
            Ok(AppSetup {
                seed,
                ..AppSetup::new(name, profile, auth)
            })
        })
        .collect::<Result<Vec<_>, Trouble>>()?;
    Ok(Sandbox::new(apps, clock.clone())?)
}
