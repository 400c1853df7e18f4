//! The rates of an app as a strict service keeps them: so many requests in so much time.
//!
//! Promises exact arithmetic of its own, so that it can find a fault in the arithmetic of whoever
//! keeps to the rates. Leaves the answer to a request too many to the callers.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;

use crate::core::profile::{Bucket, Resource};

/// All buckets of an app.
#[derive(Debug)]
pub(super) struct Meter(Vec<Level>);

/// A bucket with what is in it, in nanoseconds times the limit: a request costs `per`.
#[derive(Debug)]
struct Level {
    bucket: Bucket,
    credit: u128,
    at: Option<Timestamp>,
}

impl Meter {
    /// Full buckets. One without a span of time limits nothing.
    pub(super) fn new(buckets: &[Bucket]) -> Self {
        let limiting = buckets.iter().filter(|bucket| !bucket.per.is_zero());
        Self(limiting.map(Level::new).collect())
    }

    /// Takes one request from every bucket that counts it.
    ///
    /// # Errors
    /// The time until all of them have one; then nothing was taken.
    pub(super) fn take(
        &mut self,
        method: &Method,
        about: Option<Resource>,
        bytes: usize,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let counts = |level: &&mut Level| level.counts(method, about, bytes);
        let wait = self
            .0
            .iter_mut()
            .filter(counts)
            .filter_map(|level| level.wait(now))
            .max();
        if let Some(wait) = wait {
            return Err(wait);
        }
        for level in self.0.iter_mut().filter(counts) {
            level.credit -= level.cost();
        }
        Ok(())
    }
}

impl Level {
    fn new(bucket: &Bucket) -> Self {
        let mut level = Self {
            bucket: bucket.clone(),
            credit: 0,
            at: None,
        };
        level.credit = level.full();
        level
    }

    fn cost(&self) -> u128 {
        self.bucket.per.as_nanos()
    }

    fn full(&self) -> u128 {
        self.cost() * u128::from(self.bucket.burst.max(1))
    }

    fn counts(&self, method: &Method, about: Option<Resource>, bytes: usize) -> bool {
        let bucket = &self.bucket;
        let names = |name: &String| name.eq_ignore_ascii_case(method.as_str());
        (bucket.methods.is_empty() || bucket.methods.iter().any(names))
            && (bucket.resource.is_none() || bucket.resource == about)
            && bucket.larger_than.is_none_or(|least| bytes > least)
    }

    /// Fills up to `now`; says how long until there is one request in it, if there is none.
    fn wait(&mut self, now: Timestamp) -> Option<Duration> {
        let limit = u128::from(self.bucket.limit.max(1));
        let elapsed = self.at.map_or(0, |at| {
            u128::try_from(now.duration_since(at).as_nanos()).unwrap_or(0)
        });
        self.at = Some(now);
        self.credit = (self.credit + elapsed * limit).min(self.full());
        let missing = self.cost().saturating_sub(self.credit);
        let nanos = u64::try_from(missing.div_ceil(limit)).unwrap_or(u64::MAX);
        (missing > 0).then(|| Duration::from_nanos(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(limit: u32, per: u64, burst: u32) -> Bucket {
        Bucket {
            methods: Vec::new(),
            resource: None,
            larger_than: None,
            limit,
            per: Duration::from_secs(per),
            burst,
        }
    }

    /// How many of the requests at these milliseconds get through.
    fn let_in(meter: &mut Meter, at: &[i64]) -> Vec<bool> {
        at.iter()
            .map(|at| {
                let now = Timestamp::from_millisecond(*at).expect("a time");
                let taken = meter.take(&Method::PATCH, Some(Resource::Groups), 10, now);
                taken.is_ok()
            })
            .collect()
    }

    #[test]
    fn a_burst_goes_at_once_and_then_the_rate_holds() {
        let mut meter = Meter::new(&[bucket(2, 1, 3)]);
        assert_eq!(
            let_in(
                &mut meter,
                &[0, 0, 0, 0, 499, 500, 999, 1000, 9000, 9000, 9000, 9000]
            ),
            [
                true, true, true, false, false, true, false, true, true, true, true, false
            ]
        );
    }

    #[test]
    fn a_bucket_counts_only_what_it_names() {
        let narrow = |change: fn(&mut Bucket)| {
            let mut narrow = bucket(1, 1, 1);
            change(&mut narrow);
            let_in(&mut Meter::new(&[narrow]), &[0, 0])
        };
        assert_eq!(
            narrow(|bucket| bucket.methods = vec!["patch".into()]),
            [true, false]
        );
        assert_eq!(
            narrow(|bucket| bucket.methods = vec!["POST".into()]),
            [true, true]
        );
        assert_eq!(
            narrow(|bucket| bucket.resource = Some(Resource::Users)),
            [true, true]
        );
        assert_eq!(narrow(|bucket| bucket.larger_than = Some(10)), [true, true]);
        assert_eq!(narrow(|bucket| bucket.larger_than = Some(9)), [true, false]);
        assert_eq!(narrow(|bucket| bucket.per = Duration::ZERO), [true, true]);
    }

    #[test]
    fn a_request_that_one_bucket_refuses_uses_up_no_other() {
        let mut meter = Meter::new(&[bucket(1, 1, 2), bucket(1, 10, 1)]);
        let now = Timestamp::UNIX_EPOCH;
        let mut take = || meter.take(&Method::GET, None, 0, now);
        assert_eq!(take(), Ok(()));
        assert_eq!(take(), Err(Duration::from_secs(10)));
        let later = now + Duration::from_secs(10);
        assert_eq!(meter.take(&Method::GET, None, 0, later), Ok(()));
        assert_eq!(meter.0[0].credit, meter.0[0].cost(), "full, and one taken");
    }
}
