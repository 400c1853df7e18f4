//! How often an app is asked for somebody who is out and has no account that we know of.
//!
//! Promises that whoever was never asked for is asked for now, and that the others cost a bounded
//! number of requests a read. Leaves remembering to the state.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan};

use crate::core::key::UserKey;

/// Hours after which an app is asked again for somebody whom it did not have: a week.
const AGAIN: i64 = 7 * 24;

/// People asked for again in one read, at most.
const MOST: usize = 200;

/// Of those for whom the app was asked in vain, the ones to ask for again at `now`: the longest ago
/// first.
#[must_use]
pub fn again(looked: &BTreeMap<UserKey, Timestamp>, now: Timestamp) -> BTreeSet<&UserKey> {
    let before = now.saturating_sub(AGAIN.hours()).unwrap_or(now);
    let mut due: Vec<(&Timestamp, &UserKey)> = looked
        .iter()
        .filter(|(_, at)| **at <= before)
        .map(|(user, at)| (at, user))
        .collect();
    due.sort_unstable();
    due.into_iter().take(MOST).map(|(_, user)| user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::plan::scene::{days, start, user};

    #[test]
    fn after_a_week_somebody_is_asked_for_again_and_not_before() {
        let looked = BTreeMap::from([(user("ana"), start()), (user("bob"), start() + days(1))]);
        assert_eq!(again(&looked, start() + days(6)), BTreeSet::new());
        let ana = user("ana");
        assert_eq!(again(&looked, start() + days(7)), BTreeSet::from([&ana]));
    }

    #[test]
    fn of_many_the_longest_ago_are_asked_for_first() {
        let looked: BTreeMap<UserKey, Timestamp> = (0..1000)
            .map(|number| {
                let at = start() + days(u64::from(number < 900));
                (user(&format!("{number:04}")), at)
            })
            .collect();
        let due = again(&looked, start() + days(30));
        assert_eq!(due.len(), MOST);
        for number in 900..1000 {
            assert!(due.contains(&user(&format!("{number:04}"))), "{number}");
        }
    }
}
