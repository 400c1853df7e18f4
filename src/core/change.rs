//! A change: about whom, what, and why.
//!
//! Promises that a change says all that is needed to show it and to carry it out, apart from ids
//! that come into being on the way. Leaves ordering to [`super::plan`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::attribute::{AttrChange, AttrName, Attributes};
use super::key::{GroupKey, RemoteId, SourceName, UserKey};
use super::leaver::LeaveCause;

/// Whom a change is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A user.
    User(UserKey),
    /// A group.
    Group(GroupKey),
}

impl Subject {
    /// The source that holds it.
    #[must_use]
    pub fn source(&self) -> &SourceName {
        match self {
            Self::User(user) => &user.source,
            Self::Group(group) => &group.source,
        }
    }

    /// The name under which the journal keeps it: `user hq:1001`, `group hq:g7`.
    #[must_use]
    pub fn journal_name(&self) -> String {
        match self {
            Self::User(user) => format!("user {user}"),
            Self::Group(group) => format!("group {group}"),
        }
    }

    /// The subject that the journal keeps under this name.
    #[must_use]
    pub fn from_journal_name(name: &str) -> Option<Self> {
        let (kind, key) = name.split_once(' ')?;
        let (source, id) = key.split_once(':')?;
        let source = SourceName::new(source);
        match kind {
            "user" => Some(Self::User(UserKey::new(&source, id))),
            "group" => Some(Self::Group(GroupKey::new(&source, id))),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(key) => write!(f, "{key}"),
            Self::Group(key) => write!(f, "{key}"),
        }
    }
}

/// One change of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whom it is about.
    pub subject: Subject,
    /// What a person calls the subject.
    pub label: Arc<str>,
    /// What to do.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Link the user to an account that is there already. No request.
    Adopt {
        /// Which account.
        id: RemoteId,
        /// Is it active?
        active: bool,
    },
    /// Move the link of an account, or of a group, to the key that the same person or group has in the
    /// directory now. No request.
    Rekey {
        /// Whose it was.
        from: Subject,
        /// Which account or group of the app.
        id: RemoteId,
    },
    /// Make an account.
    Create {
        /// What it should hold.
        attributes: Attributes,
    },
    /// Change attributes.
    Update {
        /// Which attributes.
        attributes: Vec<AttrChange>,
    },
    /// Switch the account off.
    Deactivate,
    /// Switch the account on, with what has changed meanwhile.
    Reactivate {
        /// Which attributes.
        attributes: Vec<AttrChange>,
    },
    /// Delete the account.
    Delete,
    /// Link the group to one that is there already. No request.
    AdoptGroup {
        /// Which group.
        id: RemoteId,
    },
    /// Make an empty group.
    CreateGroup {
        /// Its name.
        name: Arc<str>,
    },
    /// Rename a group, by id.
    RenameGroup {
        /// Its name in the app, if it was read.
        old: Option<Arc<str>>,
        /// Its name from now on.
        new: Arc<str>,
    },
    /// Delete a group.
    DeleteGroup,
    /// Put users into a group.
    AddMembers {
        /// Who, with their labels.
        members: BTreeSet<Member>,
    },
    /// Take users out of a group.
    RemoveMembers {
        /// Who, with their labels.
        members: BTreeSet<Member>,
    },
}

/// A user in a list of members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// Who.
    pub user: UserKey,
    /// What a person calls them.
    pub label: Arc<str>,
}

/// The kind of an action, for counting, storing and showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionKind {
    /// See [`Action::Adopt`].
    Adopt,
    /// See [`Action::Rekey`].
    Rekey,
    /// See [`Action::Create`].
    Create,
    /// See [`Action::Update`].
    Update,
    /// See [`Action::Deactivate`].
    Deactivate,
    /// See [`Action::Reactivate`].
    Reactivate,
    /// See [`Action::Delete`].
    Delete,
    /// See [`Action::AdoptGroup`].
    AdoptGroup,
    /// See [`Action::CreateGroup`].
    CreateGroup,
    /// See [`Action::RenameGroup`].
    RenameGroup,
    /// See [`Action::DeleteGroup`].
    DeleteGroup,
    /// See [`Action::AddMembers`].
    AddMembers,
    /// See [`Action::RemoveMembers`].
    RemoveMembers,
}

