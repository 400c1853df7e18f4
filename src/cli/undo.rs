//! `rollcall undo`: a person takes a run back.
//!
//! Promises that the plan is shown before anything is sent, and that it goes through the guard like
//! any other. Leaves what sets a run back to the engine.

use std::collections::BTreeMap;

use clap::Args;

use super::desk::Desk;
use super::lever::Lever;
use super::{Common, Exit, Format};
use crate::engine::apply::Applied;
use crate::engine::propose::ProposeError;
use crate::engine::roster::Roster;
use crate::engine::undo::{Order, Undoing, done, propose_undo, undo};
use crate::engine::{Progress, World};
use crate::installation::{Installation, Unit};
use crate::show;
use crate::show::problem::Trouble;
use crate::show::undo::{UndoJson, UndoText, UndoneJson};
use crate::store::{SqliteStore, Wanted};

/// The arguments of `undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// The run, as `history` names it, or the beginning of its name; `last` is the last one that
    /// changed anything.
    run: String,
    /// Only in this target; may be given several times.
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Delete the accounts and groups that the run made, where the app can, in place of switching
    /// them off.
    #[arg(long)]
    delete: bool,
    /// Show what sets it back and write nothing, neither in the apps nor in the state.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Why; it is kept in the journal.
    #[arg(
        long,
        value_name = "TEXT",
        required_unless_present = "dry_run",
        default_value = "",
        hide_default_value = true
    )]
    because: String,
    /// How to show it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Takes a run back: shows what sets it back, carries that out under the guard, and pins it.
///
/// # Errors
/// When there is no such run, or the state cannot be read or written.
pub(super) async fn pull(
    args: &UndoArgs,
    installation: &Installation,
    desk: &Desk,
) -> Result<Exit, Trouble> {
    let units = installation.chosen(&args.target)?;
    let hear = |event: Progress| desk.console.progress(event);
    let world = installation.world(&hear);
    let roster = desk.read(installation, world).await?;
    for (source, error) in &roster.refused {
        desk.console
            .err(&show::problem::refused(source, &error.into()));
    }
    let run = named(&installation.store, &args.run)?;
    let lever = desk.lever(&args.because);
    let by = lever.by.clone();
    let mut taking = Taking {
        args,
        lever,
        order: Order {
            run,
            delete: args.delete,
            by,
        },
        world,
        desk,
        answer: UndoJson::default(),
    };
    let exit = taking.all(&installation.store, &units, &roster).await?;
    if args.format == Format::Json {
        taking.answer.run.clone_from(&taking.order.run);
        desk.console.out(&show::json::print(&taking.answer));
    }
    Ok(exit)
}

/// The run that is meant.
fn named(store: &SqliteStore, name: &str) -> Result<String, Trouble> {
    let hint = "rollcall history lists the runs and what each did";
    if name == "last" {
        return store
            .last_run()?
            .ok_or_else(|| Trouble::new("no run has changed anything yet", Some(hint)));
    }
    let mut runs = store.runs(name)?;
    if let Some(exact) = runs.iter().position(|run| run == name) {
        return Ok(runs.swap_remove(exact));
    }
    match runs.as_slice() {
        [] => Err(Trouble::new(
            format!("no run that changed anything is called {name}"),
            Some(hint),
        )),
        [one] => Ok(one.clone()),
        several => Err(Trouble::new(
            format!("several runs begin with {name}"),
            Some(&format!("name one of them: {}", several.join(", "))),
        )),
    }
}

/// A run that is taken back.
struct Taking<'a> {
    args: &'a UndoArgs,
    lever: Lever,
    order: Order,
    world: World<'a>,
    desk: &'a Desk,
    answer: UndoJson,
}

impl Taking<'_> {
    /// In every one of these targets in which the run did something.
    async fn all(
        &mut self,
        store: &SqliteStore,
        units: &[&Unit],
        roster: &Roster,
    ) -> Result<Exit, Trouble> {
        let mut exit = Exit::InLine;
        for unit in units {
            exit = exit.or(self.one(store, unit, roster).await?);
        }
        Ok(exit)
    }

    async fn one(
        &mut self,
        store: &SqliteStore,
        unit: &Unit,
        roster: &Roster,
    ) -> Result<Exit, Trouble> {
        let target = &unit.target;
        let name = &target.rules.target;
        let wanted = Wanted {
            target: Some(name.to_string()),
            run: Some(self.order.run.clone()),
            ..Wanted::default()
        };
        let mut lines = Vec::new();
        store.history(&wanted, |line| lines.push(line.entry))?;
        let done = done(lines);
        if done.is_empty() {
            return Ok(Exit::InLine);
        }
        let _turn = self.desk.turn(name).await;
        let before = unit.counter.counts();
        let proposed = propose_undo(target, roster, &done, &self.order, self.world).await;
        let undoing = match proposed {
            Ok(undoing) => undoing,
            Err(ProposeError::App(fault)) => return Ok(self.unplanned(unit, &fault.into())),
            Err(ProposeError::State(error)) => return Err(error.into()),
        };
        let mut json = UndoneJson::of(&undoing, &target.rules.profile);
        self.say(|| text(unit, &undoing, &self.order.run, self.world));
        let exit = ending(&undoing, self.args.dry_run);
        if self.args.dry_run || undoing.is_empty() {
            json.plan.requests = unit.requests_since(before);
            self.answer.targets.push(json);
            return Ok(exit);
        }
        let line = self.lever.line(name, "undo", &self.order.run);
        let applied = undo(target, undoing, line, self.world).await?;
        self.desk.changed(name);
        json.plan.add(&applied);
        json.plan.requests = unit.requests_since(before);
        let requests = &json.plan.requests;
        let requests = show::plan::requests(requests.read, requests.write, requests.token);
        self.say(|| show::plan::applied(name.as_str(), &applied, &requests) + "\n");
        self.answer.targets.push(json);
        Ok(exit.or(outcome(&applied)))
    }

    fn unplanned(&mut self, unit: &Unit, trouble: &Trouble) -> Exit {
        let name = &unit.target.rules.target;
        let text = show::problem::unplanned(name, trouble);
        self.desk.console.err(&text);
        self.answer.targets.push(UndoneJson::failed(name, trouble));
        Exit::Error
    }

    fn say(&self, text: impl FnOnce() -> String) {
        if self.args.format == Format::Text {
            self.desk.console.out(&text());
        }
    }
}

fn text(unit: &Unit, undoing: &Undoing, run: &str, world: World<'_>) -> String {
    UndoText {
        undoing,
        profile: &unit.target.rules.profile,
        labels: &BTreeMap::new(),
        run,
        now: world.clock.now(),
    }
    .render()
}

/// What stays is said by a dry run, and is no change; a real one is not done with it.
fn ending(undoing: &Undoing, dry_run: bool) -> Exit {
    let mut exit = Exit::InLine;
    if !undoing.proposal.reviewed.held.is_empty() {
        exit = exit.or(Exit::Held);
    }
    if dry_run && !undoing.is_empty() {
        exit = exit.or(Exit::Changes);
    }
    if !dry_run && !undoing.lasting.is_empty() {
        exit = exit.or(Exit::Unfinished);
    }
    exit
}

fn outcome(applied: &Applied) -> Exit {
    if applied.failed.is_empty() && applied.stopped.is_none() {
        Exit::InLine
    } else {
        Exit::Unfinished
    }
}
