//! Counters and gauges for Prometheus.
//!
//! Promises that no label holds anything but names of the config, words of ours and numbers of HTTP,
//! so that nobody in a directory or an app can make series. Leaves rules and boards to
//! `packaging/`, and serving to [`super::listener`].

mod families;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use self::families::{
    Build, Counted, Level, OfChange, OfCycle, OfNotice, OfReading, OfRequest, OfSource, OfSources,
    OfTarget, OfTargets, Shelf, flag,
};
use super::board::Board;
use super::event::Event;
use crate::core::key::TargetName;
use crate::http::count;
use crate::http::limit::Waits;
use crate::installation::Unit;

/// What the text is, for the header of the answer.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How a notification ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken.
    Sent,
    /// It was given up.
    Failed,
    /// It became a part of a sum.
    Summed,
}

/// Everything that is counted. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Mutex<Books>>);

#[derive(Debug)]
struct Books {
    shelf: Shelf,
    counted: Counted,
    source: OfSources,
    target: OfTargets,
    refused: Level,
    meters: BTreeMap<TargetName, Meter>,
}

/// The counters of a target's connection. A reload makes new ones, which begin at zero; what the old
/// ones had counted by then goes on counting.
#[derive(Debug, Default)]
struct Meter {
    requests: count::Counter,
    waits: Waits,
    told: BTreeMap<count::Ended, u64>,
    told_waits: (u64, Duration),
}

/// The status as a label: what is no status of HTTP has no number of its own.
fn status(status: Option<u16>) -> String {
    match status {
        None => "none".into(),
        Some(status @ 100..600) => status.to_string(),
        Some(_) => "other".into(),
    }
}

