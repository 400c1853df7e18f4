//! What rollcall may do in a target at all, switch by switch.
//!
//! Promises that every kind of change belongs to one switch at most. Leaves taking out of a plan what
//! is off to [`super::plan`].

use std::collections::BTreeSet;

use super::change::ActionKind;

/// A switch of a target's `features:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Accounts are made.
    Create,
    /// Values of accounts are changed.
    Update,
    /// Accounts are switched off.
    Deactivate,
    /// Accounts are switched on.
    Reactivate,
    /// Accounts are deleted, by whatever request.
    Delete,
    /// Groups and their members are written.
    Groups,
}

impl Feature {
    /// Every switch.
    pub const ALL: [Self; 6] = [
        Self::Create,
        Self::Update,
        Self::Deactivate,
        Self::Reactivate,
        Self::Delete,
        Self::Groups,
    ];

    /// Its key in `features:`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Deactivate => "deactivate",
            Self::Reactivate => "reactivate",
            Self::Delete => "delete",
            Self::Groups => "groups",
        }
    }

    /// The switch that a kind of change belongs to; what sends nothing has none.
    #[must_use]
    pub fn of(kind: ActionKind) -> Option<Self> {
        match kind {
            ActionKind::Adopt | ActionKind::Rekey => None,
            ActionKind::Create => Some(Self::Create),
            ActionKind::Update => Some(Self::Update),
            ActionKind::Deactivate => Some(Self::Deactivate),
            ActionKind::Reactivate => Some(Self::Reactivate),
            ActionKind::Delete => Some(Self::Delete),
            ActionKind::AdoptGroup
            | ActionKind::CreateGroup
            | ActionKind::RenameGroup
            | ActionKind::DeleteGroup
            | ActionKind::AddMembers
            | ActionKind::RemoveMembers => Some(Self::Groups),
        }
    }
}

/// The switches of a target: everything is on but what is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    off: BTreeSet<Feature>,
}

impl Features {
    /// All but these.
    pub fn without(off: impl IntoIterator<Item = Feature>) -> Self {
        Self {
            off: off.into_iter().collect(),
        }
    }

    /// Is it on?
    #[must_use]
    pub fn has(&self, feature: Feature) -> bool {
        !self.off.contains(&feature)
    }
}
