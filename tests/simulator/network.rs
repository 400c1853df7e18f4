//! What can go wrong between the engine and the world: faults of the network, and the end of the
//! process at any await.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use rollcall::clock::Clock;
use rollcall::core::fault::Fault;
use rollcall::core::key::{SourceName, TargetName, UserKey};
use rollcall::core::link::Link;
use rollcall::core::memory::{SourceState, TargetState};
use rollcall::draw::Draw;
use rollcall::http::{Answer, Request, Transport};
use rollcall::sandbox::Sandbox;
use rollcall::sandbox::faults::{Commit, DateForm, FaultInjection, Faulty, RetryAfter};
use rollcall::store::{
    Epoch, JournalEntry, Journaling, Record, Span, SqliteStore, Store, StoreError,
};
use tokio::sync::Notify;

/// Ends the process at a certain await.
pub struct Fuse {
    left: AtomicI64,
    blown: Notify,
}

impl Fuse {
    /// Blows at the `steps`-th await; never when negative.
    pub fn new(steps: i64) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicI64::new(steps),
            blown: Notify::new(),
        })
    }

    async fn burn(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.blown.notify_one();
            std::future::pending::<()>().await;
        }
    }

    pub async fn blown(&self) {
        self.blown.notified().await;
    }
}

/// A network whose every send is an await at which the process may end, before or after.
pub struct Fused<T> {
    inner: T,
    fuse: Arc<Fuse>,
}

impl<T> Fused<T> {
    pub fn new(inner: T, fuse: &Arc<Fuse>) -> Self {
        Self {
            inner,
            fuse: Arc::clone(fuse),
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for Fused<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.fuse.burn().await;
        let answer = self.inner.send(request).await;
        self.fuse.burn().await;
        answer
    }
}

/// How many requests are on their way at once, and were at most.
#[derive(Default)]
pub struct Gauge {
    now: AtomicI64,
    most: AtomicI64,
}

impl Gauge {
    /// The most at once so far.
    pub fn most(&self) -> i64 {
        self.most.load(Ordering::SeqCst)
    }
}

/// A request on its way; also one whose sender is gone arrives.
struct Underway<'a>(&'a Gauge);

impl<'a> Underway<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        let now = gauge.now.fetch_add(1, Ordering::SeqCst) + 1;
        gauge.most.fetch_max(now, Ordering::SeqCst);
        Self(gauge)
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A network that takes its time and counts what is on its way.
pub struct Gauged<T> {
    inner: T,
    gauge: Arc<Gauge>,
    clock: Clock,
}

impl<T> Gauged<T> {
    pub fn new(inner: T, gauge: Arc<Gauge>, clock: Clock) -> Self {
        Self {
            inner,
            gauge,
            clock,
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for Gauged<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let _underway = Underway::new(&self.gauge);
        let answer = self.inner.send(request).await;
        self.clock.sleep(std::time::Duration::from_millis(5)).await;
        answer
    }
}

/// A store whose every commit is such an await.
pub struct FusedStore {
    pub inner: SqliteStore,
    pub fuse: Arc<Fuse>,
}

#[async_trait]
impl Store for FusedStore {
    async fn target(
        &self,
        target: &TargetName,
        since: Timestamp,
    ) -> Result<TargetState, StoreError> {
        self.inner.target(target, since).await
    }

    async fn outline(
        &self,
        target: &TargetName,
        since: Timestamp,
    ) -> Result<TargetState, StoreError> {
        self.inner.outline(target, since).await
    }

    async fn links(
        &self,
        target: &TargetName,
        span: Span<'_>,
    ) -> Result<BTreeMap<UserKey, Link>, StoreError> {
        self.inner.links(target, span).await
    }

    async fn links_of(
        &self,
        target: &TargetName,
        users: &BTreeSet<UserKey>,
    ) -> Result<BTreeMap<UserKey, Link>, StoreError> {
        self.inner.links_of(target, users).await
    }

    async fn holders(
        &self,
        source: &SourceName,
        counts: &(dyn for<'u> Fn(&'u UserKey) -> bool + Sync),
    ) -> Result<BTreeSet<UserKey>, StoreError> {
        self.inner.holders(source, counts).await
    }

    async fn source(&self, source: &SourceName) -> Result<SourceState, StoreError> {
        self.inner.source(source).await
    }

    async fn commit(&self, epoch: Epoch, batch: &[Record]) -> Result<(), StoreError> {
        self.fuse.burn().await;
        let result = self.inner.commit(epoch, batch).await;
        self.fuse.burn().await;
        result
    }

    fn journaling(&self) -> Journaling {
        self.inner.journaling()
    }

    async fn journal(
        &self,
        subject: Option<&str>,
        limit: usize,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        self.inner.journal(subject, limit).await
    }
}

/// A network that fails with a chance of `percent`.
pub fn faulty(sandbox: Sandbox, percent: u64, draw: Draw, clock: Clock) -> Faulty<Sandbox> {
    let plan =
        move |_: u64, _: &Request| (draw.below(100) < percent).then(|| one_of(&draw, clock.now()));
    Faulty::new(sandbox, Box::new(plan))
}

fn one_of(draw: &Draw, now: Timestamp) -> FaultInjection {
    let soon = now + std::time::Duration::from_secs(20);
    match draw.below(11) {
        0 | 1 => FaultInjection::DropBefore,
        2..=4 => FaultInjection::DropAfter,
        5 => FaultInjection::Throttle(RetryAfter::Seconds(draw.below(30))),
        6 => {
            let forms = [DateForm::Fixed, DateForm::Rfc850, DateForm::Asctime];
            let form = forms[draw.index(3)];
            FaultInjection::Throttle(RetryAfter::Date(soon, form))
        }
        7 => FaultInjection::Throttle(RetryAfter::Silent),
        8 => FaultInjection::ErrorPage(if draw.below(2) == 0 {
            Commit::Done
        } else {
            Commit::Not
        }),
        9 => FaultInjection::ServerError(
            503,
            if draw.below(2) == 0 {
                Commit::Done
            } else {
                Commit::Not
            },
        ),
        _ => FaultInjection::ExpiredToken,
    }
}
