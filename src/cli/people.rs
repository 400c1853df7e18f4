//! Whom a person at the command line means by a name.
//!
//! Promises one rule for every command: the key, then the key within its source or the label, then a
//! login name, an e-mail address or the user name in an app; and that two who fit are an error and
//! never a guess. Leaves what is done to them to the commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Trouble;
use super::desk::{Desk, Known};
use crate::core::desired::desire;
use crate::core::key::{TargetName, UserKey};
use crate::core::rules::Rules;
use crate::core::text::{fold, nearest};
use crate::core::user::User;
use crate::engine::World;
use crate::engine::roster::Roster;
use crate::installation::Installation;
use crate::store::{SqliteStore, Store};

/// What is wrong when no source holds whom the name means.
pub(super) const NO_USER: &str = "no source has a user";

/// Attributes of a source that are names of a person.
const NAMING: [&str; 5] = [
    "uid",
    "mail",
    "userName",
    "userPrincipalName",
    "sAMAccountName",
];

/// Somebody or something that can be meant.
#[derive(Clone, Debug)]
pub(super) struct Candidate<T> {
    /// What is meant.
    pub item: T,
    /// Its immutable key, `source:key`.
    pub key: String,
    /// What a person calls it.
    pub label: String,
    /// What else it is called, without regard to case.
    pub names: Vec<String>,
}

impl<T> Candidate<T> {
    fn is_key(&self, name: &str) -> bool {
        self.key == name
    }

    fn is_called(&self, name: &str) -> bool {
        let id = self.key.split_once(':').map(|(_, id)| id);
        self.label == name || id == Some(name)
    }
}

/// A way in which a name may fit.
type Way<'a, T> = &'a dyn Fn(&Candidate<T>) -> bool;

/// The one that `name` means; `nobody` says what is wrong when there is none.
///
/// # Errors
/// When nobody fits, with the nearest label, or when several do, with the key of each.
pub(super) fn pick<'a, T>(
    name: &str,
    among: &'a [Candidate<T>],
    nobody: &str,
) -> Result<&'a Candidate<T>, Trouble> {
    let folded = fold(name);
    let ways: [Way<'_, T>; 3] = [
        &|one| one.is_key(name),
        &|one| one.is_called(name),
        &|one| one.names.iter().any(|other| fold(other) == folded),
    ];
    for fits in ways {
        let found: BTreeMap<&str, &Candidate<T>> = among
            .iter()
            .filter(|one| fits(one))
            .map(|one| (&*one.key, one))
            .collect();
        let mut all = found.values();
        match (all.next(), all.next()) {
            (Some(one), None) => return Ok(one),
            (Some(one), Some(_)) => return Err(ambiguous(name, &one.key, found.values())),
            (None, _) => {}
        }
    }
    let near = nearest(name, among.iter().map(|one| &*one.label));
    let hint = near.map(|near| format!("did you mean `{near}`?"));
    Err(Trouble::new(format!("{nobody} `{name}`"), hint.as_deref()))
}

fn ambiguous<'a, T: 'a>(
    name: &str,
    first: &str,
    found: impl Iterator<Item = &'a &'a Candidate<T>>,
) -> Trouble {
    let list: Vec<String> = found
        .map(|one| format!("{} ({})", one.label, one.key))
        .collect();
    Trouble::new(
        format!("`{name}` may mean any of {}", list.join(", ")),
        Some(&format!("name one by its key, such as {first}")),
    )
}

/// Everybody in the readings, with the user names that `rules` give them.
pub(super) fn of_roster(roster: &Roster, rules: &[&Rules]) -> Vec<Candidate<User>> {
    let mut in_apps: BTreeMap<UserKey, Vec<String>> = BTreeMap::new();
    for desired in rules.iter().flat_map(|one| desire(one, &roster.readings)) {
        let keys = desired.keys.iter();
        let names = keys.filter(|(name, _)| name.as_str() == "userName");
        let names = names.map(|(_, value)| value.to_string());
        in_apps.entry(desired.user).or_default().extend(names);
    }
    let everybody = roster
        .readings
        .iter()
        .flat_map(|reading| reading.users.iter());
    everybody
        .map(|user| {
            let own = NAMING.iter().filter_map(|name| user.attributes.get(*name));
            let mut names: Vec<String> = own.flatten().map(ToString::to_string).collect();
            names.extend(in_apps.remove(&user.key).unwrap_or_default());
            Candidate {
                key: user.key.to_string(),
                label: user.label.to_string(),
                names,
                item: user,
            }
        })
        .collect()
}

