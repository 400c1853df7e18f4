//! How many notices an hour people bear.
//!
//! Promises never more than the config says in any hour, and that what was too much is summed up in
//! one, as soon as there is room for one. Leaves sending to [`super::delivery`].

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::daemon::health::age;
use crate::show::notice::{Notice, sum};

const HOUR: Duration = Duration::from_hours(1);
/// Of what is too much, so many are kept to be named; the rest is counted.
const MOST: usize = 100;

/// The budget of one channel.
#[derive(Debug)]
pub struct Budget {
    per_hour: usize,
    spent: VecDeque<Timestamp>,
    surplus: Vec<Notice>,
    unnamed: usize,
}

impl Budget {
    /// A full one; of none an hour makes one.
    #[must_use]
    pub fn new(per_hour: u16) -> Self {
        Self {
            per_hour: usize::from(per_hour.max(1)),
            spent: VecDeque::new(),
            surplus: Vec::new(),
            unnamed: 0,
        }
    }

    /// Gives the notice back if it may be sent now; else it becomes a part of a sum.
    pub fn admit(&mut self, notice: Notice, now: Timestamp) -> Option<Notice> {
        if self.surplus.is_empty() && self.has_room(now) {
            self.spent.push_back(now);
            return Some(notice);
        }
        if self.surplus.len() < MOST {
            self.surplus.push(notice);
        } else {
            self.unnamed += 1;
        }
        None
    }

    /// What was too much, in one notice, if there is room for one.
    pub fn settle(&mut self, now: Timestamp) -> Option<Notice> {
        if self.surplus.is_empty() || !self.has_room(now) {
            return None;
        }
        self.spent.push_back(now);
        let unnamed = std::mem::take(&mut self.unnamed);
        let mut surplus = std::mem::take(&mut self.surplus);
        if surplus.len() == 1 {
            return surplus.pop();
        }
        Some(sum(&surplus, unnamed, now))
    }

    fn has_room(&mut self, now: Timestamp) -> bool {
        while self.spent.front().is_some_and(|at| age(*at, now) >= HOUR) {
            self.spent.pop_front();
        }
        self.spent.len() < self.per_hour
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::notice::Kind;

    fn at(minute: u32) -> Timestamp {
        let start: Timestamp = "2026-11-22T09:00:00Z".parse().expect("a time");
        start + Duration::from_mins(u64::from(minute))
    }

    fn notice(subject: &str) -> Notice {
        Notice {
            at: at(0),
            kind: Kind::Held,
            subject: Some(subject.into()),
            what: "held".into(),
            todo: None,
            people: Vec::new(),
        }
    }

    #[test]
    fn so_many_an_hour_and_the_rest_in_one() {
        let mut budget = Budget::new(2);
        assert!(budget.admit(notice("a"), at(0)).is_some());
        assert!(budget.admit(notice("b"), at(10)).is_some());
        for subject in ["c", "d"] {
            assert_eq!(budget.admit(notice(subject), at(20)), None);
        }
        assert_eq!(budget.settle(at(59)), None, "the hour is not over");
        let sum = budget.settle(at(60)).expect("the first has left the hour");
        assert_eq!(
            sum.what,
            "2 notices that were too many for the hour: c: held; d: held"
        );
        assert_eq!(budget.settle(at(60)), None, "nothing is left");
        assert_eq!(
            budget.admit(notice("e"), at(61)),
            None,
            "b and the sum are in the hour"
        );
        assert_eq!(budget.settle(at(70)), Some(notice("e")), "one is no sum");
    }

    #[test]
    fn a_flood_is_counted_and_not_kept() {
        let mut budget = Budget::new(1);
        assert!(budget.admit(notice("first"), at(0)).is_some());
        for number in 0..1_000 {
            budget.admit(notice(&number.to_string()), at(1));
        }
        let sum = budget.settle(at(60)).expect("there is room");
        assert!(
            sum.what.starts_with("1000 notices that were too many"),
            "{}",
            sum.what
        );
        assert!(sum.what.ends_with("; and 995 more"), "{}", sum.what);
    }
}
