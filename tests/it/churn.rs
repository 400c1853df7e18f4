//! People and groups that change all the time, in every way there is.
//!
//! Promises that the first ten people are never taken away, that a seed makes the same story each time, and
//! that nothing is asked for which the server would refuse. Leaves sending it to the stories.

use std::collections::{BTreeMap, BTreeSet};

use crate::ldif::{added, deleted, modify, move_to};
use crate::slapd::{hired, person, team};

/// Everybody who has an account.
pub const STAFF: &str = "cn=staff,ou=groups,dc=example,dc=com";
const PEOPLE: &str = "ou=people,dc=example,dc=com";
const ABROAD: &str = "ou=abroad,ou=people,dc=example,dc=com";
/// Who is never renamed, moved, hidden or deleted.
const STAY: usize = 10;
/// Of so many teams, one has a new name from time to time.
const RENAMED: usize = 4;

/// Somebody.
#[derive(Clone)]
struct Person {
    dn: String,
    /// Out of the filter.
    has_left: bool,
    is_locked: bool,
}

/// Adds, edits, renames, moves, locks, hides and deletes, drawn from a seed; of groups, if there are any,
/// new names, members, and groups in them.
pub struct Churn {
    state: u64,
    hired: usize,
    renamed: usize,
    people: BTreeMap<usize, Person>,
    teams: BTreeMap<usize, String>,
    /// Who was put into a team, and which team.
    joined: BTreeSet<(usize, usize)>,
    /// Teams that were put into another.
    nested: BTreeSet<(usize, usize)>,
}

impl Churn {
    /// Of people alone.
    pub fn new(people: usize) -> Self {
        Self::with(people, 0)
    }

    /// Of people and groups.
    pub fn with(people: usize, teams: usize) -> Self {
        let somebody = |number| Person {
            dn: person(number),
            has_left: false,
            is_locked: false,
        };
        Self {
            state: 7,
            hired: people,
            renamed: 0,
            people: (1..=people).map(|n| (n, somebody(n))).collect(),
            teams: (1..=teams).map(|n| (n, team(n))).collect(),
            joined: BTreeSet::new(),
            nested: BTreeSet::new(),
        }
    }

    fn draw(&mut self, bound: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.state >> 33).expect("it fits") % bound
    }

    /// How many people there are for rollcall.
    pub fn there(&self) -> usize {
        let people = self.people.values();
        people.filter(|person| !person.has_left).count()
    }

    /// The next change.
    pub fn step(&mut self) -> String {
        let kinds = if self.teams.is_empty() { 10 } else { 13 };
        match self.draw(kinds) {
            10 => self.rename_team(),
            11 => self.nest(),
            12 => self.join(),
            kind => self.change_somebody(kind),
        }
    }

    fn change_somebody(&mut self, kind: usize) -> String {
        let at = self.draw(self.people.len());
        let (&number, somebody) = self.people.iter().nth(at).expect("it is below");
        let dn = somebody.dn.clone();
        match kind {
            0 | 1 => self.hire(),
            2 | 3 if self.may_go(number) => {
                self.people.remove(&number);
                deleted(&dn)
            }
            4 if number > STAY => {
                let has_left = self.flip(number, |somebody| &mut somebody.has_left);
                let how = if has_left { "add" } else { "delete" };
                modify(&dn, how, "employeeType", "left")
            }
            5 if self.may_go(number) => self.move_away(number, &dn),
            6 => self.lock(number, &dn),
            7 => modify(&dn, "replace", "userPassword", "another-one-for-a-test"),
            8 => {
                let boss = person(1 + self.draw(STAY));
                modify(&dn, "replace", "manager", &boss)
            }
            _ => {
                let title = format!("Title {}", self.draw(1000));
                modify(&dn, "replace", "title", &title)
            }
        }
    }

    /// May the server have to take somebody out of a group, or to write another name there? Not where the
    /// group may have a new name at that moment: it would miss it, and go on naming who is nowhere.
    fn may_go(&self, number: usize) -> bool {
        number > STAY && (self.teams.is_empty() || !number.is_multiple_of(RENAMED))
    }

    fn hire(&mut self) -> String {
        self.hired += 1;
        let dn = person(self.hired);
        let entry = added(&hired(self.hired));
        let new = Person {
            dn: dn.clone(),
            has_left: false,
            is_locked: false,
        };
        self.people.insert(self.hired, new);
        entry + &modify(STAFF, "add", "member", &dn)
    }

    /// Turns something about somebody into its opposite; gives what it is now.
    fn flip(&mut self, number: usize, which: impl Fn(&mut Person) -> &mut bool) -> bool {
        let somebody = self.people.get_mut(&number).expect("they are there");
        let flag = which(somebody);
        *flag = !*flag;
        *flag
    }

    fn move_away(&mut self, number: usize, dn: &str) -> String {
        let above = if dn.ends_with(ABROAD) { PEOPLE } else { ABROAD };
        let rdn = format!("uid=u{number}.{}", self.draw(1000));
        let somebody = self.people.get_mut(&number).expect("they are there");
        somebody.dn = format!("{rdn},{above}");
        move_to(dn, &rdn, above)
    }

    /// A lock, or its end. A new password ends it too, so it is not taken away but replaced by nothing.
    fn lock(&mut self, number: usize, dn: &str) -> String {
        if self.flip(number, |somebody| &mut somebody.is_locked) {
            return modify(dn, "replace", "pwdAccountLockedTime", "000001010000Z");
        }
        format!("dn: {dn}\nchangetype: modify\nreplace: pwdAccountLockedTime\n\n")
    }

    /// A team has a new name.
    fn rename_team(&mut self) -> String {
        let number = RENAMED * (1 + self.draw(self.teams.len() / RENAMED));
        self.renamed += 1;
        let rdn = format!("cn=team-{number}.{}", self.renamed);
        let dn = self.teams.get_mut(&number).expect("it is there");
        let change = renamed(dn, &rdn);
        *dn = format!("{rdn},ou=groups,dc=example,dc=com");
        change + "\n"
    }

    /// A team is put into another. Out of it comes only one that keeps its name: after a new name, the
    /// server needs a moment to put the other right.
    fn nest(&mut self) -> String {
        let outer = 1 + RENAMED * self.draw(self.teams.len() / RENAMED);
        let inner = RENAMED * (1 + self.draw(self.teams.len() / RENAMED)) - self.draw(2);
        let pair = (outer, inner);
        let how = if self.nested.insert(pair) {
            "add"
        } else if inner.is_multiple_of(RENAMED) {
            return self.join();
        } else {
            self.nested.remove(&pair);
            "delete"
        };
        modify(&self.teams[&outer], how, "member", &self.teams[&inner])
    }

    /// Somebody joins a team, or leaves it again.
    fn join(&mut self) -> String {
        let (member, place) = (1 + self.draw(STAY), self.draw(self.teams.len()));
        // Never the one that they are in from the beginning, and that may have nobody else.
        let number = 1 + (member + place % (self.teams.len() - 1)) % self.teams.len();
        let pair = (member, number);
        let how = if self.joined.insert(pair) {
            "add"
        } else {
            self.joined.remove(&pair);
            "delete"
        };
        modify(&self.teams[&number], how, "member", &person(member))
    }
}

fn renamed(dn: &str, rdn: &str) -> String {
    format!("dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 1\n")
}
