//! How long to wait before the next try: full jitter under a doubling ceiling.
//!
//! Promises a pause between zero and the ceiling of that try, within a run; and between half of the
//! ceiling and all of it from run to run. Leaves waiting to the engine.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use super::profile::RetryPolicy;

/// The pause after the try number `attempt` (the first is 1); `draw` in `0.0..1.0` is the jitter.
/// Full jitter spreads clients that failed at the same moment over the whole span.
#[must_use]
pub fn pause(attempt: u32, policy: &RetryPolicy, draw: f64) -> Duration {
    ceiling(attempt, policy).mul_f64(draw.clamp(0.0, 1.0))
}

/// The longest pause after the try number `attempt`.
#[must_use]
pub fn ceiling(attempt: u32, policy: &RetryPolicy) -> Duration {
    ExponentialBuilder::default()
        .with_min_delay(policy.base)
        .with_max_delay(policy.max)
        .with_factor(2.0)
        .without_max_times()
        .build()
        .nth(attempt.saturating_sub(1) as usize)
        .unwrap_or(policy.max)
}

/// A record that failed rests at least so long before another run tries it.
pub const SHORTEST_REST: Duration = Duration::from_mins(1);
/// It rests at most so long.
pub const LONGEST_REST: Duration = Duration::from_hours(6);

/// How long a record rests after it has failed in `runs` runs: from [`SHORTEST_REST`] on, doubling up
/// to `longest`; `draw` in `0.0..1.0` is the jitter.
#[must_use]
pub fn rest(runs: u32, longest: Duration, draw: f64) -> Duration {
    let doublings = runs.saturating_sub(1).min(16);
    let ceiling = (SHORTEST_REST * 2_u32.pow(doublings)).min(longest);
    ceiling
        .mul_f64(0.5 + draw.clamp(0.0, 1.0) / 2.0)
        .max(SHORTEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_longest_pause() {
        let policy = RetryPolicy::default();
        let ceilings: Vec<u64> = (1..=8).map(|n| ceiling(n, &policy).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_record_rests_from_a_minute_to_six_hours() {
        let rests = |draw| -> Vec<u64> {
            let all = 1..=11;
            all.map(|runs| rest(runs, LONGEST_REST, draw).as_secs() / 60)
                .collect()
        };
        assert_eq!(rests(1.0), [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
        assert_eq!(rests(0.0), [1, 1, 2, 4, 8, 16, 32, 64, 128, 180, 180]);
        assert_eq!(rest(u32::MAX, LONGEST_REST, 1.0), LONGEST_REST);
    }

    #[test]
    fn jitter_spreads_over_the_whole_span() {
        let policy = RetryPolicy::default();
        assert_eq!(pause(3, &policy, 0.0), Duration::ZERO);
        assert_eq!(pause(3, &policy, 0.5), Duration::from_secs(2));
    }
}
