//! The rates of an app: buckets of cells, of which each request takes one from every bucket that
//! counts it.
//!
//! Promises all cells or none, so that a request which has to wait for one bucket uses up no other.
//! Leaves the waiting to the limiter.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock as Ticking;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use http::Method;
use tokio::time::Instant;

use super::About;
use crate::clock::Clock;
use crate::core::profile::{Bucket, Resource};

/// The longest time one cell may take to come back: it keeps the arithmetic inside 64 bits.
const SLOWEST: Duration = Duration::from_hours(24 * 366);

/// All buckets of one target.
pub(super) struct Buckets(Vec<Metered>);

struct Metered {
    scope: Scope,
    meter: RateLimiter<NotKeyed, Ledger, Ticks, NoOpMiddleware<Duration>>,
    ledger: Ledger,
    ticks: Ticks,
}

impl Buckets {
    /// Full buckets. A bucket without a span of time limits nothing and is left out.
    pub(super) fn new(buckets: &[Bucket], clock: &Clock) -> Self {
        Self(
            buckets
                .iter()
                .filter_map(|bucket| Metered::new(bucket, clock))
                .collect(),
        )
    }

    /// Takes one cell from each bucket that counts the request.
    ///
    /// # Errors
    /// The time until there may be a cell in all of them; then nothing was taken.
    pub(super) fn take(&self, method: &Method, about: About, bytes: usize) -> Result<(), Duration> {
        let counting = || {
            self.0
                .iter()
                .filter(|bucket| bucket.scope.counts(method, about, bytes))
        };
        let wait = counting().filter_map(Metered::try_one).max();
        counting().for_each(|bucket| bucket.ledger.settle(wait.is_none()));
        wait.map_or(Ok(()), Err)
    }
}

/// Which requests a bucket counts.
struct Scope {
    methods: Vec<Method>,
    about: Option<About>,
    larger_than: Option<usize>,
}

impl Scope {
    fn of(bucket: &Bucket) -> Self {
        let methods = bucket.methods.iter();
        Self {
            methods: methods.filter_map(|name| name.parse().ok()).collect(),
            about: bucket.resource.map(|resource| match resource {
                Resource::Users => About::User,
                Resource::Groups => About::Group,
            }),
            larger_than: bucket.larger_than,
        }
    }

    fn counts(&self, method: &Method, about: About, bytes: usize) -> bool {
        (self.methods.is_empty() || self.methods.contains(method))
            && self.about.is_none_or(|only| only == about)
            && self.larger_than.is_none_or(|least| bytes > least)
    }
}

impl Metered {
    fn new(bucket: &Bucket, clock: &Clock) -> Option<Self> {
        let quota = quota(bucket)?;
        let ledger = Ledger::default();
        let ticks = Ticks {
            origin: clock.instant(),
            clock: clock.clone(),
        };
        let meter = RateLimiter::new(quota, ledger.clone(), ticks.clone());
        Some(Self {
            scope: Scope::of(bucket),
            meter,
            ledger,
            ticks,
        })
    }

    /// Tries to take a cell, for the ledger to settle; gives the wait when there is none.
    fn try_one(&self) -> Option<Duration> {
        let refused = self.meter.check().err()?;
        Some(refused.wait_time_from(self.ticks.now()))
    }
}

/// The bucket as a quota. The time of one cell is rounded up, so that `limit` and one more never fit
/// into `per`; the burst is kept small enough that filling it up takes no more than [`SLOWEST`].
fn quota(bucket: &Bucket) -> Option<Quota> {
    let limit = u128::from(bucket.limit.max(1));
    let nanos = bucket.per.min(SLOWEST).as_nanos().div_ceil(limit);
    let cell = Duration::from_nanos(u64::try_from(nanos).ok()?);
    let most = SLOWEST.as_nanos() / nanos.max(1);
    let burst = bucket.burst.min(u32::try_from(most).unwrap_or(u32::MAX));
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    Some(Quota::with_period(cell)?.allow_burst(burst))
}

/// Our clock as the meter wants it: time since the meter was made.
#[derive(Clone, Debug)]
struct Ticks {
    clock: Clock,
    origin: Instant,
}

impl Ticking for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.clock.instant().duration_since(self.origin)
    }
}

/// What a meter remembers, written in two steps: tried, and then settled.
#[derive(Clone, Debug, Default)]
struct Ledger(Arc<Mutex<Entry>>);

#[derive(Debug, Default)]
struct Entry {
    settled: Option<Nanos>,
    tried: Option<Nanos>,
}

