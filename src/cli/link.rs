//! `rollcall link`: a person says whose an account is.

use clap::Args;

use super::desk::Desk;
use super::{Common, Exit, people};
use crate::core::account::Account;
use crate::core::change::{ActionKind, Subject};
use crate::core::key::RemoteId;
use crate::core::link::Link;
use crate::core::memory::{TargetState, Verdict};
use crate::core::pin::Pinned;
use crate::core::rules::Rules;
use crate::core::text::quoted;
use crate::installation::Installation;
use crate::show;
use crate::show::problem::Trouble;
use crate::store::{Epoch, JournalEntry, Record, Store};

/// The arguments of `link`.
#[derive(Debug, Args)]
pub struct LinkArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// The person: login name, e-mail or key.
    user: String,
    /// The app.
    target: String,
    /// Their account, by the id that the app gives it.
    account: String,
    /// Why this is right; it is kept in the journal.
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
}

/// Links a user to an account that the app has. Nothing is sent; the next plan is about that account.
///
/// # Errors
/// When there is no such person, app or account, or one of them is linked already.
pub(super) async fn pull(
    args: &LinkArgs,
    installation: &Installation,
    desk: &Desk,
) -> Result<Exit, Trouble> {
    let target = &installation.unit(&args.target)?.target;
    let rules = &target.rules;
    let hear = |_| ();
    let world = installation.world(&hear);
    let roster = people::whole_roster(installation, desk, world).await?;
    let store = &installation.store;
    let everybody = people::of_roster(&roster, &[rules]);
    let user = &people::pick(&args.user, &everybody, people::NO_USER)?.item;
    let _turn = desk.turn(&rules.target).await;
    let state = store
        .target(&rules.target, jiff::Timestamp::UNIX_EPOCH)
        .await?;
    if let Some(link) = state.links.get(&user.key) {
        return Err(linked_already(&user.label, rules, link));
    }
    let id = RemoteId::new(&args.account);
    let Some(account) = target.app.account(&id).await? else {
        return Err(no_account(rules, &id));
    };
    free(store, rules, &state, &account)?;
    let link = Link {
        user: user.key.clone(),
        id: account.id.clone(),
        ours: false,
        active: account.active,
        sent: std::collections::BTreeMap::new(),
        held: std::collections::BTreeMap::new(),
        refused: std::collections::BTreeMap::new(),
        left: None,
        unseen: std::collections::BTreeMap::new(),
    };
    let subject = Subject::User(user.key.clone());
    let line = JournalEntry {
        subject: subject.journal_name(),
        label: user.label.to_string(),
        ..desk
            .lever(&args.because)
            .line(&rules.target, "link", account.id.as_str())
    };
    let name = rules.target.clone();
    let batch = [
        Record::PutLink(name.clone(), link),
        Record::DropVerdict(
            name.clone(),
            Verdict::Apart(user.key.clone(), account.id.clone()),
        ),
        // Whoever links an account wants it kept in line.
        Record::DropPin(name.clone(), Pinned::Account(user.key.clone())),
        // Whatever a create in doubt has made: this is the account from now on.
        Record::DropJob(name, subject, ActionKind::Create),
        Record::Journal(line),
    ];
    store.commit(Epoch(1), &batch).await?;
    desk.changed(&rules.target);
    let text = show::lever::linked(&rules.target, &user.label, &account);
    desk.console.out(&text);
    Ok(Exit::InLine)
}

fn linked_already(label: &str, rules: &Rules, link: &Link) -> Trouble {
    Trouble::new(
        format!(
            "{label} has an account in {} already: {}",
            rules.target, link.id
        ),
        Some(&format!(
            "if that is wrong: rollcall unlink {} {}",
            quoted(label),
            rules.target
        )),
    )
}

/// There is no account of that id.
pub(super) fn no_account(rules: &Rules, id: &RemoteId) -> Trouble {
    Trouble::new(
        format!("{} has no account with the id {id}", rules.target),
        Some(&format!("rollcall import {} lists them", rules.target)),
    )
}

/// May the account be linked: is it nobody's, and may it be touched?
fn free(
    store: &crate::store::SqliteStore,
    rules: &Rules,
    state: &TargetState,
    account: &Account,
) -> Result<(), Trouble> {
    let name = format!(
        "the account {} ({}) of {}",
        account.label, account.id, rules.target
    );
    if let Some(owner) = state.links.values().find(|link| link.id == account.id) {
        let subject = Subject::User(owner.user.clone());
        let label = store.last_label(&subject.journal_name())?;
        let label = label.unwrap_or_else(|| owner.user.to_string());
        return Err(Trouble::new(
            format!("{name} is linked to {label} already"),
            Some(&format!(
                "if that is wrong: rollcall unlink {} {}",
                quoted(&label),
                rules.target
            )),
        ));
    }
    if state.ignores_account(&account.id) {
        return Err(Trouble::new(
            format!("{name} is ignored"),
            Some(&format!(
                "first: rollcall ignore {} {} --undo",
                quoted(account.id.as_str()),
                rules.target
            )),
        ));
    }
    if rules.protects(account) {
        return Err(Trouble::new(
            format!("{name} is protected"),
            Some("take it out of `protected:` first, or leave it be"),
        ));
    }
    Ok(())
}
