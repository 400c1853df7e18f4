//! From a config to an installation that can run: sources, targets, state.
//!
//! Promises that a dry run gets a state that cannot be written, and that an installation by another
//! config keeps what did not change: open files, tokens, and how much the apps have been asked. Leaves the way to each app to
//! `way`, and running to the commands.

mod keeper;
pub mod trouble;
mod unit;
pub mod way;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use sha2::{Digest, Sha256};
use url::Url;

pub use self::keeper::Keepers;
use self::unit::connect_as;
pub use self::unit::{Unit, connect};
use self::way::real;
pub use self::way::{Way, sandboxed};
use crate::clock::Clock;
use crate::config::{self, AuthConfig, Config, SourceConfig, SourceKind, TargetConfig};
use crate::core::cooldown::Urgency;
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{SourceName, TargetName};
use crate::core::roster::Joint;
use crate::draw::Draw;
use crate::engine::{Progress, SourceUnit, Sources, World};
use crate::http::Transport;
use crate::http::client::{Connection, ReqwestTransport};
use crate::sandbox::{self, AppSetup, Sandbox, SandboxAuth};
use crate::show::problem::Trouble;
use crate::source::Source;
use crate::source::file::FileSource;
use crate::source::ldap::LdapSource;
use crate::store::{Access, SqliteStore, StateKind, TokenCache};

/// Which installation is meant: what most commands take.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The config file.
    #[arg(
        long,
        env = "ROLLCALL_CONFIG",
        default_value = "/etc/rollcall/config.yaml",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// The state directory, in place of the config's.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Use sandbox apps in place of the real ones: in this process, or those served at URL. The
    /// credentials of the targets are not touched.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "", value_name = "URL")]
    pub sandbox: Option<String>,
}

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

/// An installation that can run.
pub struct Installation {
    /// The config it was made from.
    pub config: Config,
    /// The sources.
    pub sources: Sources,
    /// The targets, in the order of their names.
    pub units: Vec<Arc<Unit>>,
    /// The state.
    pub store: Arc<SqliteStore>,
    /// The state directory; `None`: it ends with this process.
    pub state: Option<PathBuf>,
    ways: Ways,
    keepers: Option<Keepers>,
    key: FingerprintKey,
    clock: Clock,
    draw: Draw,
}

