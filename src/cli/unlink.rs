//! `rollcall unlink`: a person says that an account is not somebody's.

use clap::Args;

use super::desk::Desk;
use super::{Common, Exit, people};
use crate::core::change::Subject;
use crate::core::memory::Verdict;
use crate::core::text::quoted;
use crate::installation::Installation;
use crate::show;
use crate::show::problem::Trouble;
use crate::store::{Epoch, JournalEntry, Record, Store};

/// The arguments of `unlink`.
#[derive(Debug, Args)]
pub struct UnlinkArgs {
    #[command(flatten)]
    pub(super) common: Common,
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
pub(super) async fn pull(
    args: &UnlinkArgs,
    installation: &Installation,
    desk: &Desk,
) -> Result<Exit, Trouble> {
    let rules = &installation.unit(&args.target)?.target.rules;
    let hear = |_| ();
    let roster = desk.read(installation, installation.world(&hear)).await?;
    let store = &installation.store;
    let person = people::person(&args.user, &roster, rules, store).await?;
    let target = &rules.target;
    let _turn = desk.turn(target).await;
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
        ..desk
            .lever(&args.because)
            .line(target, "unlink", link.id.as_str())
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
        if group.leave(&person.key) {
            batch.push(Record::PutGroup(target.clone(), group));
        }
    }
    store.commit(Epoch(1), &batch).await?;
    desk.changed(target);
    let text = show::lever::unlinked(target, &person.label, &link.id);
    desk.console.out(&text);
    Ok(Exit::InLine)
}