/// A user who may be gone from the directory.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Who.
    pub key: UserKey,
    /// What a person calls them.
    pub label: Arc<str>,
}

/// Finds the user of that name: somebody in the readings, or somebody with a link in the target whom
/// no reading holds any more.
///
/// # Errors
/// When nobody or several fit, or the state cannot be read.
pub(super) async fn person(
    name: &str,
    roster: &Roster,
    rules: &Rules,
    store: &SqliteStore,
) -> Result<Person, Trouble> {
    let mut everybody: Vec<Candidate<Person>> = of_roster(roster, &[rules])
        .into_iter()
        .map(|one| Candidate {
            item: Person {
                key: one.item.key.clone(),
                label: Arc::clone(&one.item.label),
            },
            key: one.key,
            label: one.label,
            names: one.names,
        })
        .collect();
    everybody.extend(gone(roster, &rules.target, store).await?);
    Ok(pick(name, &everybody, NO_USER)?.item.clone())
}

async fn gone(
    roster: &Roster,
    target: &TargetName,
    store: &SqliteStore,
) -> Result<Vec<Candidate<Person>>, Trouble> {
    let state = store.target(target, jiff::Timestamp::UNIX_EPOCH).await?;
    let is_there = |key: &UserKey| {
        let mut readings = roster.readings.iter();
        readings.any(|reading| reading.holds(key))
    };
    let mut people = Vec::new();
    for key in state.links.into_keys().filter(|key| !is_there(key)) {
        let label = store.last_label(&format!("user {key}"))?;
        let label = label.unwrap_or_else(|| key.id.to_string());
        people.push(Candidate {
            key: key.to_string(),
            item: Person {
                key,
                label: Arc::from(&*label),
            },
            label,
            names: Vec::new(),
        });
    }
    Ok(people)
}

/// Reads every source, all of which have to be readable.
///
/// # Errors
/// Why one of them is not.
pub(super) async fn whole_roster(
    installation: &Installation,
    desk: &Desk,
    world: World<'_>,
) -> Result<Known, Trouble> {
    let roster = desk.read(installation, world).await?;
    match roster.refused.last() {
        Some((_, error)) => Err(error.into()),
        None => Ok(roster),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::problem;

    fn called(key: &str, label: &str, names: &[&str]) -> Candidate<()> {
        Candidate {
            item: (),
            key: key.into(),
            label: label.into(),
            names: names.iter().map(ToString::to_string).collect(),
        }
    }

    fn picked(name: &str) -> String {
        let people = [
            called("hq:1", "ana", &["ana@example.com", "Ana.Lima"]),
            called("hq:2", "bob", &["hq:1", "boss@example.com"]),
            called("lab:1", "ana", &["ana@lab.example.com"]),
            called("lab:7", "cy", &["boss@example.com"]),
        ];
        match pick(name, &people, NO_USER) {
            Ok(found) => found.key.clone(),
            Err(trouble) => anstream::adapter::strip_str(&problem::trouble(&trouble)).to_string(),
        }
    }

    #[test]
    fn the_surest_name_decides() {
        assert_eq!(picked("hq:1"), "hq:1");
        assert_eq!(picked("7"), "lab:7");
        assert_eq!(picked("bob"), "hq:2");
        assert_eq!(picked("ANA@example.com"), "hq:1");
        assert_eq!(picked("ana.lima"), "hq:1");
    }

    #[test]
    fn two_who_fit_are_no_answer() {
        assert_eq!(
            picked("ana"),
            "error: `ana` may mean any of ana (hq:1), ana (lab:1)\n  \
             hint: name one by its key, such as hq:1\n"
        );
        assert_eq!(
            picked("boss@example.com"),
            "error: `boss@example.com` may mean any of bob (hq:2), cy (lab:7)\n  \
             hint: name one by its key, such as hq:2\n"
        );
        assert_eq!(
            picked("bop"),
            "error: no source has a user `bop`\n  hint: did you mean `bob`?\n"
        );
    }
}
