//! `rollcall sync`: read, plan, show, apply, once.
//!
//! Promises that `--dry-run` is the same way up to the last step, with a state that cannot be
//! written. Leaves the steps to the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::desk::{self, Desk};
use super::only::Only;
use super::{Common, Exit, Format, Trouble};
use crate::clock::Clock;
use crate::core::guard::Reviewed;
use crate::core::key::{SourceName, UserKey};
use crate::core::plan::{Basis, Plan, referred};
use crate::core::reading::{Doubt, Reading};
use crate::core::rules::Rules;
use crate::engine::apply::{Applied, Terms, apply_on};
use crate::engine::propose::{Proposal, propose};
use crate::engine::roster::Roster;
use crate::engine::{Progress, World};
use crate::installation::{Installation, Unit};
use crate::show;
use crate::show::json::{BrokenJson, DoubtedJson, RefusedJson, RequestsJson, SyncJson, TargetJson};
use crate::show::plan::PlanText;

/// The arguments of `sync`.
#[derive(Debug, Args)]
pub struct SyncArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Show the plan and write nothing, neither in the apps nor in the state.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Only this target; may be given several times.
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Only this person: login name, e-mail or key. What else is due stays due.
    #[arg(long, value_name = "USER", conflicts_with = "group")]
    user: Option<String>,
    /// Only this group and its members, by name or key: pushes its memberships at once.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Trust what the apps last acknowledged, and ask them nothing.
    #[arg(long)]
    quick: bool,
    /// How to show it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What one target came to.
struct Ended {
    json: TargetJson,
    exit: Exit,
    /// Everybody with a link; `None` when nobody could look.
    linked: Option<BTreeSet<UserKey>>,
    /// Sources on whose doubted readings something is held.
    unsettled: BTreeSet<SourceName>,
}

/// Runs the command over an installation.
///
/// # Errors
/// When nothing could be done at all.
pub(super) async fn pull(
    args: &SyncArgs,
    installation: &Installation,
    desk: &Desk,
) -> Result<Exit, Trouble> {
    let units = installation.chosen(&args.target)?;
    let hear = |event: Progress| desk.console.progress(event);
    let world = installation.world(&hear);
    let mut cycle = Cycle {
        args,
        world,
        desk,
        answer: SyncJson::default(),
        steps: Steps::begin(world.clock),
    };
    let mut exit = cycle.run(installation, &units).await?;
    let is_whole = args.user.is_none() && args.group.is_none();
    let proves =
        installation.is_in_process() && !args.dry_run && args.format == Format::Text && is_whole;
    if proves && matches!(exit, Exit::InLine | Exit::Unfinished) {
        exit = exit.or(cycle.prove(installation, &units).await?);
    }
    if !is_whole {
        cycle.say(|| show::plan::steps(&cycle.steps.taken));
    }
    if args.format == Format::Json {
        desk.console.out(&show::json::print(&cycle.answer));
    }
    Ok(exit)
}

/// How long each step took.
struct Steps {
    last: tokio::time::Instant,
    taken: Vec<(String, Duration)>,
}

impl Steps {
    fn begin(clock: &Clock) -> Self {
        Self {
            last: clock.instant(),
            taken: Vec::new(),
        }
    }

    /// A step is over.
    fn lap(&mut self, step: &str, clock: &Clock) {
        let now = clock.instant();
        self.taken
            .push((step.to_owned(), now.duration_since(self.last)));
        self.last = now;
    }
}

/// One cycle over the chosen targets.
struct Cycle<'a> {
    args: &'a SyncArgs,
    world: World<'a>,
    desk: &'a Desk,
    answer: SyncJson,
    steps: Steps,
}

