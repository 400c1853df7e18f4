//! Reading a directory from files: YAML, JSON, CSV or LDIF.
//!
//! Promises that a file which is cut off, half written, empty or in another shape is an error and
//! never a small directory, and that a user whose row is bad counts as present. Where a row does not
//! say whose it is, the reading does not count as whole: anybody might be missing because of it.
//! Leaves to the engine how long somebody must be missing before that means anything.

mod csv;
mod entry;
mod flaw;
mod format;
mod groups;
mod header;
mod json;
mod known;
mod ldif;
mod lines;
mod opened;
mod quotes;
mod records;
mod rows;
mod users;
mod utf8;
mod values;
mod yaml;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use self::flaw::Flaw;
use self::format::{Format, Purpose};
use self::groups::Groups;
use self::opened::Opened;
use self::rows::Table;
use self::users::Users;
use super::{Heard, ReadError, Source, Watch};
use crate::clock::Clock;
use crate::core::key::SourceName;
use crate::core::reading::{BrokenRow, Coverage, Reading};
use crate::lookout::Lookout;

/// Files up to this size (bytes) are read for the names of their attributes alone.
const CHEAP: u64 = 4 * 1024 * 1024;

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

impl FileConfig {
    /// The settings that hold where a config says nothing but where the users are.
    #[must_use]
    pub fn default_for(users: PathBuf) -> Self {
        let key = match Format::of(&users) {
            Ok(Format::Ldif) => "entryUUID",
            Ok(Format::Yaml | Format::Json | Format::Csv) | Err(_) => "key",
        };
        Self {
            users,
            groups: None,
            user_key: key.into(),
            group_key: key.into(),
            disabled: "disabled".into(),
            manager: "manager".into(),
            label: "userName".into(),
        }
    }
}

/// A directory in one or two files.
#[derive(Clone, Debug)]
pub struct FileSource {
    name: SourceName,
    config: FileConfig,
    clock: Clock,
}

impl FileSource {
    /// The source `name` with its settings; nothing is read yet.
    #[must_use]
    pub fn new(name: SourceName, config: FileConfig) -> Self {
        Self {
            name,
            config,
            clock: Clock::System,
        }
    }

    /// The same, watched by this clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// All files, each read in one state. One at a time: they may be large.
    fn read_files(&self) -> Result<Reading, ReadError> {
        let (users_path, groups_path) = (&self.config.users, self.groups_path());
        let users_file = Opened::open(users_path)?;
        let groups_file = self.config.groups.as_deref().map(Opened::open);
        let groups_file = groups_file.transpose()?;
        let Table {
            users,
            mut groups,
            mut notes,
        } = self.parse(&users_file, users_path, Purpose::Users)?;
        if groups_file.is_some() && !groups.is_empty() {
            return Err(
                Flaw::new("holds groups, though `groups` names another file")
                    .hint("keep all groups in one file")
                    .in_file(users_path),
            );
        }
        let assembled = users::assemble(users, users_path, &self.name, &self.config);
        let Users {
            usable: users,
            broken,
            known,
            notes: user_notes,
        } = assembled.map_err(|flaw| flaw.in_file(users_path))?;
        if let Some(file) = &groups_file {
            let table = self.parse(file, groups_path, Purpose::Groups)?;
            groups_alone(&table, groups_path)?;
            groups = table.groups;
            notes.extend(table.notes);
            users_file.verify_unchanged()?;
        }
        let groups = groups::assemble(groups, groups_path, &self.name, &self.config, &known);
        let Groups {
            groups,
            notes: group_notes,
        } = groups.map_err(|flaw| flaw.in_file(groups_path))?;
        notes.extend(user_notes);
        notes.extend(group_notes);
        notes.extend(nameless_note(&broken));
        Ok(Reading {
            source: self.name.clone(),
            users,
            groups,
            coverage: coverage(&broken),
            broken,
            notes,
            dangling: None,
        })
    }

    fn parse(&self, file: &Opened, path: &Path, purpose: Purpose) -> Result<Table, ReadError> {
        let table = Format::of(path).and_then(|format| format.read(file, purpose, &self.config));
        // What changes meanwhile is no fault of whoever wrote it.
        file.verify_unchanged()?;
        let mut table = table.map_err(|flaw| flaw.in_file(path))?;
        for note in &mut table.notes {
            *note = format!("{}: {note}", path.display());
        }
        Ok(table)
    }

    fn groups_path(&self) -> &Path {
        self.config.groups.as_ref().unwrap_or(&self.config.users)
    }

    fn read_attributes(&self) -> Option<Vec<String>> {
        let file = Opened::open(&self.config.users).ok()?;
        let format = Format::of(&self.config.users).ok()?;
        match format {
            Format::Yaml | Format::Json | Format::Ldif if file.size() > CHEAP => return None,
            Format::Yaml | Format::Json | Format::Ldif | Format::Csv => {}
        }
        let names: BTreeSet<_> = format
            .attributes(&file, &self.config)
            .ok()?
            .into_iter()
            .collect();
        Some(names.iter().map(ToString::to_string).collect())
    }
}

#[async_trait]
impl Source for FileSource {
    /// Reads the files to their end, on a thread where that may take its time.
    async fn read(&self) -> Result<Reading, ReadError> {
        let source = self.clone();
        let read = tokio::task::spawn_blocking(move || source.read_files()).await;
        read.unwrap_or_else(|cause| {
            Err(Flaw::new("the reading broke off")
                .hint("this is a fault in rollcall; please report it")
                .because(cause)
                .in_file(&self.config.users))
        })
    }

    /// Listens to the folders of the files.
    fn watch(&self) -> Option<Box<dyn Watch>> {
        let groups = self.config.groups.clone();
        let files = [self.config.users.clone()].into_iter().chain(groups);
        Some(Box::new(FileWatch {
            lookout: Lookout::over(files, self.clock.clone()),
        }))
    }

    /// The names in the file as it is now; `None` when it is large or cannot be read.
    fn attributes(&self) -> Option<Vec<String>> {
        self.read_attributes()
    }
}

/// An ear at the files.
struct FileWatch {
    lookout: Lookout,
}

#[async_trait]
impl Watch for FileWatch {
    async fn next(&mut self) -> Heard {
        self.lookout.changed().await;
        Heard::Change
    }
}

/// An empty file of groups would take everybody out of every group.
fn groups_alone(table: &Table, path: &Path) -> Result<(), ReadError> {
    let flaw = if let Some(user) = table.users.iter().next() {
        Flaw::at(user.line, "holds a user, though it is read for groups")
            .hint("put users into the file that `users` names")
    } else if table.groups.is_empty() {
        Flaw::new("holds no groups, which is never taken for the end of all groups")
            .hint("leave out `groups` in the config if there are none")
    } else {
        return Ok(());
    };
    Err(flaw.in_file(path))
}

/// Absence says something only when each row says whose it is.
fn coverage(broken: &[BrokenRow]) -> Coverage {
    if broken.iter().all(|row| row.user.is_some()) {
        return Coverage::Whole;
    }
    Coverage::Part {
        gone: BTreeSet::new(),
    }
}

fn nameless_note(broken: &[BrokenRow]) -> Option<String> {
    let mut nameless = broken.iter().filter(|row| row.user.is_none());
    let first = nameless.next()?;
    let rows = match nameless.count() {
        0 => "1 row does not say whose it is".to_owned(),
        more => format!("{} rows do not say whose they are", more + 1),
    };
    let place = &first.place;
    Some(format!(
        "{place}: {rows}; until that is set right, nobody counts as missing"
    ))
}

#[cfg(test)]
mod tests;
