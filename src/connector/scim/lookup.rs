//! Looking for accounts and groups by what they hold.
//!
//! Promises that whatever the app answers is compared here again: a filter may match too much, or
//! be ignored. What cannot be filtered is looked for in the whole list, read once. Leaves the choice
//! among several to the engine.

use std::collections::BTreeSet;

use super::decode;
use super::filter;
use super::list::{self, Listing};
use super::node::Fields;
use super::path::Place;
use super::{ScimConnector, read_account, read_group};
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::{AttrName, Value};
use crate::core::fault::{Fault, FaultKind};
use crate::core::profile::{AttributeRule, Comparison, Profile};
use crate::core::text::{digits, fold, nfc};

/// An attribute and the value to look for.
pub type Key = (AttrName, String);

/// The accounts that hold one of these values, each once.
///
/// # Errors
/// Why nobody knows.
pub async fn accounts(app: &ScimConnector, keys: &[Key]) -> Result<Vec<Account>, Fault> {
    let profile = &*app.profile;
    let keys: Vec<&Key> = keys.iter().filter(|(_, value)| !value.is_empty()).collect();
    let (filtered, listed): (Vec<&Key>, Vec<&Key>) = keys
        .into_iter()
        .partition(|(name, _)| takes_filter(name, profile));
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, value) in filtered {
        let rule = rule_of(name, profile);
        let rows = rows(app, Some(filter::holding(name, &rule, value))).await?;
        let ours = rows
            .into_iter()
            .filter(|account| holds(account, name, value, profile));
        found.extend(ours.filter(|account| seen.insert(account.id.clone())));
    }
    if !listed.is_empty() {
        let holds_one = |account: &Account| {
            listed
                .iter()
                .any(|(name, value)| holds(account, name, value, profile))
        };
        let rows = rows(app, None).await?;
        let ours = rows.into_iter().filter(holds_one);
        found.extend(ours.filter(|account| seen.insert(account.id.clone())));
    }
    Ok(found)
}

/// All accounts, or those that a filter fits; some apps answer 404 when there are none.
async fn rows(app: &ScimConnector, filter: Option<String>) -> Result<Vec<Account>, Fault> {
    let is_filtered = filter.is_some();
    let listing = Listing::of_users(&app.profile, filter);
    let row = read_account(&app.profile);
    match list::read(&app.exchange, &listing, &row, &|_| ()).await {
        Err(fault) if is_filtered && fault.kind == FaultKind::Missing => Ok(Vec::new()),
        rows => rows,
    }
}