impl Cycle<'_> {
    async fn run(&mut self, installation: &Installation, units: &[&Unit]) -> Result<Exit, Trouble> {
        let roster = self.desk.read(installation, self.world).await?;
        let mut exit = self.tell_refused(&roster);
        exit = exit.or(self.tell_readings(&roster));
        if roster.readings.is_empty() {
            if !self.args.dry_run {
                let (nobody, none) = (BTreeSet::new(), BTreeSet::new());
                self.desk
                    .accept(&roster, &nobody, &none, self.world)
                    .await?;
            }
            return Ok(exit.or(Exit::Held));
        }
        let rules: Vec<&Rules> = units.iter().map(|unit| &*unit.target.rules).collect();
        let only = Only::of(
            self.args.user.as_deref(),
            self.args.group.as_deref(),
            &roster,
            &rules,
        )?;
        self.steps.lap("reading the directory", self.world.clock);
        let run = self.world.clock.now().to_string();
        let mut linked: BTreeSet<UserKey> = BTreeSet::new();
        let mut unsettled: BTreeSet<SourceName> = BTreeSet::new();
        for unit in units {
            let ended = self.one(unit, &roster, only.as_ref(), &run).await?;
            exit = exit.or(ended.exit);
            unsettled.extend(ended.unsettled);
            match ended.linked {
                Some(users) => linked.extend(users),
                None => unsettled.extend(roster.doubts.keys().cloned()),
            }
            self.answer.targets.push(ended.json);
        }
        let is_whole = only.is_none() && units.len() == installation.units.len();
        if !self.args.dry_run && is_whole {
            self.desk
                .accept(&roster, &linked, &unsettled, self.world)
                .await?;
        }
        Ok(exit)
    }

    /// Plans one target, shows the plan, and carries it out. Only a state that cannot be written ends
    /// the run; a target that fails never stops the others.
    async fn one(
        &mut self,
        unit: &Unit,
        roster: &Roster,
        only: Option<&Only>,
        run: &str,
    ) -> Result<Ended, Trouble> {
        let _turn = self.desk.turn(&unit.target.rules.target).await;
        let newer = self.desk.newer();
        let roster = newer.as_deref().unwrap_or(roster);
        let before = unit.counter.counts();
        let basis = if self.args.quick {
            Basis::Remembered
        } else {
            Basis::Observed
        };
        let target = &unit.target;
        let halt = self.desk.halt();
        let proposed = tokio::select! {
            biased;
            () = halt.pulled() => return Err(desk::ending()),
            proposed = propose(&target.rules, &*target.app, roster, basis, self.world) => proposed,
        };
        self.desk.console.done();
        let notes = unit.notes(self.world.clock.now());
        self.note(unit, &notes);
        let proposal = match proposed {
            Ok(proposal) => match only {
                Some(only) => only.cut(proposal, roster),
                None => proposal,
            },
            Err(error) => return Ok(self.unplanned(unit, &error.into())),
        };
        let name = target.rules.target.as_str();
        self.steps
            .lap(&format!("reading {name} and planning"), self.world.clock);
        let labels = labels(roster, &proposal.reviewed.plan);
        let mut json = TargetJson::of(&proposal.reviewed, &target.rules.profile, &labels);
        json.left_out = proposal.part.as_ref().map(|part| part.left_out);
        json.warnings.extend(notes.iter().cloned());
        let mut exit = ending(&proposal.reviewed, self.args.dry_run);
        let linked = proposal.state.holders().cloned().collect();
        let unsettled = unsettled(&proposal.reviewed);
        self.say(|| self.plan_text(unit, &proposal, &labels));
        if self.args.dry_run {
            json.requests = unit.requests_since(before);
        } else {
            let terms = Terms {
                run,
                halt: &halt,
                last: None,
                rested: None,
            };
            let applied = apply_on(target, proposal, terms, self.world).await;
            self.desk.console.done();
            let applied = applied?;
            exit = exit.or(outcome(&applied));
            json.add(&applied);
            json.requests = unit.requests_since(before);
            self.steps
                .lap(&format!("changing {name}"), self.world.clock);
            let mut later = unit.notes(self.world.clock.now());
            later.retain(|line| !notes.contains(line));
            self.note(unit, &later);
            json.warnings.extend(later);
            self.say(|| applied_text(unit, &applied, json.requests));
        }
        Ok(Ended {
            json,
            exit,
            linked: Some(linked),
            unsettled,
        })
    }

    /// What there is to know about the credentials.
    fn note(&self, unit: &Unit, notes: &[String]) {
        if !notes.is_empty() {
            self.say(|| show::credential::notes(&unit.target.rules.target, notes));
        }
    }

    fn unplanned(&self, unit: &Unit, trouble: &Trouble) -> Ended {
        let name = &unit.target.rules.target;
        let text = show::problem::unplanned(name, trouble);
        self.say(|| text.clone());
        if self.args.format == Format::Json {
            self.desk.console.err(&text);
        }
        let json = TargetJson {
            target: name.to_string(),
            error: Some(show::problem::headline(trouble)),
            ..TargetJson::default()
        };
        Ended {
            json,
            exit: Exit::Error,
            linked: None,
            unsettled: BTreeSet::new(),
        }
    }

    fn plan_text(
        &self,
        unit: &Unit,
        proposal: &Proposal,
        labels: &BTreeMap<UserKey, Arc<str>>,
    ) -> String {
        let text = PlanText {
            reviewed: &proposal.reviewed,
            profile: &unit.target.rules.profile,
            labels,
            part: proposal.part.as_ref(),
            now: self.world.clock.now(),
        };
        text.render() + "\n"
    }

    fn tell_refused(&mut self, roster: &Roster) -> Exit {
        let mut exit = Exit::InLine;
        for (source, error) in &roster.refused {
            exit = Exit::Held;
            let text = show::problem::refused(source, &error.into());
            self.desk.console.err(&text);
            self.answer.refused.push(RefusedJson {
                source: source.to_string(),
                problem: error.problem.clone(),
                hint: error.hint.clone(),
            });
        }
        exit
    }

    /// A row that is broken holds somebody back, which a person has to mend.
    fn tell_readings(&mut self, roster: &Roster) -> Exit {
        if roster.readings.is_empty() {
            return Exit::InLine;
        }
        self.answer.broken = roster.readings.iter().flat_map(broken).collect();
        self.answer.doubted = roster.doubts.iter().flat_map(doubted).collect();
        self.say(|| {
            let mut text = String::new();
            for reading in &roster.readings {
                let doubts = roster
                    .doubts
                    .get(&reading.source)
                    .map_or(&[][..], Vec::as_slice);
                text.push_str(&show::problem::reading(
                    reading,
                    roster.rows(&reading.source),
                    doubts,
                ));
            }
            text + "\n"
        });
        if self.answer.broken.is_empty() {
            Exit::InLine
        } else {
            Exit::Unfinished
        }
    }

    fn say(&self, text: impl FnOnce() -> String) {
        if self.args.format == Format::Text {
            self.desk.console.out(&text());
        }
    }

    /// The proof: everything is read again, and nothing is left to change.
    async fn prove(
        &mut self,
        installation: &Installation,
        units: &[&Unit],
    ) -> Result<Exit, Trouble> {
        let roster = Roster::read(&installation.sources, self.world).await?;
        let mut exit = Exit::InLine;
        let mut text = String::new();
        for unit in units {
            let target = &unit.target;
            let proposal = propose(
                &target.rules,
                &*target.app,
                &roster,
                Basis::Observed,
                self.world,
            )
            .await?;
            let left = proposal.reviewed.plan.changes.len();
            if left > 0 {
                exit = Exit::Unfinished;
            }
            text.push_str(&show::problem::proof(&target.rules.target, left));
        }
        self.desk.console.out(&text);
        Ok(exit)
    }
}

