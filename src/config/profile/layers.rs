//! A connector's file with those it extends, merged.
//!
//! Promises strict reading of each file, so that a typo is told where it stands, and that maps
//! merge while lists and words replace. Leaves contradictions to [`super::consistency`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::document::Document;
use super::super::findings::Findings;
use super::super::node::{Content, Node};
use super::super::place::Place;
use super::super::problems::Problems;
use super::super::shape;
use super::{EffectiveProfile, Inconsistency, OVERRIDE, ProfileError, embedded, unknown};
use crate::core::profile::Profile;

/// A connector's file and those it extends, the one that extends nothing first.
#[derive(Clone, Debug)]
pub struct Stack {
    name: String,
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    name: String,
    home: Home,
    document: Document,
}

/// Where a file comes from: one of the site's may extend the shipped one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    Shipped,
    Site,
}

impl Stack {
    /// Reads the connector `name` and those it extends.
    ///
    /// # Errors
    /// An unknown name, or everything that is wrong with the files.
    pub fn load(name: &str, extra: Option<&Path>) -> Result<Self, ProfileError> {
        let mut layers = vec![open(name, extra)?];
        let mut problems = Problems::default();
        while let Some(next) = above(&layers, extra, &mut problems) {
            layers.push(next);
        }
        if !problems.is_empty() {
            return Err(ProfileError::Wrong(problems));
        }
        layers.reverse();
        Ok(Self {
            name: name.into(),
            layers,
        })
    }

    /// The files and `over` as one profile; `over` has been read strictly before.
    #[must_use]
    pub fn effective(&self, over: Option<&Node>) -> EffectiveProfile {
        let mut merged = Node {
            span: 0..0,
            content: Content::Nothing,
        };
        let mut origins = BTreeMap::new();
        let own = self
            .layers
            .iter()
            .map(|layer| (layer.name.as_str(), &layer.document.root));
        for (name, root) in own.chain(over.map(|over| (OVERRIDE, over))) {
            merge(&mut merged, root);
            trace(root, &Place::top(), name, &mut origins);
        }
        EffectiveProfile {
            name: self.name.clone(),
            profile: read_merged(merged),
            origins,
        }
    }

    /// Places contradictions in the files, or in `over` where it says the key.
    pub fn blame(&self, found: Vec<Inconsistency>, over: Option<&Node>) -> Problems {
        let mut problems = Problems::default();
        for wrong in found {
            if over.is_some_and(|over| over.find(&wrong.place).is_some()) {
                let message = (wrong.message, wrong.hint);
                problems.extend(Problems::whole(Path::new(OVERRIDE), &wrong.place, message));
                continue;
            }
            let mut findings = Findings::new(self.document(&wrong.place));
            findings.value(&wrong.place, wrong.message, wrong.hint);
            problems.extend(findings.finish());
        }
        problems
    }

    /// The file that has the last word on the key at `place`.
    #[must_use]
    pub fn document(&self, place: &Place) -> &Document {
        let said = |layer: &&Layer| layer.document.root.find(place).is_some();
        let layer = self.layers.iter().rev().find(said);
        let layer = layer.or(self.layers.last()).expect("a stack has a file");
        &layer.document
    }
}

/// Checks an override by itself.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read_override(over: &Node) -> Result<(), Problems> {
    let document = bare(over.clone(), OVERRIDE);
    let mut findings = Findings::new(&document);
    let _: Option<Profile> = shape::read(&document.root, &Place::top(), &mut findings);
    let problems = findings.finish();
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems.without_lines())
}

/// Each layer was read strictly before, and merging takes nothing away: there is nothing to find.
fn read_merged(root: Node) -> Profile {
    let document = bare(root, "");
    shape::read(&document.root, &Place::top(), &mut Findings::new(&document)).unwrap_or_default()
}

fn bare(root: Node, file: &str) -> Document {
    Document {
        file: file.into(),
        text: String::new(),
        root,
    }
}

