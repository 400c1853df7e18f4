//! From a file to a checked config.
//!
//! Promises all problems at once. Leaves each block to its own file.

use std::path::{Path, PathBuf};

use super::document::Document;
use super::findings::Findings;
use super::place::Place;
use super::problems::Problems;
use super::raw::RawConfig;
use super::targets::Surroundings;
use super::{Config, Control, control, listen, notify, roster, shape, sources, targets};

/// Reads and checks the config at `path`. Relative paths inside count from its folder.
///
/// # Errors
/// Everything that is wrong with it and with the connectors it names; no word of a secret.
pub fn load(path: &Path) -> Result<Config, Problems> {
    let text = std::fs::read_to_string(path).map_err(|error| Problems::absent(path, &error))?;
    check(path, &text)
}

/// Checks a config's text as if it stood at `path`.
///
/// # Errors
/// As for [`load`].
pub fn check(path: &Path, text: &str) -> Result<Config, Problems> {
    let document = match Document::parse(path, text) {
        Ok(document) => document,
        Err(error) => return Err(Problems::syntax(path, text, error)),
    };
    let mut findings = Findings::new(&document);
    let raw: RawConfig =
        shape::read(&document.root, &Place::top(), &mut findings).unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut sources = sources::check(raw.sources, folder, &mut findings);
    let joint = roster::check(raw.roster, &sources, &mut findings);
    let connectors = raw.connectors.map(|path| folder.join(path));
    connectors_folder(connectors.as_deref(), &mut findings);
    let around = Surroundings {
        folder,
        connectors: connectors.as_deref(),
        vocabulary: &sources::vocabulary(&sources),
    };
    let listen = listen::check(raw.listen, &mut findings);
    let notify = notify::check(raw.notify, folder, &mut findings);
    let (targets, elsewhere) = targets::check(raw.targets, &around, &mut findings);
    sources::ask(&mut sources, &targets, joint.as_ref());
    control::check(&raw.control, &mut findings);
    let mut problems = findings.finish();
    problems.extend(elsewhere);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Config {
        path: path.into(),
        files: files(path, connectors.as_deref()),
        state: control::state(folder, raw.state.dir.as_deref()),
        journal: raw.journal.checked(),
        log: raw.log.checked(),
        listen,
        ready: raw.ready.checked(),
        notify,
        control: Control::of(folder, raw.control.socket.as_deref(), raw.control.group),
        sources,
        joint,
        targets,
    })
}

/// The config and the connectors beside it.
fn files(path: &Path, connectors: Option<&Path>) -> Vec<PathBuf> {
    let entries = connectors.and_then(|folder| std::fs::read_dir(folder).ok());
    let own = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut files: Vec<PathBuf> = own
        .filter(|file| file.extension().is_some_and(|ending| ending == "yaml"))
        .chain([path.to_path_buf()])
        .collect();
    files.sort();
    files
}

fn connectors_folder(folder: Option<&Path>, findings: &mut Findings<'_>) {
    if let Some(Err(error)) = folder.map(std::fs::read_dir) {
        let message = format!("the folder of connectors cannot be read: {error}");
        findings.value(&Place::top().key("connectors"), message, None);
    }
}

#[cfg(test)]
mod tests;
