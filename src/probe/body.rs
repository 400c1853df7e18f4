//! Bodies of PATCH in the words that the app was seen to take.
//!
//! Promises one dialect for everything that is sent once it is known. Leaves finding it out to the
//! changes.

use serde_json::{Value as Json, json};

use crate::core::profile::{Booleans, OpCase, PatchForm};

/// The schema of a PATCH (RFC 7644, 3.5.2).
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// How the app wants to be written to, as far as is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    /// How, if PATCH is taken at all.
    pub(super) patch: Option<PatchWords>,
    /// Is PUT taken?
    pub(super) puts: bool,
    /// How `true` and `false` are written.
    pub(super) booleans: Booleans,
    /// Operations in one request, at most, as far as is known.
    pub(super) most: usize,
}

/// The words of PATCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PatchWords {
    pub(super) form: PatchForm,
    pub(super) case: OpCase,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            patch: Some(PatchWords::PLAIN),
            puts: true,
            booleans: Booleans::Json,
            most: 1,
        }
    }
}

impl Dialect {
    /// `true` or `false`, as the app takes it.
    pub(super) fn boolean(self, value: bool) -> Json {
        match (self.booleans, value) {
            (Booleans::Json, value) => value.into(),
            (Booleans::Text, true) => "true".into(),
            (Booleans::Text, false) => "false".into(),
        }
    }

    /// May several attributes change in one request?
    pub(super) fn takes_several(self) -> bool {
        match self.patch.map(|words| words.form) {
            Some(PatchForm::Path | PatchForm::ObjectEach) => self.most > 1,
            Some(PatchForm::Object) | None => true,
        }
    }

    /// The words of PATCH, those of the RFC if none are known.
    pub(super) fn words(self) -> PatchWords {
        self.patch.unwrap_or(PatchWords::PLAIN)
    }
}

impl PatchWords {
    /// Those of the RFC.
    pub(super) const PLAIN: Self = Self {
        form: PatchForm::Path,
        case: OpCase::Lower,
    };

    /// The name of an operation.
    pub(super) fn op(self, name: &str) -> String {
        match self.case {
            OpCase::Lower => name.to_owned(),
            OpCase::Title => {
                let (first, rest) = name.split_at(1);
                format!("{}{rest}", first.to_uppercase())
            }
        }
    }

    /// An operation with a path.
    pub(super) fn at(self, op: &str, path: &str, value: Option<Json>) -> Json {
        let mut operation = json!({"op": self.op(op), "path": path});
        if let Some(value) = value {
            operation["value"] = value;
        }
        operation
    }

    /// Operations that replace these top-level attributes.
    pub(super) fn replace(self, values: &[(&str, Json)]) -> Vec<Json> {
        let whole = |values: &[(&str, Json)]| {
            let fields: serde_json::Map<String, Json> = values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            json!({"op": self.op("replace"), "value": fields})
        };
        match self.form {
            PatchForm::Path => values
                .iter()
                .map(|(name, value)| self.at("replace", name, Some(value.clone())))
                .collect(),
            PatchForm::Object => vec![whole(values)],
            PatchForm::ObjectEach => values.chunks(1).map(whole).collect(),
        }
    }
}

/// The body of a PATCH.
pub(super) fn patch(operations: &[Json]) -> Json {
    json!({"schemas": [PATCH], "Operations": operations})
}
