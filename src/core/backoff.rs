//! How long to wait before the next try: full jitter under a doubling ceiling.
//!
//! Promises a pause between zero and the ceiling of that try. Leaves waiting to the engine.

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
    fn jitter_spreads_over_the_whole_span() {
        let policy = RetryPolicy::default();
        assert_eq!(pause(3, &policy, 0.0), Duration::ZERO);
        assert_eq!(pause(3, &policy, 0.5), Duration::from_secs(2));
    }
}
