//! Texts that occur again and again (names of attributes, departments, towns), kept once.
//!
//! Promises a bound on its own size, however many different texts a file holds. Leaves everything about
//! what a text means to its users.

use std::collections::HashSet;
use std::sync::Arc;

/// So many different texts, at most: what repeats has mostly been seen by then.
const MOST: usize = 65_536;
/// Longer texts (bytes) hardly ever repeat.
const LONGEST: usize = 64;

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
    fn the_pool_does_not_grow_without_end() {
        let mut pool = Pool::default();
        for number in 0..MOST + 10 {
            pool.share(&number.to_string());
        }
        assert_eq!(pool.texts.len(), MOST);
        assert_eq!(&*pool.share("one more"), "one more");
    }
}
