//! The first user: what a create needs, what a second one of the same name gets, and what DELETE
//! leaves behind.

use http::Method;
use serde_json::{Value as Json, json};

use super::Probe;
use super::finding::Certainty::{SeenOnce, SeenTwice};
use super::line::{ProbeError, Seen};
use super::made::Kind;
use crate::core::attribute::AttrName;

/// What apps ask for besides a name, from little to much: many refuse what they do not know.
const USUAL: [&[&str]; 5] = [
    &["emails"],
    &["name.givenName", "name.familyName"],
    &["name.givenName", "name.familyName", "emails"],
    &["name.givenName", "name.familyName", "emails", "displayName"],
    &[
        "name.givenName",
        "name.familyName",
        "emails",
        "displayName",
        "externalId",
    ],
];
/// The media type of bodies, where the one of the RFC is refused.
const PLAIN_JSON: &str = "application/json";
/// Words by which a refusal says that a value is taken.
const TAKEN: [&str; 6] = [
    "uniqueness",
    "already",
    "exist",
    "taken",
    "duplicate",
    "in use",
];

/// The rule by which a refusal of a second user of the same name is known, where its status does not
/// say so: it is 409, or 400 with `uniqueness` (RFC 7644, 3.12).
pub(super) fn conflict_rule(status: u16, body: &Json) -> Option<Json> {
    let scim_type = body["scimType"].as_str().unwrap_or_default();
    if status == 409 || (status == 400 && scim_type.eq_ignore_ascii_case("uniqueness")) {
        return None;
    }
    let text = body.to_string().to_lowercase();
    let word = TAKEN.into_iter().find(|word| text.contains(word))?;
    Some(json!({"status": status, "says": word, "means": "conflict"}))
}

/// What DELETE leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grave {
    /// It is refused.
    Refused,
    /// The user is still there, switched off.
    SwitchesOff,
    /// The user is gone, and the name is free for a new one.
    Hard,
    /// The user is gone, and the name is taken, or brings the old one back.
    Soft,
    /// The user is gone; nothing is known of the name.
    Gone,
    /// It says yes, and the user is still there.
    Nothing,
}

/// What DELETE left, by its answer, a read after it, and a create of the same name with its id.
pub(super) fn grave(
    deleted: &Seen,
    read: &Seen,
    again: Option<(&Seen, Option<&str>)>,
    id: &str,
) -> Grave {
    if !deleted.ok() {
        return Grave::Refused;
    }
    if read.ok() {
        let off = read.body["active"] == json!(false);
        return if off {
            Grave::SwitchesOff
        } else {
            Grave::Nothing
        };
    }
    match again {
        Some((seen, Some(new))) if seen.ok() && new != id => Grave::Hard,
        Some((seen, _)) if seen.ok() || seen.status == 409 => Grave::Soft,
        Some(_) | None => Grave::Gone,
    }
}

