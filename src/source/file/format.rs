//! The formats a directory file may have, told by the ending of its name.
//!
//! Promises that a file never counts as a format it was not named for. Leaves the reading to one
//! module a format.

use std::path::Path;
use std::sync::Arc;

use super::FileConfig;
use super::flaw::Flaw;
use super::opened::Opened;
use super::rows::Table;
use super::{csv, entry, json, yaml};

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

    /// Reads a file in this format. CSV, the format of the largest files, is never in memory as a
    /// whole.
    ///
    /// # Errors
    /// When it cannot be read, or is not in this format.
    pub(super) fn read(
        self,
        file: &Opened,
        purpose: Purpose,
        config: &FileConfig,
    ) -> Result<Table, Flaw> {
        match (self, purpose) {
            (Self::Yaml, _) => yaml::read(&file.text()?),
            (Self::Json, _) => json::read(&file.text()?),
            (Self::Ldif, _) => entry::read(&file.text()?, config),
            (Self::Csv, Purpose::Users) => csv::read_users(file.bytes(), config),
            (Self::Csv, Purpose::Groups) => csv::read_groups(file.bytes(), config),
        }
    }

    /// The names of the attributes that the users in a file have.
    pub(super) fn attributes(
        self,
        file: &Opened,
        config: &FileConfig,
    ) -> Result<Vec<Arc<str>>, Flaw> {
        match self {
            Self::Csv => csv::attributes(&file.first_line()?),
            Self::Yaml | Self::Json | Self::Ldif => {
                let table = self.read(file, Purpose::Users, config)?;
                Ok(table.users.names().to_vec())
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
