//! Everything that decides about one target: the checked config without addresses and secrets.
//!
//! Promises to be complete: planning needs this, a reading and what is known, and nothing else.
//! Leaves parsing to the config.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::account::Account;
use super::assign::{Assignment, names};
use super::change::ActionKind;
use super::expression::{EvalError, Program, Subject};
use super::features::{Feature, Features};
use super::key::TargetName;
use super::leaver::{LeaveCause, Leavers};
use super::mapping::Mapping;
use super::profile::{Profile, Reactivation};

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
    /// What may be done in the app at all.
    pub features: Features,
    /// Which groups are pushed.
    pub push: Push,
    /// What happens to leavers.
    pub leavers: Leavers,
    /// The site itself has said what switching off does: what may delete is then no surprise.
    pub knows_effect: bool,
    /// What happens with the account of somebody who is back, where the site has a say of its own.
    pub returns: Option<Returns>,
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
    /// Users whose accounts are never touched: those for whom one of these is true.
    pub protected_when: Vec<Program>,
}

impl Rules {
    /// May nobody touch this account, by its user name or its id?
    #[must_use]
    pub fn protects(&self, account: &Account) -> bool {
        self.protected.contains(account.label.as_str())
            || self.protected.contains(account.id.as_str())
    }

    /// May nobody touch the account of this user, by key, by label or by expression?
    ///
    /// # Errors
    /// When an expression cannot be evaluated for this user: then nobody may conclude anything.
    pub fn protects_user(&self, subject: &Subject<'_>) -> Result<bool, EvalError> {
        if names(&self.protected, subject.user()) {
            return Ok(true);
        }
        for program in &self.protected_when {
            if program.truth(subject)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What follows when somebody is back whose account is switched off: as the site says, else as
    /// the app does it.
    #[must_use]
    pub fn reactivation(&self) -> Reactivation {
        match (self.returns, self.profile.users.reactivate) {
            (Some(Returns::Create), _) => Reactivation::Create,
            (Some(Returns::Refuse), _) => Reactivation::Refuse,
            (Some(Returns::Link), Reactivation::Create | Reactivation::Refuse) => {
                Reactivation::Activate
            }
            (Some(Returns::Link) | None, app) => app,
        }
    }

    /// Is an account without a link, of somebody who is out for this cause, taken over to be switched
    /// off?
    #[must_use]
    pub fn removes_unlinked(&self, cause: LeaveCause) -> bool {
        match cause {
            LeaveCause::Disabled | LeaveCause::Deleted => self.adopt == Adopt::Unique,
            LeaveCause::Unassigned => self.unassigned_unlinked == UnassignedUnlinked::Deactivate,
        }
    }

    /// May switching an account off destroy it, for a cause for which the site has not said that this
    /// is meant? It has where its `override:` says `users.deactivate.effect`, or where `leavers:`
    /// deletes no later than it switches off.
    #[must_use]
    pub fn destroys_unasked(&self, cause: LeaveCause) -> bool {
        let policy = self.leavers.policy(cause);
        let is_meant = policy.delete.is_some() && policy.delete <= policy.deactivate;
        self.profile.users.deactivate.effect.is_destructive() && !self.knows_effect && !is_meant
    }

    /// The switch that keeps a kind of change from being made, if one does. What may destroy an
    /// account by switching it off is a deletion too.
    #[must_use]
    pub fn switched_off(&self, kind: ActionKind) -> Option<Feature> {
        let deletes =
            kind == ActionKind::Deactivate && self.profile.users.deactivate.effect.is_destructive();
        let needed = Feature::of(kind)
            .into_iter()
            .chain(deletes.then_some(Feature::Delete));
        needed
            .into_iter()
            .find(|feature| !self.features.has(*feature))
    }
}

/// What happens with the account of somebody who is back, if it is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// It stays off, and a new one is made.
    Create,
    /// It is switched on again.
    Link,
    /// A person is asked.
    Refuse,
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
        self.by(name).is_some()
    }

    /// The pattern by which a group of this name is pushed; `None`: it is not.
    #[must_use]
    pub fn by(&self, name: &str) -> Option<&Arc<str>> {
        self.patterns.iter().find(|pattern| glob(pattern, name))
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
    use crate::core::leaver::LeaverPolicy;
    use crate::core::plan::scene::rules;
    use crate::core::profile::Deactivation;

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

    #[test]
    fn the_site_decides_over_a_return_and_the_app_where_it_says_nothing() {
        for (site, app, wanted) in [
            (None, Reactivation::Post, Reactivation::Post),
            (None, Reactivation::Create, Reactivation::Create),
            (
                Some(Returns::Link),
                Reactivation::Create,
                Reactivation::Activate,
            ),
            (
                Some(Returns::Link),
                Reactivation::Refuse,
                Reactivation::Activate,
            ),
            (
                Some(Returns::Link),
                Reactivation::ActivateFirst,
                Reactivation::ActivateFirst,
            ),
            (
                Some(Returns::Create),
                Reactivation::Activate,
                Reactivation::Create,
            ),
            (
                Some(Returns::Refuse),
                Reactivation::Activate,
                Reactivation::Refuse,
            ),
        ] {
            let mut rules = rules();
            rules.returns = site;
            rules.profile.users.reactivate = app;
            assert_eq!(rules.reactivation(), wanted, "{site:?} {app:?}");
        }
    }

    #[test]
    fn only_what_may_delete_and_was_not_asked_for_is_a_surprise() {
        let day = std::time::Duration::from_hours(24);
        let now = std::time::Duration::ZERO;
        for (effect, knows, deactivate, delete, surprise) in [
            (Deactivation::Suspends, false, Some(now), None, false),
            (Deactivation::Deletes, false, Some(now), None, true),
            (Deactivation::DeletesInvited, false, Some(now), None, true),
            (Deactivation::Unknown, false, Some(now), None, true),
            (Deactivation::Unknown, true, Some(now), None, false),
            (Deactivation::Unknown, false, Some(now), Some(now), false),
            (Deactivation::Unknown, false, Some(day), Some(now), false),
            (Deactivation::Unknown, false, Some(now), Some(day), true),
        ] {
            let mut rules = rules();
            rules.profile.users.deactivate.effect = effect;
            rules.knows_effect = knows;
            rules.leavers.disabled = LeaverPolicy { deactivate, delete };
            assert_eq!(
                rules.destroys_unasked(LeaveCause::Disabled),
                surprise,
                "{effect:?} {knows} {deactivate:?} {delete:?}"
            );
        }
    }

    #[test]
    fn a_change_is_kept_from_being_made_by_its_own_switch() {
        let mut rules = rules();
        for feature in Feature::ALL {
            rules.features = Features::without([feature]);
            for kind in ActionKind::ALL {
                let off = (Feature::of(kind) == Some(feature)).then_some(feature);
                assert_eq!(rules.switched_off(kind), off, "{kind:?}");
            }
        }
        rules.profile.users.deactivate.effect = Deactivation::Unknown;
        rules.features = Features::without([Feature::Delete]);
        let off = rules.switched_off(ActionKind::Deactivate);
        assert_eq!(off, Some(Feature::Delete));
    }
}
