//! What a probe has made, and taking it away again.
//!
//! Promises that a write goes only to what was made here, that a create whose answer was lost is
//! looked for, and that whatever stays behind is named with its id. Leaves what is made to the
//! experiments.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value as Json;

use super::Probe;
use super::finding::Certainty;
use super::line::{ProbeError, Seen};
use crate::connector::scim::filter::{Turn, encode, equals, page};

/// What kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A user.
    User,
    /// A group.
    Group,
}

impl Kind {
    /// The attribute with its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }
}

/// Something that could not be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// What it is.
    pub kind: Kind,
    /// Its id; none: nobody knows whether it is there.
    pub id: Option<String>,
    /// Its name when it was made.
    pub name: String,
    /// Why it is still there.
    pub why: String,
}

#[derive(Debug)]
struct Thing {
    kind: Kind,
    id: String,
    name: String,
    gone: bool,
}

/// What a probe has made.
#[derive(Debug)]
pub(super) struct Made {
    things: Vec<Thing>,
    /// Ids that were there before.
    before: BTreeSet<String>,
    /// Creates of which nobody knows what came.
    doubtful: Vec<(Kind, String)>,
    users: usize,
    groups: usize,
}

impl Made {
    pub(super) fn new(users: usize, groups: usize) -> Self {
        Self {
            things: Vec::new(),
            before: BTreeSet::new(),
            doubtful: Vec::new(),
            users,
            groups,
        }
    }

    /// These were there before.
    pub(super) fn met(&mut self, ids: Vec<String>) {
        self.before.extend(ids);
    }

    /// May another one be made?
    pub(super) fn has_room(&self, kind: Kind) -> bool {
        let present = self
            .things
            .iter()
            .filter(|thing| thing.kind == kind && !thing.gone);
        let most = match kind {
            Kind::User => self.users,
            Kind::Group => self.groups,
        };
        present.count() < most
    }

    pub(super) fn is_ours(&self, kind: Kind, id: &str) -> bool {
        let mut things = self.things.iter();
        things.any(|thing| thing.kind == kind && thing.id == id)
    }

    pub(super) fn gone(&mut self, kind: Kind, id: &str) {
        for thing in &mut self.things {
            if thing.kind == kind && thing.id == id {
                thing.gone = true;
            }
        }
    }
}

