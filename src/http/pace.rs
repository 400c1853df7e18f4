//! How many requests may be on their way at once: fewer after each push-back, more again after a run
//! of successes.
//!
//! Promises never more than the profile's cap and never fewer than one, and one halving for all the
//! requests that were on their way when the app pushed back. Leaves the slots themselves to the
//! limiter.

/// Successes in a row that earn one more slot.
const RUN: u32 = 10;

/// The pace of one target.
#[derive(Debug)]
pub(super) struct Pace {
    cap: usize,
    allowed: usize,
    successes: u32,
    refusals: u32,
    round: Round,
}

/// The time between two halvings; a request belongs to the one it was sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Round(u64);

impl Pace {
    /// Begins at the cap.
    pub(super) fn new(cap: usize) -> Self {
        let cap = cap.max(1);
        Self {
            cap,
            allowed: cap,
            successes: 0,
            refusals: 0,
            round: Round(0),
        }
    }

    /// Requests that may be on their way now.
    pub(super) fn allowed(&self) -> usize {
        self.allowed
    }

    /// The round that a request sent now belongs to.
    pub(super) fn round(&self) -> Round {
        self.round
    }

    /// Push-backs since the last success, each round counted once.
    pub(super) fn refusals(&self) -> u32 {
        self.refusals
    }

    /// The app pushed back on a request of `round`. Requests sent before the last halving say
    /// nothing about the present pace.
    pub(super) fn slow_down(&mut self, round: Round) {
        self.successes = 0;
        if round < self.round {
            return;
        }
        self.round.0 += 1;
        self.refusals = self.refusals.saturating_add(1);
        self.allowed = (self.allowed / 2).max(1);
    }

    /// The app took a request.
    pub(super) fn speed_up(&mut self) {
        self.refusals = 0;
        self.successes += 1;
        if self.successes >= RUN {
            self.successes = 0;
            self.allowed = (self.allowed + 1).min(self.cap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_down_to_one_and_grows_back_to_the_cap() {
        let mut pace = Pace::new(8);
        let mut seen = vec![pace.allowed()];
        for _ in 0..4 {
            pace.slow_down(pace.round());
            seen.push(pace.allowed());
        }
        assert_eq!(seen, [8, 4, 2, 1, 1]);
        assert_eq!(pace.refusals(), 4);
        for _ in 0..RUN {
            assert_eq!(pace.allowed(), 1);
            pace.speed_up();
        }
        assert_eq!((pace.allowed(), pace.refusals()), (2, 0));
        for _ in 0..RUN * 20 {
            pace.speed_up();
        }
        assert_eq!(pace.allowed(), 8);
    }

    #[test]
    fn requests_of_one_round_halve_once() {
        let mut pace = Pace::new(8);
        let round = pace.round();
        for _ in 0..8 {
            pace.slow_down(round);
        }
        assert_eq!((pace.allowed(), pace.refusals()), (4, 1));
    }

    #[test]
    fn a_push_back_ends_a_run() {
        let mut pace = Pace::new(4);
        let stale = pace.round();
        pace.slow_down(stale);
        for _ in 1..RUN {
            pace.speed_up();
        }
        pace.slow_down(stale);
        pace.speed_up();
        assert_eq!(pace.allowed(), 2);
    }

    #[test]
    fn a_cap_of_nothing_is_a_cap_of_one() {
        assert_eq!(Pace::new(0).allowed(), 1);
    }
}
