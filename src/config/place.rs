//! Where a key stands in a file: the keys and positions that lead to it.
//!
//! Promises one spelling, `targets.trotto.mapping.displayName`. Leaves lines and columns to the
//! document.

use std::fmt;

/// The way from the top of a file to a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Vec<Step>);

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into a block, by key.
    Key(String),
    /// Into a list, by position from 0.
    Index(usize),
}

impl Place {
    /// The top of the file.
    #[must_use]
    pub fn top() -> Self {
        Self::default()
    }

    /// The node under `key`.
    #[must_use]
    pub fn key(&self, key: impl AsRef<str>) -> Self {
        self.then(Step::Key(key.as_ref().into()))
    }

    /// The nodes under `keys`, one below the other.
    #[must_use]
    pub fn keys(&self, keys: &[&str]) -> Self {
        keys.iter().fold(self.clone(), |place, key| place.key(key))
    }

    /// The item at `index`, from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// The place `below` this one.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }

    /// The steps from the top.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The node this one stands in; the top has none.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    /// Is this `other`, or inside it?
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_like_a_path() {
        let place = Place::top()
            .keys(&["targets", "trotto", "tests"])
            .index(2)
            .key("user");
        assert_eq!(place.to_string(), "targets.trotto.tests[2].user");
        assert!(place.is_within(&Place::top().keys(&["targets", "trotto"])));
        assert!(!place.is_within(&Place::top().keys(&["targets", "trot"])));
    }
}
