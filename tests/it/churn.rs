//! Changes of a directory without end, drawn from a seed.
//!
//! Promises that the first ten people are never taken away, and that the same seed makes the same
//! changes. Leaves telling the server to the stories.

use std::collections::BTreeMap;

use crate::ldif::{added, deleted, modify, move_to};
use crate::slapd::{hired, person};

const STAFF: &str = "cn=staff,ou=groups,dc=example,dc=com";

/// Adds, edits, renames, moves, locks, hides and deletes, drawn from a seed; the first ten people are
/// never taken away.
pub struct Churn {
    state: u64,
    hired: usize,
    /// Who is there: number, DN, and whether out of the filter.
    people: BTreeMap<usize, (String, bool)>,
}

impl Churn {
    pub fn new(people: usize) -> Self {
        Self {
            state: 7,
            hired: people,
            people: (1..=people).map(|n| (n, (person(n), false))).collect(),
        }
    }

    fn draw(&mut self, bound: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.state >> 33).expect("it fits") % bound
    }

    pub fn there(&self) -> usize {
        self.people.values().filter(|(_, left)| !left).count()
    }

    pub fn step(&mut self) -> String {
        let at = self.draw(self.people.len());
        let (&number, (dn, left)) = self.people.iter().nth(at).expect("it is below");
        let (dn, left) = (dn.clone(), *left);
        let kind = self.draw(10);
        match kind {
            0 | 1 => {
                self.hired += 1;
                let number = self.hired;
                self.people.insert(number, (person(number), false));
                added(&hired(number)) + &modify(STAFF, "add", "member", &person(number))
            }
            2 | 3 if number > 10 => {
                self.people.remove(&number);
                deleted(&dn)
            }
            4 if number > 10 => {
                self.people.insert(number, (dn.clone(), !left));
                let how = if left { "delete" } else { "add" };
                modify(&dn, how, "employeeType", "left")
            }
            5 if number > 10 => {
                let above = if dn.contains("ou=abroad") {
                    "ou=people,dc=example,dc=com"
                } else {
                    "ou=abroad,ou=people,dc=example,dc=com"
                };
                let rdn = format!("uid=u{number}.{}", self.draw(1000));
                self.people.insert(number, (format!("{rdn},{above}"), left));
                move_to(&dn, &rdn, above)
            }
            6 => modify(&dn, "replace", "pwdAccountLockedTime", "000001010000Z"),
            7 => modify(&dn, "replace", "userPassword", "another-one-for-a-test"),
            8 => {
                let boss = person(1 + self.draw(10));
                modify(&dn, "replace", "manager", &boss)
            }
            _ => modify(
                &dn,
                "replace",
                "title",
                &format!("Title {}", self.draw(1000)),
            ),
        }
    }
}