fn applied_text(unit: &Unit, applied: &Applied, requests: RequestsJson) -> String {
    let requests = show::plan::requests(requests.read, requests.write, requests.token);
    let target = unit.target.rules.target.as_str();
    show::plan::applied(target, applied, &requests) + "\n"
}

/// What those are called to whom a plan refers, by key.
pub(super) fn labels(roster: &Roster, plan: &Plan) -> BTreeMap<UserKey, Arc<str>> {
    let changes = plan.changes.iter();
    let users: BTreeSet<&UserKey> = changes
        .flat_map(|change| referred(&change.action))
        .collect();
    let label = |user: &UserKey| {
        let mut readings = roster.readings.iter();
        readings.find_map(|reading| Some(reading.user(user)?.label))
    };
    let users = users.into_iter();
    users
        .filter_map(|user| Some((user.clone(), label(user)?)))
        .collect()
}

/// The rows of a reading that could not be used.
fn broken(reading: &Reading) -> impl Iterator<Item = BrokenJson> {
    reading.broken.iter().map(|row| BrokenJson {
        source: reading.source.to_string(),
        place: row.place.clone(),
        problem: row.problem.clone(),
    })
}

/// What is odd about a reading.
fn doubted((source, doubts): (&SourceName, &Vec<Doubt>)) -> impl Iterator<Item = DoubtedJson> {
    doubts.iter().map(|doubt| DoubtedJson {
        source: source.to_string(),
        problem: doubt.to_string(),
    })
}

fn ending(reviewed: &Reviewed, dry_run: bool) -> Exit {
    let mut exit = Exit::InLine;
    if dry_run && !reviewed.released.is_empty() {
        exit = exit.or(Exit::Changes);
    }
    if !reviewed.plan.parked.is_empty()
        || reviewed.plan.unread > 0
        || reviewed.plan.waits_to_retry()
    {
        exit = exit.or(Exit::Unfinished);
    }
    if !reviewed.held.is_empty() {
        exit = exit.or(Exit::Held);
    }
    exit
}

fn outcome(applied: &Applied) -> Exit {
    if applied.failed.is_empty() && applied.left.is_empty() && applied.stopped.is_none() {
        Exit::InLine
    } else {
        Exit::Unfinished
    }
}

fn unsettled(reviewed: &Reviewed) -> BTreeSet<SourceName> {
    reviewed
        .held
        .iter()
        .filter_map(|hold| hold.lane.strip_prefix("reading:"))
        .map(SourceName::new)
        .collect()
}
