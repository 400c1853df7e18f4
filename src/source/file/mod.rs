//! Not built yet.

use std::path::PathBuf;

/// The settings of a file source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConfig {
    /// Users, or users and groups (YAML, JSON, LDIF); the ending tells the format.
    pub users: PathBuf,
    /// Groups, when they are in a file of their own (always so for CSV).
    pub groups: Option<PathBuf>,
    /// The column or attribute that holds the immutable key of a user.
    pub user_key: String,
    /// The column or attribute that holds the immutable key of a group.
    pub group_key: String,
    /// The attribute whose value `true`, `yes` or `1` means: disabled.
    pub disabled: String,
    /// The attribute that holds the manager's key (LDIF: DN).
    pub manager: String,
    /// The attribute that a person is called by.
    pub label: String,
}
