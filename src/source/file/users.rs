//! From rows to users: keys, labels, switches and managers.
//!
//! Promises that a row which cannot be used is held back alone, and that its user counts as present
//! as soon as the key can be read; that of two rows with one key neither is used. Leaves groups to
//! [`super::groups`].

use std::path::Path;
use std::sync::Arc;

use super::FileConfig;
use super::flaw::{Flaw, WRITE_WHOLE, place};
use super::known::Known;
use super::rows::{Field, Row, Rows};
use crate::core::key::{SourceName, UserKey};
use crate::core::people::{Packer, People};
use crate::core::reading::BrokenRow;
use crate::core::user::User;
use crate::source::value::{switch, without_repeats};

/// What came of the rows.
#[derive(Debug)]
pub(super) struct Users {
    /// Those that can be used.
    pub(super) usable: People,
    /// Those that cannot, in the order of the file.
    pub(super) broken: Vec<BrokenRow>,
    /// All of them, by their names.
    pub(super) known: Known,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

/// Makes users of rows, which are given up on the way: there are never two of everybody.
///
/// # Errors
/// When there is none that can be used: nothing may be concluded from that.
pub(super) fn assemble(
    rows: Rows,
    path: &Path,
    source: &SourceName,
    config: &FileConfig,
) -> Result<Users, Flaw> {
    let known = Known::of(&rows, source, config);
    let mut broken = Broken::new(path);
    let mut strangers = Strangers::default();
    let mut users = Packer::default();
    for mut row in rows.give_up() {
        let key = match row.key(&config.user_key) {
            Ok(id) => UserKey::new(source, id),
            Err(problem) => {
                broken.hold(row.line, None, row.problem.take().unwrap_or(problem));
                continue;
            }
        };
        if let Some(lines) = known.repeated(&key.id) {
            row.spoil(repeated(&key.id, lines, config));
        }
        match disabled(&row, config) {
            Ok(disabled) => {
                let manager = strangers.manager(&row, config, &known);
                users.push(&user(key, disabled, manager, &row, config));
            }
            Err(problem) => broken.hold(row.line, Some(key), problem),
        }
    }
    let users = users.finish().sharing(known.keys());
    broken.refuse_if_all(users.len())?;
    Ok(Users {
        usable: users,
        notes: strangers.note(path).into_iter().collect(),
        broken: broken.in_order(),
        known,
    })
}

fn repeated(key: &str, lines: &[usize], config: &FileConfig) -> String {
    let more = match lines.len().saturating_sub(2) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let line = |at: usize| lines.get(at).copied().unwrap_or_default();
    format!(
        "`{}` {key} stands in lines {} and {}{more}; a key belongs to one user only",
        config.user_key,
        line(0),
        line(1)
    )
}

fn user(
    key: UserKey,
    disabled: bool,
    manager: Option<UserKey>,
    row: &Row,
    config: &FileConfig,
) -> User {
    let labels = [&*config.label, "uid", "mail"];
    let label = labels.into_iter().find_map(|name| row.first(name));
    User {
        label: label.map_or_else(|| Arc::clone(&key.id), Arc::from),
        key,
        disabled,
        manager,
        attributes: row.fields.iter().map(attribute).collect(),
    }
}

fn attribute(field: &Field) -> (Arc<str>, Vec<Arc<str>>) {
    let values = field.values.iter().map(Arc::from).collect();
    (Arc::clone(&field.name), without_repeats(values))
}

/// Whether the row says that the user may not log in.
///
/// # Errors
/// When the row is spoiled, or says neither yes nor no: nobody is let in or out by a guess.
fn disabled(row: &Row, config: &FileConfig) -> Result<bool, String> {
    if let Some(problem) = &row.problem {
        return Err(problem.clone());
    }
    let mut disabled = false;
    for value in row.all(&config.disabled) {
        disabled |= switch(value)
            .ok_or_else(|| format!("`{}` is “{value}”; write true or false", config.disabled))?;
    }
    Ok(disabled)
}

/// The rows that cannot be used.
struct Broken<'a> {
    path: &'a Path,
    rows: Vec<(usize, BrokenRow)>,
}

impl<'a> Broken<'a> {
    fn new(path: &'a Path) -> Self {
        let rows = Vec::new();
        Self { path, rows }
    }

    fn hold(&mut self, line: usize, user: Option<UserKey>, problem: String) {
        let place = place(self.path, Some(line));
        let group = None;
        self.rows.push((
            line,
            BrokenRow {
                place,
                user,
                group,
                problem,
            },
        ));
    }

    fn refuse_if_all(&self, usable: usize) -> Result<(), Flaw> {
        let first = self.rows.iter().min_by_key(|(line, _)| *line);
        match first {
            _ if usable > 0 => Ok(()),
            None => Err(
                Flaw::new("holds no users, which is never taken for an empty directory")
                    .hint(WRITE_WHOLE),
            ),
            Some((line, first)) => {
                let problem = format!("{}; no other user can be used either", first.problem);
                Err(Flaw::at(*line, problem)
                    .hint("check that `key` names the attribute whose values never change"))
            }
        }
    }

    fn in_order(mut self) -> Vec<BrokenRow> {
        self.rows.sort_by_key(|(line, _)| *line);
        self.rows.into_iter().map(|(_, row)| row).collect()
    }
}

/// Managers whom nobody knows.
#[derive(Default)]
struct Strangers {
    count: usize,
    first: Vec<String>,
}

/// So many are named in a note; the rest are counted.
pub(super) const EXAMPLES: usize = 3;

