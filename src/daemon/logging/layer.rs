//! From events and spans of `tracing` to lines.
//!
//! Promises the rules of the log for every event, whoever tells it. Leaves the look of a line to
//! [`crate::show::log`].

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::config::{LogFormat, LogLevel};
use crate::show::log::{Line, Severity, human, journald, json};

/// Fields that name people or hold what is known about them.
const PEOPLE: [&str; 4] = ["person", "people", "detail", "value"];
/// The field that is shown in lines of its own.
const TEXT: &str = "text";

/// What the log is set to; it may change while the program runs.
#[derive(Debug)]
pub(super) struct Settings {
    format: AtomicU8,
    level: AtomicU8,
    people: AtomicBool,
}

impl Settings {
    /// Without people.
    pub(super) fn new(format: LogFormat, level: LogLevel) -> Self {
        Self {
            format: AtomicU8::new(format as u8),
            level: AtomicU8::new(level as u8),
            people: AtomicBool::new(false),
        }
    }

    pub(super) fn set(&self, format: LogFormat, level: LogLevel, people: bool) {
        self.format.store(format as u8, Ordering::Relaxed);
        self.level.store(level as u8, Ordering::Relaxed);
        self.people.store(people, Ordering::Relaxed);
    }

    fn print(&self, line: &Line) -> String {
        let format = self.format.load(Ordering::Relaxed);
        if format == LogFormat::Json as u8 {
            json(line)
        } else if format == LogFormat::Journald as u8 {
            journald(line)
        } else {
            human(line)
        }
    }

    /// Libraries only warn, whatever is asked for: an LDAP client at `trace` writes passwords.
    fn admits(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours =
            metadata.target() == "rollcall" || metadata.target().starts_with("rollcall::");
        let level = severity(*metadata.level()) as u8;
        level <= self.level.load(Ordering::Relaxed) && (is_ours || *metadata.level() <= Level::WARN)
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::ERROR => Severity::Error,
        Level::WARN => Severity::Warn,
        Level::INFO => Severity::Info,
        Level::DEBUG => Severity::Debug,
        Level::TRACE => Severity::Trace,
    }
}

/// Where lines go.
type Sink = Box<dyn Fn(&str) + Send + Sync>;

/// Writes events as lines.
pub(super) struct Layer {
    settings: Arc<Settings>,
    clock: Clock,
    sink: Sink,
}

impl Layer {
    pub(super) fn new(settings: Arc<Settings>, clock: Clock, sink: Sink) -> Self {
        Self {
            settings,
            clock,
            sink,
        }
    }
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields {
    message: String,
    text: Option<String>,
    named: Vec<(String, String)>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            TEXT => self.text = Some(value.to_owned()),
            name => self.named.push((name.to_owned(), value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Layer {
    /// Asked anew for every event, since the level may change.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.settings.admits(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut named = Vec::new();
        for span in context
            .event_scope(event)
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .iter()
            .rev()
        {
            if let Some(fields) = span.extensions().get::<Fields>() {
                named.extend(fields.named.iter().cloned());
            }
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        named.append(&mut fields.named);
        let severity = severity(*event.metadata().level());
        let names_people =
            self.settings.people.load(Ordering::Relaxed) && severity >= Severity::Debug;
        named.retain(|(name, _)| names_people || !PEOPLE.contains(&name.as_str()));
        let (message, rest) = match fields.message.split_once('\n') {
            Some((first, rest)) => (first.to_owned(), Some(rest.to_owned())),
            None => (fields.message, None),
        };
        (self.sink)(&self.settings.print(&Line {
            at: self.clock.now(),
            severity,
            message,
            fields: named,
            text: fields.text.or(rest),
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use insta::assert_snapshot;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// The lines that `story` writes.
    fn written(level: LogLevel, people: bool, story: impl FnOnce()) -> String {
        let settings = Arc::new(Settings::new(LogFormat::Journald, LogLevel::Error));
        settings.set(LogFormat::Journald, level, people);
        let lines = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&lines);
        let sink = Box::new(move |line: &str| kept.lock().expect("no panic").push_str(line));
        let layer = Layer::new(settings, Clock::System, sink);
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, story);
        lines.lock().expect("no panic").clone()
    }

    fn story() {
        let run = tracing::info_span!("run", run = "r1", target = "wiki");
        let _in_run = run.enter();
        let job = tracing::debug_span!("job", job = "create", person = "asilva");
        let _in_job = job.enter();
        tracing::info!(changes = 3, took = ?std::time::Duration::from_millis(1500), "the cycle has ended");
        tracing::debug!(person = "asilva\n<0>forged", "created");
        tracing::error!(
            "the config was refused: {}",
            "error: no such key\n<0> --> c.yaml:9"
        );
        tracing::warn!(target: "ldap3", "a library warns");
        tracing::debug!(target: "ldap3", password = "hunter2", "a library talks");
    }

    #[test]
    fn spans_stand_in_front_and_people_stay_out() {
        assert_snapshot!(written(LogLevel::Debug, false, story), @r"
        <6>the cycle has ended run=r1 target=wiki job=create changes=3 took=1.5s
        <7>created run=r1 target=wiki job=create
        <3>the config was refused: error: no such key run=r1 target=wiki job=create
        <3>  | <0> --> c.yaml:9
        <4>a library warns run=r1 target=wiki job=create
        ");
    }

    #[test]
    fn people_are_named_at_debug_where_the_config_says_so() {
        assert_snapshot!(written(LogLevel::Debug, true, story), @r#"
        <6>the cycle has ended run=r1 target=wiki job=create changes=3 took=1.5s
        <7>created run=r1 target=wiki job=create person=asilva person="asilva\n<0>forged"
        <3>the config was refused: error: no such key run=r1 target=wiki job=create
        <3>  | <0> --> c.yaml:9
        <4>a library warns run=r1 target=wiki job=create
        "#);
        assert_snapshot!(written(LogLevel::Info, true, story), @r"
        <6>the cycle has ended run=r1 target=wiki changes=3 took=1.5s
        <3>the config was refused: error: no such key run=r1 target=wiki
        <3>  | <0> --> c.yaml:9
        <4>a library warns run=r1 target=wiki
        ");
    }
}
