//! What a person at a terminal reads of a daemon that begins.

use std::fmt::Write;
use std::path::Path;

use super::words::count;
use super::{BOLD, styled};
use crate::config::Config;

/// What it looks after, and how it is spoken to.
#[must_use]
pub fn begun(config: &Config, state: Option<&Path>) -> String {
    let mut text = String::new();
    let sources = list(config.sources.keys());
    let targets = list(config.targets.keys());
    let _ = writeln!(
        text,
        "{} {} ({sources}), {} ({targets})",
        styled(BOLD, "rollcall runs:"),
        count(config.sources.len(), "source"),
        count(config.targets.len(), "target"),
    );
    let state = state.map_or_else(
        || "in memory, and ends with this process".to_owned(),
        |state| format!("in {}", state.display()),
    );
    let _ = writeln!(text, "  state: {state}");
    text.push_str("  log: on standard error\n");
    text.push_str("  stop: Ctrl-C or SIGTERM; reload: SIGHUP, or save the config\n");
    text
}

fn list(names: impl Iterator<Item = impl ToString>) -> String {
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    names.join(", ")
}
