//! Taking a run back: from what the journal says that it did to the changes which set it back.
//!
//! Promises to rest on the app as it is now, so that what is set back already is not sent again; to
//! switch off what was made, and to delete only what a person asks to be deleted; and to say of
//! everything that stays why it does. Leaves limits to [`crate::core::guard`], as in any plan, and
//! how long what is set back is left alone to [`crate::core::pin`].

mod groups;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Input;
use crate::core::account::Account;
use crate::core::change::{Action, ActionKind, Change, Reason, Subject};
use crate::core::deed::Deed;
use crate::core::fingerprint::Fingerprint;
use crate::core::key::{RemoteId, UserKey};
use crate::core::pin::{Facts, Pinned};
use groups::GroupDeeds;
use users::UserDeeds;

/// What a run did, by its line in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// To whom.
    pub subject: Subject,
    /// What a person called them.
    pub label: Arc<str>,
    /// What.
    pub action: ActionKind,
    /// What has to be known to take it back; lines of older versions have none.
    pub deed: Option<Deed>,
}

/// What sets a run back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reversal {
    /// In the order in which they are carried out.
    pub changes: Vec<Change>,
    /// Links that are forgotten once the changes are done; nothing is sent for them.
    pub unlinks: Vec<Unlink>,
    /// What stays as it is, and why.
    pub lasting: Vec<Lasting>,
    /// What is left alone from now on, with the fingerprints of the facts that decide about it.
    pub pins: BTreeMap<Pinned, Fingerprint>,
}

/// A link that the run made of what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlink {
    /// Whose.
    pub subject: Subject,
    /// What a person calls them.
    pub label: Arc<str>,
    /// Which account or group of the app.
    pub id: RemoteId,
}

/// Something that is not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// About whom.
    pub subject: Subject,
    /// What a person calls them.
    pub label: Arc<str>,
    /// What the run did.
    pub action: ActionKind,
    /// Why it stays.
    pub why: String,
}

/// What sets back what `run` did by the lines `done`, oldest first. With `delete`, what the run made
/// is deleted where the app can do that, and not only switched off.
#[must_use]
pub fn reverse(input: &Input<'_>, run: &str, done: &[Done], delete: bool) -> Reversal {
    let mut users: BTreeMap<&UserKey, UserDeeds> = BTreeMap::new();
    let mut groups = BTreeMap::new();
    for one in done {
        match &one.subject {
            Subject::User(user) => users.entry(user).or_default().add(one),
            Subject::Group(group) => {
                let deeds: &mut GroupDeeds = groups.entry(group).or_default();
                deeds.add(one);
            }
        }
    }
    let mut draft = Draft::new(input, run, delete);
    for (user, deeds) in users {
        draft.user(user, &deeds);
    }
    for (group, deeds) in groups {
        draft.group(group, &deeds);
    }
    draft.finish()
}

/// A reversal while it is worked out.
struct Draft<'a> {
    input: &'a Input<'a>,
    facts: Facts<'a>,
    accounts: BTreeMap<&'a RemoteId, &'a Account>,
    run: Arc<str>,
    delete: bool,
    reversal: Reversal,
}

impl<'a> Draft<'a> {
    fn new(input: &'a Input<'a>, run: &str, delete: bool) -> Self {
        let accounts = input.observed.into_iter().flat_map(|seen| &seen.accounts);
        Self {
            input,
            facts: Facts::new(input),
            accounts: accounts.map(|account| (&account.id, account)).collect(),
            run: Arc::from(run),
            delete,
            reversal: Reversal::default(),
        }
    }

    /// Leavers, joiners, movers, groups: as in any plan.
    fn finish(self) -> Reversal {
        let mut reversal = self.reversal;
        reversal
            .changes
            .sort_by_key(|change| change.action.kind().lane());
        reversal
    }

    fn change(&mut self, subject: Subject, label: &Arc<str>, action: Action) {
        if let Some(off) = self.input.rules.switched_off(action.kind()) {
            let why = format!("`features.{}` is off", off.word());
            return self.last(subject, label, action.kind(), why);
        }
        self.reversal.changes.push(Change {
            subject,
            label: Arc::clone(label),
            action,
            reason: Reason::Undone {
                run: Arc::clone(&self.run),
            },
        });
    }

    fn last(
        &mut self,
        subject: Subject,
        label: &Arc<str>,
        action: ActionKind,
        why: impl Into<String>,
    ) {
        self.reversal.lasting.push(Lasting {
            subject,
            label: Arc::clone(label),
            action,
            why: why.into(),
        });
    }

    fn pin(&mut self, pinned: Pinned) {
        let facts = self.facts.of(&pinned).unwrap_or(Fingerprint::UNKNOWN);
        self.reversal.pins.insert(pinned, facts);
    }
}
