//! The formats a directory file may have, told by the ending of its name.
//!
//! Promises that a file never counts as a format it was not named for. Leaves the reading to one
//! module a format.

use std::path::Path;
use std::sync::Arc;

use super::FileConfig;
use super::flaw::Flaw;
use super::rows::{Row, Table};
use super::{csv, entry, json, yaml};
use crate::source::pool::Pool;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Yaml,
    Json,
    Csv,
    Ldif,
}

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Users, and groups as well where the format can hold both.
    Users,
    /// Groups alone.
    Groups,
}

impl Format {
    /// The format that the file's name ends in.
    ///
    /// # Errors
    /// When it is none of ours.
    pub(super) fn of(path: &Path) -> Result<Self, Flaw> {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        match &*ending.to_ascii_lowercase() {
            "yaml" | "yml" => Ok(Self::Yaml),
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            "ldif" => Ok(Self::Ldif),
            _ => Err(Flaw::new("does not say by its name what format it has")
                .hint("name it .yaml, .yml, .json, .csv or .ldif")),
        }
    }

    /// Reads a text in this format.
    ///
    /// # Errors
    /// When it is not in this format.
    pub(super) fn read(
        self,
        text: &str,
        purpose: Purpose,
        config: &FileConfig,
        pool: &mut Pool,
    ) -> Result<Table, Flaw> {
        match (self, purpose) {
            (Self::Yaml, _) => yaml::read(text, pool),
            (Self::Json, _) => json::read(text, pool),
            (Self::Ldif, _) => entry::read(text, config, pool),
            (Self::Csv, Purpose::Users) => csv::read_users(text, config, pool),
            (Self::Csv, Purpose::Groups) => csv::read_groups(text, config, pool),
        }
    }

    /// The names of the attributes that the users in a text have.
    pub(super) fn attributes(self, text: &str, config: &FileConfig) -> Result<Vec<Arc<str>>, Flaw> {
        match self {
            Self::Csv => csv::attributes(text),
            Self::Yaml | Self::Json | Self::Ldif => {
                let table = self.read(text, Purpose::Users, config, &mut Pool::default())?;
                let fields = table.users.iter().flat_map(|row: Row| row.fields);
                Ok(fields.map(|field| field.name).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_tells_the_format() {
        for (name, format) in [
            ("a.yaml", Format::Yaml),
            ("a.YML", Format::Yaml),
            ("a.b.json", Format::Json),
            ("a.csv", Format::Csv),
            ("a.ldif", Format::Ldif),
        ] {
            assert_eq!(Format::of(Path::new(name)).expect("known"), format);
        }
    }

    #[test]
    fn another_ending_is_an_error() {
        let error = Format::of(Path::new("users.xlsx"))
            .expect_err("unknown")
            .in_file("users.xlsx".as_ref());
        assert_eq!(
            error.problem,
            "users.xlsx: does not say by its name what format it has"
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("name it .yaml, .yml, .json, .csv or .ldif")
        );
    }
}
