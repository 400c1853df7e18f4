//! What an app says of itself, held against its profile.
//!
//! Promises that the profile is followed whatever the app says: self-descriptions are wrong in both
//! directions. Leaves the telling of the contradictions to whoever asked.

use super::decode;
use super::node::{Fields, Scalar};
use crate::core::profile::{Profile, UpdateForm};

/// Where a `ServiceProviderConfig` (RFC 7643, 5) says other than the profile; a body that cannot
/// be understood says nothing.
pub fn contradictions(body: &[u8], profile: &Profile) -> Vec<String> {
    let Ok(raw) = decode::object(body) else {
        return Vec::new();
    };
    let said = |feature: &str, key: &str| {
        let fields = Fields::of(Fields::of(&raw)?.get(feature)?)?;
        Scalar::of(fields.get(key)?)
    };
    let denies =
        |feature| said(feature, "supported").and_then(|flag| flag.as_bool()) == Some(false);
    let mut found = Vec::new();
    if denies("patch") && patches(profile) {
        found.push(
            "the app says that it does not take PATCH; the profile says it does, and is followed"
                .to_owned(),
        );
    }
    let filters = &profile.users.filters;
    if denies("filter") && !filters.is_empty() {
        let names: Vec<&str> = filters
            .iter()
            .map(crate::core::attribute::AttrName::as_str)
            .collect();
        found.push(format!(
            "the app says that it does not take filters; the profile says it does ({}), and is \
             followed",
            names.join(", ")
        ));
    }
    let most: Option<u32> = said("filter", "maxResults").and_then(|most| most.as_int());
    if let Some(most) = most.filter(|most| (1..profile.users.page).contains(most)) {
        found.push(format!(
            "the app says that it shows at most {most} accounts a page; the profile asks for {}, \
             and is followed",
            profile.users.page
        ));
    }
    found
}

fn patches(profile: &Profile) -> bool {
    let (users, groups) = (&profile.users, &profile.groups);
    users.update != UpdateForm::Put || profile.has_groups() && groups.update != UpdateForm::Put
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::profile::GroupModel;

    #[test]
    fn contradictions_are_said_and_agreement_is_not() {
        let mut profile = Profile::default();
        let body =
            br#"{"Patch":{"supported":"False"},"filter":{"supported":false,"maxResults":"50"}}"#;
        assert_eq!(
            contradictions(body, &profile),
            [
                "the app says that it does not take PATCH; the profile says it does, and is \
                 followed",
                "the app says that it does not take filters; the profile says it does \
                 (externalId, userName), and is followed",
                "the app says that it shows at most 50 accounts a page; the profile asks for 100, \
                 and is followed",
            ]
        );
        profile.users.update = UpdateForm::Put;
        profile.groups.model = GroupModel::None;
        profile.users.filters.clear();
        profile.users.page = 50;
        assert!(contradictions(body, &profile).is_empty());
        for silent in ["{}", "<html>", r#"{"patch":true}"#, r#"{"patch":{}}"#] {
            assert!(contradictions(silent.as_bytes(), &Profile::default()).is_empty());
        }
    }
}