impl Probe<'_> {
    /// Makes a user with as little as possible, and lets it go again. Says whether one can be made.
    pub(super) async fn first_user(&mut self) -> Result<bool, ProbeError> {
        let name = self.sample.user_name();
        let Some(made) = self.least(&name).await? else {
            return Ok(false);
        };
        let Some(id) = made.id() else {
            self.book
                .note("A create is answered without an id, and without a Location.".into());
            return Ok(false);
        };
        if made.status != 201 || made.body.get("id").is_none() {
            self.book.note(format!(
                "A create is answered with {}, or without a body.",
                made.status
            ));
        }
        if made.location.is_none() {
            self.book
                .note("The answer to a create has no Location.".into());
        }
        self.twins(&name, &id).await?;
        self.last_rites(&name, &id).await?;
        self.needs().await?;
        Ok(true)
    }

    /// The create of a user with nothing but a name, or with what is asked for besides.
    async fn least(&mut self, name: &str) -> Result<Option<Seen>, ProbeError> {
        let bare = self.user(name, &[]);
        let mut seen = self.create(Kind::User, &bare).await?;
        if seen.status == 415 {
            PLAIN_JSON.clone_into(&mut self.line.content_type);
            seen = self.create(Kind::User, &bare).await?;
            if seen.ok() {
                let says = "the media type of SCIM is refused";
                let by = [&seen.exchange];
                self.book
                    .found("http.content_type", PLAIN_JSON, SeenOnce, says, &by);
            }
        }
        if seen.ok() {
            return Ok(Some(seen));
        }
        for names in USUAL {
            self.required = names.iter().map(AttrName::new).collect();
            let rich = self.user(name, &self.required.clone());
            seen = self.create(Kind::User, &rich).await?;
            if seen.ok() {
                return Ok(Some(seen));
            }
        }
        self.book.note(format!(
            "A create was answered with {}: {}",
            seen.status,
            seen.body["detail"].as_str().unwrap_or("no reason given")
        ));
        Ok(None)
    }

    pub(super) fn user(&self, name: &str, attributes: &[AttrName]) -> Json {
        self.sample.user(name, attributes, &self.profile, None)
    }

    /// Which of the usual attributes a create cannot do without.
    async fn needs(&mut self) -> Result<(), ProbeError> {
        if self.required.is_empty() {
            return Ok(());
        }
        if !self.deletes {
            let why = "DELETE does not remove users, so that none was made to find out";
            self.book.unknown("attributes.*.required", why);
            return Ok(());
        }
        let mut needed = Vec::new();
        for one in self.required.clone() {
            let others: Vec<AttrName> = self
                .required
                .iter()
                .filter(|name| **name != one)
                .cloned()
                .collect();
            let name = self.sample.user_name();
            let body = self.user(&name, &others);
            let seen = self.create(Kind::User, &body).await?;
            if let Some(id) = seen.id().filter(|_| seen.ok()) {
                self.remove(Kind::User, &id).await?;
            } else {
                let says = "a create without it is refused";
                self.book
                    .rule(&one, "required", "create", says, &[&seen.exchange]);
                needed.push(one);
            }
        }
        self.required = needed;
        Ok(())
    }

    /// A second user of the same name, and one of the same name in other letters.
    async fn twins(&mut self, name: &str, id: &str) -> Result<(), ProbeError> {
        let body = self.user(name, &self.required.clone());
        let same = self.create(Kind::User, &body).await?;
        let name_of = AttrName::new("userName");
        if same.ok() {
            self.second(&same, id).await?;
            let says = "a second user of the same name was made";
            self.book
                .rule(&name_of, "unique", false, says, &[&same.exchange]);
            return Ok(());
        }
        if let Some(rule) = conflict_rule(same.status, &same.body) {
            let says = "so it refuses a name that is taken";
            self.book
                .found("errors", json!([rule]), SeenOnce, says, &[&same.exchange]);
        } else if same.status != 409 && same.status != 400 {
            self.book.note(format!(
                "A second user of the same name is refused with {}, for no reason that is known.",
                same.status
            ));
        }
        let upper = self.user(&name.to_uppercase(), &self.required.clone());
        let other = self.create(Kind::User, &upper).await?;
        let compare = if other.ok() { "exact" } else { "fold" };
        if other.ok() || other.status == same.status {
            let says = format!(
                "the same name in capitals was answered with {}",
                other.status
            );
            self.book.rule(
                &name_of,
                "compare",
                compare,
                says,
                &[&same.exchange, &other.exchange],
            );
        }
        self.second(&other, id).await
    }

    /// Lets a second user go, if one was made.
    async fn second(&mut self, seen: &Seen, first: &str) -> Result<(), ProbeError> {
        let id = seen.id().filter(|id| seen.ok() && id != first);
        if let Some(id) = id {
            self.remove(Kind::User, &id).await?;
        } else if seen.ok() {
            self.book
                .note("A create of a name that is there changes who has it.".into());
        }
        Ok(())
    }

    /// DELETE, DELETE once more, and a create of the same name.
    async fn last_rites(&mut self, name: &str, id: &str) -> Result<(), ProbeError> {
        let deleted = self.write(Method::DELETE, Kind::User, id, None).await?;
        let read = self.read(Kind::User, id).await?;
        let mut again = None;
        if deleted.ok() && !read.ok() {
            self.made.gone(Kind::User, id);
            self.deletes = true;
            let twice = self.write(Method::DELETE, Kind::User, id, None).await?;
            if !twice.is_missing() {
                self.book.note(format!(
                    "A second DELETE is answered with {}.",
                    twice.status
                ));
            }
            let body = self.user(name, &self.required.clone());
            let seen = self.create(Kind::User, &body).await?;
            if let Some(new) = seen.id().filter(|_| seen.ok()) {
                self.deletes = self.remove(Kind::User, &new).await?;
            }
            again = Some(seen);
        }
        let new = again.as_ref().map(|seen| (seen, seen.id()));
        let verdict = grave(
            &deleted,
            &read,
            new.as_ref().map(|(seen, id)| (*seen, id.as_deref())),
            id,
        );
        let mut by = vec![&deleted.exchange, &read.exchange];
        by.extend(again.as_ref().map(|seen| &seen.exchange));
        let (value, says) = match verdict {
            Grave::Refused => ("none", "DELETE is refused"),
            Grave::SwitchesOff => ("none", "DELETE only switches off"),
            Grave::Nothing => ("none", "DELETE is answered with yes, and does nothing"),
            Grave::Hard => ("hard", "after DELETE, the same name got a new id"),
            Grave::Soft => (
                "soft",
                "after DELETE, the name was taken, or brought the old id back",
            ),
            Grave::Gone => (
                "soft",
                "after DELETE, it was gone; nothing is known of its name",
            ),
        };
        let certainty = if verdict == Grave::Hard {
            SeenTwice
        } else {
            SeenOnce
        };
        self.book.found("users.delete", value, certainty, says, &by);
        if verdict == Grave::SwitchesOff {
            let by = [&deleted.exchange, &read.exchange];
            self.book
                .found("users.deactivate.by", "delete", SeenOnce, says, &by);
        }
        Ok(())
    }

    /// A user that stays until the end: somebody's manager, and a member.
    pub(super) async fn friend(&mut self) -> Result<Option<String>, ProbeError> {
        if !self.made.has_room(Kind::User) {
            return Ok(None);
        }
        let name = self.sample.user_name();
        let body = self.user(&name, &self.required.clone());
        let seen = self.create(Kind::User, &body).await?;
        Ok(seen.id().filter(|_| seen.ok()))
    }
}
