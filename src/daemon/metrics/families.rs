//! The families of metrics: their names, their labels, and how gauges are set from the board.
//!
//! Promises one list of names, so that the documentation can be compared with it. Leaves counting to
//! [`super::Metrics`].

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::{Metric, Registry};

use crate::daemon::board::{Ear, SourceBoard, TargetBoard};
use crate::daemon::health::age;

/// Upper bounds of the ways from a source to an app, and of cycles, in seconds.
const BOUNDS: [f64; 11] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1_800.0, 7_200.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfSource {
    pub(super) source: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfTarget {
    pub(super) target: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfRequest {
    pub(super) target: String,
    pub(super) method: String,
    pub(super) status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfChange {
    pub(super) target: String,
    pub(super) action: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfCycle {
    pub(super) target: String,
    pub(super) outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfReading {
    pub(super) source: String,
    pub(super) how: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfNotice {
    pub(super) channel: &'static str,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
}

type Seconds = Counter<f64, std::sync::atomic::AtomicU64>;
pub(super) type Level = Gauge<f64, std::sync::atomic::AtomicU64>;
pub(super) type Spans = Family<OfTarget, Histogram, fn() -> Histogram>;

fn spans() -> Spans {
    Family::new_with_constructor(|| Histogram::new(BOUNDS))
}

/// What goes up only.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) reads: Family<OfReading, Counter>,
    pub(super) source_failures: Family<OfSource, Counter>,
    pub(super) cycles: Family<OfCycle, Counter>,
    pub(super) cycle_seconds: Spans,
    pub(super) latency: Spans,
    pub(super) changes: Family<OfChange, Counter>,
    pub(super) failures: Family<OfTarget, Counter>,
    pub(super) holds: Family<OfTarget, Counter>,
    pub(super) requests: Family<OfRequest, Counter>,
    pub(super) waits: Family<OfTarget, Counter>,
    pub(super) wait_seconds: Family<OfTarget, Seconds>,
    pub(super) reloads: Counter,
    pub(super) reload_failures: Counter,
    pub(super) notices: Family<OfNotice, Counter>,
    pub(super) missed: Counter,
}

/// How the sources stand.
#[derive(Debug)]
pub(super) struct OfSources {
    pub(super) up: Family<OfSource, Level>,
    pub(super) age: Family<OfSource, Level>,
    pub(super) users: Family<OfSource, Level>,
    pub(super) groups: Family<OfSource, Level>,
    pub(super) watched: Family<OfSource, Level>,
}

/// How the targets stand.
#[derive(Debug)]
pub(super) struct OfTargets {
    pub(super) due: Family<OfTarget, Level>,
    pub(super) oldest: Family<OfTarget, Level>,
    pub(super) leavers: Family<OfTarget, Level>,
    pub(super) holds: Family<OfTarget, Level>,
    pub(super) parked: Family<OfTarget, Level>,
    pub(super) links: Family<OfTarget, Level>,
    pub(super) paused: Family<OfTarget, Level>,
    pub(super) success: Family<OfTarget, Level>,
    pub(super) expiry: Family<OfTarget, Level>,
}

/// What is exported, and under which names.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) registry: Registry,
    pub(super) families: Vec<String>,
}

impl Shelf {
    /// Registers a metric that is kept here, too.
    pub(super) fn keep<M: Metric + TypedMetric + Clone + Default>(
        &mut self,
        name: &str,
        help: &str,
    ) -> M {
        self.keep_this(name, help, M::default())
    }

    /// The same with one that is not as it comes.
    fn keep_this<M: Metric + TypedMetric + Clone>(
        &mut self,
        name: &str,
        help: &str,
        metric: M,
    ) -> M {
        self.put(name, help, metric.clone());
        metric
    }

    /// Registers a metric.
    pub(super) fn put<M: Metric + TypedMetric>(&mut self, name: &str, help: &str, metric: M) {
        let ending = match M::TYPE {
            MetricType::Counter => "_total",
            MetricType::Info => "_info",
            MetricType::Gauge | MetricType::Histogram | MetricType::Unknown => "",
        };
        self.families.push(format!("rollcall_{name}{ending}"));
        self.registry.register(name, help, metric);
    }
}

impl Counted {
    pub(super) fn register(shelf: &mut Shelf) -> Self {
        Self {
            reads: shelf.keep(
                "source_reads",
                "Readings of a source: whole, or only what was heard followed",
            ),
            source_failures: shelf.keep(
                "source_failures",
                "Times a source could not be read or listened to",
            ),
            cycles: shelf.keep("cycles", "Cycles of a target, by how they ended"),
            cycle_seconds: shelf.keep_this(
                "cycle_duration_seconds",
                "How long a cycle of a target took",
                spans(),
            ),
            latency: shelf.keep_this(
                "source_to_app_seconds",
                "From the first thing heard at a source to the last answer of the app",
                spans(),
            ),
            changes: shelf.keep("changes", "Changes carried out in a target, by action"),
            failures: shelf.keep("change_failures", "Changes of a target that failed"),
            holds: shelf.keep("holds", "Times the guard began to hold changes of a target"),
            requests: shelf.keep(
                "requests",
                "Requests sent to a target, by method and status of the answer",
            ),
            waits: shelf.keep(
                "rate_limit_waits",
                "Times a request waited for the rate of its target or a pause that it asked for",
            ),
            wait_seconds: shelf.keep(
                "rate_limit_wait_seconds",
                "How long requests waited for the rate of their target or a pause",
            ),
            reloads: shelf.keep("config_reloads", "Times a new config came into force"),
            reload_failures: shelf.keep("config_reload_failures", "Times a new config was refused"),
            notices: shelf.keep(
                "notifications",
                "Notifications, by channel and by what became of them",
            ),
            missed: shelf.keep(
                "events_missed",
                "Events that came too fast to be counted or told",
            ),
        }
    }
}

impl OfSources {
    pub(super) fn register(shelf: &mut Shelf) -> Self {
        Self {
            up: shelf.keep("source_up", "1: the source can be read, 0: it cannot"),
            age: shelf.keep(
                "source_age_seconds",
                "Since the source was last read as a whole",
            ),
            users: shelf.keep("source_users", "Users in the last reading of the source"),
            groups: shelf.keep("source_groups", "Groups in the last reading of the source"),
            watched: shelf.keep(
                "source_watched",
                "1: the source is listened to, 0: it should be and is not",
            ),
        }
    }

    pub(super) fn clear(&self) {
        for family in [
            &self.up,
            &self.age,
            &self.users,
            &self.groups,
            &self.watched,
        ] {
            family.clear();
        }
    }

    pub(super) fn set(&self, name: &str, source: &SourceBoard, now: Timestamp) {
        let labels = OfSource {
            source: name.to_owned(),
        };
        let set = |family: &Family<OfSource, Level>, value| {
            family.get_or_create(&labels).set(value);
        };
        set(&self.up, flag(source.trouble.is_none()));
        if let Some(at) = source.whole {
            set(&self.age, age(at, now).as_secs_f64());
        }
        if source.last.is_some() {
            set(&self.users, number(source.users));
            set(&self.groups, number(source.groups));
        }
        match source.ear {
            Ear::Off => {}
            Ear::On => set(&self.watched, 1.0),
            Ear::Lost(_) => set(&self.watched, 0.0),
        }
    }
}

impl OfTargets {
    pub(super) fn register(shelf: &mut Shelf) -> Self {
        Self {
            due: shelf.keep("target_due", "Changes that are due and not sent"),
            oldest: shelf.keep(
                "target_oldest_due_seconds",
                "Since when the oldest of them is due; 0: nothing is",
            ),
            leavers: shelf.keep(
                "target_leavers_due",
                "People who are out and whose account is still active",
            ),
            holds: shelf.keep(
                "target_holds",
                "Holds of the guard that nobody has approved",
            ),
            parked: shelf.keep("target_parked", "Changes that wait for a person"),
            links: shelf.keep("target_links", "Accounts that are linked to a user"),
            paused: shelf.keep("target_paused", "1: nothing is sent to the target for now"),
            success: shelf.keep(
                "target_success_age_seconds",
                "Since the last cycle in which nothing failed",
            ),
            expiry: shelf.keep(
                "target_credential_expiry_seconds",
                "Until the credential of the target ends; below 0: it has ended",
            ),
        }
    }

    pub(super) fn clear(&self) {
        for family in [
            &self.due,
            &self.oldest,
            &self.leavers,
            &self.holds,
            &self.parked,
            &self.links,
            &self.paused,
            &self.success,
            &self.expiry,
        ] {
            family.clear();
        }
    }

    pub(super) fn set(&self, name: &str, target: &TargetBoard, now: Timestamp) {
        let labels = OfTarget {
            target: name.to_owned(),
        };
        let set = |family: &Family<OfTarget, Level>, value| {
            family.get_or_create(&labels).set(value);
        };
        set(&self.due, number(target.due));
        let oldest = target.oldest_due.map_or(Duration::ZERO, |at| age(at, now));
        set(&self.oldest, oldest.as_secs_f64());
        set(&self.leavers, number(target.leavers_due));
        set(&self.holds, number(target.holds));
        set(&self.parked, number(target.parked));
        set(&self.links, number(target.links));
        set(&self.paused, flag(target.pause.is_some()));
        if let Some(at) = target.success {
            set(&self.success, age(at, now).as_secs_f64());
        }
        if let Some(end) = target.expires.and_then(ending) {
            set(&self.expiry, end.duration_since(now).as_secs_f64());
        }
    }
}

/// The first moment after the last day of a credential, UTC.
fn ending(last: jiff::civil::Date) -> Option<Timestamp> {
    let next = last.tomorrow().ok()?;
    Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

pub(super) fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 users")]
fn number(count: usize) -> f64 {
    count as f64
}
