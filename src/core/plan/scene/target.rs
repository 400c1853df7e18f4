//! The target of a scene: a profile with an attribute of every kind, and rules at their defaults.
//!
//! Promises what the RFCs say wherever a test does not. Leaves changes to the tests.

use std::collections::BTreeSet;

use crate::core::assign::Assignment;
use crate::core::features::Features;
use crate::core::key::TargetName;
use crate::core::leaver::Leavers;
use crate::core::mapping::Mapping;
use crate::core::profile::{AttributeRule, Clearing, Comparison, Profile, Required, ValueKind};
use crate::core::rules::{Adopt, Drift, Limits, Push, Rules, UnassignedUnlinked};

/// The profile of `app`: an attribute of every kind that planning treats differently.
pub(crate) fn profile() -> Profile {
    let plain = AttributeRule::default;
    let rules = [
        ("externalId", plain()),
        (
            "userName",
            AttributeRule {
                required: Required::Always,
                compare: Comparison::Fold,
                ..plain()
            },
        ),
        (
            "emails",
            AttributeRule {
                compare: Comparison::Fold,
                ..plain()
            },
        ),
        ("title", plain()),
        ("division", plain()),
        (
            "phoneNumbers",
            AttributeRule {
                compare: Comparison::Digits,
                ..plain()
            },
        ),
        (
            "manager",
            AttributeRule {
                kind: ValueKind::Account,
                ..plain()
            },
        ),
        (
            "badge",
            AttributeRule {
                fixed: true,
                ..plain()
            },
        ),
        (
            "pin",
            AttributeRule {
                write_only: true,
                ..plain()
            },
        ),
        (
            "nickName",
            AttributeRule {
                clear: Clearing::Never,
                ..plain()
            },
        ),
    ];
    Profile {
        attributes: rules
            .into_iter()
            .map(|(name, rule)| (name.into(), rule))
            .collect(),
        ..Profile::default()
    }
}

/// The rules of `app`, every word at its default.
pub(crate) fn rules() -> Rules {
    Rules {
        target: TargetName::new("app"),
        profile: profile(),
        assignment: Assignment {
            everyone: true,
            ..Assignment::default()
        },
        mapping: Mapping::default(),
        features: Features::default(),
        push: Push::default(),
        leavers: Leavers::default(),
        knows_effect: false,
        returns: None,
        limits: Limits::default(),
        adopt: Adopt::default(),
        unassigned_unlinked: UnassignedUnlinked::default(),
        drift: Drift::default(),
        protected: BTreeSet::new(),
        protected_when: Vec::new(),
    }
}