impl Metrics {
    /// Everything at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut shelf = Shelf {
            registry: Registry::with_prefix("rollcall"),
            families: Vec::new(),
        };
        let version = env!("CARGO_PKG_VERSION");
        let build = Info::new(Build { version });
        shelf.put("build", "The version that runs", build);
        let counted = Counted::register(&mut shelf);
        let source = OfSources::register(&mut shelf);
        let target = OfTargets::register(&mut shelf);
        let refused = shelf.keep(
            "config_refused",
            "1: the newest config was refused, and the one before is in force",
        );
        Self(Arc::new(Mutex::new(Books {
            shelf,
            counted,
            source,
            target,
            refused,
            meters: BTreeMap::new(),
        })))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the requests of these targets, too, also when a reload gave one a new connection.
    pub fn follow<'u>(&self, units: impl IntoIterator<Item = &'u Unit>) {
        for unit in units {
            let target = &unit.target.rules.target;
            self.take_up(target, &unit.counter, &unit.waits());
        }
    }

    /// Counts what this connection counts. What the one before had counted is taken up first; the few
    /// answers that it may still get are not counted.
    fn take_up(&self, target: &TargetName, requests: &count::Counter, waits: &Waits) {
        let mut books = self.books();
        let mut meter = books.meters.remove(target).unwrap_or_default();
        meter.pass(target, &books.counted);
        if !meter.requests.is(requests) {
            meter.requests = requests.clone();
            meter.told.clear();
        }
        if !meter.waits.is(waits) {
            meter.waits = waits.clone();
            meter.told_waits = (0, Duration::ZERO);
        }
        books.meters.insert(target.clone(), meter);
    }

    /// Counts what happened.
    pub fn count(&self, event: &Event) {
        let books = self.books();
        let counted = &books.counted;
        let of = |target: &TargetName| OfTarget {
            target: target.to_string(),
        };
        match event {
            Event::Read { source, whole, .. } => {
                let how = if *whole { "whole" } else { "follow" };
                let source = source.to_string();
                counted
                    .reads
                    .get_or_create(&OfReading { source, how })
                    .inc();
            }
            Event::SourceFailed { source, .. } => {
                let source = source.to_string();
                counted
                    .source_failures
                    .get_or_create(&OfSource { source })
                    .inc();
            }
            Event::Cycle {
                target,
                outcome,
                done,
                failed,
                took,
                latency,
                ..
            } => {
                let name = target.to_string();
                let outcome = outcome.clone();
                counted
                    .cycles
                    .get_or_create(&OfCycle {
                        target: name.clone(),
                        outcome,
                    })
                    .inc();
                counted
                    .cycle_seconds
                    .get_or_create(&of(target))
                    .observe(took.as_secs_f64());
                if let Some(latency) = latency {
                    counted
                        .latency
                        .get_or_create(&of(target))
                        .observe(latency.as_secs_f64());
                }
                for (action, number) in done {
                    let labels = OfChange {
                        target: name.clone(),
                        action: action.clone(),
                    };
                    counted
                        .changes
                        .get_or_create(&labels)
                        .inc_by(*number as u64);
                }
                counted
                    .failures
                    .get_or_create(&of(target))
                    .inc_by(*failed as u64);
            }
            Event::Held { target, .. } => {
                counted.holds.get_or_create(&of(target)).inc();
            }
            Event::Reloaded(_) => {
                counted.reloads.inc();
            }
            Event::ReloadRefused(_) => {
                counted.reload_failures.inc();
            }
            Event::SourceBack(_)
            | Event::Parked { .. }
            | Event::Paused { .. }
            | Event::Resumed(_)
            | Event::Expiring { .. }
            | Event::Stopping => {}
        }
    }

    /// Counts events that nobody could count.
    pub fn miss(&self, events: u64) {
        self.books().counted.missed.inc_by(events);
    }

    /// Counts a notification of a channel, `webhook` or `mail`.
    pub fn deliver(&self, channel: &'static str, delivery: Delivery) {
        let result = match delivery {
            Delivery::Sent => "sent",
            Delivery::Failed => "failed",
            Delivery::Summed => "summed",
        };
        let books = self.books();
        books
            .counted
            .notices
            .get_or_create(&OfNotice { channel, result })
            .inc();
    }

    /// The names of everything that is exported, as a query writes them; of a histogram the name before
    /// `_bucket`, `_sum` and `_count`.
    #[must_use]
    pub fn families(&self) -> Vec<String> {
        self.books().shelf.families.clone()
    }

    /// Everything in the text that Prometheus reads (`OpenMetrics` 1.0).
    ///
    /// # Panics
    /// Never: a `String` takes every text.
    #[must_use]
    pub fn print(&self, board: &Board, now: Timestamp) -> String {
        let mut books = self.books();
        books.take(board, now);
        let mut text = String::new();
        encode(&mut text, &books.shelf.registry).expect("a String takes every text");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Books {
    /// Brings the gauges in line with the board, and takes up what the connections counted.
    fn take(&mut self, board: &Board, now: Timestamp) {
        self.source.clear();
        for (name, source) in &board.sources {
            self.source.set(name.as_str(), source, now);
        }
        self.target.clear();
        for (name, target) in &board.targets {
            self.target.set(name.as_str(), target, now);
        }
        self.refused.set(flag(board.refused.is_some()));
        for (target, meter) in &mut self.meters {
            meter.pass(target, &self.counted);
        }
    }
}

impl Meter {
    /// Passes on what was counted since the last time.
    fn pass(&mut self, target: &TargetName, counted: &Counted) {
        for (ended, count) in self.requests.ended() {
            let labels = OfRequest {
                target: target.to_string(),
                method: ended.method.clone(),
                status: status(ended.status),
            };
            let told = self.told.entry(ended).or_default();
            counted
                .requests
                .get_or_create(&labels)
                .inc_by(count - *told);
            *told = count;
        }
        let of = OfTarget {
            target: target.to_string(),
        };
        let (count, total) = (self.waits.count(), self.waits.total());
        let (told, told_total) = self.told_waits;
        counted.waits.get_or_create(&of).inc_by(count - told);
        let seconds = total.saturating_sub(told_total).as_secs_f64();
        counted.wait_seconds.get_or_create(&of).inc_by(seconds);
        self.told_waits = (count, total);
    }
}

#[cfg(test)]
mod tests;
