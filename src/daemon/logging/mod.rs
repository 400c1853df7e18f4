//! The log of the program: lines on standard error.
//!
//! Promises that names of people are written only at the level `debug` and where the config asks for
//! them, and that libraries are heard only when they warn: what they say in detail may hold secrets.
//! Leaves the look of a line to [`crate::show::log`].

mod layer;
pub mod teller;

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, OnceLock};

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::layer::{Layer, Settings};
use crate::clock::Clock;
use crate::config::{LogConfig, LogFormat, LogLevel};
use crate::show;

/// The variable that goes before the level of the config.
const VARIABLE: &str = "ROLLCALL_LOG";

/// What the log of this process is set to.
static SETTINGS: OnceLock<Arc<Settings>> = OnceLock::new();

/// Begins the log of this process: warnings and errors, unless `ROLLCALL_LOG` wants more.
///
/// # Errors
/// When `ROLLCALL_LOG` is no level; then it says which there are, and the log has begun all the same.
pub fn begin() -> Result<(), String> {
    let asked = env::var(VARIABLE).ok().filter(|word| !word.is_empty());
    let level = asked.as_deref().map(level).transpose();
    let settings = Arc::new(Settings::new(
        format(None),
        level
            .as_ref()
            .ok()
            .copied()
            .flatten()
            .unwrap_or(LogLevel::Warn),
    ));
    let sink = Box::new(|line: &str| show::log::write(line));
    let layer = Layer::new(Arc::clone(&settings), Clock::System, sink);
    if tracing_subscriber::registry()
        .with(layer)
        .try_init()
        .is_ok()
    {
        // Only the first `begin` of a process gets here.
        SETTINGS.set(settings).ok();
    }
    level.map(|_| ())
}

/// Lets the config decide from now on; `ROLLCALL_LOG` still goes before its level.
pub fn adopt(config: &LogConfig) {
    let Some(settings) = SETTINGS.get() else {
        return;
    };
    let asked = env::var(VARIABLE).ok().and_then(|word| level(&word).ok());
    settings.set(
        format(config.format),
        asked.unwrap_or(config.level),
        config.people,
    );
}

/// A level; also as `rollcall=info`, as filters of logs are often written.
fn level(word: &str) -> Result<LogLevel, String> {
    let word = word.to_lowercase();
    match word.strip_prefix("rollcall=").unwrap_or(&word) {
        "error" => Ok(LogLevel::Error),
        "warn" => Ok(LogLevel::Warn),
        "info" => Ok(LogLevel::Info),
        "debug" => Ok(LogLevel::Debug),
        "trace" => Ok(LogLevel::Trace),
        _ => Err(format!(
            "{VARIABLE} is no level of the log; write error, warn, info, debug or trace"
        )),
    }
}

/// The format that was asked for, or the one that suits where standard error goes.
fn format(asked: Option<LogFormat>) -> LogFormat {
    asked.unwrap_or_else(|| {
        if !io::stderr().is_terminal() && is_journal(env::var("JOURNAL_STREAM").ok().as_deref()) {
            LogFormat::Journald
        } else {
            LogFormat::Human
        }
    })
}

/// Is standard error the stream that systemd connected to the journal? `JOURNAL_STREAM` holds its
/// device and inode (systemd.exec(5)); it is inherited also by programs whose output goes elsewhere.
fn is_journal(stream: Option<&str>) -> bool {
    let Some((device, inode)) = stream.and_then(|stream| stream.split_once(':')) else {
        return false;
    };
    let Ok(copy) = io::stderr().as_fd().try_clone_to_owned() else {
        return false;
    };
    File::from(copy)
        .metadata()
        .is_ok_and(|place| place.dev().to_string() == device && place.ino().to_string() == inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_word_and_nothing_else() {
        assert_eq!(level("DEBUG"), Ok(LogLevel::Debug));
        assert_eq!(level("rollcall=info"), Ok(LogLevel::Info));
        assert_eq!(
            level("rollcall=debug,ldap3=trace"),
            Err(
                "ROLLCALL_LOG is no level of the log; write error, warn, info, debug or trace"
                    .into()
            )
        );
    }

    #[test]
    fn only_the_stream_that_is_named_is_the_journal() {
        assert!(!is_journal(None));
        assert!(!is_journal(Some("none")));
        assert!(!is_journal(Some("1:1")));
        let copy = io::stderr()
            .as_fd()
            .try_clone_to_owned()
            .expect("it is open");
        let place = File::from(copy).metadata().expect("it is open");
        assert!(is_journal(Some(&format!(
            "{}:{}",
            place.dev(),
            place.ino()
        ))));
    }
}
