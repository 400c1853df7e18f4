//! From a file to a checked config.
//!
//! Promises all problems at once. Leaves each block to its own file.

use std::path::Path;

use super::document::Document;
use super::findings::Findings;
use super::place::Place;
use super::problems::Problems;
use super::raw::RawConfig;
use super::targets::Surroundings;
use super::{Config, shape, sources, targets};

const STATE: &str = "/var/lib/rollcall";

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
    let sources = sources::check(raw.sources, folder, &mut findings);
    let connectors = raw.connectors.map(|path| folder.join(path));
    connectors_folder(connectors.as_deref(), &mut findings);
    let around = Surroundings {
        folder,
        connectors: connectors.as_deref(),
        vocabulary: &sources::vocabulary(&sources),
    };
    let (targets, elsewhere) = targets::check(raw.targets, &around, &mut findings);
    let mut problems = findings.finish();
    problems.extend(elsewhere);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Config {
        path: path.into(),
        state: folder.join(raw.state.dir.unwrap_or_else(|| STATE.into())),
        journal: raw.journal.checked(),
        sources,
        targets,
    })
}

fn connectors_folder(folder: Option<&Path>, findings: &mut Findings<'_>) {
    if let Some(Err(error)) = folder.map(std::fs::read_dir) {
        let message = format!("the folder of connectors cannot be read: {error}");
        findings.value(&Place::top().key("connectors"), message, None);
    }
}

#[cfg(test)]
mod tests;
