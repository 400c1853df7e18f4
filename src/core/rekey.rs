//! The same people and groups under other keys: a directory that was imported anew, or a person whom
//! another source speaks for from now on.
//!
//! Promises that a link moves only to a key that has none, from a key that the roster joins with it or
//! that a whole reading no longer holds, and that neither a value two people claim nor a stranger who
//! was given the name of somebody else takes an account over. Leaves to [`super::guard`] how many may
//! move at once, and to the plan what is then to change.
//!
//! ```text
//! old key            new key                                        →  link
//! joined with        is the person's key in the roster              moves
//! gone, same source  found by the values of that very account, and
//!                    most of what it was sent is as it should be    moves
//! gone, another one  likewise                                       moves once the absence is sure
//! left before        any                                            stays: a person decides
//! ```

mod groups;
mod holders;
mod moved;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::attribute::Attributes;
use super::change::{Action, Change, Reason, SameAs, Subject};
use super::desired::{Desired, Wanted};
use super::fingerprint::FingerprintKey;
use super::key::UserKey;
use super::leaver::LeaveCause;
use super::link::Link;
use super::memory::TargetState;
use super::plan::Observed;
use super::reading::{Absence, Reading};
use super::rules::Rules;
use holders::Holders;
pub use moved::{moved, unmoved};

/// What moves are found by.
pub struct Facts<'a> {
    /// What decides about the target.
    pub rules: &'a Rules,
    /// What everybody should have, sorted by user.
    pub desired: &'a [Desired],
    /// What the sources hold.
    pub readings: &'a [Reading],
    /// What we remember.
    pub state: &'a TargetState,
    /// What the app holds, if it was read.
    pub observed: Option<&'a Observed>,
    /// Keys that mean somebody whom the roster knows by another one.
    pub aliases: &'a BTreeMap<UserKey, UserKey>,
    /// Linked users whom a whole reading of their source does not hold, with what that means so far.
    pub vanished: &'a BTreeMap<UserKey, Absence>,
    /// The key of the fingerprints.
    pub key: &'a FingerprintKey,
}

/// A link that follows its person, or its group, to another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The change: [`Action::Rekey`] of the new key.
    pub change: Change,
    /// Not before this point: the old key may yet be there again.
    pub waits: Option<Timestamp>,
}

impl Move {
    /// The old key.
    #[must_use]
    pub fn from(&self) -> &Subject {
        match &self.change.action {
            Action::Rekey { from, .. } => from,
            _ => &self.change.subject,
        }
    }
}

/// Every link that has to move, users first, each sorted by the new key.
#[must_use]
pub fn find(facts: &Facts<'_>) -> Vec<Move> {
    let mut moves = joined(facts);
    let settled: BTreeSet<&Subject> = moves.iter().flat_map(Move::both).collect();
    let followed = followed(facts, &settled);
    moves.extend(followed);
    moves.sort_by(|one, other| one.change.subject.cmp(&other.change.subject));
    moves.extend(groups::groups(facts));
    moves
}

impl Move {
    fn both(&self) -> [&Subject; 2] {
        [&self.change.subject, self.from()]
    }

    fn of_user(to: &Desired, link: &Link, by: SameAs) -> Self {
        Self {
            change: Change {
                subject: Subject::User(to.user.clone()),
                label: Arc::clone(&to.label),
                action: Action::Rekey {
                    from: Subject::User(link.user.clone()),
                    id: link.id.clone(),
                },
                reason: Reason::Rekeyed { by },
            },
            waits: None,
        }
    }
}

/// People who have two accounts here, each linked to another of their keys: nothing moves.
#[must_use]
pub fn doubled(facts: &Facts<'_>) -> Vec<String> {
    let links = linked_aliases(facts);
    links
        .iter()
        .filter(|(person, links)| {
            links.len() > 1 || (!links.is_empty() && facts.state.links.contains_key(*person))
        })
        .map(|(person, links)| {
            let own = facts.state.links.get(*person);
            let all = own.into_iter().chain(links.iter().copied());
            let ids: Vec<String> = all
                .map(|link| format!("{} of {}", link.id, link.user))
                .collect();
            format!(
                "{person}: the roster joins people who have an account each ({}): unlink all but one",
                ids.join(", ")
            )
        })
        .collect()
}

