//! What switching a user off really does, and what a return does.
//!
//! Promises that an effect is named only when it was read back.

use serde_json::{Value as Json, json};

use super::Probe;
use super::finding::Certainty::{SeenOnce, SeenTwice};
use super::groups::members;
use super::line::{Exchange, ProbeError, Seen};
use super::made::Kind;
use crate::connector::scim::filter::{Turn, page};
use crate::core::attribute::AttrName;
use crate::core::profile::Booleans;

/// Pages that are read to see whether somebody is in a list.
const PAGES: u64 = 20;

/// What became of a user who was switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Suspends,
    FreesUserName,
    Renames,
    Deletes,
    /// Still active.
    Nothing,
}

/// What became of a user, by a read before and after.
pub(super) fn effect(before: &Json, read: &Seen) -> Effect {
    if read.is_missing() {
        return Effect::Deletes;
    }
    if read.body["active"] != json!(false) {
        return Effect::Nothing;
    }
    let name = |user: &Json| user["userName"].as_str().unwrap_or_default().to_lowercase();
    match (name(before), name(&read.body)) {
        (_, after) if after.is_empty() => Effect::FreesUserName,
        (before, after) if before != after => Effect::Renames,
        _ => Effect::Suspends,
    }
}

impl Probe<'_> {
    pub(super) async fn leaving(
        &mut self,
        id: &str,
        group: Option<&str>,
    ) -> Result<(), ProbeError> {
        let before = self.read(Kind::User, id).await?;
        let listed = self.is_listed(id).await?.is_some_and(|(listed, _)| listed);
        let Some((effect, by)) = self.switch_off(id, &before.body).await? else {
            let delete = self.book.word("users.deactivate.by") == Some("delete");
            if !delete {
                let says = "`active: false` did nothing, neither as a word of JSON nor as a text";
                self.book
                    .found("users.deactivate.by", "none", SeenOnce, says, &[]);
            }
            return Ok(());
        };
        self.tell_effect(effect, &by);
        if effect == Effect::Deletes {
            self.made.gone(Kind::User, id);
            return self.born_again(&before.body, id).await;
        }
        self.hidden(id, listed).await?;
        if let Some(group) = group {
            self.hidden_member(id, group).await?;
        }
        self.switch_on(id, &before.body).await
    }

    fn tell_effect(&mut self, effect: Effect, by: &[Exchange]) {
        let by: Vec<&Exchange> = by.iter().collect();
        let (value, says) = match effect {
            Effect::Suspends | Effect::Nothing => {
                ("suspends", "it was shown as inactive, with its name")
            }
            Effect::FreesUserName => (
                "frees_user_name",
                "it was shown as inactive, without its userName",
            ),
            Effect::Renames => ("renames", "it was shown as inactive, with another userName"),
            Effect::Deletes => ("deletes", "it was gone"),
        };
        // What was found of DELETE before is no way any more: this one is better.
        self.book
            .findings
            .retain(|finding| finding.key != ["users", "deactivate", "by"]);
        self.book
            .found("users.deactivate.by", "active", SeenOnce, says, &by);
        self.book
            .found("users.deactivate.effect", value, SeenOnce, says, &by);
    }

    /// Switches off, in the words that the app takes.
    async fn switch_off(
        &mut self,
        id: &str,
        before: &Json,
    ) -> Result<Option<(Effect, Vec<Exchange>)>, ProbeError> {
        for (booleans, word) in [(Booleans::Json, "json"), (Booleans::Text, "text")] {
            self.dialect.booleans = booleans;
            let seen = self.switch(id, false).await?;
            let read = self.read(Kind::User, id).await?;
            let effect = effect(before, &read);
            if seen.ok() && effect != Effect::Nothing {
                let by = [&seen.exchange, &read.exchange];
                let says = "`active` was changed so";
                self.book
                    .found("users.patch.booleans", word, SeenOnce, says, &by);
                return Ok(Some((effect, by.map(Clone::clone).to_vec())));
            }
        }
        self.dialect.booleans = Booleans::Json;
        Ok(None)
    }

    /// Is somebody in the list, and which page said so? None: it was not read to its end.
    async fn is_listed(&mut self, id: &str) -> Result<Option<(bool, Exchange)>, ProbeError> {
        let mut start = 1;
        for _ in 0..PAGES {
            let path = page(self.list_path(Kind::User), &Turn::Row(start), 100, "", None);
            let seen = self.line.get(&path).await?;
            let ids = seen.ids();
            if ids.iter().any(|held| held == id) {
                return Ok(Some((true, seen.exchange)));
            }
            start += ids.len() as u64;
            if ids.is_empty() || seen.total().is_some_and(|total| start > total) {
                return Ok(seen.ok().then_some((false, seen.exchange)));
            }
        }
        Ok(None)
    }

    async fn hidden(&mut self, id: &str, was_listed: bool) -> Result<(), ProbeError> {
        let key = "users.hides";
        let now = self.is_listed(id).await?;
        match now.filter(|_| was_listed) {
            Some((true, by)) => {
                let says = "an inactive user is in the list";
                self.book.found(key, json!([]), SeenOnce, says, &[&by]);
            }
            Some((false, by)) => {
                let says = "an inactive user is not in the list";
                self.book
                    .found(key, json!(["inactive"]), SeenOnce, says, &[&by]);
            }
            None => {
                let why = "the list is too long, or did not show the user before";
                self.book.unknown(key, why);
            }
        }
        Ok(())
    }

    async fn hidden_member(&mut self, id: &str, group: &str) -> Result<(), ProbeError> {
        let key = "groups.hides_inactive";
        let read = self.read(Kind::Group, group).await?;
        let was_in = self.book.word("groups.add").is_some();
        match members(&read.body).filter(|_| was_in) {
            Some(held) => {
                let hides = !held.contains(&id);
                let says = if hides {
                    "an inactive member is not shown"
                } else {
                    "an inactive member is shown"
                };
                self.book
                    .found(key, hides, SeenOnce, says, &[&read.exchange]);
            }
            None => self.book.unknown(key, "the app shows no members"),
        }
        Ok(())
    }

    /// Switches on again; where that does not work, a create of the same name tells.
    async fn switch_on(&mut self, id: &str, before: &Json) -> Result<(), ProbeError> {
        let seen = self.switch(id, true).await?;
        let read = self.read(Kind::User, id).await?;
        if !seen.ok() || read.body["active"] != json!(true) {
            return self.born_again(before, id).await;
        }
        let key = "users.reactivate";
        let by = [&seen.exchange, &read.exchange];
        let text = self.harmless().first().copied();
        let Some(text) = text.filter(|_| self.dialect.takes_several()) else {
            self.book.found(
                key,
                "activate",
                SeenOnce,
                "`active: true` brought it back",
                &by,
            );
            return Ok(());
        };
        self.switch(id, false).await?;
        let active = self.dialect.boolean(true);
        let values = [(text, json!("Probe back")), ("active", active)];
        let both = self.set(id, &values).await?;
        let after = self.read(Kind::User, id).await?;
        let together =
            both.ok() && after.body["active"] == json!(true) && after.body[text] == "Probe back";
        let by = [&seen.exchange, &both.exchange, &after.exchange];
        if together {
            let says = "`active: true` brought it back, alone and with another change";
            self.book.found(key, "activate", SeenTwice, says, &by);
        } else {
            let says = "`active: true` brought it back alone, and not with another change";
            self.book.found(key, "activate_first", SeenOnce, says, &by);
        }
        Ok(())
    }

    /// A create of the name of somebody who was switched off.
    async fn born_again(&mut self, before: &Json, id: &str) -> Result<(), ProbeError> {
        let name = before["userName"].as_str().unwrap_or_default().to_owned();
        let body = self.user(&name, &self.required.clone());
        let seen = self.create(Kind::User, &body).await?;
        let new = seen.id().filter(|_| seen.ok());
        let (value, says) = match new.as_deref() {
            Some(new) if new == id => {
                ("post", "a create of the same name brought the same id back")
            }
            Some(_) => ("create", "a create of the same name made a new one"),
            None => (
                "refuse",
                "neither `active: true` nor a create of the same name brought it back",
            ),
        };
        self.book
            .found("users.reactivate", value, SeenOnce, says, &[&seen.exchange]);
        if value == "create" {
            let unique = AttrName::new("userName");
            self.book.note(format!(
                "The {unique} of somebody who was switched off is free."
            ));
        }
        Ok(())
    }
}
