//! The `roster:` of a config: how several sources become one.
//!
//! Promises that every source has its place and its join key, and that each name means a source.
//! Leaves joining to [`crate::core::roster`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::findings::Findings;
use super::place::Place;
use super::raw::RawRoster;
use super::words::RawJoin;
use super::{SourceConfig, sources};
use crate::core::expression::Program;
use crate::core::key::SourceName;
use crate::core::roster::Joint;
use crate::core::text::nearest;

/// An attribute that no row has under this name, and that a source may speak for all the same.
const MANAGER: &str = "manager";

/// Checks the `roster:` over `sources`; those in which something is wrong are missing among them.
pub fn check(
    raw: Option<RawRoster>,
    sources: &BTreeMap<SourceName, SourceConfig>,
    findings: &mut Findings<'_>,
) -> Option<Joint> {
    let raw = raw?;
    let mut check = Check {
        place: Place::top().key("roster"),
        sources,
        findings,
    };
    let from = check.from(raw.from);
    let people = check.people(raw.people, &from);
    let keys = check.join(raw.join);
    let attributes = check.attributes(raw.attributes);
    Some(Joint {
        from,
        people: people.into_iter().collect(),
        keys,
        attributes,
    })
}

struct Check<'a, 'd> {
    place: Place,
    sources: &'a BTreeMap<SourceName, SourceConfig>,
    findings: &'a mut Findings<'d>,
}

impl Check<'_, '_> {
    fn from(&mut self, raw: Option<Vec<String>>) -> Vec<SourceName> {
        let Some(names) = raw else {
            let hint = "write from: [hr, directory]: every source, the one that speaks first first";
            let message = "`from` is missing";
            let block = self.place.clone();
            self.findings
                .lacks(&block, "from", message, Some(hint.into()));
            return Vec::new();
        };
        let place = self.place.key("from");
        let from = self.names(&names, &place);
        let left_out = self.sources.keys().find(|name| !from.contains(name));
        if let Some(name) = left_out {
            let message = format!("the source `{name}` has no place in `from`");
            let hint = "name every source, the one that speaks first first";
            self.findings.key(&place, message, Some(hint.into()));
        }
        from
    }

    fn people(&mut self, raw: Option<Vec<String>>, from: &[SourceName]) -> Vec<SourceName> {
        let Some(names) = raw else {
            return from.first().cloned().into_iter().collect();
        };
        let place = self.place.key("people");
        if names.is_empty() {
            let hint = "name the sources whose users are people of yours";
            self.findings
                .key(&place, "nobody brings people", Some(hint.into()));
        }
        self.names(&names, &place)
    }

    /// Names of sources, each once.
    fn names(&mut self, names: &[String], place: &Place) -> Vec<SourceName> {
        let mut known: Vec<SourceName> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let place = place.index(index);
            if !self.is_source(name) {
                self.unknown(name, &place);
            } else if known.iter().any(|one| one.as_str() == name) {
                let message = format!("the source `{name}` stands here twice");
                self.findings.value(&place, message, None);
            } else {
                known.push(SourceName::new(name));
            }
        }
        known
    }

    /// Is there such a source, right or wrong?
    fn is_source(&self, name: &str) -> bool {
        let place = Place::top().key("sources").key(name);
        self.findings.stands(&place)
    }

    fn unknown(&mut self, name: &str, place: &Place) {
        let known = self.sources.keys().map(SourceName::as_str);
        let hint = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no source `{name}`");
        self.findings.value(place, message, hint);
    }

    fn join(&mut self, raw: Option<RawJoin>) -> BTreeMap<SourceName, Program> {
        let place = self.place.key("join");
        match raw {
            None => {
                let hint =
                    "write join: user.employeeNumber, or one for each source: { hr: user.number }";
                let block = self.place.clone();
                let message = "`join` is missing";
                self.findings
                    .lacks(&block, "join", message, Some(hint.into()));
                BTreeMap::new()
            }
            Some(RawJoin::One(text)) => self.join_all(&text, &place),
            Some(RawJoin::Each(texts)) => self.join_each(&texts, &place),
        }
    }

    /// One expression for all; what is wrong with it is told of one source only.
    fn join_all(&mut self, text: &str, place: &Place) -> BTreeMap<SourceName, Program> {
        let mut keys = BTreeMap::new();
        for (name, source) in self.sources {
            match self.compile(text, place, name, source) {
                Some(program) => keys.insert(name.clone(), program),
                None => return keys,
            };
        }
        keys
    }

    fn join_each(
        &mut self,
        texts: &BTreeMap<String, String>,
        block: &Place,
    ) -> BTreeMap<SourceName, Program> {
        let mut keys = BTreeMap::new();
        for (name, text) in texts {
            let place = block.key(name);
            let key = SourceName::new(name);
            match self.sources.get(&key) {
                Some(source) => {
                    let program = self.compile(text, &place, &key, source);
                    keys.extend(program.map(|program| (key, program)));
                }
                None if self.is_source(name) => {}
                None => self.unknown(name, &place),
            }
        }
        let keyless = self
            .sources
            .keys()
            .find(|name| !texts.contains_key(name.as_str()));
        if let Some(name) = keyless {
            let message = format!("`join` says nothing of the source `{name}`");
            let hint = format!("write what joins its users: {{ {name}: user.employeeNumber }}");
            self.findings.key(block, message, Some(hint));
        }
        keys
    }

    fn compile(
        &mut self,
        text: &str,
        place: &Place,
        name: &SourceName,
        source: &SourceConfig,
    ) -> Option<Program> {
        let vocabulary = sources::vocabulary_of(name, source);
        match Program::compile(text, &vocabulary) {
            Ok(program) => Some(program),
            Err(problems) => {
                for problem in problems {
                    let message = format!("{}, in the source `{name}`", problem.message);
                    self.findings
                        .part(place, &problem.span, message, problem.hint);
                }
                None
            }
        }
    }

    fn attributes(
        &mut self,
        raw: BTreeMap<String, Vec<String>>,
    ) -> BTreeMap<Arc<str>, Vec<SourceName>> {
        let block = self.place.key("attributes");
        let mut attributes = BTreeMap::new();
        for (name, names) in raw {
            let place = block.key(&name);
            if names.is_empty() {
                let message = format!("nobody speaks for `{name}`");
                let hint = "name the sources that have it, the one that speaks first first";
                self.findings.key(&place, message, Some(hint.into()));
            }
            let speakers = self.names(&names, &place);
            self.is_held(&name, &speakers, &place);
            attributes.insert(Arc::from(name), speakers);
        }
        attributes
    }

    /// Says so when none of the sources, as far as they are known, has the attribute.
    fn is_held(&mut self, name: &str, speakers: &[SourceName], place: &Place) {
        let known: Option<Vec<BTreeSet<String>>> = speakers
            .iter()
            .map(|speaker| sources::vocabulary_of(speaker, self.sources.get(speaker)?).attributes)
            .collect();
        let Some(known) = known.filter(|sets| !sets.is_empty() && name != MANAGER) else {
            return;
        };
        let known: BTreeSet<String> = known.into_iter().flatten().collect();
        if !known.contains(name) {
            let near = nearest(name, known.iter().map(String::as_str));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!("none of these sources has `{name}`");
            self.findings.key(place, message, hint);
        }
    }
}
