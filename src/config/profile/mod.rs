//! The effective profile of a connector: its file, what it extends, and what a site overrides.
//!
//! Promises that a profile which loads is whole and free of contradictions, and that the origin of
//! each key is known. Leaves what the keys do to the connector.

mod consistency;
mod embedded;
mod layers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use super::node::Node;
use super::place::Place;
use super::problems::Problems;
use crate::core::profile::{Evidence, Profile};
use crate::core::text::nearest;

pub(super) use consistency::{Inconsistency, unknown_attribute};
pub(super) use layers::Stack;

/// The origin of what a site's `override:` says.
pub const OVERRIDE: &str = "override";

/// The origin of what nobody said.
pub const DEFAULT: &str = "default";

/// What a target goes by, with the origin of each key.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveProfile {
    /// The connector's name.
    pub name: String,
    /// What its kind of app is like.
    pub profile: Profile,
    /// Where each key comes from: a connector's name or `override`, by dotted path. A key that is
    /// not in here has its default.
    pub origins: BTreeMap<String, String>,
}

/// One key of an effective profile.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveKey {
    /// Which: `users.deactivate`.
    pub path: String,
    /// Its value; lists are one value.
    pub value: Json,
    /// A connector's name, `override` or `default`.
    pub origin: String,
}

/// Why there is no effective profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// There is no connector of that name.
    #[error("unknown connector `{name}` ({hint})")]
    Unknown {
        /// The name.
        name: String,
        /// The nearest name, or all of them.
        hint: String,
    },
    /// Its file, or the override, has problems.
    #[error("{0}")]
    Wrong(Problems),
}

/// The names of all connectors: the shipped ones and those of the folder `extra`.
#[must_use]
pub fn names(extra: Option<&Path>) -> BTreeSet<String> {
    let shipped = embedded::EMBEDDED
        .iter()
        .map(|(name, _)| (*name).to_owned());
    let own = extra
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .into_iter()
        .flatten();
    let own = own.flatten().filter_map(|entry| {
        let file = entry.file_name();
        file.to_str()?.strip_suffix(".yaml").map(str::to_owned)
    });
    shipped.chain(own).collect()
}

/// The effective profile of the connector `name`; a file in the folder `extra` goes before a
/// shipped one, and `over` before both.
///
/// # Errors
/// Everything that is wrong with its files and with `over`.
pub fn load(
    name: &str,
    extra: Option<&Path>,
    over: Option<&Json>,
) -> Result<EffectiveProfile, ProfileError> {
    let stack = Stack::load(name, extra)?;
    let over = over.map(Node::from);
    if let Some(over) = &over {
        layers::read_override(over).map_err(ProfileError::Wrong)?;
    }
    let effective = stack.effective(over.as_ref());
    let problems = stack.blame(consistency::check(&effective.profile), over.as_ref());
    if problems.is_empty() {
        Ok(effective)
    } else {
        Err(ProfileError::Wrong(problems))
    }
}

/// The problem of a connector that is not there.
fn unknown(name: &str, extra: Option<&Path>) -> ProfileError {
    let known = names(extra);
    let hint = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "`rollcall connectors` lists all {}; `scim` is any plain SCIM 2.0 app",
            known.len()
        ),
    };
    ProfileError::Unknown {
        name: name.into(),
        hint,
    }
}

impl EffectiveProfile {
    /// Contradictions in it.
    pub(super) fn contradictions(&self) -> Vec<Inconsistency> {
        consistency::check(&self.profile)
    }

    /// Where the key at `place` comes from.
    #[must_use]
    pub fn origin(&self, place: &Place) -> &str {
        self.origins
            .get(&place.to_string())
            .map_or(DEFAULT, String::as_str)
    }

    /// Is what the key at `place` says a guess? What the site says of it has been looked at.
    pub(super) fn is_guess(&self, place: &Place) -> bool {
        self.origin(place) != OVERRIDE
            && self.profile.evidence_of(&place.to_string()) == Evidence::Inferred
    }

    /// Every key with its value and origin, defaults included, by path.
    ///
    /// # Panics
    /// Never: a profile is plain data.
    #[must_use]
    pub fn keys(&self) -> Vec<EffectiveKey> {
        leaves(&self.profile)
            .into_iter()
            .map(|(place, value)| EffectiveKey {
                path: place.to_string(),
                value,
                origin: self.origin(&place).to_owned(),
            })
            .collect()
    }
}

/// The paths of all keys of a profile that hold a value.
fn keys_of(profile: &Profile) -> Vec<String> {
    leaves(profile)
        .into_iter()
        .map(|(place, _)| place.to_string())
        .collect()
}

fn leaves(profile: &Profile) -> Vec<(Place, Json)> {
    let json = serde_json::to_value(profile).expect("a profile is plain data with texts as keys");
    let mut found = Vec::new();
    collect(json, &Place::top(), &mut found);
    found
}