impl Strangers {
    fn manager(&mut self, row: &Row, config: &FileConfig, known: &Known) -> Option<UserKey> {
        let named = row.first(&config.manager)?;
        let manager = known.manager(named);
        if manager.is_none() {
            self.count += 1;
            if self.first.len() < EXAMPLES {
                self.first.push(format!("“{named}” in line {}", row.line));
            }
        }
        manager
    }

    fn note(self, path: &Path) -> Option<String> {
        let place = path.display();
        let managers = self.first.join(", ");
        match self.count {
            0 => None,
            1 => Some(format!(
                "{place}: 1 manager is not known, or not only one: {managers}"
            )),
            count => {
                let more = if count > EXAMPLES { ", …" } else { "" };
                Some(format!(
                    "{place}: {count} managers are not known, or not only one: {managers}{more}"
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::file::yaml;

    fn users(text: &str) -> Result<Users, Flaw> {
        let config = FileConfig::default_for("d.yaml".into());
        let rows = yaml::read(text).expect("readable").users;
        assemble(rows, "d.yaml".as_ref(), &SourceName::new("hq"), &config)
    }

    fn told(broken: &[BrokenRow]) -> Vec<String> {
        let told = |row: &BrokenRow| {
            let user = row
                .user
                .as_ref()
                .map_or("-".to_owned(), ToString::to_string);
            format!("{} {user} {}", row.place, row.problem)
        };
        broken.iter().map(told).collect()
    }

    #[test]
    fn users_are_sorted_by_key_and_called_by_their_login() {
        let text = "users:\n- {key: c}\n- {key: b, mail: [b@x, bb@x], title: T}\n\
                    - {key: a, userName: ann, uid: a1}\n- {key: d, uid: dan, mail: d@x}\n";
        let users = users(text).expect("usable").usable;
        let labels: Vec<String> = users
            .iter()
            .map(|user| format!("{} {}", user.key.id, user.label))
            .collect();
        assert_eq!(labels, ["a ann", "b b@x", "c c", "d dan"]);
    }

    #[test]
    fn a_value_that_repeats_is_kept_once_in_its_order() {
        let users = users("users: [{key: a, mail: [z@x, a@x, z@x]}]")
            .expect("usable")
            .usable;
        let user = users.first().expect("somebody");
        let mail: Vec<&str> = user.attributes["mail"].iter().map(|mail| &**mail).collect();
        assert_eq!(mail, ["z@x", "a@x"]);
    }

    #[test]
    fn a_repeated_key_holds_back_every_row_of_it() {
        let text = "users:\n- {key: b}\n- {key: a}\n- {key: b, title: T}\n";
        let users = users(text).expect("usable");
        assert_eq!(users.usable.len(), 1);
        assert_eq!(
            told(&users.broken),
            [
                "d.yaml:2 hq:b `key` b stands in lines 2 and 4; a key belongs to one user only",
                "d.yaml:4 hq:b `key` b stands in lines 2 and 4; a key belongs to one user only",
            ]
        );
        assert!(users.known.by_key("b").is_some(), "still counts as present");
    }

    #[test]
    fn a_row_that_cannot_be_used_is_held_back_alone() {
        let text = "users:\n- {key: a, disabled: maybe}\n- {title: T}\n- {key: c}\n\
                    - {key: \"d\\0\"}\n- {key: e, sn: \"\\a\"}\n";
        let users = users(text).expect("usable");
        assert_eq!(users.usable.len(), 1);
        assert_eq!(
            told(&users.broken),
            [
                "d.yaml:2 hq:a `disabled` is “maybe”; write true or false",
                "d.yaml:3 - has no `key`",
                "d.yaml:5 - `key` holds the control character U+0000",
                "d.yaml:6 hq:e `sn` holds the control character U+0007",
            ]
        );
    }

    #[test]
    fn a_switch_is_read_in_any_case() {
        let text = "users: [{key: a, disabled: TRUE}, {key: b, disabled: yes}, {key: c, disabled: 1},\n\
                    {key: d, disabled: No}, {key: e, disabled: ~}, {key: f}]";
        let users = users(text).expect("usable").usable;
        let disabled: Vec<bool> = users.iter().map(|user| user.disabled).collect();
        assert_eq!(disabled, [true, true, true, false, false, false]);
    }

    #[test]
    fn managers_are_found_by_key_login_and_mail() {
        let text = "users:\n- {key: a, uid: ann, mail: Ann@x}\n- {key: b, manager: a}\n\
                    - {key: c, manager: ANN}\n- {key: d, manager: ann@X}\n\
                    - {key: e, manager: zoe}\n- {key: f, uid: twin, disabled: maybe}\n\
                    - {key: g, uid: twin, manager: f}\n- {key: h, manager: twin}\n";
        let users = users(text).expect("usable");
        let managers: Vec<String> = users
            .usable
            .iter()
            .map(|user| {
                user.manager
                    .map_or_else(|| "-".into(), |key| key.id.to_string())
            })
            .collect();
        assert_eq!(managers, ["-", "a", "a", "a", "-", "f", "-"]);
        assert_eq!(
            users.notes,
            [
                "d.yaml: 2 managers are not known, or not only one: “zoe” in line 6, “twin” in line 9"
            ]
        );
    }

    #[test]
    fn no_users_are_never_an_empty_directory() {
        let problem = |text| {
            users(text)
                .expect_err("refused")
                .in_file("F".as_ref())
                .problem
        };
        assert_eq!(
            problem("users: []"),
            "F: holds no users, which is never taken for an empty directory"
        );
        assert_eq!(
            problem("users:\n- {id: a}\n- {id: b}\n"),
            "F:2: has no `key`; no other user can be used either"
        );
    }
}
