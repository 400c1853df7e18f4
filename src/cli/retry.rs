//! `rollcall retry`: a person has dealt with what was parked, or wants what was undone after all.

use clap::Args;
use jiff::Timestamp;

use super::desk::{Books, Desk};
use super::pins::{self, Meant};
use super::{Common, Exit};
use crate::clock::Clock;
use crate::core::key::TargetName;
use crate::core::link::{Job, JobState};
use crate::show;
use crate::show::problem::Trouble;
use crate::store::{Epoch, JournalEntry, Record, SqliteStore, Store};

/// The arguments of `retry`.
#[derive(Debug, Args)]
pub struct RetryArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Only what is parked of this person or group, as `status` names them, and what an undo has
    /// pinned of them; else everything that is parked.
    subject: Option<String>,
    /// In place of that: all that the undo of this run has pinned.
    #[arg(long, value_name = "RUN", conflicts_with = "subject")]
    undone: Option<String>,
    /// Why; it is kept in the journal.
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
}

/// Takes parked changes out of their place, so that the next run tries them again, and lifts pins
/// that are named. Nothing is sent now.
///
/// # Errors
/// When the state cannot be written, or nothing is parked or pinned under that name.
pub(super) async fn pull(args: &RetryArgs, books: Books<'_>, desk: &Desk) -> Result<Exit, Trouble> {
    let pins = match (&args.undone, &args.subject) {
        (Some(run), _) => Some(Meant::Run(run)),
        (None, Some(name)) => Some(Meant::Of(name)),
        (None, None) => None,
    };
    let (mut released, mut lifted) = (0, 0);
    for target in books.config.targets.keys() {
        let (parked, pinned) = meant(books.store, target, args, pins, desk).await?;
        if parked.is_empty() && pinned.is_empty() {
            continue;
        }
        let _turn = desk.turn(target).await;
        let (parked, pinned) = meant(books.store, target, args, pins, desk).await?;
        released += parked.len() / 2;
        lifted += pinned.len() / 2;
        let batch = [parked, pinned].concat();
        books.store.commit(Epoch(1), &batch).await?;
        desk.changed(target);
    }
    if released + lifted == 0 {
        let problem = match (&args.undone, &args.subject) {
            (Some(run), _) => format!("nothing is pinned by an undo of {run}"),
            (None, Some(subject)) => format!("nothing is parked or pinned of `{subject}`"),
            (None, None) => "nothing is parked".into(),
        };
        return Err(Trouble::new(problem, Some("rollcall status lists what is")));
    }
    desk.console.out(&show::status::unparked(released));
    desk.console.out(&show::status::unpinned(lifted));
    Ok(Exit::InLine)
}

/// What is written of the parked changes and of the pins that are meant: of each that it is over, and
/// the line about it.
async fn meant(
    store: &SqliteStore,
    target: &TargetName,
    args: &RetryArgs,
    pins: Option<Meant<'_>>,
    desk: &Desk,
) -> Result<(Vec<Record>, Vec<Record>), Trouble> {
    let parked = match args.undone {
        Some(_) => Vec::new(),
        None => unparked(store, target, args, desk).await?,
    };
    let pinned = match pins {
        Some(pins) => pins::lifted(store, target, pins, &desk.lever(&args.because)).await?,
        None => Vec::new(),
    };
    Ok((parked, pinned))
}

async fn unparked(
    store: &SqliteStore,
    target: &TargetName,
    args: &RetryArgs,
    desk: &Desk,
) -> Result<Vec<Record>, Trouble> {
    let state = store.target(target, Timestamp::UNIX_EPOCH).await?;
    let lever = desk.lever(&args.because);
    let now = Clock::System.now();
    let mut batch = Vec::new();
    for job in state.jobs.iter().filter(|job| waits(job, now)) {
        let name = job.subject.journal_name();
        let label = store
            .last_label(&name)?
            .unwrap_or_else(|| job.subject.to_string());
        let is_meant = args
            .subject
            .as_ref()
            .is_none_or(|subject| *subject == label || *subject == job.subject.to_string());
        if is_meant {
            batch.push(over(target, job, now));
            batch.push(Record::Journal(JournalEntry {
                subject: name,
                label,
                ..lever.line(target, "retry", job.action.word())
            }));
        }
    }
    Ok(batch)
}

/// Does the job wait for a person, or for a pause that a person can end?
fn waits(job: &Job, now: Timestamp) -> bool {
    match job.state {
        JobState::Parked { .. } => true,
        JobState::Due(at) => at > now,
        JobState::InDoubt(at) => at > now || job.is_untraceable(),
    }
}

/// What ends the wait; what is in doubt stays so.
fn over(target: &TargetName, job: &Job, now: Timestamp) -> Record {
    match job.state {
        JobState::InDoubt(at) if at > now && !job.is_untraceable() => {
            let state = JobState::InDoubt(now);
            let job = job.clone();
            Record::PutJob(target.clone(), Job { state, ..job })
        }
        JobState::Due(_) | JobState::InDoubt(_) | JobState::Parked { .. } => {
            Record::DropJob(target.clone(), job.subject.clone(), job.action)
        }
    }
}