/// How the apps are reached.
#[derive(Clone)]
enum Ways {
    /// Each by its own config.
    Real,
    /// Copies of all of them, in this process or served, at one address.
    Copies {
        root: Url,
        transport: Arc<dyn Transport>,
        in_process: bool,
    },
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
        let store = open(common, &config, &apps, need)?;
        let keepers = keepers(common, &config, &apps, need)?;
        let state = match apps {
            Apps::InProcess => None,
            Apps::Real | Apps::Served(_) => Some(state_dir(common, &config).to_path_buf()),
        };
        let ways = Ways::to(&apps, &config, &clock)?;
        let parts = (ways, keepers, clock, Draw::ambient());
        Ok(Self::of(config, store, state, parts))
    }

    /// An installation over copies of the apps behind `transport`, with a state that ends with it: for
    /// simulations.
    ///
    /// # Panics
    /// When there is no memory left.
    #[must_use]
    pub fn simulated(
        config: Config,
        transport: Arc<dyn Transport>,
        store: SqliteStore,
        clock: Clock,
    ) -> Self {
        let ways = Ways::Copies {
            root: in_process(),
            transport,
            in_process: false,
        };
        Self::of(config, store, None, (ways, None, clock, Draw::seeded(1)))
    }

    fn of(
        config: Config,
        store: SqliteStore,
        state: Option<PathBuf>,
        (ways, keepers, clock, draw): (Ways, Option<Keepers>, Clock, Draw),
    ) -> Self {
        let mut this = Self {
            sources: sources(&config, &clock),
            units: Vec::new(),
            key: store.fingerprint_key(),
            store: Arc::new(store),
            state,
            ways,
            keepers,
            clock,
            draw,
            config,
        };
        this.units = this
            .config
            .targets
            .values()
            .map(|one| this.equip(one, None))
            .collect();
        this
    }

    /// A target with its way to the app; the secrets are fetched now. The limits of the app go on
    /// counting as they do for `before`.
    fn equip(&self, target: &TargetConfig, before: Option<&Unit>) -> Arc<Unit> {
        let name = &target.rules.target;
        let way = match &self.ways {
            Ways::Real => real(target),
            Ways::Copies {
                root, transport, ..
            } => sandboxed(target, root, Arc::clone(transport)),
        };
        let way = match &self.keepers {
            Some(keepers) => way.kept_by(keepers.of(name)),
            None => way,
        };
        let rates = &target.rules.profile.rates;
        let limiter = before
            .filter(|before| before.target.rules.profile.rates == *rates)
            .map(|before| Arc::clone(&before.limiter));
        let counter = before.map(|before| before.counter.clone());
        let (clock, draw) = (&self.clock, self.draw.clone());
        Arc::new(connect_as(target, way, clock, draw, limiter, counter))
    }

    /// The same installation by another config: state and token cache stay open, sources and targets
    /// that did not change stay as they are.
    ///
    /// # Errors
    /// When the change needs a restart.
    pub fn renewed(&self, config: Config) -> Result<Self, Trouble> {
        if config.state != self.config.state {
            return Err(Trouble::new(
                format!(
                    "the state directory cannot change while rollcall runs (from {} to {})",
                    self.config.state.display(),
                    config.state.display()
                ),
                Some("restart it, and move the state first if it is to be kept"),
            ));
        }
        if config.control != self.config.control {
            return Err(Trouble::new(
                "the control socket and its group cannot change while rollcall runs",
                Some("restart it"),
            ));
        }
        if self.is_in_process() && !config.targets.keys().eq(self.config.targets.keys()) {
            return Err(Trouble::new(
                "sandbox copies in this process are made when it starts, and the targets are others now",
                Some("restart it"),
            ));
        }
        self.store.set_journaling(config.journal);
        let mut this = self.with(self.units.clone());
        this.sources = sources(&config, &self.clock);
        for (name, unit) in &mut this.sources.units {
            if config.joint == self.config.joint
                && config.sources.get(name) == self.config.sources.get(name)
                && let Some(kept) = self.sources.get(name)
            {
                *unit = kept.clone();
            }
        }
        this.units = config
            .targets
            .values()
            .map(|one| self.kept_or_made(one))
            .collect();
        this.config = config;
        Ok(this)
    }

    fn kept_or_made(&self, target: &TargetConfig) -> Arc<Unit> {
        let before = self
            .units
            .iter()
            .find(|unit| unit.target.rules.target == target.rules.target);
        match before {
            Some(unit) if unit.fits(target) => Arc::clone(unit),
            before => self.equip(target, before.map(|unit| &**unit)),
        }
    }

    /// The same installation with fresh secrets for the target of this name: what was refused may be
    /// tried again.
    #[must_use]
    pub fn reequipped(&self, target: &TargetName) -> Self {
        let afresh = |unit: &Arc<Unit>| {
            if unit.target.rules.target == *target {
                self.equip(&unit.config, Some(unit))
            } else {
                Arc::clone(unit)
            }
        };
        self.with(self.units.iter().map(afresh).collect())
    }

    /// The same installation with these targets.
    fn with(&self, units: Vec<Arc<Unit>>) -> Self {
        Self {
            config: self.config.clone(),
            sources: self.sources.clone(),
            units,
            store: Arc::clone(&self.store),
            state: self.state.clone(),
            ways: self.ways.clone(),
            keepers: self.keepers.clone(),
            key: self.key.clone(),
            clock: self.clock.clone(),
            draw: self.draw.clone(),
        }
    }

    /// Are the apps sandbox copies in this process?
    #[must_use]
    pub fn is_in_process(&self) -> bool {
        match self.ways {
            Ways::Real => false,
            Ways::Copies { in_process, .. } => in_process,
        }
    }

    /// Time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Chance, for jitter only.
    #[must_use]
    pub fn draw(&self) -> &Draw {
        &self.draw
    }

    /// What every step needs.
    #[must_use]
    pub fn world<'a>(&'a self, progress: &'a (dyn Fn(Progress) + Sync)) -> World<'a> {
        World {
            store: &*self.store,
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
            return Ok(self.units.iter().map(|unit| &**unit).collect());
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
        found.map(|unit| &**unit).ok_or_else(|| {
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

impl Ways {
    fn to(apps: &Apps, config: &Config, clock: &Clock) -> Result<Self, Trouble> {
        let (root, transport, in_process): (Url, Arc<dyn Transport>, bool) = match apps {
            Apps::Real => return Ok(Self::Real),
            Apps::InProcess => (in_process(), Arc::new(sandbox(config, clock)?), true),
            Apps::Served(root) => {
                let client = ReqwestTransport::new(&Connection::default())?;
                (root.clone(), Arc::new(client), false)
            }
        };
        Ok(Self::Copies {
            root,
            transport,
            in_process,
        })
    }
}

/// The apps that the command line means.
///
/// # Errors
/// When it names no address.
pub fn apps(common: &Common) -> Result<Apps, Trouble> {
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
///
/// # Errors
/// When it cannot be had.
pub fn state(common: &Common, config: &Config, need: Need) -> Result<SqliteStore, Trouble> {
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
///
/// # Errors
/// When the token cache cannot be had.
pub fn keepers(
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

/// The sources of a config, ready to be read; nobody is asked yet.
#[must_use]
pub fn sources(config: &Config, clock: &Clock) -> Sources {
    let joint = config.joint.as_ref();
    let units = config.sources.iter().map(|(name, source)| {
        let unit = source_unit(name, source, joint, clock);
        (name.clone(), unit)
    });
    Sources {
        units: units.collect(),
        joint: config.joint.clone(),
    }
}

fn source_unit(
    name: &SourceName,
    config: &SourceConfig,
    joint: Option<&Joint>,
    clock: &Clock,
) -> SourceUnit {
    let (source, settings): (Arc<dyn Source>, String) = match &config.kind {
        SourceKind::File(file) => (
            Arc::new(FileSource::new(name.clone(), file.clone()).with_clock(clock.clone())),
            format!("{:?}", config.kind),
        ),
        SourceKind::Ldap(ldap) => (
            Arc::new(LdapSource::new(
                name.clone(),
                (**ldap).clone(),
                clock.clone(),
            )),
            format!("{:?}", ldap.decisive()),
        ),
    };
    // Who is in depends on how the sources are joined as well.
    let settings = match joint {
        Some(joint) => format!("{settings} {joint:?}"),
        None => settings,
    };
    let digest = Sha256::digest(settings);
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    SourceUnit {
        source,
        absent_for: config.absent_for,
        settings: u64::from_le_bytes(head),
        watch: config.watch,
        full_read_every: config.full_read_every,
    }
}

/// The address of the copies in this process; nothing connects to it.
fn in_process() -> Url {
    Url::parse(sandbox::IN_PROCESS).expect("it is an address")
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