impl ActionKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Adopt,
        Self::Rekey,
        Self::Create,
        Self::Update,
        Self::Deactivate,
        Self::Reactivate,
        Self::Delete,
        Self::AdoptGroup,
        Self::CreateGroup,
        Self::RenameGroup,
        Self::DeleteGroup,
        Self::AddMembers,
        Self::RemoveMembers,
    ];

    /// The word in JSON, in the journal and in the state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Rekey => "rekey",
            Self::Create => "create",
            Self::Update => "update",
            Self::Deactivate => "deactivate",
            Self::Reactivate => "reactivate",
            Self::Delete => "delete",
            Self::AdoptGroup => "group_adopt",
            Self::CreateGroup => "group_create",
            Self::RenameGroup => "group_update",
            Self::DeleteGroup => "group_delete",
            Self::AddMembers => "members_add",
            Self::RemoveMembers => "members_remove",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl Action {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Adopt { .. } => ActionKind::Adopt,
            Self::Rekey { .. } => ActionKind::Rekey,
            Self::Create { .. } => ActionKind::Create,
            Self::Update { .. } => ActionKind::Update,
            Self::Deactivate => ActionKind::Deactivate,
            Self::Reactivate { .. } => ActionKind::Reactivate,
            Self::Delete => ActionKind::Delete,
            Self::AdoptGroup { .. } => ActionKind::AdoptGroup,
            Self::CreateGroup { .. } => ActionKind::CreateGroup,
            Self::RenameGroup { .. } => ActionKind::RenameGroup,
            Self::DeleteGroup => ActionKind::DeleteGroup,
            Self::AddMembers { .. } => ActionKind::AddMembers,
            Self::RemoveMembers { .. } => ActionKind::RemoveMembers,
        }
    }
}

/// Why a change is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Assigned, and has no account yet.
    Assigned {
        /// By what: `everyone`, `group staff`, `rule`, …
        by: Arc<str>,
    },
    /// An account in the app holds the same value.
    Matched {
        /// Of which attribute.
        by: AttrName,
    },
    /// An earlier run made it and never heard the answer.
    Recovered,
    /// The person, or the group, has another key in the directory now.
    Rekeyed {
        /// How we know that it is the same.
        by: SameAs,
    },
    /// The source, the mapping or the assignment gives other values now.
    Changed,
    /// Somebody changed it in the app.
    Drifted,
    /// The app did not keep what it was sent.
    NotTaken,
    /// The user is out.
    Left(LeaveCause),
    /// The user is back.
    Returned,
    /// The user is back, and a new account is made beside the old one.
    ReturnedAsNew {
        /// The old account, which stays as it is.
        old: RemoteId,
    },
    /// The app does not have the account or group any more.
    Vanished,
    /// The account the reference points to came into being after this one.
    LateReference,
    /// The group is pushed, and the app does not have it yet.
    Pushed,
    /// The group has another name now.
    Renamed,
    /// The group is not pushed any more.
    NotPushed,
    /// The users are in the group, or no longer.
    Membership,
    /// A person asked for it by `resend`.
    Resent,
    /// A person takes a run back by `undo`.
    Undone {
        /// Which run.
        run: Arc<str>,
    },
}

/// What the journal says of a link that moved here from `from`.
#[must_use]
pub fn moved_from(from: &Subject) -> String {
    format!("was {from}")
}

/// The key that a link was kept under before it moved, by the journal's words.
#[must_use]
pub fn former_key(detail: &str) -> Option<&str> {
    detail.strip_prefix("rekeyed: was ")
}

/// How we know that two keys mean the same person or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SameAs {
    /// Both keys are there, and the roster joins them.
    Joined,
    /// The old key is gone, and the new one has the value of the account.
    Value {
        /// Of which attribute.
        by: AttrName,
    },
}

impl Reason {
    /// The word of the journal.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Assigned { .. } => "assigned",
            Self::Matched { .. } => "matched",
            Self::Recovered => "recovered",
            Self::Rekeyed { .. } => "rekeyed",
            Self::Changed => "changed",
            Self::Drifted => "drifted",
            Self::NotTaken => "not taken",
            Self::Left(cause) => cause.word(),
            Self::Returned => "returned",
            Self::ReturnedAsNew { .. } => "returned as new",
            Self::Vanished => "vanished",
            Self::LateReference => "late reference",
            Self::Pushed => "pushed",
            Self::Renamed => "renamed",
            Self::NotPushed => "not pushed",
            Self::Membership => "membership",
            Self::Resent => "resent",
            Self::Undone { .. } => "undone",
        }
    }
}
