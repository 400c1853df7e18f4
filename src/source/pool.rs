//! Texts that occur again and again (names of attributes, departments, towns), kept once.
//!
//! Promises a bound on its own size, however many different texts a file holds, and not to look for
//! texts of an attribute of which hardly any came twice. Leaves everything about what a text means to its
//! users.

use std::collections::HashSet;
use std::sync::Arc;

/// So many different texts, at most: what repeats has mostly been seen by then.
const MOST: usize = 65_536;
/// Longer texts (bytes) hardly ever repeat.
const LONGEST: usize = 64;

/// So many texts of an attribute show whether they repeat.
const TRIAL: u32 = 1024;

/// How often the texts of one attribute had been seen before.
#[derive(Clone, Debug, Default)]
pub(super) struct Habit {
    looked: u32,
    known: u32,
}

impl Habit {
    fn repeats(&self) -> bool {
        self.looked < TRIAL || self.known >= self.looked / 4
    }
}

/// Texts seen before.
#[derive(Debug, Default)]
pub(super) struct Pool {
    texts: HashSet<Arc<str>>,
}

impl Pool {
    /// The text, shared with its earlier occurrences where that pays.
    pub(super) fn share(&mut self, text: &str) -> Arc<str> {
        if text.len() > LONGEST {
            return Arc::from(text);
        }
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        if self.texts.len() < MOST {
            self.texts.insert(Arc::clone(&new));
        }
        new
    }

    /// The same for an attribute: one whose texts are all different is not looked for.
    pub(super) fn share_by(&mut self, habit: &mut Habit, text: &str) -> Arc<str> {
        if !habit.repeats() {
            return Arc::from(text);
        }
        let shared = self.share(text);
        habit.looked = habit.looked.saturating_add(1);
        // One is the pool's, and one is given out: more have it already.
        if Arc::strong_count(&shared) > 2 {
            habit.known = habit.known.saturating_add(1);
        }
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_repeats_is_kept_once() {
        let mut pool = Pool::default();
        let (first, second) = (pool.share("Metro East"), pool.share("Metro East"));
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn an_attribute_whose_texts_are_all_different_is_soon_not_looked_for() {
        let mut pool = Pool::default();
        let (mut uid, mut town) = (Habit::default(), Habit::default());
        let mut kept = Vec::new();
        for number in 0..2 * TRIAL {
            kept.push(pool.share_by(&mut uid, &format!("u{number}")));
            kept.push(pool.share_by(&mut town, &format!("t{}", number % 9)));
        }
        assert_eq!(pool.texts.len(), TRIAL as usize + 9);
    }

    #[test]
    fn the_pool_does_not_grow_without_end() {
        let mut pool = Pool::default();
        for number in 0..MOST + 10 {
            pool.share(&number.to_string());
        }
        assert_eq!(pool.texts.len(), MOST);
        assert_eq!(&*pool.share("one more"), "one more");
    }
}
