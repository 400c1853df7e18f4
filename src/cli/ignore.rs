//! `rollcall ignore`: a person says that an account is never to be touched.

use clap::Args;

use super::desk::Desk;
use super::link::no_account;
use super::{Common, Exit, people};
use crate::core::change::Subject;
use crate::core::key::RemoteId;
use crate::core::memory::Verdict;
use crate::installation::{Installation, Unit};
use crate::show;
use crate::show::problem::Trouble;
use crate::store::{Epoch, JournalEntry, Record, Store};

/// The arguments of `ignore`.
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub struct IgnoreArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// The account, by the id that the app gives it.
    #[arg(
        value_name = "ACCOUNT-ID",
        required_unless_present = "user",
        conflicts_with = "user"
    )]
    account: Option<String>,
    /// The app.
    #[arg(required = true)]
    target: String,
    /// In place of an account: this person's account, whichever it is or will be.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// From now on it is treated like any other again.
    #[arg(long)]
    undo: bool,
    /// Why; it is kept in the journal.
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
}

/// What is ignored, and what people call it.
struct Ignored {
    verdict: Verdict,
    subject: String,
    label: String,
}

/// Leaves an account alone from now on, or ends that. Nothing is sent.
///
/// # Errors
/// When there is no such account, person or app, or there is nothing to undo.
pub(super) async fn pull(
    args: &IgnoreArgs,
    installation: &Installation,
    desk: &Desk,
) -> Result<Exit, Trouble> {
    let unit = installation.unit(&args.target)?;
    let target = &unit.target.rules.target;
    let store = &installation.store;
    let ignored = meant(args, installation, unit, desk).await?;
    let _turn = desk.turn(target).await;
    let state = store.target(target, jiff::Timestamp::UNIX_EPOCH).await?;
    if state.verdicts.contains(&ignored.verdict) != args.undo {
        let (problem, hint) = if args.undo {
            ("is not ignored", "rollcall import lists what is")
        } else {
            ("is ignored already", "to end that: --undo")
        };
        let problem = format!("{} of {target} {problem}", ignored.label);
        return Err(Trouble::new(problem, Some(hint)));
    }
    let (action, record) = if args.undo {
        let record = Record::DropVerdict(target.clone(), ignored.verdict);
        ("unignore", record)
    } else {
        let record = Record::PutVerdict(target.clone(), ignored.verdict);
        ("ignore", record)
    };
    let line = JournalEntry {
        subject: ignored.subject,
        label: ignored.label.clone(),
        ..desk.lever(&args.because).line(target, action, "")
    };
    store
        .commit(Epoch(1), &[record, Record::Journal(line)])
        .await?;
    desk.changed(target);
    let text = show::lever::ignored(target, &ignored.label, args.undo);
    desk.console.out(&text);
    Ok(Exit::InLine)
}

async fn meant(
    args: &IgnoreArgs,
    installation: &Installation,
    unit: &Unit,
    desk: &Desk,
) -> Result<Ignored, Trouble> {
    let rules = &unit.target.rules;
    if let Some(name) = &args.user {
        let hear = |_| ();
        let roster = desk.read(installation, installation.world(&hear)).await?;
        let person = people::person(name, &roster, rules, &installation.store).await?;
        return Ok(Ignored {
            subject: Subject::User(person.key.clone()).journal_name(),
            label: person.label.to_string(),
            verdict: Verdict::IgnoredUser(person.key),
        });
    }
    let id = RemoteId::new(args.account.as_deref().unwrap_or_default());
    // What is ignored may be gone by the time that is undone.
    if !args.undo && unit.target.app.account(&id).await?.is_none() {
        return Err(no_account(rules, &id));
    }
    Ok(Ignored {
        subject: String::new(),
        label: format!("account {id}"),
        verdict: Verdict::IgnoredAccount(id),
    })
}
