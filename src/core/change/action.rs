//! What a change does, and what can be asked of it.
//!
//! Promises that every list of actions which more than one place needs stands here once, so that a new
//! action is thought through in one file. Leaves to each place what it alone wants to know.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Subject;
use crate::core::attribute::{AttrChange, Attributes};
use crate::core::key::{RemoteId, UserKey};

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

    /// Its lane.
    #[must_use]
    pub fn lane(self) -> Lane {
        match self {
            Self::Adopt | Self::Rekey | Self::AdoptGroup => Lane::Links,
            Self::Deactivate | Self::Delete => Lane::Leavers,
            Self::Create | Self::Reactivate => Lane::Joiners,
            Self::Update => Lane::Movers,
            Self::CreateGroup
            | Self::RenameGroup
            | Self::DeleteGroup
            | Self::AddMembers
            | Self::RemoveMembers => Lane::Groups,
        }
    }

    /// Is a request sent for it? A link is ours alone.
    #[must_use]
    pub fn needs_request(self) -> bool {
        self.lane() != Lane::Links
    }
}

/// What is planned, done and shown together: whoever leaves goes before whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Links to what is there already. They send nothing.
    Links,
    /// Accounts that are switched off or deleted.
    Leavers,
    /// Accounts that are made or switched on.
    Joiners,
    /// Accounts that change.
    Movers,
    /// Groups and their members.
    Groups,
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

    /// How many things it changes: members one by one, anything else is one.
    #[must_use]
    pub fn size(&self) -> usize {
        self.members().map_or(1, BTreeSet::len)
    }

    /// Whom it moves into or out of a group, if it does.
    #[must_use]
    pub fn members(&self) -> Option<&BTreeSet<Member>> {
        match self {
            Self::AddMembers { members } | Self::RemoveMembers { members } => Some(members),
            Self::Adopt { .. }
            | Self::Rekey { .. }
            | Self::Create { .. }
            | Self::Update { .. }
            | Self::Deactivate
            | Self::Reactivate { .. }
            | Self::Delete
            | Self::AdoptGroup { .. }
            | Self::CreateGroup { .. }
            | Self::RenameGroup { .. }
            | Self::DeleteGroup => None,
        }
    }

    /// The same, to leave some of them out.
    pub fn members_mut(&mut self) -> Option<&mut BTreeSet<Member>> {
        match self {
            Self::AddMembers { members } | Self::RemoveMembers { members } => Some(members),
            Self::Adopt { .. }
            | Self::Rekey { .. }
            | Self::Create { .. }
            | Self::Update { .. }
            | Self::Deactivate
            | Self::Reactivate { .. }
            | Self::Delete
            | Self::AdoptGroup { .. }
            | Self::CreateGroup { .. }
            | Self::RenameGroup { .. }
            | Self::DeleteGroup => None,
        }
    }

    /// What the account that it makes should hold, if it makes one.
    #[must_use]
    pub fn made(&self) -> Option<&Attributes> {
        match self {
            Self::Create { attributes } => Some(attributes),
            Self::Adopt { .. }
            | Self::Rekey { .. }
            | Self::Update { .. }
            | Self::Deactivate
            | Self::Reactivate { .. }
            | Self::Delete
            | Self::AdoptGroup { .. }
            | Self::CreateGroup { .. }
            | Self::RenameGroup { .. }
            | Self::DeleteGroup
            | Self::AddMembers { .. }
            | Self::RemoveMembers { .. } => None,
        }
    }

    /// The attributes that it changes of an account that is there.
    #[must_use]
    pub fn changed(&self) -> &[AttrChange] {
        match self {
            Self::Update { attributes } | Self::Reactivate { attributes } => attributes,
            Self::Adopt { .. }
            | Self::Rekey { .. }
            | Self::Create { .. }
            | Self::Deactivate
            | Self::Delete
            | Self::AdoptGroup { .. }
            | Self::CreateGroup { .. }
            | Self::RenameGroup { .. }
            | Self::DeleteGroup
            | Self::AddMembers { .. }
            | Self::RemoveMembers { .. } => &[],
        }
    }

    /// Does it see somebody out, of the app or of a group?
    #[must_use]
    pub fn sees_out(&self) -> bool {
        match self.kind().lane() {
            Lane::Leavers => true,
            Lane::Links | Lane::Joiners | Lane::Movers => false,
            Lane::Groups => self.kind() == ActionKind::RemoveMembers,
        }
    }

    /// Does it take something away: an account, a value, a member, a group, or a link from its key?
    #[must_use]
    pub fn takes_away(&self) -> bool {
        match self.kind() {
            ActionKind::Deactivate
            | ActionKind::Delete
            | ActionKind::Rekey
            | ActionKind::RemoveMembers
            | ActionKind::DeleteGroup => true,
            ActionKind::Update | ActionKind::Reactivate => {
                self.changed().iter().any(|value| value.new.is_none())
            }
            ActionKind::Adopt
            | ActionKind::Create
            | ActionKind::AdoptGroup
            | ActionKind::CreateGroup
            | ActionKind::RenameGroup
            | ActionKind::AddMembers => false,
        }
    }

    /// Does it make or alter an account, or take something away?
    #[must_use]
    pub fn alters(&self) -> bool {
        match self.kind().lane() {
            Lane::Joiners | Lane::Movers => true,
            Lane::Links | Lane::Leavers | Lane::Groups => self.takes_away(),
        }
    }

    /// Does it send anything, or move a link? What is only recognised does not.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self.kind() {
            ActionKind::Adopt | ActionKind::AdoptGroup => false,
            ActionKind::Rekey
            | ActionKind::Create
            | ActionKind::Update
            | ActionKind::Deactivate
            | ActionKind::Reactivate
            | ActionKind::Delete
            | ActionKind::CreateGroup
            | ActionKind::RenameGroup
            | ActionKind::DeleteGroup
            | ActionKind::AddMembers
            | ActionKind::RemoveMembers => true,
        }
    }
}
