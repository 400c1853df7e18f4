//! What we remember of an account: whose it is and what the app last acknowledged.
//!
//! Promises that links hold ids and fingerprints only, never values. Leaves keeping them to the
//! store and comparing them to the plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::attribute::AttrName;
use super::change::{ActionKind, Subject};
use super::fingerprint::{Fingerprint, Fingerprints};
use super::key::{GroupKey, RemoteId, UserKey};
use super::leaver::Left;
use super::members::Members;

/// User ↔ account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose account.
    pub user: UserKey,
    /// Which account.
    pub id: RemoteId,
    /// We made it (else: adopted).
    pub ours: bool,
    /// It was active when last acknowledged.
    pub active: bool,
    /// What we last sent, by attribute.
    pub sent: Fingerprints,
    /// What the app then held, by its answer or the next read; missing for an attribute that nobody
    /// has seen since it was sent.
    pub held: Fingerprints,
    /// Values the app did not take.
    pub refused: BTreeMap<AttrName, Refusal>,
    /// Since when and why the user is out.
    pub left: Option<Left>,
    /// When what was written and has not been seen since, for as long as that may take: attributes,
    /// `active` for being on or off, `id` for the account itself.
    pub unseen: BTreeMap<AttrName, Timestamp>,
}

impl Link {
    /// Was what we last sent forgotten, since the key of the fingerprints was lost, and not learned
    /// afresh yet?
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.sent.values().any(|print| !print.is_known())
    }
}

/// A value that the app answered for with success and then did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// How often it was sent.
    pub times: u32,
    /// Not sent again before this.
    pub again: Timestamp,
}

/// Group ↔ group in the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLink {
    /// Which group of the source.
    pub group: GroupKey,
    /// Which group in the app.
    pub id: RemoteId,
    /// We made it (else: adopted).
    pub ours: bool,
    /// The name we last sent.
    pub name: Fingerprint,
    /// The users whose membership the app has acknowledged.
    pub members: Members,
    /// Others whom a request without an answer may have put in, or may not have taken out.
    pub in_doubt: BTreeSet<UserKey>,
    /// When it was last written, if that has not been seen since.
    pub unseen: Option<Timestamp>,
}

impl GroupLink {
    /// Everybody who is in, or may be.
    pub fn possible(&self) -> impl Iterator<Item = UserKey> {
        self.members.iter().chain(self.in_doubt.iter().cloned())
    }

    /// Is this user in, or may be?
    #[must_use]
    pub fn may_hold(&self, user: &UserKey) -> bool {
        self.members.contains(user) || self.in_doubt.contains(user)
    }

    /// Takes for certain that these are in.
    pub fn enter(&mut self, users: impl IntoIterator<Item = UserKey>) {
        self.members.extend(users);
        self.in_doubt.retain(|user| !self.members.contains(user));
    }

    /// Takes for certain that this user is not in; says whether that is new.
    pub fn leave(&mut self, user: &UserKey) -> bool {
        self.members.remove(user) | self.in_doubt.remove(user)
    }
}

/// A row of the outbox: a change that is due, in doubt, or waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// About whom.
    pub subject: Subject,
    /// What is to be done.
    pub action: ActionKind,
    /// Tries so far.
    pub attempts: u32,
    /// Of a request that makes an account, or may: the values that the account can be found by, in the
    /// form they are compared in. The person may have other ones by the time the answer is found to be
    /// lost, or be gone.
    pub keys: Fingerprints,
    /// The fingerprint of what was to be sent: a parked change is tried again when this differs, or
    /// was forgotten.
    pub content: Fingerprint,
    /// Where it stands.
    pub state: JobState,
}

impl Job {
    /// May it have made an account that no link knows? So may a create whose answer was lost, and a
    /// return that is asked for by a POST: whose account that means is for the app to say. Only those
    /// have keys.
    #[must_use]
    pub fn may_have_made(&self) -> bool {
        let makes = match self.action {
            ActionKind::Create => true,
            ActionKind::Reactivate => !self.keys.is_empty(),
            ActionKind::Adopt
            | ActionKind::Rekey
            | ActionKind::Update
            | ActionKind::Deactivate
            | ActionKind::Delete
            | ActionKind::AdoptGroup
            | ActionKind::CreateGroup
            | ActionKind::RenameGroup
            | ActionKind::DeleteGroup
            | ActionKind::AddMembers
            | ActionKind::RemoveMembers => false,
        };
        makes && matches!(self.state, JobState::InDoubt(_))
    }

    /// May it have made an account, and was what it was sent with lost with the key of the
    /// fingerprints? The account cannot be told by its old values any more.
    #[must_use]
    pub fn is_untraceable(&self) -> bool {
        self.may_have_made() && self.keys.values().any(|print| !print.is_known())
    }
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// To be sent, not before this point.
    Due(Timestamp),
    /// A request may have left and no outcome is known: look before sending again.
    InDoubt(Timestamp),
    /// Waits for a person.
    Parked {
        /// Since when.
        since: Timestamp,
        /// What is wrong.
        reason: String,
        /// What to do.
        hint: String,
    },
}
