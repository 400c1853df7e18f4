//! An installation of one target, in one process and in virtual time.
//!
//! Promises that everything but sockets and the disk is what runs for real. Leaves what happens in
//! the directory, and what should come of it, to the stories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rollcall::clock::Clock;
use rollcall::config::{self, AuthConfig, Config, SourceKind, TargetConfig};
use rollcall::core::fingerprint::FingerprintKey;
use rollcall::core::key::SourceName;
use rollcall::core::plan::Basis;
use rollcall::draw::Draw;
use rollcall::engine::apply::{Applied, apply};
use rollcall::engine::propose::{Proposal, propose};
use rollcall::engine::roster::Roster;
use rollcall::engine::{SourceUnit, World};
use rollcall::http::Transport;
use rollcall::installation::{Unit, connect, sandboxed};
use rollcall::sandbox::{AppSetup, IN_PROCESS, Sandbox, SandboxAuth, load_seed};
use rollcall::source::file::FileSource;
use rollcall::store::SqliteStore;
use url::Url;

use crate::served::Home;

/// One target with its app, its state and its time.
pub struct Installation {
    pub home: Home,
    pub clock: Clock,
    pub unit: Unit,
    config: Config,
    draw: Draw,
    store: SqliteStore,
    key: FingerprintKey,
}

impl Installation {
    /// The installation of the only target of a home's config, with a sandbox app behind the
    /// transport that `way` makes of it.
    pub fn begin<T: Transport + 'static>(home: Home, way: impl FnOnce(Sandbox) -> T) -> Self {
        Self::begin_slow(home, None, way)
    }

    /// The same; the app shows what was written only so long after.
    pub fn begin_slow<T: Transport + 'static>(
        home: Home,
        visible_after: Option<Duration>,
        way: impl FnOnce(Sandbox) -> T,
    ) -> Self {
        let config = config::load(&home.config()).unwrap_or_else(|problems| panic!("{problems}"));
        let start = "2026-11-02T07:00:00Z".parse().expect("a point in time");
        let clock = Clock::simulated(start);
        let target = config.targets.values().next().expect("there is one target");
        let sandbox = Sandbox::new(
            vec![AppSetup {
                visible_after,
                ..setup(target)
            }],
            clock.clone(),
        );
        let transport = way(sandbox.expect("the app is sound"));
        let root = Url::parse(IN_PROCESS).expect("an address");
        let way = sandboxed(target, &root, Arc::new(transport));
        let draw = Draw::seeded(1);
        let unit = connect(target, way, &clock, draw.clone());
        let store = SqliteStore::in_memory();
        Self {
            key: store.fingerprint_key(),
            home,
            clock,
            unit,
            config,
            draw,
            store,
        }
    }

    /// Plans, carries it out, and accepts the reading.
    pub async fn run(&self) -> Applied {
        let ran = self.try_run().await;
        ran.unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// The same; says what was held, parked or failed.
    pub async fn try_run(&self) -> Result<Applied, String> {
        let (roster, proposal) = self.proposal(Basis::Observed).await;
        let (held, parked) = (&proposal.reviewed.held, &proposal.reviewed.plan.parked);
        if !held.is_empty() || !parked.is_empty() {
            return Err(format!("held: {held:#?}, parked: {parked:#?}"));
        }
        let linked = proposal.state.links.keys().cloned().collect();
        let applied = apply(&self.unit.target, proposal, "run", self.world()).await;
        let applied = applied.expect("the state can be written");
        if !applied.failed.is_empty() || applied.stopped.is_some() {
            return Err(format!(
                "{:#?}, stopped: {:?}",
                applied.failed, applied.stopped
            ));
        }
        let accepted = roster.accept(&linked, &BTreeSet::new(), self.world()).await;
        accepted.expect("the state can be written");
        Ok(applied)
    }

    /// What a run would do.
    pub async fn proposal(&self, basis: Basis) -> (Roster, Proposal) {
        let roster = Roster::read(&self.sources(), self.world()).await;
        let roster = roster.expect("the state can be read");
        assert!(roster.refused.is_empty(), "{:?}", roster.refused);
        let target = &self.unit.target;
        let proposal = propose(&target.rules, &*target.app, &roster, basis, self.world()).await;
        (roster, proposal.expect("the app can be read"))
    }

    fn sources(&self) -> BTreeMap<SourceName, SourceUnit> {
        let unit = |(name, source): (&SourceName, &config::SourceConfig)| {
            let SourceKind::File(file) = &source.kind else {
                panic!("the story reads files");
            };
            let unit = SourceUnit {
                source: Arc::new(FileSource::new(name.clone(), file.clone())),
                absent_for: source.absent_for,
                settings: 1,
                watch: false,
                full_read_every: Duration::from_hours(6),
            };
            (name.clone(), unit)
        };
        self.config.sources.iter().map(unit).collect()
    }

    fn world(&self) -> World<'_> {
        World {
            store: &self.store,
            key: &self.key,
            clock: &self.clock,
            draw: &self.draw,
            progress: &|_| (),
        }
    }
}

fn setup(target: &TargetConfig) -> AppSetup {
    let auth = match &target.auth {
        AuthConfig::Bearer(_) => SandboxAuth::Bearer,
        AuthConfig::Basic { .. } => SandboxAuth::Basic,
        AuthConfig::Header { name, .. } => SandboxAuth::Header(name.clone()),
        AuthConfig::Oauth2(_) => SandboxAuth::Oauth2,
    };
    let seed = target.sandbox_accounts.as_deref();
    AppSetup {
        seed: seed.map(|file| load_seed(file).unwrap_or_else(|error| panic!("{error}"))),
        ..AppSetup::new(
            target.rules.target.clone(),
            target.rules.profile.clone(),
            auth,
        )
    }
}