/// Checks the last layer and opens the one that it extends.
fn above(layers: &[Layer], extra: Option<&Path>, problems: &mut Problems) -> Option<Layer> {
    let layer = layers.last()?;
    let mut findings = Findings::new(&layer.document);
    let profile: Profile =
        shape::read(&layer.document.root, &Place::top(), &mut findings).unwrap_or_default();
    let next = profile
        .extends
        .and_then(|name| parent(&name, layers, extra, &mut findings));
    problems.extend(findings.finish());
    match next? {
        Ok(layer) => Some(layer),
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn parent(
    name: &str,
    layers: &[Layer],
    extra: Option<&Path>,
    findings: &mut Findings<'_>,
) -> Option<Result<Layer, Problems>> {
    let place = Place::top().key("extends");
    let own_namesake = layers
        .last()
        .is_some_and(|layer| layer.name == name && layer.home == Home::Site);
    let opened = open(name, extra.filter(|_| !own_namesake));
    let layer = match opened {
        Ok(layer) => layer,
        Err(ProfileError::Unknown { name, hint }) => {
            findings.value(&place, format!("unknown connector `{name}`"), Some(hint));
            return None;
        }
        Err(ProfileError::Wrong(problems)) => return Some(Err(problems)),
    };
    if layers
        .iter()
        .any(|known| known.name == layer.name && known.home == layer.home)
    {
        let names: Vec<&str> = layers
            .iter()
            .map(|layer| layer.name.as_str())
            .chain([name])
            .collect();
        let message = format!(
            "connectors extend each other in a circle: {}",
            names.join(", ")
        );
        findings.value(&place, message, Some("take one `extends` out".into()));
        return None;
    }
    Some(Ok(layer))
}

fn open(name: &str, extra: Option<&Path>) -> Result<Layer, ProfileError> {
    let (home, file, text) = find(name, extra)?;
    match Document::parse(&file, &text) {
        Ok(document) => Ok(Layer {
            name: name.into(),
            home,
            document,
        }),
        Err(error) => Err(ProfileError::Wrong(Problems::syntax(&file, &text, error))),
    }
}

fn find(name: &str, extra: Option<&Path>) -> Result<(Home, PathBuf, String), ProfileError> {
    let plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
    if let Some(folder) = extra.filter(|_| plain) {
        let file = folder.join(format!("{name}.yaml"));
        match std::fs::read_to_string(&file) {
            Ok(text) => return Ok((Home::Site, file, text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ProfileError::Wrong(Problems::unreadable(&file, &error))),
        }
    }
    let text = embedded::text(name).ok_or_else(|| unknown(name, extra))?;
    Ok((
        Home::Shipped,
        format!("connectors/{name}.yaml").into(),
        text.into(),
    ))
}

/// Maps merge, lists and words replace; an empty block changes nothing.
fn merge(base: &mut Node, over: &Node) {
    match (&mut base.content, &over.content) {
        (_, Content::Nothing) => {}
        (Content::Block(base), Content::Block(over)) => {
            for entry in over {
                match base.iter_mut().find(|known| known.key == entry.key) {
                    Some(known) => merge(&mut known.node, &entry.node),
                    None => base.push(entry.clone()),
                }
            }
        }
        (
            Content::Nothing | Content::Scalar(_) | Content::List(_) | Content::Block(_),
            Content::Scalar(_) | Content::List(_) | Content::Block(_),
        ) => *base = over.clone(),
    }
}

/// Notes who said each key last.
fn trace(node: &Node, place: &Place, name: &str, origins: &mut BTreeMap<String, String>) {
    match &node.content {
        Content::Block(entries) => {
            for entry in entries {
                trace(&entry.node, &place.key(&entry.key), name, origins);
            }
        }
        Content::Nothing => {}
        Content::Scalar(_) | Content::List(_) => {
            origins.insert(place.to_string(), name.to_owned());
        }
    }
}
