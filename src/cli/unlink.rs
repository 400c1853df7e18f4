//! `rollcall unlink`: a person says that an account is not somebody's.

use clap::Args;

use super::assemble::{Installation, Need};
use super::lever::Lever;
use super::{Common, Exit, people};
use crate::core::change::Subject;
use crate::core::memory::Verdict;
use crate::core::text::quoted;
use crate::engine::roster::Roster;
use crate::show;
use crate::show::problem::Trouble;
use crate::store::{Epoch, JournalEntry, Record, Store};

/// The arguments of `unlink`.
#[derive(Debug, Args)]
pub struct UnlinkArgs {
    #[command(flatten)]
    common: Common,
    /// The person: login name, e-mail or key.
    user: String,
    /// The app.
    target: String,
    /// Why; it is kept in the journal.
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
}

/// Forgets a link, and remembers that this account is not to be adopted for this user by itself. The
/// account stays as it is in the app, memberships included. A source that cannot be read is no
/// hindrance.
///
/// # Errors
/// When there is no such person or app, or no link.
pub async fn run(args: UnlinkArgs) -> Result<Exit, Trouble> {
    let installation = Installation::assemble(&args.common, Need::Write)?;
    let rules = &installation.unit(&args.target)?.target.rules;
    let hear = |_| ();
    let roster = Roster::read(&installation.sources, installation.world(&hear)).await?;
    let store = &installation.store;
    let person = people::person(&args.user, &roster, rules, store).await?;
    let target = &rules.target;
    let state = store.target(target, jiff::Timestamp::UNIX_EPOCH).await?;
    let Some(link) = state.links.get(&person.key) else {
        return Err(Trouble::new(
            format!("no account in {target} is linked to {}", person.label),
            Some(&format!(
                "rollcall explain {} {target} shows what is known",
                quoted(&person.label)
            )),
        ));
    };
    let line = JournalEntry {
        subject: Subject::User(person.key.clone()).journal_name(),
        label: person.label.to_string(),
        ..Lever::pulled(&args.because).line(target, "unlink", link.id.as_str())
    };
    let mut batch = vec![
        Record::DropLink(target.clone(), person.key.clone()),
        Record::PutVerdict(
            target.clone(),
            Verdict::Apart(person.key.clone(), link.id.clone()),
        ),
        Record::Journal(line),
    ];
    // The account is nobody's now, and nobody's members are left alone.
    for group in state.groups.values() {
        let mut group = group.clone();
        if group.members.remove(&person.key) {
            batch.push(Record::PutGroup(target.clone(), group));
        }
    }
    store.commit(Epoch(1), &batch).await?;
    show::out(&show::lever::unlinked(target, &person.label, &link.id));
    Ok(Exit::InLine)
}
