//! A whole installation in one process and in virtual time: the real engine, core, connector and
//! store over sandbox apps. A seed makes a small company, a story of edits, and faults; then the
//! faults stop, and the laws are checked.
//!
//! Promises the same story for the same seed. Leaves the choice of seeds to its callers.

mod company;
mod laws;
mod network;
pub mod skins;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rollcall::clock::Clock;
use rollcall::config::{self, Config};
use rollcall::core::fingerprint::FingerprintKey;
use rollcall::core::key::TargetName;
use rollcall::core::link::{Job, JobState};
use rollcall::core::memory::Approval;
use rollcall::core::plan::Basis;
use rollcall::core::profile::GroupModel;
use rollcall::draw::Draw;
use rollcall::engine::apply::apply;
use rollcall::engine::propose::{Kept, propose, propose_keeping};
use rollcall::engine::roster::Roster;
use rollcall::engine::{SourceUnit, Target, World};
use rollcall::http::Transport;
use rollcall::installation::{Unit, connect, sandboxed};
use rollcall::sandbox::{AppSetup, IN_PROCESS, Sandbox, SandboxAuth};
use rollcall::store::{Epoch, Record, SqliteStore, Store};
use serde_json::{Value as Json, json};
use url::Url;

use self::skins::Skin;
use company::{Company, source_name};
use network::{Fuse, Fused, FusedStore, Gauge, Gauged};

const CONFIG: &str = r#"
sources:
  hq: { file: { users: nowhere.yaml }, absent_for: 10m }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { env: NONE } }
    assign: { groups: [staff] }
    groups: { push: ["*"] }
    leavers: { deleted: { deactivate: now, delete: 2d } }
    # An app that takes a second account of the same name without a word.
    override: { SKIN }
  trotto:
    connector: trotto
    base_url: https://trotto.example.com/scim/v2
    auth: { bearer: { env: NONE } }
    assign: everyone
    override: { users: { update: put }, rates: { buckets: [] } }
  tracktik:
    connector: tracktik
    base_url: https://tracktik.example.com/scim/v2
    auth:
      oauth2:
        token_url: https://tracktik.example.com/oauth2/token
        client_id: { env: NONE }
        client_secret: { env: NONE }
    assign: { groups: [guards] }
    groups: { push: [night] }
    override: { rates: { buckets: [] } }
"#;

/// What a seed came to.
pub struct Outcome {
    /// The story in words.
    pub story: Vec<String>,
    /// Laws that were broken, in words.
    pub broken: Vec<String>,
}

/// Runs one seed in a skin that it chooses.
pub fn run(seed: u64) -> Outcome {
    run_as(seed, skins::of(seed))
}

/// Runs one seed in the skin of this name; in the first one an app does what the RFCs say.
pub fn run_in(seed: u64, skin: &str) -> Option<Outcome> {
    let skin = skins::SKINS.iter().find(|known| known.name == skin)?;
    Some(run_as(seed, skin))
}

fn run_as(seed: u64, skin: &'static Skin) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime starts");
    runtime.block_on(async { Simulation::new(seed, skin).run().await })
}

/// How a cycle goes.
#[derive(Clone, Copy)]
struct Weather {
    /// Requests of a hundred that fail.
    faults: u64,
    /// The await at which the process ends; never when negative.
    crash: i64,
    basis: Basis,
}

const FAIR: Weather = Weather {
    faults: 0,
    crash: -1,
    basis: Basis::Observed,
};

/// What a cycle came to.
#[derive(Default)]
struct Cycle {
    crashed: bool,
    /// Changes planned and released that lead to writes; members one by one.
    planned: usize,
    held: usize,
    writes: u64,
    /// What failed or waits for a person, in words.
    trouble: Vec<String>,
}

struct Simulation {
    config: Config,
    clock: Clock,
    draw: Draw,
    company: Company,
    sandbox: Sandbox,
    store: SqliteStore,
    story: Vec<String>,
    broken: Vec<String>,
    /// Foreign accounts and what they must stay.
    foreign: BTreeMap<String, Json>,
    /// When the key file is lost: a draw of its own, so that the rest of a story does not depend on it.
    losses: Draw,
    lost: u8,
    skin: &'static Skin,
    /// The most requests on their way at once, by target.
    peaks: BTreeMap<TargetName, Arc<Gauge>>,
}

