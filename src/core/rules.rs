//! Everything that decides about one target: the checked config without addresses and secrets.
//!
//! Promises to be complete: planning needs this, a reading and what is known, and nothing else.
//! Leaves parsing to the config.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::account::Account;
use super::assign::Assignment;
use super::key::TargetName;
use super::leaver::Leavers;
use super::mapping::Mapping;
use super::profile::Profile;

/// The rules of one target.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The target's name.
    pub target: TargetName,
    /// What its kind of app is like.
    pub profile: Profile,
    /// Who gets an account.
    pub assignment: Assignment,
    /// What it holds.
    pub mapping: Mapping,
    /// Which groups are pushed.
    pub push: Push,
    /// What happens to leavers.
    pub leavers: Leavers,
    /// How much may change before a person is asked.
    pub limits: Limits,
    /// What happens with an account that already belongs to a user.
    pub adopt: Adopt,
    /// What happens with an account of a user who is not assigned and has no link.
    pub unassigned_unlinked: UnassignedUnlinked,
    /// What happens with values that somebody changed in the app.
    pub drift: Drift,
    /// Accounts and users that are never touched, by `userName`, id, key or label.
    pub protected: BTreeSet<Arc<str>>,
}

impl Rules {
    /// May nobody touch this account, by its user name or its id?
    #[must_use]
    pub fn protects(&self, account: &Account) -> bool {
        self.protected.contains(account.label.as_str())
            || self.protected.contains(account.id.as_str())
    }
}

/// Which groups are pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Push {
    /// Names, `*` standing for any text.
    pub patterns: Vec<Arc<str>>,
    /// What happens to a group that is not pushed any more.
    pub gone: GroupGone,
}

impl Push {
    /// Is a group of this name pushed?
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| glob(pattern, name))
    }
}

/// Does `name` fit `pattern`, in which `*` stands for any text?
#[must_use]
pub fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// What happens to a group that is not pushed any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupGone {
    /// It stays in the app as it is, and we forget it.
    #[default]
    Unlink,
    /// It is deleted in the app.
    Delete,
}

/// What happens with an account that already belongs to a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adopt {
    /// It is linked when exactly one account fits.
    #[default]
    Unique,
    /// A person is asked.
    Ask,
    /// A person has to link it.
    Never,
}

/// What happens with an account of a user who is not assigned and has no link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnassignedUnlinked {
    /// It is shown.
    #[default]
    Report,
    /// It is adopted and deactivated.
    Deactivate,
}

/// What happens with values that somebody changed in the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drift {
    /// They are set right.
    #[default]
    Repair,
    /// They are shown.
    Report,
    /// Nothing.
    Ignore,
}

/// How much may change in 24 hours before a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Accounts switched off or deleted.
    pub leavers: Limit,
    /// Members taken out of one group.
    pub members: Limit,
    /// Accounts changed.
    pub updates: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            leavers: Limit {
                count: 10,
                percent: 5,
            },
            members: Limit {
                count: 10,
                percent: 30,
            },
            updates: Limit {
                count: 50,
                percent: 50,
            },
        }
    }
}

/// The larger of a count and a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many, always.
    pub count: usize,
    /// So many per cent of what there is.
    pub percent: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("guard-*", "guard-east", true),
            ("guard-*", "guards", false),
            ("*-ca", "staff-ca", true),
            ("*", "", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c", false),
            ("staff", "staff-ca", false),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
    }
}
