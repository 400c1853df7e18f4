//! `rollcall retry`: a person has dealt with what was parked.

use clap::Args;

use super::lever::Lever;
use super::{Common, Exit, assemble};
use crate::config;
use crate::core::key::TargetName;
use crate::core::link::{Job, JobState};
use crate::show;
use crate::show::problem::Trouble;
use crate::store::{Epoch, JournalEntry, Record, SqliteStore, Store};

/// The arguments of `retry`.
#[derive(Debug, Args)]
pub struct RetryArgs {
    #[command(flatten)]
    common: Common,
    /// Only what is parked of this person or group, as `status` names them; else everything.
    subject: Option<String>,
    /// Why; it is kept in the journal.
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
}

/// Takes parked changes out of their place, so that the next run tries them again. Nothing is sent
/// now.
///
/// # Errors
/// When the state cannot be written, or nothing is parked under that name.
pub async fn run(args: RetryArgs) -> Result<Exit, Trouble> {
    let config = config::load(&args.common.config)?;
    let store = assemble::state(&args.common, &config, assemble::Need::Write)?;
    let mut released = 0;
    for target in config.targets.keys() {
        released += unpark(&store, target, &args).await?;
    }
    if released == 0 {
        let problem = match &args.subject {
            Some(subject) => format!("nothing is parked of `{subject}`"),
            None => "nothing is parked".into(),
        };
        return Err(Trouble::new(problem, Some("rollcall status lists what is")));
    }
    show::out(&show::status::unparked(released));
    Ok(Exit::InLine)
}

async fn unpark(
    store: &SqliteStore,
    target: &TargetName,
    args: &RetryArgs,
) -> Result<usize, Trouble> {
    let state = store.target(target, jiff::Timestamp::UNIX_EPOCH).await?;
    let mut batch = Vec::new();
    let parked = |job: &&Job| matches!(job.state, JobState::Parked { .. }) || job.is_untraceable();
    for job in state.jobs.iter().filter(parked) {
        let name = job.subject.journal_name();
        let label = store
            .last_label(&name)?
            .unwrap_or_else(|| job.subject.to_string());
        let is_meant = args
            .subject
            .as_ref()
            .is_none_or(|subject| *subject == label || *subject == job.subject.to_string());
        if is_meant {
            batch.push(Record::DropJob(
                target.clone(),
                job.subject.clone(),
                job.action,
            ));
            batch.push(Record::Journal(line(
                target,
                job,
                name,
                label,
                &args.because,
            )));
        }
    }
    store.commit(Epoch(1), &batch).await?;
    Ok(batch.len() / 2)
}

fn line(
    target: &TargetName,
    job: &Job,
    subject: String,
    label: String,
    because: &str,
) -> JournalEntry {
    JournalEntry {
        subject,
        label,
        ..Lever::pulled(because).line(target, "retry", job.action.word())
    }
}