impl Simulation {
    fn new(seed: u64, skin: &'static Skin) -> Self {
        let config = CONFIG.replace("SKIN", &skin.over());
        let config = config::check(Path::new("simulation.yaml"), &config)
            .unwrap_or_else(|problems| panic!("{problems}"));
        let start = "2026-11-22T08:00:00Z".parse().expect("a point in time");
        let clock = Clock::simulated(start);
        let draw = Draw::seeded(seed);
        let company = Company::found(4 + draw.below(10), &draw);
        let apps = config.targets.values().map(|target| {
            let name = target.rules.target.clone();
            let auth = match name.as_str() {
                "tracktik" => SandboxAuth::Oauth2,
                _ => SandboxAuth::Bearer,
            };
            AppSetup::new(name, target.rules.profile.clone(), auth)
        });
        let sandbox = Sandbox::new(apps.collect(), clock.clone()).expect("the apps are sound");
        let mut simulation = Self {
            config,
            clock,
            draw,
            company,
            sandbox,
            store: SqliteStore::in_memory(),
            story: vec![format!("seed {seed}, skin {}", skin.name)],
            broken: Vec::new(),
            foreign: BTreeMap::new(),
            losses: Draw::seeded(!seed),
            lost: 0,
            skin,
            peaks: BTreeMap::new(),
        };
        for target in simulation.config.targets.keys() {
            simulation.sandbox.keep_rates(target);
            let gauge = Arc::new(Gauge::default());
            simulation.peaks.insert(target.clone(), gauge);
        }
        simulation.settle_in();
        simulation.plant_groups();
        simulation
    }

    /// The apps hold accounts before we come: strangers, and some that belong to people.
    fn settle_in(&mut self) {
        let people = self.company.people();
        for target in self.config.targets.keys() {
            let stranger = json!({
                "userName": "robot@example.com", "displayName": "A robot", "active": true,
                "nickName": "R2", "x-colour": {"hue": [1, 2, 3]},
                "emails": [{"value": "robot@example.com", "type": "other"}]
            });
            let Json::Object(stranger) = stranger else {
                continue;
            };
            if let Some(id) = self.sandbox.put_user(target, stranger) {
                let held = self.sandbox.user(target, &id).unwrap_or_default();
                self.foreign.insert(format!("{target}/{id}"), held);
            }
            for person in people.values().filter(|_| self.draw.below(4) == 0) {
                let account = json!({
                    "userName": person.mail(), "active": self.draw.below(5) > 0,
                    "emails": [{"value": person.mail(), "type": "work", "primary": true},
                               {"value": "home@example.org", "type": "home"}],
                    "name": {"givenName": person.name, "familyName": "Old"},
                    "x-badge": person.key
                });
                let Json::Object(account) = account else {
                    continue;
                };
                self.sandbox.put_user(target, account);
                self.story
                    .push(format!("{target} has an account of {}", person.key));
            }
        }
    }

    /// An app of fixed groups has them already.
    fn plant_groups(&self) {
        for (target, config) in &self.config.targets {
            if config.rules.profile.groups.model == GroupModel::Fixed {
                for name in company::GROUPS {
                    let group = json!({"displayName": name});
                    let group = group.as_object().cloned().unwrap_or_default();
                    self.sandbox.put_group(target, group);
                }
            }
        }
    }

    async fn run(mut self) -> Outcome {
        let steps = 2 + self.draw.below(6);
        for _ in 0..steps {
            for _ in 0..self.draw.below(4) {
                let edit = self.company.change(&self.draw);
                self.story.push(edit);
            }
            self.meddle();
            let weather = Weather {
                faults: [0, 5, 20, 40][self.draw.index(4)],
                crash: if self.draw.below(3) == 0 {
                    i64::try_from(self.draw.below(120)).unwrap_or(-1)
                } else {
                    -1
                },
                basis: if self.draw.below(4) == 0 {
                    Basis::Remembered
                } else {
                    Basis::Observed
                },
            };
            if self.losses.below(8) == 0 {
                self.lose_key().await;
            }
            let before = laws::active_accounts(&self);
            let cycle = self.cycle(weather).await;
            self.tell(weather, &cycle);
            laws::nobody_in_scope_lost(&mut self, &before);
            laws::one_account_each(&mut self);
            if weather.faults == 0 && !cycle.crashed {
                laws::writes_are_changes(&mut self, &cycle, weather.basis);
            }
            if self.draw.below(2) == 0 {
                self.approve().await;
            }
            self.wait(2 + self.draw.below(7200)).await;
        }
        self.heal().await;
        Outcome {
            story: self.story,
            broken: self.broken,
        }
    }

    /// Somebody works in the apps by hand.
    fn meddle(&mut self) {
        if self.draw.below(4) > 0 {
            return;
        }
        let target = rollcall::core::key::TargetName::new("wiki");
        let dump = self.sandbox.dump(&target);
        let users = dump["users"].as_array().cloned().unwrap_or_default();
        let at = self.draw.index(users.len());
        let Some(id) = users.get(at).and_then(|user| user["id"].as_str()) else {
            return;
        };
        if self.foreign.contains_key(&format!("{target}/{id}")) {
            return;
        }
        let id = rollcall::core::key::RemoteId::new(id);
        match self.draw.below(3) {
            0 => {
                self.sandbox.edit_user(&target, &id, |user| {
                    user.insert("displayName".into(), json!("Meddled"));
                });
                self.story
                    .push(format!("somebody renames {id} in {target}"));
            }
            1 => {
                self.sandbox.remove_user(&target, &id);
                self.story
                    .push(format!("somebody deletes {id} in {target}"));
            }
            _ => {
                self.sandbox.edit_user(&target, &id, |user| {
                    user.insert("nickName".into(), json!("Ace"));
                });
                self.story
                    .push(format!("somebody gives {id} a nickname in {target}"));
            }
        }
    }