fn collect(json: Json, place: &Place, found: &mut Vec<(Place, Json)>) {
    match json {
        Json::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                collect(value, &place.key(&key), found);
            }
        }
        Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)
        | Json::Object(_) => found.push((place.clone(), json)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::core::profile::{Deactivation, Reactivation, UpdateForm};

    #[test]
    fn every_shipped_connector_loads() {
        for name in names(None) {
            let effective = load(&name, None, None).unwrap_or_else(|error| panic!("{error}"));
            assert!(!effective.profile.title.is_empty(), "{name}");
            assert!(!effective.profile.sources.is_empty(), "{name}");
        }
    }

    #[test]
    fn an_override_goes_over_the_file_and_is_named() {
        let over = json!({"users": {"update": "put"}, "attributes": {"title": {"max_length": 9}}});
        let effective = load("tracktik", None, Some(&over)).expect("it loads");
        assert_eq!(effective.profile.users.update, UpdateForm::Put);
        assert_eq!(
            effective.profile.users.deactivate.effect,
            Deactivation::FreesUserName
        );
        assert_eq!(effective.profile.users.reactivate, Reactivation::Create);
        let keys: BTreeMap<String, (Json, String)> = effective
            .keys()
            .into_iter()
            .map(|key| (key.path, (key.value, key.origin)))
            .collect();
        for (path, value, origin) in [
            ("users.update", json!("put"), OVERRIDE),
            ("users.reactivate", json!("create"), "tracktik"),
            ("users.page", json!(100), DEFAULT),
            ("attributes.title.max_length", json!(9), OVERRIDE),
            ("attributes.userType.one_of", json!(["User"]), "tracktik"),
        ] {
            assert_eq!(keys.get(path), Some(&(value, origin.to_owned())), "{path}");
        }
    }

    fn wrong(name: &str, folder: &Path, over: Option<&Json>) -> Vec<String> {
        let prefix = format!("{}/", folder.display());
        match load(name, Some(folder), over).expect_err("it is wrong") {
            ProfileError::Wrong(problems) => problems
                .items
                .iter()
                .map(|item| item.to_string().replace(&prefix, ""))
                .collect(),
            other @ ProfileError::Unknown { .. } => vec![other.to_string()],
        }
    }

    #[test]
    fn a_folder_adds_connectors_and_extends_the_shipped_ones() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(
            folder.path().join("acme.yaml"),
            "extends: scim\ntitle: Acme\nattributes: { nickName: { max_length: 3 } }\n",
        )
        .expect("written");
        fs::write(
            folder.path().join("trotto.yaml"),
            "extends: trotto\nusers: { page: 5 }\n",
        )
        .expect("written");
        let acme = load("acme", Some(folder.path()), None).expect("it loads");
        assert_eq!(acme.profile.title, "Acme");
        assert_eq!(
            acme.origin(&Place::top().keys(&["attributes", "nickName", "max_length"])),
            "acme"
        );
        assert_eq!(
            acme.origin(&Place::top().keys(&["mapping", "userName"])),
            "scim"
        );
        let trotto = load("trotto", Some(folder.path()), None).expect("it loads");
        assert_eq!(trotto.profile.users.page, 5);
        assert!(!trotto.profile.users.delete.is_possible());
        assert!(names(Some(folder.path())).contains("acme"));
    }

    #[test]
    fn a_circle_a_stranger_and_a_typo_are_told_with_their_place() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("a", "extends: b\n"),
            ("b", "title: B\nextends: a\n"),
            (
                "c",
                "extends: scmi\nuserz: {}\nusers: { pgae: 1, id_changes: maybe }\n",
            ),
            (
                "d",
                "extends: scim\nattributes: { title: { min_length: 9, max_length: 3 } }\nusers: { filters: [nickname] }\n",
            ),
        ] {
            fs::write(folder.path().join(format!("{name}.yaml")), text).expect("written");
        }
        assert_eq!(
            wrong("a", folder.path(), None),
            [
                "b.yaml:2:10: extends: connectors extend each other in a circle: a, b, a (take one `extends` out)"
            ]
        );
        assert_eq!(
            wrong("c", folder.path(), None),
            [
                "c.yaml:1:10: extends: unknown connector `scmi` (did you mean `scim`?)",
                "c.yaml:2:1: userz: unknown key `userz` (did you mean `users`?)",
                "c.yaml:3:10: users.pgae: unknown key `pgae` (did you mean `page`?)",
                "c.yaml:3:31: users.id_changes: expected true or false, found a text",
            ]
        );
        assert_eq!(
            wrong("d", folder.path(), None),
            [
                "d.yaml:2:51: attributes.title.max_length: `max_length` is below `min_length`",
                "d.yaml:3:20: users.filters[0]: there is no attribute `nickname` in `attributes` (did you mean `nickName`?)",
            ]
        );
        assert_eq!(
            wrong("nobody", folder.path(), None),
            [format!(
                "unknown connector `nobody` (`rollcall connectors` lists all {}; `scim` is any plain \
                 SCIM 2.0 app)",
                names(Some(folder.path())).len()
            )]
        );
    }

    #[test]
    fn a_word_that_yaml_takes_for_nothing_needs_quotes() {
        let folder = tempfile::tempdir().expect("a folder");
        let title =
            |clear: &str| format!("extends: scim\nattributes: {{ title: {{ clear: {clear} }} }}\n");
        fs::write(folder.path().join("a.yaml"), title("null")).expect("written");
        fs::write(folder.path().join("b.yaml"), title("'null'")).expect("written");
        assert_eq!(
            wrong("a", folder.path(), None),
            [
                "a.yaml:2:24: attributes.title.clear: nothing stands here (for the word null write it in quotes: \"null\")"
            ]
        );
        let b = load("b", Some(folder.path()), None).expect("it loads");
        let title = b.profile.rule(&"title".into()).expect("it is there");
        assert_eq!(title.clear, crate::core::profile::Clearing::Null);
    }

    #[test]
    fn a_wrong_override_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(
            wrong("scim", folder.path(), Some(&json!({"users": {"pgae": 1}}))),
            ["override: users.pgae: unknown key `pgae` (did you mean `page`?)"]
        );
        assert_eq!(
            wrong("scim", folder.path(), Some(&json!({"users": {"page": 0}}))),
            ["override: users.page: must be at least 1"]
        );
    }
}
