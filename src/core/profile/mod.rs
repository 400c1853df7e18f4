//! What a kind of app is like: the effective profile of a target, as data.
//!
//! Promises that every key has a default, which is what the RFCs say, so that a plain app takes five
//! lines. Leaves reading, `extends:` and overrides to the config, and every act to the connector.

mod attributes;
mod errors;
mod evidence;
mod example;
mod groups;
mod speech;
mod users;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attribute::AttrName;
use super::duration;

pub use attributes::{
    AccountForm, AttributeRule, Clearing, Comparison, Element, Required, ValueKind,
};
pub use errors::{ErrorRule, Meaning};
pub use evidence::{Citation, Evidence};
pub use example::{Answered, Asked, Deed, Example};
pub use groups::{GroupModel, GroupRules, MemberAddition, MemberRemoval, Verification};
pub use speech::{AuthKind, Bucket, ETags, HttpRules, RateHeaders, Rates, Resource, RetryPolicy};
pub use users::{
    Booleans, Deactivate, DeactivateBy, Deactivation, Deletion, ExtensionPaths, Hidden, Known,
    OpCase, Paging, PatchDialect, PatchForm, PutAbsent, Reactivation, UpdateForm, UserRules,
};

/// The profile of a kind of app (`connectors/<name>.yaml`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// The profile that this one begins from; maps merge, lists and words replace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// The app's name as its vendor writes it.
    pub title: String,
    /// How the facts in here are known, where their source says nothing else.
    pub evidence: Evidence,
    /// Where the facts come from, each by a short name of its own.
    pub sources: BTreeMap<String, Citation>,
    /// Which source each key is known from: a key, or the beginning of several (`users.patch`), and
    /// the short name of the source.
    pub quirks: BTreeMap<String, String>,
    /// What an admin should know that no key says.
    pub notes: Vec<String>,
    /// What the base URL looks like, with `{names}` for what differs from site to site. Without any,
    /// it holds for every target that names none.
    pub base_url: Option<String>,
    /// How the app wants to be spoken to.
    pub http: HttpRules,
    /// How fast it may be spoken to.
    pub rates: Rates,
    /// The ways to prove who we are that it takes.
    pub auth: Vec<AuthKind>,
    /// What its refusals mean, where they do not mean what the RFCs say; the first that fits counts.
    pub errors: Vec<ErrorRule>,
    /// How long a write may take until it is seen: until then a differing read is not drift.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub settle: Duration,
    /// What it does with users.
    pub users: UserRules,
    /// What it does with groups.
    pub groups: GroupRules,
    /// The attributes it takes; anything else is never sent.
    pub attributes: BTreeMap<AttrName, AttributeRule>,
    /// Sets of attributes of which it takes all or none.
    pub all_or_none: Vec<Vec<AttrName>>,
    /// The mapping that holds where the target's own says nothing.
    pub mapping: BTreeMap<AttrName, String>,
    /// Requests and answers in the shape that a source documents; a test holds ours against them.
    pub examples: Vec<Example>,
}

impl Profile {
    /// The rule for an attribute, if the app takes it.
    #[must_use]
    pub fn rule(&self, name: &AttrName) -> Option<&AttributeRule> {
        self.attributes.get(name)
    }

    /// The attributes that name other accounts.
    pub fn references(&self) -> impl Iterator<Item = &AttrName> {
        let rules = self.attributes.iter();
        rules
            .filter(|(_, rule)| rule.kind == ValueKind::Account)
            .map(|(name, _)| name)
    }

    /// Does the app have groups?
    #[must_use]
    pub fn has_groups(&self) -> bool {
        match self.groups.model {
            GroupModel::None => false,
            GroupModel::Groups | GroupModel::Roles | GroupModel::Fixed => true,
        }
    }

    /// Must this attribute keep a value: required, or one that accounts are found by?
    #[must_use]
    pub fn is_indispensable(&self, name: &AttrName) -> bool {
        self.users.matching.first() == Some(name)
            || name.as_str() == "userName"
            || self
                .rule(name)
                .is_some_and(|rule| rule.required != Required::No)
    }

    /// The source that the key at the dotted path `key` is known from: that of the longest beginning
    /// in `quirks`.
    #[must_use]
    pub fn source_of(&self, key: &str) -> Option<(&str, &Citation)> {
        let covers = |begin: &str| {
            key.strip_prefix(begin)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let (_, name) = self
            .quirks
            .iter()
            .filter(|(begin, _)| covers(begin))
            .max_by_key(|(begin, _)| begin.len())?;
        Some((name, self.sources.get(name)?))
    }

    /// How sure the profile is of the key at the dotted path `key`.
    #[must_use]
    pub fn evidence_of(&self, key: &str) -> Evidence {
        self.source_of(key)
            .and_then(|(_, source)| source.evidence)
            .unwrap_or(self.evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_says_where_a_key_is_known_from() {
        let cited = |page: &str, evidence| Citation {
            page: page.into(),
            checked: "2026-11-22".into(),
            evidence,
        };
        let profile = Profile {
            evidence: Evidence::Documented,
            sources: BTreeMap::from([
                ("api".into(), cited("API", None)),
                ("forum".into(), cited("Forum", Some(Evidence::Inferred))),
            ]),
            quirks: BTreeMap::from([
                ("users".into(), "api".into()),
                ("users.deactivate".into(), "forum".into()),
                ("groups".into(), "nowhere".into()),
            ]),
            ..Profile::default()
        };
        let told = |key| profile.source_of(key).map(|(name, _)| name);
        assert_eq!(told("users.deactivate.effect"), Some("forum"));
        assert_eq!(told("users.deactivated"), Some("api"));
        assert_eq!(told("groups.chunk"), None);
        assert_eq!(told("rates"), None);
        assert_eq!(
            profile.evidence_of("users.deactivate.by"),
            Evidence::Inferred
        );
        assert_eq!(profile.evidence_of("users.page"), Evidence::Documented);
        assert_eq!(profile.evidence_of("groups.chunk"), Evidence::Documented);
    }
}
