//! What the program writes into its log.
//!
//! Promises a value for every setting. Leaves writing the lines to the daemon.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is written into the log, as the config says it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLog {
    /// How a line looks; `journald` where standard error is the journal, else `human`, unless said
    /// otherwise.
    pub format: Option<LogFormat>,
    /// The least that is written; `info` unless said otherwise. `ROLLCALL_LOG` goes before it.
    pub level: Option<LogLevel>,
    /// Names of people too, in lines of the level `debug`; `false` unless said otherwise.
    pub people: Option<bool>,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people: time, level, message.
    Human,
    /// An object of JSON a line.
    Json,
    /// For the journal of systemd: a priority in front, and no time.
    Journald,
}

/// The least that is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what needs a look.
    Warn,
    /// And what was done.
    #[default]
    Info,
    /// And why.
    Debug,
    /// And each step.
    Trace,
}

/// What is written into the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// How a line looks; `None`: as where it goes suggests.
    pub format: Option<LogFormat>,
    /// The least that is written.
    pub level: LogLevel,
    /// Names of people too, in lines of the level `debug`.
    pub people: bool,
}

impl RawLog {
    pub(super) fn checked(&self) -> LogConfig {
        LogConfig {
            format: self.format,
            level: self.level.unwrap_or_default(),
            people: self.people.unwrap_or_default(),
        }
    }
}