impl Probe<'_> {
    pub(super) fn path(&self, kind: Kind, id: &str) -> String {
        format!("{}/{}", self.list_path(kind), encode(id))
    }

    pub(super) fn list_path(&self, kind: Kind) -> &str {
        let path = match kind {
            Kind::User => &self.profile.users.path,
            Kind::Group => &self.profile.groups.path,
        };
        path.trim_end_matches('/')
    }

    /// Makes something, and remembers it.
    pub(super) async fn create(&mut self, kind: Kind, body: &Json) -> Result<Seen, ProbeError> {
        let name = body[kind.name()].as_str().unwrap_or_default().to_owned();
        self.made.doubtful.push((kind, name.clone()));
        let path = self.list_path(kind).to_owned();
        let seen = self.line.send(Method::POST, &path, Some(body), None).await;
        if matches!(seen, Err(ProbeError::Stopped)) {
            self.made.doubtful.pop();
        }
        let seen = seen?;
        if !seen.ok() {
            // A server that broke may have made it all the same.
            if seen.status < 500 || seen.status == 501 {
                self.made.doubtful.pop();
            }
            return Ok(seen);
        }
        let Some(id) = seen.id() else {
            return Ok(seen);
        };
        let shown = seen.body[kind.name()].as_str();
        if shown.is_some_and(|shown| !self.sample.is_marked(shown)) {
            return Err(ProbeError::NotOurs { name, id });
        }
        self.made.doubtful.pop();
        self.take_in(kind, id, name)?;
        Ok(seen)
    }

    /// What was made here has another id now.
    pub(super) fn adopt(&mut self, kind: Kind, id: String, name: String) -> Result<(), ProbeError> {
        self.take_in(kind, id, name)
    }

    fn take_in(&mut self, kind: Kind, id: String, name: String) -> Result<(), ProbeError> {
        if self.made.before.contains(&id) {
            return Err(ProbeError::NotOurs { name, id });
        }
        if let Some(known) = self
            .made
            .things
            .iter_mut()
            .find(|thing| thing.kind == kind && thing.id == id)
        {
            known.gone = false;
            return Ok(());
        }
        self.made.things.push(Thing {
            kind,
            id,
            name,
            gone: false,
        });
        Ok(())
    }

    /// Reads something that was made here.
    pub(super) async fn read(&mut self, kind: Kind, id: &str) -> Result<Seen, ProbeError> {
        let path = self.path(kind, id);
        self.line.get(&path).await
    }

    /// Changes something that was made here.
    pub(super) async fn write(
        &mut self,
        method: Method,
        kind: Kind,
        id: &str,
        body: Option<&Json>,
    ) -> Result<Seen, ProbeError> {
        if !self.made.is_ours(kind, id) {
            return Err(ProbeError::Foreign { id: id.into() });
        }
        let path = self.path(kind, id);
        if !self.versioned {
            let seen = self.line.send(method.clone(), &path, body, None).await?;
            if seen.status != 428 {
                return Ok(seen);
            }
            self.versioned = true;
            let says = "a write without If-Match is refused";
            let by = [&seen.exchange];
            self.book
                .found("http.etags", "required", Certainty::SeenOnce, says, &by);
        }
        let version = self.read(kind, id).await?.version();
        self.line
            .send(method, &path, body, version.as_deref())
            .await
    }

    /// Sends DELETE, and looks whether it is gone.
    pub(super) async fn remove(&mut self, kind: Kind, id: &str) -> Result<bool, ProbeError> {
        let seen = self.write(Method::DELETE, kind, id, None).await?;
        let gone = seen.is_missing() || (seen.ok() && self.read(kind, id).await?.is_missing());
        if gone {
            self.made.gone(kind, id);
        }
        Ok(gone)
    }

    /// Takes everything away, groups first, the newest first.
    pub(super) async fn clean_up(&mut self) -> Vec<Left> {
        self.find_doubtful().await;
        let mut todo: Vec<(Kind, String, String)> = self
            .made
            .things
            .iter()
            .filter(|thing| !thing.gone)
            .map(|thing| (thing.kind, thing.id.clone(), thing.name.clone()))
            .rev()
            .collect();
        todo.sort_by_key(|(kind, _, _)| std::cmp::Reverse(*kind));
        let mut left = Vec::new();
        for (kind, id, name) in todo {
            if let Err(why) = self.take_away(kind, &id).await {
                let id = Some(id);
                left.push(Left {
                    kind,
                    id,
                    name,
                    why,
                });
            }
        }
        let lost = self.made.doubtful.drain(..).map(|(kind, name)| Left {
            kind,
            id: None,
            name,
            why: "the answer to its create was lost, and it was not found again".into(),
        });
        left.extend(lost);
        left
    }

    async fn take_away(&mut self, kind: Kind, id: &str) -> Result<(), String> {
        let path = self.path(kind, id);
        let mut why = String::new();
        for _ in 0..2 {
            match self.write(Method::DELETE, kind, id, None).await {
                Ok(seen) if seen.is_missing() => return Ok(()),
                Ok(seen) if seen.ok() => match self.line.get(&path).await {
                    Ok(seen) if seen.ok() => why = "it is still shown after DELETE".into(),
                    Ok(_) | Err(_) => return Ok(()),
                },
                Ok(seen) => why = format!("DELETE was answered with {}", seen.status),
                Err(error) => why = told(&error),
            }
        }
        if kind == Kind::User && self.switch(id, false).await.is_ok_and(|seen| seen.ok()) {
            why.push_str("; it was switched off");
        }
        Err(why)
    }

    /// Looks for what may have been made without our knowing.
    async fn find_doubtful(&mut self) {
        let doubtful = std::mem::take(&mut self.made.doubtful);
        for (kind, name) in doubtful {
            match self.find_by_name(kind, &name).await {
                Some(ids) => {
                    for id in ids {
                        // What was there before is nobody's to remove.
                        self.take_in(kind, id, name.clone()).ok();
                    }
                }
                None => self.made.doubtful.push((kind, name)),
            }
        }
    }

    /// The ids of what has this name, which is ours alone; none if the app cannot be asked.
    async fn find_by_name(&mut self, kind: Kind, name: &str) -> Option<Vec<String>> {
        let attribute = kind.name();
        let filter = equals(attribute, name);
        let path = page(self.list_path(kind), &Turn::Row(1), 100, "", Some(&filter));
        let seen = self.line.get(&path).await.ok().filter(Seen::ok)?;
        let fits = |row: &&Json| {
            let held = row.get(attribute).and_then(Json::as_str);
            held.is_some_and(|held| held.eq_ignore_ascii_case(name))
        };
        let ids = seen.rows().iter().filter(fits);
        let ids: Vec<String> = ids
            .filter_map(|row| Some(row.get("id")?.as_str()?.to_owned()))
            .collect();
        (!ids.is_empty() || seen.rows().is_empty()).then_some(ids)
    }
}

/// An error with its cause, on one line.
fn told(error: &ProbeError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