    fn tell(&mut self, weather: Weather, cycle: &Cycle) {
        let basis = match weather.basis {
            Basis::Observed => "full",
            Basis::Remembered => "quick",
        };
        self.story.push(format!(
            "{basis} cycle at {}, {} % faults: {} planned, {} writes, {} held{}",
            self.clock.now(),
            weather.faults,
            cycle.planned,
            cycle.writes,
            cycle.held,
            if cycle.crashed { ", crashed" } else { "" }
        ));
        self.story.extend(cycle.trouble.iter().cloned());
    }

    async fn wait(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    /// One cycle over all targets. After a crash the state is what had been committed.
    async fn cycle(&mut self, weather: Weather) -> Cycle {
        let fuse = Fuse::new(weather.crash);
        let store = FusedStore {
            inner: self.store.fork().expect("the state can be copied"),
            fuse: Arc::clone(&fuse),
        };
        let writes_before = self.writes();
        let mut cycle = Cycle::default();
        {
            let units = self.units(weather, &fuse);
            let work = work(
                &self.company,
                &units,
                &store,
                &self.clock,
                &self.draw,
                weather.basis,
            );
            tokio::select! {
                biased;
                () = fuse.blown() => cycle.crashed = true,
                done = work => {
                    cycle.planned = done.planned;
                    cycle.held = done.held;
                    cycle.trouble = done.trouble;
                }
            }
        }
        self.store = store.inner.fork().expect("the state can be copied");
        cycle.writes = self.writes() - writes_before;
        cycle
    }

    fn units(&self, weather: Weather, fuse: &Arc<Fuse>) -> Vec<Unit> {
        let root = Url::parse(IN_PROCESS).expect("an address");
        self.config
            .targets
            .values()
            .map(|target| {
                let network = network::faulty(
                    self.sandbox.clone(),
                    weather.faults,
                    self.draw.clone(),
                    self.clock.clone(),
                );
                let gauge = Arc::clone(&self.peaks[&target.rules.target]);
                let network = Gauged::new(network, gauge, self.clock.clone());
                let network: Arc<dyn Transport> = Arc::new(Fused::new(network, fuse));
                let way = sandboxed(target, &root, network);
                connect(target, way, &self.clock, self.draw.clone())
            })
            .collect()
    }

    fn writes(&self) -> u64 {
        self.config
            .targets
            .keys()
            .map(|target| self.sandbox.counts(target).write)
            .sum()
    }

    /// A person releases everything that is held.
    async fn approve(&mut self) {
        for target in self.config.targets.keys() {
            let state = self
                .store
                .target(target, jiff::Timestamp::UNIX_EPOCH)
                .await
                .expect("the state can be read");
            for mut hold in state
                .holds
                .into_iter()
                .filter(|hold| hold.approved.is_none())
            {
                self.story
                    .push(format!("{} of {target} is approved", hold.id));
                hold.approved = Some(Approval {
                    at: self.clock.now(),
                    by: "ana".into(),
                    because: "it is right".into(),
                });
                let record = Record::PutHold(target.clone(), hold);
                self.store
                    .commit(Epoch(1), &[record])
                    .await
                    .expect("it can be written");
            }
        }
    }

    /// Between two runs the key file goes. With a create in doubt, or an account that may have another
    /// id, a person would have to look which of the strangers is whose, and nobody does here.
    async fn lose_key(&mut self) {
        for target in self.config.targets.keys() {
            let state = self.store.target(target, self.clock.now()).await;
            let state = state.expect("the state can be read");
            let renumbers = self.config.targets[target].rules.profile.users.id_changes;
            let is_lost = |job: &Job| renumbers && matches!(job.state, JobState::InDoubt(_));
            if state.doubtful_creates().next().is_some() || state.jobs.iter().any(is_lost) {
                return;
            }
        }
        self.lost += 1;
        self.story.push("the key file is lost".into());
        let key = FingerprintKey::new(&[self.lost; 32]);
        let forgetful = self.store.fork_under(key, self.clock.now());
        self.store = forgetful.expect("the state can be copied");
    }

    /// In line, without the key: everything is learned again, and nothing is sent; but for what was
    /// parked, which is tried once more.
    async fn relearn(&mut self, proof: &Cycle) {
        if !proof.trouble.is_empty() {
            return;
        }
        self.lose_key().await;
        for _ in 0..2 {
            let cycle = self.cycle(FAIR).await;
            if cycle.planned + cycle.held > 0 || cycle.writes > 0 {
                self.tell(FAIR, &cycle);
                self.broken.push(format!(
                    "law 4: with the key lost, {} changes are planned, {} held, and {} writes sent",
                    cycle.planned, cycle.held, cycle.writes
                ));
            }
        }
    }

    /// Faults stop; after the times that absence takes, two cycles must do.
    async fn heal(&mut self) {
        self.story.push("faults stop".into());
        for _ in 0..4 {
            self.cycle(FAIR).await;
            self.approve().await;
            self.wait(700).await;
        }
        // What an app did not take is tried again with growing pauses, and a deletion is due in days.
        self.wait(3 * 24 * 3600).await;
        self.cycle(FAIR).await;
        self.approve().await;
        self.wait(3600).await;
        let last = self.cycle(FAIR).await;
        self.tell(FAIR, &last);
        self.wait(60).await;
        let proof = self.cycle(FAIR).await;
        if proof.planned + proof.held > 0 || proof.writes > 0 {
            self.broken.push(format!(
                "law 4: the second plan has {} changes, {} held and sends {} writes",
                proof.planned, proof.held, proof.writes
            ));
        }
        self.relearn(&proof).await;
        laws::one_account_each(self);
        laws::leavers_are_out(self);
        laws::everybody_is_in_line(self);
        laws::strangers_are_untouched(self);
        laws::rates_are_kept(self);
        if let Err(error) = self.store.verify() {
            self.broken
                .push(format!("law 9: the journal is damaged: {error}"));
        }
    }
}

struct Done {
    planned: usize,
    held: usize,
    trouble: Vec<String>,
}

async fn work(
    company: &Company,
    units: &[Unit],
    store: &FusedStore,
    clock: &Clock,
    draw: &Draw,
    basis: Basis,
) -> Done {
    let key = store.inner.fingerprint_key();
    let silent = |_| ();
    let world = World {
        store,
        key: &key,
        clock,
        draw,
        progress: &silent,
    };
    let source = SourceUnit {
        source: Arc::new(company.clone()),
        absent_for: Duration::from_mins(10),
        settings: 1,
        watch: false,
        full_read_every: Duration::from_hours(6),
    };
    let sources = BTreeMap::from([(source_name(), source)]);
    let roster = Roster::read(&sources, world)
        .await
        .expect("the state can be read")
        .in_portions_of(PORTION);
    let mut done = Done {
        planned: 0,
        held: 0,
        trouble: Vec::new(),
    };
    let mut linked = BTreeSet::new();
    let mut unsettled = BTreeSet::new();
    for unit in units {
        let target = &unit.target;
        sifted(target, &roster, world).await;
        let Ok(proposal) = propose(&target.rules, &*target.app, &roster, basis, world).await else {
            unsettled.extend(roster.doubts.keys().cloned());
            continue;
        };
        done.held += proposal.reviewed.held.len();
        done.planned += laws::writes_of(&proposal.reviewed.released, &target.rules.profile);
        linked.extend(proposal.state.holders().cloned());
        let doubted = proposal
            .reviewed
            .held
            .iter()
            .filter_map(|hold| hold.lane.strip_prefix("reading:"));
        unsettled.extend(doubted.map(rollcall::core::key::SourceName::new));
        let name = &target.rules.target;
        let parked = &proposal.reviewed.plan.parked;
        done.trouble.extend(
            parked
                .iter()
                .map(|parked| format!("  {name}: {} is parked: {}", parked.label, parked.reason)),
        );
        let applied = apply(target, proposal, "run", world)
            .await
            .expect("the state can be written");
        done.trouble.extend(applied.failed.iter().map(|failure| {
            let action = failure.change.action.kind().word();
            format!(
                "  {name}: {action} {}: {}",
                failure.change.label, failure.reason
            )
        }));
    }
    roster
        .accept(&linked, &unsettled, world)
        .await
        .expect("the state can be written");
    done
}

/// So few people are compared at a time that it matters where a portion ends.
const PORTION: usize = 3;

/// What a plan says that passes over whoever is in line is what it says when it knows everybody.
pub async fn sifted(target: &Target, roster: &Roster, world: World<'_>) {
    let mut plans = Vec::new();
    for kept in [Kept::Differing, Kept::Everybody] {
        let (app, basis) = (&*target.app, Basis::Remembered);
        let proposal = propose_keeping(&kept, &target.rules, app, roster, basis, world).await;
        let proposal = proposal.expect("the state can be read");
        plans.push(format!("{:#?}", proposal.reviewed));
    }
    assert_eq!(plans[0], plans[1], "sifted, and whole");
}