/// The groups that hold `external_id`, where the app keeps one; if none does, those of that name,
/// whatever the case. An app that takes no filter is read whole, once.
///
/// # Errors
/// Why nobody knows.
pub async fn groups(
    app: &ScimConnector,
    name: &str,
    external_id: Option<&str>,
) -> Result<Vec<AppGroup>, Fault> {
    let keeps_key = app.profile.groups.external_id;
    let by_key =
        |group: &AppGroup| external_id.is_some() && group.external_id.as_deref() == external_id;
    let wanted = fold(name);
    let by_name = |group: &AppGroup| fold(&group.name) == wanted;
    if let Some(key) = external_id.filter(|key| keeps_key && !key.is_empty())
        && let Some(rows) = filtered_groups(app, filter::equals("externalId", key)).await?
    {
        let found: Vec<AppGroup> = rows.into_iter().filter(by_key).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    if let Some(rows) = filtered_groups(app, filter::equals("displayName", name)).await? {
        return Ok(rows.into_iter().filter(by_name).collect());
    }
    let rows = group_rows(app, None).await?;
    if keeps_key && rows.iter().any(by_key) {
        return Ok(rows.into_iter().filter(by_key).collect());
    }
    Ok(rows.into_iter().filter(by_name).collect())
}

/// The groups that a filter fits; `None`: the app does not take the filter. Some answer 404 when there
/// are none.
async fn filtered_groups(
    app: &ScimConnector,
    filter: String,
) -> Result<Option<Vec<AppGroup>>, Fault> {
    match group_rows(app, Some(filter)).await {
        Err(fault) if fault.kind == FaultKind::Missing => Ok(Some(Vec::new())),
        Err(fault) if matches!(fault.kind, FaultKind::Rejected | FaultKind::Unsupported) => {
            Ok(None)
        }
        rows => rows.map(Some),
    }
}

async fn group_rows(app: &ScimConnector, filter: Option<String>) -> Result<Vec<AppGroup>, Fault> {
    let listing = Listing::of_groups(&app.profile, filter);
    let row = read_group(&app.profile.groups);
    list::read(&app.exchange, &listing, &row, &|_| ()).await
}

fn takes_filter(name: &AttrName, profile: &Profile) -> bool {
    let rule = rule_of(name, profile);
    let path = Place::of(name, &rule).filter_path();
    profile
        .users
        .filters
        .iter()
        .any(|known| known == name || known.as_str().eq_ignore_ascii_case(&path))
}

/// The profile's rule, else what RFC 7643 says: ids are exact, other texts are not (8.7.1).
fn rule_of(name: &AttrName, profile: &Profile) -> AttributeRule {
    profile
        .rule(name)
        .cloned()
        .unwrap_or_else(|| AttributeRule {
            compare: match name.as_str() {
                "id" | "externalId" => Comparison::Exact,
                _ => Comparison::Fold,
            },
            ..AttributeRule::default()
        })
}

fn holds(account: &Account, name: &AttrName, wanted: &str, profile: &Profile) -> bool {
    let rule = rule_of(name, profile);
    let value = match account.attributes.get(name) {
        Some(value) => Some(value.clone()),
        None => Fields::of(&account.raw).and_then(|fields| decode::value(&fields, name, &rule)),
    };
    match value {
        Some(Value::List(items)) => items.iter().any(|item| same(item, wanted, rule.compare)),
        Some(value) => same(&value.to_string(), wanted, rule.compare),
        None => false,
    }
}

fn same(held: &str, wanted: &str, compare: Comparison) -> bool {
    match compare {
        Comparison::Exact => nfc(held) == nfc(wanted),
        Comparison::Fold => fold(held) == fold(wanted),
        Comparison::Digits => {
            let wanted = digits(wanted);
            !wanted.is_empty() && digits(held) == wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::profile::ValueKind;

    fn account(resource: &str, profile: &Profile) -> Account {
        decode::account(
            decode::object(resource.as_bytes()).expect("an object"),
            profile,
        )
        .expect("an account")
    }

    #[test]
    fn values_are_compared_as_the_profile_says() {
        for (compare, held, wanted, expected) in [
            (Comparison::Exact, "Ana", "ana", false),
            (Comparison::Exact, "Ame\u{301}lie", "Am\u{e9}lie", true),
            (Comparison::Fold, "STRASSE", "stra\u{df}e", true),
            (Comparison::Fold, "anna", "ana", false),
            (Comparison::Digits, "+41 79 123", "4179-123", true),
            (Comparison::Digits, "none", "unknown", false),
        ] {
            assert_eq!(same(held, wanted, compare), expected, "{held} {wanted}");
        }
    }

    #[test]
    fn an_attribute_that_the_profile_does_not_know_is_compared_all_the_same() {
        let mut profile = Profile::default();
        let kind = ValueKind::List;
        profile.attributes.insert(
            "roles".into(),
            AttributeRule {
                kind,
                ..Default::default()
            },
        );
        let ana = account(
            r#"{"id":"1","userName":"Ana","externalId":"E","emails":[{"value":"A@B"}],"roles":["x","y"]}"#,
            &profile,
        );
        for (name, wanted, expected) in [
            ("userName", "ana", true),
            ("externalId", "e", false),
            ("externalId", "E", true),
            ("emails", "a@b", true),
            ("roles", "y", true),
            ("title", "y", false),
        ] {
            assert_eq!(
                holds(&ana, &name.into(), wanted, &profile),
                expected,
                "{name} {wanted}"
            );
        }
    }
}
