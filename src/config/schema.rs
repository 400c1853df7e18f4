//! The JSON Schema of the config, for editors that check and complete YAML.
//!
//! Promises to be made from the shapes that the config is read with, so that the two cannot drift
//! apart. Leaves what spans several keys to `check`.

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::raw::RawConfig;
use crate::core::profile::Profile;

/// The schema of a config file (JSON Schema 2020-12).
#[must_use]
pub fn json_schema() -> Json {
    settings()
        .into_generator()
        .into_root_schema_for::<RawConfig>()
        .to_value()
}

/// The schema of a connector file, `connectors/<name>.yaml`.
#[must_use]
pub fn connector_schema() -> Json {
    settings()
        .into_generator()
        .into_root_schema_for::<Profile>()
        .to_value()
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().for_deserialize()
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::super::node::{Content, Node};
    use super::*;
    use crate::config::profile;

    /// The schema that `schema` stands for.
    fn resolve<'s>(schema: &'s Json, root: &'s Json) -> &'s Json {
        match schema.get("$ref").and_then(Json::as_str) {
            Some(reference) => root
                .pointer(&reference[1..])
                .expect("the reference leads somewhere"),
            None => schema,
        }
    }

    /// Every schema that may apply where `schema` stands.
    fn choices<'s>(schema: &'s Json, root: &'s Json) -> Vec<&'s Json> {
        let schema = resolve(schema, root);
        let mut found = vec![schema];
        for key in ["anyOf", "oneOf", "allOf"] {
            let branches = schema
                .get(key)
                .and_then(Json::as_array)
                .into_iter()
                .flatten();
            found.extend(branches.flat_map(|branch| choices(branch, root)));
        }
        found
    }

    /// Does the schema take anything?
    fn is_open(schema: &Json) -> bool {
        let says = [
            "type",
            "$ref",
            "anyOf",
            "oneOf",
            "allOf",
            "enum",
            "const",
            "properties",
        ];
        schema == &Json::Bool(true) || !says.iter().any(|key| schema.get(key).is_some())
    }

    /// The first key of `node` that the schema does not know.
    fn stranger(node: &Node, schema: &Json, root: &Json, place: &str) -> Option<String> {
        let choices = choices(schema, root);
        if choices.iter().any(|schema| is_open(schema)) {
            return None;
        }
        match &node.content {
            Content::Nothing | Content::Scalar(_) => None,
            Content::List(items) => {
                let inner = choices.iter().find_map(|schema| schema.get("items"));
                let Some(inner) = inner else {
                    return Some(place.to_owned());
                };
                items
                    .iter()
                    .find_map(|item| stranger(item, inner, root, place))
            }
            Content::Block(entries) => entries.iter().find_map(|entry| {
                let place = format!("{place}.{}", entry.key);
                let named = choices
                    .iter()
                    .find_map(|s| s.get("properties")?.get(&entry.key));
                let open = || choices.iter().find_map(|s| s.get("additionalProperties"));
                match named.or_else(|| open().filter(|schema| schema.is_object())) {
                    Some(inner) => stranger(&entry.node, inner, root, &place),
                    None => Some(place),
                }
            }),
        }
    }

    fn document(file: &str) -> Document {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        Document::parse(&path, &text).expect("it is YAML")
    }

    #[test]
    fn the_shipped_files_have_only_keys_of_the_schema() {
        let example = document("config.example.yaml");
        let schema = json_schema();
        assert_eq!(stranger(&example.root, &schema, &schema, ""), None);
        let schema = connector_schema();
        for name in profile::names(None) {
            let connector = document(&format!("connectors/{name}.yaml"));
            assert_eq!(stranger(&connector.root, &schema, &schema, &name), None);
        }
    }

    #[test]
    fn the_schema_knows_no_other_keys() {
        let wrong = serde_json::json!({"targets": {"t": {"guard": {"leevers": "5%"}}}});
        let schema = json_schema();
        assert_eq!(
            stranger(&Node::from(&wrong), &schema, &schema, "").as_deref(),
            Some(".targets.t.guard.leevers")
        );
    }

    #[test]
    fn words_blocks_and_needs_are_in_the_schema() {
        let schema = json_schema();
        let definition = |name: &str| {
            schema
                .pointer(&format!("/$defs/{name}"))
                .expect(name)
                .clone()
        };
        let assign = definition("RawTarget")["properties"]["assign"].clone();
        assert_eq!(assign["anyOf"][0]["const"], "everyone");
        assert_eq!(assign["anyOf"][1]["$ref"], "#/$defs/RawAssignBlock");
        assert_eq!(
            definition("Leaver")["anyOf"][0]["enum"],
            serde_json::json!(["keep", "deactivate", "delete"])
        );
        assert_eq!(definition("RawTarget")["additionalProperties"], false);
        assert_eq!(
            definition("RawTarget")["required"],
            serde_json::json!(["connector", "auth", "assign"])
        );
        assert_eq!(
            definition("RawOauth2")["required"],
            serde_json::json!(["token_url", "client_id"])
        );
        assert_eq!(
            definition("RawAssignRule")["required"],
            serde_json::json!(["groups", "set"])
        );
        assert_eq!(
            schema["required"],
            serde_json::json!(["sources", "targets"])
        );
        let adopt = definition("RawAdopt").to_string();
        assert!(
            adopt.contains("unique")
                && adopt.contains("It is linked when exactly one account fits."),
            "{adopt}"
        );
        assert!(definition("RawTarget")["properties"]["drift"]["description"].is_string());
    }
}
