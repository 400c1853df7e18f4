//! From entries to groups: names, members, groups in groups.
//!
//! Promises that a group is read as a whole or the reading is refused: a group decides about many
//! users, and one that is short of members takes accounts away from people. Leaves members that are
//! under no known name to [`super::strangers`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dialect::Dialect;
use super::draft::Draft;
use super::entry::Entry;
use super::failure::refuse;
use super::note::{counted, examples};
use super::people::People;
use super::primary::{self, Sid};
use super::roll::Place;
use super::settings::{Form, GroupSettings};
use crate::core::key::{GroupKey, SourceName};
use crate::source::nested::{self, Children};
use crate::source::{ReadError, dn};

/// The groups of a directory, as they come, by normalised DN.
pub(super) struct Groups<'c> {
    settings: &'c GroupSettings,
    dialect: Dialect,
    server: String,
    drafts: BTreeMap<String, Draft>,
    /// The names of groups that had another until a moment ago, by that one.
    former: BTreeMap<String, String>,
}

/// What came of the entries.
#[derive(Debug, Default)]
pub(super) struct Flock {
    /// The groups, sorted by key.
    pub(super) groups: Vec<Flat>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
    /// How many members lead to nobody, though they may be there; `None`: not counted.
    pub(super) dangling: Option<usize>,
}

/// A group with everybody who is in it, or in a group in it.
#[derive(Debug)]
pub(super) struct Flat {
    /// What it is known by for ever.
    pub(super) key: GroupKey,
    /// What it is called.
    pub(super) name: Arc<str>,
    /// Who is in it.
    pub(super) members: BTreeSet<Place>,
}

/// What a group must tell, so that nobody loses access by what we cannot see.
const WHOLE: &str =
    "a group that cannot be read stops the reading, so that nobody loses access by it";

impl<'c> Groups<'c> {
    /// None yet.
    pub(super) fn new(settings: &'c GroupSettings, dialect: Dialect, server: &str) -> Self {
        Self {
            settings,
            dialect,
            server: server.to_owned(),
            drafts: BTreeMap::new(),
            former: BTreeMap::new(),
        }
    }

    /// A name that the group with this DN had until a moment ago, normalised.
    pub(super) fn remember(&mut self, former: &str, dn: &str) {
        self.former
            .extend(dn::normal(dn).map(|normal| (former.to_owned(), normal)));
    }