/// The links of each person that are kept under another of the person's keys.
fn linked_aliases<'a>(facts: &Facts<'a>) -> BTreeMap<&'a UserKey, Vec<&'a Link>> {
    let mut links: BTreeMap<&UserKey, Vec<&Link>> = BTreeMap::new();
    for link in facts.state.links.values() {
        if let Some(person) = facts.aliases.get(&link.user) {
            links.entry(person).or_default().push(link);
        }
    }
    links
}

/// Links under a key that the roster joins with the person's own.
fn joined(facts: &Facts<'_>) -> Vec<Move> {
    let mut moves = Vec::new();
    for (person, links) in linked_aliases(facts) {
        if let ([link], Some(to), None) = (
            links.as_slice(),
            wanted(facts, person),
            facts.state.links.get(person),
        ) {
            moves.push(Move::of_user(to, link, SameAs::Joined));
        }
    }
    moves
}

fn wanted<'a>(facts: &Facts<'a>, user: &UserKey) -> Option<&'a Desired> {
    let at = facts
        .desired
        .binary_search_by(|desired| desired.user.cmp(user));
    facts.desired.get(at.ok()?)
}

/// Links of people who are gone, while somebody new has the very values of the account.
fn followed(facts: &Facts<'_>, settled: &BTreeSet<&Subject>) -> Vec<Move> {
    if facts.vanished.is_empty() {
        return Vec::new();
    }
    let holders = Holders::of(facts);
    let in_doubt: BTreeSet<&UserKey> = facts
        .state
        .doubtful_creates()
        .map(|(user, _)| user)
        .collect();
    let mut claims: BTreeMap<&UserKey, Vec<Move>> = BTreeMap::new();
    for desired in facts.desired {
        let subject = Subject::User(desired.user.clone());
        let is_new =
            !facts.state.links.contains_key(&desired.user) && !in_doubt.contains(&desired.user);
        if !is_new || settled.contains(&subject) {
            continue;
        }
        if let Some((link, by)) = holders.only(facts, desired)
            && let Some(absence) = facts.vanished.get(&link.user)
            && may_follow(facts, desired, link)
        {
            let mut found = Move::of_user(desired, link, SameAs::Value { by });
            if let (Absence::Waits(until), true) = (absence, is_elsewhere(desired, link)) {
                found.waits = Some(*until);
            }
            claims.entry(&link.user).or_default().push(found);
        }
    }
    let sole = claims.into_values().filter(|claims| claims.len() == 1);
    sole.flatten().collect()
}

fn is_elsewhere(to: &Desired, link: &Link) -> bool {
    to.user.source != link.user.source
}

/// Is it the same person, as far as can be told? Somebody who left before, whom a person has told from
/// the account, or who only shares a name with it, is not.
fn may_follow(facts: &Facts<'_>, to: &Desired, link: &Link) -> bool {
    let left = link
        .left
        .is_some_and(|left| left.cause == LeaveCause::Deleted);
    let is_gone = facts
        .observed
        .is_some_and(|observed| observed.gone.contains(&link.id));
    !left && !is_gone && !facts.state.is_apart(&to.user, &link.id) && resembles(facts, to, link)
}

/// Is more than half of what the account was sent what the new key should have? Whoever was given the
/// login name of a predecessor has another name besides; whoever was imported anew has another key.
fn resembles(facts: &Facts<'_>, to: &Desired, link: &Link) -> bool {
    let Wanted::Active { attributes, .. } = &to.wanted else {
        return true;
    };
    let (same, all) = compare(facts.key, attributes, link);
    all == 0 || same * 2 > all
}

/// How many of the values are what was sent, of how many that can be told.
fn compare(key: &FingerprintKey, attributes: &Attributes, link: &Link) -> (usize, usize) {
    let values = attributes
        .iter()
        .filter(|(_, value)| value.account().is_none());
    let told = values.filter_map(|(name, value)| {
        let sent = link.sent.get(name).filter(|sent| sent.is_known())?;
        Some(*sent == key.of(name, value))
    });
    told.fold((0, 0), |(same, all), is_same| {
        (same + usize::from(is_same), all + 1)
    })
}

#[cfg(test)]
mod tests;