impl Ledger {
    fn entry(&self) -> MutexGuard<'_, Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was tried, or forgets it.
    fn settle(&self, keep: bool) {
        let mut entry = self.entry();
        let tried = entry.tried.take();
        if keep && tried.is_some() {
            entry.settled = tried;
        }
    }
}

impl StateStore for Ledger {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut entry = self.entry();
        let (outcome, next) = decide(entry.settled)?;
        entry.tried = Some(next);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(limit: u32, per: Duration, burst: u32) -> Bucket {
        Bucket {
            methods: Vec::new(),
            resource: None,
            larger_than: None,
            limit,
            per,
            burst,
        }
    }

    fn buckets(buckets: &[Bucket]) -> Buckets {
        Buckets::new(buckets, &Clock::System)
    }

    #[test]
    fn each_scope_counts_its_requests() {
        let any = || bucket(1, Duration::from_secs(1), 1);
        let writes = ["POST", "PUT", "PATCH", "DELETE"].map(str::to_owned);
        let table = [
            (any(), [true, true, true, true]),
            (
                Bucket {
                    methods: writes.to_vec(),
                    ..any()
                },
                [false, true, true, true],
            ),
            (
                Bucket {
                    resource: Some(Resource::Groups),
                    ..any()
                },
                [false, false, true, true],
            ),
            (
                Bucket {
                    methods: vec!["PATCH".into()],
                    resource: Some(Resource::Groups),
                    larger_than: Some(500),
                    ..any()
                },
                [false, false, false, true],
            ),
        ];
        for (bucket, counted) in table {
            let requests = [
                (Method::GET, About::User, 0),
                (Method::DELETE, About::User, 0),
                (Method::PATCH, About::Group, 500),
                (Method::PATCH, About::Group, 501),
            ];
            let scope = Scope::of(&bucket);
            let found = requests.map(|(method, about, bytes)| scope.counts(&method, about, bytes));
            assert_eq!(found, counted, "{bucket:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_of_one_bucket_takes_nothing_from_another() {
        let buckets = buckets(&[
            bucket(2, Duration::from_secs(10), 2),
            Bucket {
                methods: vec!["POST".into()],
                ..bucket(1, Duration::from_mins(1), 1)
            },
        ]);
        assert_eq!(buckets.take(&Method::POST, About::User, 0), Ok(()));
        let wait = buckets.take(&Method::POST, About::User, 0);
        assert_eq!(wait, Err(Duration::from_mins(1)));
        assert_eq!(
            buckets.take(&Method::GET, About::User, 0),
            Ok(()),
            "the cell is still there"
        );
        assert_eq!(
            buckets.take(&Method::GET, About::User, 0),
            Err(Duration::from_secs(5))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_cell_is_rounded_up() {
        let buckets = buckets(&[bucket(3, Duration::from_secs(1), 1)]);
        assert_eq!(buckets.take(&Method::GET, About::User, 0), Ok(()));
        let wait = buckets
            .take(&Method::GET, About::User, 0)
            .expect_err("a wait");
        assert_eq!(wait, Duration::from_nanos(333_333_334));
    }

    #[tokio::test(start_paused = true)]
    async fn absurd_buckets_neither_panic_nor_block() {
        let buckets = buckets(&[
            bucket(0, Duration::ZERO, 0),
            bucket(u32::MAX, Duration::from_nanos(1), u32::MAX),
            bucket(1, Duration::MAX, u32::MAX),
        ]);
        assert_eq!(buckets.take(&Method::GET, About::User, 0), Ok(()));
    }

    proptest! {
        #[test]
        fn no_span_of_time_holds_more_than_its_burst_and_its_rate(
            limit in 1_u32..50,
            per_seconds in 1_u64..120,
            burst in 1_u32..20,
            pauses in proptest::collection::vec(0_u64..3_000, 1..200),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let per = Duration::from_secs(per_seconds);
                let buckets = buckets(&[bucket(limit, per, burst)]);
                let start = Clock::System.instant();
                let mut taken = Vec::new();
                for pause in pauses {
                    tokio::time::advance(Duration::from_millis(pause)).await;
                    if buckets.take(&Method::GET, About::User, 0).is_ok() {
                        taken.push(start.elapsed());
                    }
                }
                for (first, from) in taken.iter().enumerate() {
                    for (last, to) in taken.iter().enumerate().skip(first) {
                        let span = to.saturating_sub(*from).as_nanos();
                        let allowed = u128::from(burst) + span * u128::from(limit) / per.as_nanos();
                        let count = (last - first + 1) as u128;
                        prop_assert!(count <= allowed, "{count} in {span} ns, allowed {allowed}");
                    }
                }
                Ok(())
            })?;
        }
    }
}