    /// Takes one more entry; one that comes twice counts as it came last.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(super) fn take(&mut self, entry: &Entry, people: &mut People<'_>) -> Result<(), ReadError> {
        let place = format!("{}: groups: {}", self.server, entry.dn);
        let refused = |problem: String| refuse(format!("{place} cannot be used: {problem}"), WHOLE);
        let normal = dn::normal(&entry.dn)
            .ok_or_else(|| refused("its name is no distinguished name".into()))?;
        let draft = Draft::of(entry, self.settings, self.dialect, people).map_err(refused)?;
        self.drafts.insert(normal, draft);
        Ok(())
    }

    /// The groups with DNs in them that are neither a user's nor a group's.
    pub(super) fn with_strangers(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let by_form = self.settings.form != Form::MemberOf;
        let drafts = self.drafts.iter().filter(move |_| by_form);
        drafts.filter_map(|(normal, draft)| {
            let strangers: Vec<&str> = draft
                .loose
                .iter()
                .filter(|name| self.find(name).is_none())
                .map(String::as_str)
                .collect();
            (!strangers.is_empty()).then_some((normal.as_str(), strangers))
        })
    }

    /// A stranger turned out to be this user.
    pub(super) fn recognise(&mut self, stranger: &str, user: Place) {
        for draft in self.drafts.values_mut() {
            if draft.loose.remove(stranger) {
                draft.members.insert(user);
            }
        }
    }

    /// The group under a normalised DN.
    pub(super) fn draft_of(&self, normal: &str) -> Option<&Draft> {
        self.drafts.get(normal)
    }

    /// A DN in comparable form, if it is a group's.
    fn find(&self, name: &str) -> Option<String> {
        let normal = dn::normal(dn::without_uid(name))?;
        if self.drafts.contains_key(&normal) {
            return Some(normal);
        }
        let now = self.former.get(&normal)?;
        self.drafts.contains_key(now).then(|| now.clone())
    }

    /// The groups, flat. `gone` are names of members under which the server shows us nothing.
    ///
    /// # Errors
    /// When there are none, or none has a member: that is never taken for the end of all groups.
    pub(super) fn finish(
        self,
        source: &SourceName,
        people: &People<'_>,
        gone: &BTreeSet<String>,
    ) -> Result<Flock, ReadError> {
        if self.drafts.is_empty() {
            let base = &self.settings.branch.base;
            let problem = format!(
                "{}: groups: nothing under {base} matches, which is never taken for the end of all \
                 groups",
                self.server
            );
            let hint = "correct `groups`, let the bind name read them, or leave out `groups`";
            return Err(refuse(problem, hint));
        }
        let mut notes = self.stranger_notes(gone);
        let place: BTreeMap<&str, usize> = self
            .drafts
            .keys()
            .enumerate()
            .map(|(at, normal)| (normal.as_str(), at))
            .collect();
        let mut direct: Vec<BTreeSet<Place>> = self
            .drafts
            .values()
            .map(|draft| draft.members.clone())
            .collect();
        let children = self.children(&place);
        if self.settings.form == Form::MemberOf {
            notes.extend(self.join(people, &place, &mut direct));
        }
        if primary::counts(Some(self.settings), self.dialect) {
            self.add_primaries(people, &mut direct)?;
        }
        if direct.iter().all(BTreeSet::is_empty) {
            return Err(self.empty());
        }
        let drafts: Vec<&Draft> = self.drafts.values().collect();
        let circles = nested::circles(&children);
        notes.extend(circles.iter().map(|circle| circle_note(circle, &drafts)));
        let mut groups: Vec<Flat> = drafts
            .iter()
            .enumerate()
            .map(|(at, draft)| Flat {
                key: GroupKey::new(source, &draft.key),
                name: Arc::clone(&draft.name),
                members: nested::reach(&children, at)
                    .into_iter()
                    .flat_map(|group| direct[group].iter().copied())
                    .collect(),
            })
            .collect();
        groups.sort_by(|one, other| one.key.cmp(&other.key));
        self.refuse_twins(&groups)?;
        Ok(Flock {
            groups,
            notes,
            dangling: None,
        })
    }

    fn empty(&self) -> ReadError {
        let problem = format!(
            "{}: groups: none of the {} has a member among the users, which is never taken for the \
             end of all memberships",
            self.server,
            counted(self.drafts.len(), "group", "groups")
        );
        let hint = "let the bind name read the members, or say how they are written: `groups.form`, \
                    `groups.member`";
        refuse(problem, hint)
    }

    fn refuse_twins(&self, groups: &[Flat]) -> Result<(), ReadError> {
        let twins = groups.windows(2).find(|pair| pair[0].key == pair[1].key);
        match twins {
            None => Ok(()),
            Some(pair) => {
                let problem = format!(
                    "{}: groups: {} and {} have the same key {}",
                    self.server, pair[0].name, pair[1].name, pair[0].key.id
                );
                Err(refuse(problem, "name another attribute under `groups.key`"))
            }
        }
    }

    /// Which groups stand in which.
    fn children(&self, place: &BTreeMap<&str, usize>) -> Children {
        let mut children: Children = vec![BTreeSet::new(); self.drafts.len()];
        for (at, draft) in self.drafts.values().enumerate() {
            for name in &draft.loose {
                let other = self.find(name);
                let Some(other) = other.and_then(|normal| place.get(normal.as_str()).copied())
                else {
                    continue;
                };
                if self.settings.form == Form::MemberOf {
                    children[other].insert(at);
                } else {
                    children[at].insert(other);
                }
            }
        }
        children
    }

    /// Members as their own entries name their groups.
    fn join(
        &self,
        people: &People<'_>,
        place: &BTreeMap<&str, usize>,
        direct: &mut [BTreeSet<Place>],
    ) -> Option<String> {
        let mut elsewhere = BTreeSet::new();
        for (name, members) in people.memberships().filter(|(_, of)| !of.is_empty()) {
            let group = self.find(name);
            match group.and_then(|normal| place.get(normal.as_str()).copied()) {
                Some(at) => direct[at].extend(members),
                None => {
                    elsewhere.insert(name.to_owned());
                }
            }
        }
        let names: Vec<String> = elsewhere.into_iter().collect();
        (!names.is_empty()).then(|| {
            format!(
                "groups: {} that users name {} not among them: {}",
                counted(names.len(), "group", "groups"),
                if names.len() == 1 { "is" } else { "are" },
                examples(&names)
            )
        })
    }

    /// Members who do not stand in their primary group.
    fn add_primaries(
        &self,
        people: &People<'_>,
        direct: &mut [BTreeSet<Place>],
    ) -> Result<(), ReadError> {
        let mut place: BTreeMap<&Sid, usize> = BTreeMap::new();
        let mut hidden = None;
        for (at, draft) in self.drafts.values().enumerate() {
            match &draft.sid {
                Some(sid) => {
                    place.insert(sid, at);
                }
                None => hidden = hidden.or(Some(draft)),
            }
        }
        for (group, members) in people.primaries().filter(|(_, of)| !of.is_empty()) {
            match (place.get(group), hidden) {
                (Some(at), _) => direct[*at].extend(members),
                (None, None) => {}
                (None, Some(draft)) => {
                    let problem = format!(
                        "{}: groups: {} cannot be used: it shows no `{}`, by which users name their \
                         primary group",
                        self.server,
                        draft.dn,
                        primary::SID
                    );
                    return Err(refuse(problem, WHOLE));
                }
            }
        }
        Ok(())
    }

    fn stranger_notes(&self, gone: &BTreeSet<String>) -> Vec<String> {
        let (mut away, mut dead, mut groups) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (normal, strangers) in self.with_strangers() {
            for stranger in strangers {
                if gone.contains(stranger) {
                    dead.push(stranger.to_owned());
                } else {
                    groups.insert(normal);
                    away.push(stranger.to_owned());
                }
            }
        }
        away.extend(
            self.drafts
                .values()
                .flat_map(|draft| draft.logins.iter().cloned()),
        );
        let mut notes = Vec::new();
        if !away.is_empty() {
            notes.push(format!(
                "groups: {} not among the users: {}",
                counted(away.len(), "member is", "members are"),
                examples(&away)
            ));
        }
        if !dead.is_empty() {
            notes.push(format!(
                "groups: {} not there, or hidden from us: {}",
                counted(dead.len(), "member is", "members are"),
                examples(&dead)
            ));
        }
        notes
    }
}

fn circle_note(circle: &[usize], drafts: &[&Draft]) -> String {
    let names = circle.iter().chain(circle.first());
    let names: Vec<&str> = names.map(|at| &*drafts[*at].name).collect();
    format!("groups {} form a cycle", names.join(" → "))
}
