//! What the keys of a profile ask of each other.
//!
//! Promises to tell every contradiction, each at the key that can be changed. Leaves the spelling
//! of single keys to the shape.

use std::time::Duration;

use super::super::place::Place;
use crate::core::attribute::AttrName;
use crate::core::profile::{
    AttributeRule, DeactivateBy, Deactivation, Deletion, Profile, UpdateForm,
};
use crate::core::text::nearest;

/// The methods of requests.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A contradiction in a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistency {
    /// At which key.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub hint: Option<String>,
}

/// Everything in a profile that contradicts itself.
#[must_use]
pub fn check(profile: &Profile) -> Vec<Inconsistency> {
    let mut found = Vec::new();
    names(profile, &mut found);
    numbers(profile, &mut found);
    speech(profile, &mut found);
    citations(profile, &mut found);
    refusals(profile, &mut found);
    leaving(profile, &mut found);
    for (name, rule) in &profile.attributes {
        attribute(name, rule, &mut found);
    }
    found
}

/// What to say about an attribute that a profile does not have.
#[must_use]
pub fn unknown_attribute(profile: &Profile, name: &AttrName) -> String {
    let known = || profile.attributes.keys();
    let short = known().find(|other| other.short().eq_ignore_ascii_case(name.as_str()));
    let near = short.map(AttrName::as_str);
    match near.or_else(|| nearest(name.as_str(), known().map(AttrName::as_str))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "the attributes are: {}",
            known().map(AttrName::as_str).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn say(found: &mut Vec<Inconsistency>, place: Place, message: &str, hint: Option<String>) {
    found.push(Inconsistency {
        place,
        message: message.into(),
        hint,
    });
}

fn at(keys: &[&str]) -> Place {
    Place::top().keys(keys)
}

/// Every attribute that is named must be one that the app takes.
fn names(profile: &Profile, found: &mut Vec<Inconsistency>) {
    let lists = [
        (at(&["users", "matching"]), &profile.users.matching),
        (at(&["users", "filters"]), &profile.users.filters),
    ];
    let sets = profile.all_or_none.iter().enumerate();
    let sets = sets.map(|(index, set)| (at(&["all_or_none"]).index(index), set));
    let listed = lists.into_iter().chain(sets).flat_map(|(place, names)| {
        names
            .iter()
            .enumerate()
            .map(move |(index, name)| (place.index(index), name))
    });
    let mapped = profile
        .mapping
        .keys()
        .map(|name| (at(&["mapping"]).key(name.as_str()), name));
    for (place, name) in listed.chain(mapped) {
        if profile.rule(name).is_none() {
            let message = format!("there is no attribute `{name}` in `attributes`");
            say(
                found,
                place,
                &message,
                Some(unknown_attribute(profile, name)),
            );
        }
    }
    if profile.attributes.is_empty() {
        let hint = "name what the app takes, or begin from it with `extends: scim`";
        say(
            found,
            at(&["attributes"]),
            "no attributes: nothing could be sent",
            Some(hint.into()),
        );
    }
    if profile.users.matching.is_empty() {
        let hint = "name at least one attribute, such as userName";
        say(
            found,
            at(&["users", "matching"]),
            "no account could be found",
            Some(hint.into()),
        );
    }
}

fn numbers(profile: &Profile, found: &mut Vec<Inconsistency>) {
    let least = [
        (at(&["users", "page"]), u64::from(profile.users.page)),
        (
            at(&["users", "patch", "max_operations"]),
            profile.users.patch.max_operations as u64,
        ),
        (at(&["groups", "page"]), u64::from(profile.groups.page)),
        (at(&["groups", "chunk"]), profile.groups.chunk as u64),
        (
            at(&["rates", "concurrency"]),
            profile.rates.concurrency as u64,
        ),
        (
            at(&["rates", "retry", "attempts"]),
            u64::from(profile.rates.retry.attempts),
        ),
    ];
    let buckets = profile
        .rates
        .buckets
        .iter()
        .enumerate()
        .flat_map(|(index, bucket)| {
            let place = at(&["rates", "buckets"]).index(index);
            [
                (place.key("limit"), u64::from(bucket.limit)),
                (place.key("burst"), u64::from(bucket.burst)),
            ]
        });
    for (place, _) in least
        .into_iter()
        .chain(buckets)
        .filter(|(_, number)| *number == 0)
    {
        say(found, place, "must be at least 1", None);
    }
    let spans = [
        (at(&["http", "timeout"]), profile.http.timeout),
        (at(&["rates", "retry", "base"]), profile.rates.retry.base),
    ];
    let periods = profile.rates.buckets.iter().enumerate();
    let periods =
        periods.map(|(i, bucket)| (at(&["rates", "buckets"]).index(i).key("per"), bucket.per));
    for (place, _) in spans
        .into_iter()
        .chain(periods)
        .filter(|(_, span)| *span == Duration::ZERO)
    {
        say(found, place, "must be longer than nothing", None);
    }
    if profile.rates.retry.max < profile.rates.retry.base {
        say(
            found,
            at(&["rates", "retry", "max"]),
            "`max` is below `base`",
            None,
        );
    }
}

/// How the app is spoken to.
fn speech(profile: &Profile, found: &mut Vec<Inconsistency>) {
    if profile.auth.is_empty() {
        let hint = "write auth: [bearer], or [oauth2], or both";
        say(
            found,
            at(&["auth"]),
            "no way to prove who we are",
            Some(hint.into()),
        );
    }
    for (index, bucket) in profile.rates.buckets.iter().enumerate() {
        let place = at(&["rates", "buckets"]).index(index).key("methods");
        for (nth, _) in bucket
            .methods
            .iter()
            .enumerate()
            .filter(|(_, name)| !METHODS.contains(&name.as_str()))
        {
            let hint = format!("they are {}", METHODS.join(", "));
            say(
                found,
                place.index(nth),
                "this is no method that is sent",
                Some(hint),
            );
        }
    }
    if !profile.http.discovery.is_empty() && !profile.http.discovery.starts_with('/') {
        say(
            found,
            at(&["http", "discovery"]),
            "a path begins with `/`",
            None,
        );
    }
    for (key, path) in [
        ("users", &profile.users.path),
        ("groups", &profile.groups.path),
    ] {
        if !path.starts_with('/') {
            say(found, at(&[key, "path"]), "a path begins with `/`", None);
        }
    }
    if http::HeaderValue::from_str(&profile.http.content_type).is_err() {
        say(
            found,
            at(&["http", "content_type"]),
            "this is no header value",
            None,
        );
    }
    for (name, value) in &profile.http.headers {
        let place = at(&["http", "headers"]).key(name);
        if name.eq_ignore_ascii_case("authorization") {
            let hint = "take it out; `auth:` of the target sends it";
            say(
                found,
                place,
                "credentials do not belong in a profile",
                Some(hint.into()),
            );
        } else if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            say(found, place, "this is no header name", None);
        } else if http::HeaderValue::from_str(value).is_err() {
            say(found, place, "this is no header value", None);
        }
    }
}

/// Where things are known from has to be said in `sources`.
fn citations(profile: &Profile, found: &mut Vec<Inconsistency>) {
    let quirks = profile
        .quirks
        .iter()
        .map(|(key, name)| (at(&["quirks"]).key(key), name));
    let examples = profile.examples.iter().enumerate();
    let examples = examples.map(|(index, example)| {
        let place = at(&["examples"]).index(index).key("source");
        (place, &example.source)
    });
    for (place, name) in quirks.chain(examples) {
        if !profile.sources.contains_key(name) {
            let hint = match nearest(name, profile.sources.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write sources: {{ {name}: {{ page: …, checked: … }} }}"),
            };
            let message = format!("there is no source `{name}` in `sources`");
            say(found, place, &message, Some(hint));
        }
    }
    let known = super::keys_of(profile);
    for key in profile.quirks.keys() {
        let covers = |path: &String| {
            path.strip_prefix(key.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if !known.iter().any(covers) {
            let hint = nearest(key, known.iter().map(String::as_str));
            let hint = hint.map(|near| format!("did you mean `{near}`?"));
            let message = "no key of the profile begins like this";
            say(found, at(&["quirks"]).key(key), message, hint);
        }
    }
}

/// What switching off means for changing and deleting.
fn leaving(profile: &Profile, found: &mut Vec<Inconsistency>) {
    let users = &profile.users;
    if users.deactivate.by == DeactivateBy::Delete && users.delete == Deletion::Hard {
        let message = "a `DELETE` only switches off here, so that it is not final as well";
        let hint = "write delete: soft, or none";
        say(found, at(&["users", "delete"]), message, Some(hint.into()));
    }
    if users.deactivate.effect == Deactivation::Renames && users.update == UpdateForm::Put {
        let message = "a PUT would send back the names that the app hides while an account is off";
        let hint = "write update: patch";
        say(found, at(&["users", "update"]), message, Some(hint.into()));
    }
}

/// The rules about refusals.
fn refusals(profile: &Profile, found: &mut Vec<Inconsistency>) {
    for (index, rule) in profile.errors.iter().enumerate() {
        let place = at(&["errors"]).index(index);
        if rule.status.is_none() && rule.says.is_none() {
            let hint = "name a `status`, or what the body `says`";
            say(
                found,
                place.clone(),
                "this rule fits every refusal",
                Some(hint.into()),
            );
        }
        if rule
            .status
            .is_some_and(|status| !(400..600).contains(&status))
        {
            say(
                found,
                place.key("status"),
                "a refusal has a status from 400 to 599",
                None,
            );
        }
        pattern(rule.says.as_deref(), place.key("says"), found);
    }
}

fn pattern(text: Option<&str>, place: Place, found: &mut Vec<Inconsistency>) {
    let Some(Err(error)) = text.map(regex::Regex::new) else {
        return;
    };
    let cause = error.to_string();
    let cause = cause.lines().last().unwrap_or_default();
    let cause = cause.trim_start_matches("error: ");
    say(found, place, &format!("this is no pattern: {cause}"), None);
}

fn attribute(name: &AttrName, rule: &AttributeRule, found: &mut Vec<Inconsistency>) {
    let place = at(&["attributes"]).key(name.as_str());
    if rule
        .max_length
        .zip(rule.min_length)
        .is_some_and(|(max, min)| max < min)
    {
        say(
            found,
            place.key("max_length"),
            "`max_length` is below `min_length`",
            None,
        );
    }
    pattern(rule.pattern.as_deref(), place.key("pattern"), found);
    let length = |word: &str| word.chars().count();
    for (index, word) in rule.one_of.iter().enumerate() {
        if rule.max_length.is_some_and(|max| length(word) > max) {
            let place = place.key("one_of").index(index);
            say(found, place, "this value is longer than `max_length`", None);
        }
    }
    if name.as_str() == "active" {
        let hint = "take it out; the leavers' rules send it";
        say(
            found,
            place,
            "`active` is not mapped like other attributes",
            Some(hint.into()),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::core::profile::{AuthKind, HttpRules};

    fn sound() -> Profile {
        let names = ["externalId", "userName", "emails"];
        Profile {
            auth: vec![AuthKind::Bearer],
            attributes: names
                .map(|name| (name.into(), AttributeRule::default()))
                .into(),
            ..Profile::default()
        }
    }

    fn told(profile: &Profile) -> Vec<String> {
        let found = check(profile);
        found
            .iter()
            .map(|wrong| format!("{}: {}", wrong.place, wrong.message))
            .collect()
    }

    #[test]
    fn a_sound_profile_has_nothing_to_tell() {
        assert_eq!(told(&sound()), Vec::<String>::new());
    }

    #[test]
    fn an_empty_profile_says_what_it_lacks() {
        assert_eq!(
            told(&Profile::default()),
            [
                "users.matching[0]: there is no attribute `externalId` in `attributes`",
                "users.matching[1]: there is no attribute `userName` in `attributes`",
                "users.matching[2]: there is no attribute `emails` in `attributes`",
                "users.filters[0]: there is no attribute `externalId` in `attributes`",
                "users.filters[1]: there is no attribute `userName` in `attributes`",
                "attributes: no attributes: nothing could be sent",
                "auth: no way to prove who we are",
            ]
        );
    }

    #[test]
    fn contradictions_are_told_at_their_key() {
        let mut profile = sound();
        profile.rates.concurrency = 0;
        profile.rates.buckets[0].per = Duration::ZERO;
        profile.rates.retry.max = Duration::from_millis(1);
        profile.users.path = "Users".into();
        profile.http = HttpRules {
            headers: BTreeMap::from([
                ("Authorization".into(), "x".into()),
                ("bad name".into(), "x".into()),
            ]),
            ..HttpRules::default()
        };
        let email = AttributeRule {
            pattern: Some("(".into()),
            max_length: Some(1),
            one_of: vec!["ab".into()],
            ..AttributeRule::default()
        };
        profile.attributes.insert("emails".into(), email);
        profile
            .attributes
            .insert("active".into(), AttributeRule::default());
        assert_eq!(
            told(&profile),
            [
                "rates.concurrency: must be at least 1",
                "rates.buckets[0].per: must be longer than nothing",
                "rates.retry.max: `max` is below `base`",
                "users.path: a path begins with `/`",
                "http.headers.Authorization: credentials do not belong in a profile",
                "http.headers.bad name: this is no header name",
                "attributes.active: `active` is not mapped like other attributes",
                "attributes.emails.pattern: this is no pattern: unclosed group",
                "attributes.emails.one_of[0]: this value is longer than `max_length`",
            ]
        );
    }

    #[test]
    fn switching_off_goes_with_changing_and_deleting() {
        let mut profile = sound();
        profile.users.deactivate.by = DeactivateBy::Delete;
        profile.users.deactivate.effect = Deactivation::Renames;
        profile.users.update = UpdateForm::Put;
        assert_eq!(
            told(&profile),
            [
                "users.delete: a `DELETE` only switches off here, so that it is not final as well",
                "users.update: a PUT would send back the names that the app hides while an account \
                 is off",
            ]
        );
        profile.users.delete = Deletion::Soft;
        profile.users.update = UpdateForm::Patch;
        assert_eq!(told(&profile), Vec::<String>::new());
    }

    #[test]
    fn an_extension_is_found_by_its_short_name() {
        let mut profile = sound();
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division";
        profile
            .attributes
            .insert(urn.into(), AttributeRule::default());
        let hint = unknown_attribute(&profile, &"Division".into());
        assert_eq!(hint, format!("did you mean `{urn}`?"));
        assert_eq!(
            unknown_attribute(&profile, &"emial".into()),
            "did you mean `emails`?"
        );
    }
}
