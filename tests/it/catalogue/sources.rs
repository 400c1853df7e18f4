//! Holds what a connector says against the sources that it names.
//!
//! Promises that no shipped connector sets a key without saying where it is known from, and that
//! what nobody looked at destroys nothing. Leaves the pages themselves to whoever reads them.

use rollcall::config::profile;
use rollcall::core::profile::Evidence;

/// What says itself where it is from, or is no fact about an app.
const NO_FACTS: [&str; 9] = [
    "title", "notes", "sources", "quirks", "examples", "evidence", "extends", "auth", "mapping",
];

#[test]
fn every_key_of_an_app_has_a_source() {
    let mut bare = Vec::new();
    for name in apps() {
        let effective = profile::load(&name, None, None).expect("it loads");
        for key in effective.keys() {
            let top = key.path.split('.').next().unwrap_or_default();
            let known = effective.profile.source_of(&key.path).is_some();
            if key.origin == name && !NO_FACTS.contains(&top) && !known {
                bare.push(format!("{name}: {}: {}", key.path, key.value));
            }
        }
    }
    assert!(
        bare.is_empty(),
        "say in `quirks:` where these are known from:\n{}",
        bare.join("\n")
    );
}

#[test]
fn what_nobody_looked_at_destroys_nothing() {
    for name in apps() {
        let effective = profile::load(&name, None, None).expect("it loads");
        for key in ["users.delete", "users.deactivate.effect", "groups.delete"] {
            let sure = effective.profile.evidence_of(key);
            assert_ne!(sure, Evidence::Inferred, "{name}: {key}");
        }
    }
}

/// The connectors that are apps, and not what they begin from.
pub fn apps() -> impl Iterator<Item = String> {
    let names = profile::names(None).into_iter();
    names.filter(|name| !name.starts_with("scim"))
}
