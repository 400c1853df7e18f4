//! How a user is changed: the words of PATCH, and what a PUT does with what it does not name.
//!
//! Promises that a form counts as taken only when the new value was read back.

use http::Method;
use serde_json::{Value as Json, json};

use super::Probe;
use super::body::{PatchWords, patch};
use super::finding::Certainty::{SeenOnce, SeenTwice};
use super::line::{Exchange, ProbeError, Seen};
use super::made::Kind;
use super::sample::held;
use crate::core::attribute::AttrName;
use crate::core::profile::{OpCase, PatchForm, ValueKind};

/// Plain texts that can be changed without any harm, best first.
const HARMLESS: [&str; 4] = ["title", "nickName", "displayName", "userType"];
/// Ways to word a PATCH, the RFC's first.
const WORDS: [PatchWords; 4] = [
    PatchWords::PLAIN,
    PatchWords {
        form: PatchForm::Path,
        case: OpCase::Title,
    },
    PatchWords {
        form: PatchForm::Object,
        case: OpCase::Lower,
    },
    PatchWords {
        form: PatchForm::Object,
        case: OpCase::Title,
    },
];

/// The largest number that works, where `low` does and `high` does not: the next one to try.
pub(super) fn between(low: usize, high: usize) -> Option<usize> {
    (high - low > 1).then(|| usize::midpoint(low, high))
}

impl Probe<'_> {
    /// The first texts that the app keeps, to be played with.
    pub(super) fn harmless(&self) -> Vec<&'static str> {
        let kept = |name: &&str| {
            let name = AttrName::new(name);
            self.profile.rule(&name).is_some() && !self.book.refused.contains(&name)
        };
        HARMLESS.into_iter().filter(kept).collect()
    }

    pub(super) async fn changes(&mut self, id: &str) -> Result<(), ProbeError> {
        let harmless = self.harmless();
        let Some(text) = harmless.first().copied() else {
            self.book.unknown(
                "users.update",
                "the app keeps no text that could be changed",
            );
            return Ok(());
        };
        self.words(id, text).await?;
        self.put(id, text, harmless.get(1).copied()).await?;
        self.way_of_change();
        if self.dialect.patch.is_some() {
            self.several(id, text, harmless.get(1).copied()).await?;
            self.most_operations(id, text).await?;
            self.valued_path(id).await?;
            self.extension_path(id).await?;
        }
        self.rename(id).await
    }

    /// Sends a PATCH of these operations.
    pub(super) async fn patch(
        &mut self,
        kind: Kind,
        id: &str,
        operations: &[Json],
    ) -> Result<Seen, ProbeError> {
        self.write(Method::PATCH, kind, id, Some(&patch(operations)))
            .await
    }

    /// Changes top-level attributes of a user in the way that is known to work.
    pub(super) async fn set(
        &mut self,
        id: &str,
        values: &[(&str, Json)],
    ) -> Result<Seen, ProbeError> {
        if let Some(words) = self.dialect.patch {
            return self.patch(Kind::User, id, &words.replace(values)).await;
        }
        let mut resource = self.read(Kind::User, id).await?.body;
        for (name, value) in values {
            resource[*name] = value.clone();
        }
        self.replace(Kind::User, id, resource).await
    }

    /// Sends a PUT of the resource.
    pub(super) async fn replace(
        &mut self,
        kind: Kind,
        id: &str,
        mut resource: Json,
    ) -> Result<Seen, ProbeError> {
        if let Some(fields) = resource.as_object_mut() {
            fields.remove("meta");
            fields.remove("groups");
        }
        self.write(Method::PUT, kind, id, Some(&resource)).await
    }

    /// Switches a user on or off.
    pub(super) async fn switch(&mut self, id: &str, on: bool) -> Result<Seen, ProbeError> {
        let value = self.dialect.boolean(on);
        let seen = self.set(id, &[("active", value.clone())]).await?;
        if seen.ok() || self.dialect.words() != PatchWords::PLAIN {
            return Ok(seen);
        }
        // Nobody may have found out yet that this app takes no path.
        let bare = PatchWords {
            form: PatchForm::Object,
            case: OpCase::Lower,
        };
        let body = bare.replace(&[("active", value)]);
        let other = self.patch(Kind::User, id, &body).await?;
        Ok(if other.ok() { other } else { seen })
    }

    /// Does a change show? Gives the answer to it when it was refused, that of the read otherwise.
    async fn shows(
        &mut self,
        id: &str,
        words: PatchWords,
        values: &[(&str, Json)],
    ) -> Result<(bool, Seen), ProbeError> {
        let seen = self.patch(Kind::User, id, &words.replace(values)).await?;
        if !seen.ok() {
            return Ok((false, seen));
        }
        let read = self.read(Kind::User, id).await?;
        let all = values
            .iter()
            .all(|(name, value)| read.body[*name] == *value);
        Ok((all, seen))
    }

    /// Which words of PATCH the app takes, if any.
    async fn words(&mut self, id: &str, text: &str) -> Result<(), ProbeError> {
        self.dialect.patch = None;
        let mut refused: Vec<Exchange> = Vec::new();
        for words in WORDS {
            let (first, seen) = self.shows(id, words, &[(text, "Probe one".into())]).await?;
            if !first {
                refused.push(seen.exchange);
                continue;
            }
            let (second, again) = self.shows(id, words, &[(text, "Probe two".into())]).await?;
            if !second {
                refused.push(again.exchange);
                continue;
            }
            self.dialect.patch = Some(words);
            let mut by: Vec<&Exchange> = refused.iter().collect();
            by.extend([&seen.exchange, &again.exchange]);
            let form = if words.form == PatchForm::Path {
                "path"
            } else {
                "object"
            };
            let case = if words.case == OpCase::Lower {
                "lower"
            } else {
                "title"
            };
            let says = "a value changed so was read back";
            self.book
                .found("users.patch.form", form, SeenTwice, says, &by);
            self.book
                .found("users.patch.op_case", case, SeenTwice, says, &by);
            return Ok(());
        }
        let by: Vec<&Exchange> = refused.iter().collect();
        self.book.found(
            "users.update",
            "none",
            SeenOnce,
            "no PATCH changed a value",
            &by,
        );
        Ok(())
    }

    /// What a PUT does with what it does not name.
    async fn put(&mut self, id: &str, text: &str, other: Option<&str>) -> Result<(), ProbeError> {
        let mut resource = self.read(Kind::User, id).await?.body;
        let before = resource.clone();
        resource[text] = "Probe three".into();
        if let (Some(other), Some(fields)) = (other, resource.as_object_mut()) {
            fields.remove(other);
        }
        let seen = self.replace(Kind::User, id, resource).await?;
        let read = self.read(Kind::User, id).await?;
        self.dialect.puts = seen.ok() && read.body[text] == "Probe three";
        let Some(other) = other.filter(|other| self.dialect.puts && before[*other].is_string())
        else {
            self.book
                .unknown("users.put_absent", "no PUT changed a value");
            return Ok(());
        };
        let kept = read.body[other] == before[other];
        let value = if kept { "kept" } else { "cleared" };
        let says = format!("{other} was left out of a PUT");
        let by = [&seen.exchange, &read.exchange];
        self.book
            .found("users.put_absent", value, SeenOnce, says, &by);
        // What a PUT took away is put back, for what follows.
        self.set(id, &[(other, before[other].clone())]).await?;
        Ok(())
    }

    fn way_of_change(&mut self) {
        let (value, says) = match (self.dialect.patch.is_some(), self.dialect.puts) {
            (true, _) => ("patch", "a PATCH changed a value"),
            (false, true) => ("put", "a PUT changed a value, and no PATCH did"),
            (false, false) => ("none", "neither PATCH nor PUT changed a value"),
        };
        let is_update = |key: &[String]| *key == ["users", "update"];
        let mut before = Vec::new();
        self.book.findings.retain(|finding| {
            if is_update(&finding.key) {
                before.extend(finding.shown_by.clone());
            }
            !is_update(&finding.key)
        });
        let by: Vec<&Exchange> = before.iter().collect();
        self.book.found("users.update", value, SeenTwice, says, &by);
    }

    /// Two attributes in one request, and in one operation.
    async fn several(
        &mut self,
        id: &str,
        text: &str,
        other: Option<&str>,
    ) -> Result<(), ProbeError> {
        let (Some(other), Some(words)) = (other, self.dialect.patch) else {
            return Ok(());
        };
        if words.form != PatchForm::Object {
            return Ok(());
        }
        let values = [
            (text, Json::from("Probe four")),
            (other, Json::from("Probe five")),
        ];
        let (both, seen) = self.shows(id, words, &values).await?;
        if both {
            return Ok(());
        }
        let each = PatchWords {
            form: PatchForm::ObjectEach,
            ..words
        };
        self.dialect.patch = Some(each);
        let says = "one operation with two attributes was refused";
        self.book.found(
            "users.patch.form",
            "object_each",
            SeenOnce,
            says,
            &[&seen.exchange],
        );
        Ok(())
    }

    /// How many operations one request may hold.
    async fn most_operations(&mut self, id: &str, text: &str) -> Result<(), ProbeError> {
        let most = self.profile.users.patch.max_operations;
        let (mut low, mut high) = (1, most + 1);
        let mut last = None;
        let mut next = Some(most);
        while let Some(count) = next {
            let operations: Vec<Json> = (0..count)
                .flat_map(|number| {
                    let value = Json::from(format!("Probe {count} {number}"));
                    self.dialect.words().replace(&[(text, value)])
                })
                .collect();
            let seen = self.patch(Kind::User, id, &operations).await?;
            if seen.ok() {
                low = count;
            } else {
                high = count;
            }
            last = Some(seen.exchange);
            next = between(low, high);
        }
        self.dialect.most = low;
        let by: Vec<&Exchange> = last.iter().collect();
        let says = if low == most {
            "so many were taken at once; more were not tried"
        } else {
            "one more was refused"
        };
        self.book
            .found("users.patch.max_operations", low, SeenOnce, says, &by);
        Ok(())
    }

    /// `emails[type eq "work"].value`
    async fn valued_path(&mut self, id: &str) -> Result<(), ProbeError> {
        let key = "users.patch.valued_paths";
        let words = self.dialect.words();
        let name = AttrName::new("emails");
        let rule = self.profile.rule(&name).cloned();
        let Some((rule, element)) = rule.and_then(|rule| Some((rule.clone(), rule.element?)))
        else {
            return Ok(());
        };
        if words.form != PatchForm::Path || self.book.refused.contains(&name) {
            self.book
                .unknown(key, "the app takes no path, or keeps no e-mail address");
            return Ok(());
        }
        let wanted = Json::from(self.sample.user_name());
        let path = format!("emails[type eq \"{}\"].value", element.kind);
        let operation = words.at("replace", &path, Some(wanted.clone()));
        let seen = self.patch(Kind::User, id, &[operation]).await?;
        let read = self.read(Kind::User, id).await?;
        let works = seen.ok() && held(&read.body, &name, &rule) == Some(wanted);
        let says = "an e-mail address was changed so";
        let by = [&seen.exchange, &read.exchange];
        self.book.found(key, works, SeenOnce, says, &by);
        Ok(())
    }

    /// What stands between the URN of an extension and its attribute.
    async fn extension_path(&mut self, id: &str) -> Result<(), ProbeError> {
        let key = "users.patch.extension_paths";
        let words = self.dialect.words();
        let found = self.profile.attributes.iter().find(|(name, rule)| {
            let is_text = rule.kind == ValueKind::Text && name.sub().is_none();
            name.schema().is_some() && is_text && !self.book.refused.contains(*name)
        });
        let found = found.map(|(name, rule)| (name.clone(), rule.clone()));
        let Some((name, rule)) = found.filter(|_| words.form == PatchForm::Path) else {
            self.book
                .unknown(key, "the app takes no path, or has no extension");
            return Ok(());
        };
        let urn = name.schema().unwrap_or_default();
        for (value, sign) in [("colon", ':'), ("dot", '.')] {
            let wanted = Json::from(format!("Probe {value}"));
            let path = format!("{urn}{sign}{}", name.path());
            let operation = words.at("replace", &path, Some(wanted.clone()));
            let seen = self.patch(Kind::User, id, &[operation]).await?;
            let read = self.read(Kind::User, id).await?;
            if seen.ok() && held(&read.body, &name, &rule) == Some(wanted) {
                let says = format!("{} was changed so", name.short());
                self.book
                    .found(key, value, SeenOnce, says, &[&seen.exchange]);
                return Ok(());
            }
        }
        self.book.unknown(
            key,
            "neither a colon nor a dot led to an attribute of an extension",
        );
        Ok(())
    }

    /// Another user name: may it change, and does the id change with it?
    async fn rename(&mut self, id: &str) -> Result<(), ProbeError> {
        if self.dialect.patch.is_none() && !self.dialect.puts {
            return Ok(());
        }
        let wanted = self.sample.user_name();
        let seen = self.set(id, &[("userName", json!(wanted))]).await?;
        let read = self.read(Kind::User, id).await?;
        let by = [&seen.exchange, &read.exchange];
        let name = AttrName::new("userName");
        if seen.ok() && read.is_missing() {
            let new = seen.id().filter(|new| new != id);
            self.book.found(
                "users.id_changes",
                true,
                SeenOnce,
                "a new userName changed it",
                &by,
            );
            if let Some(new) = new {
                self.adopt(Kind::User, new, wanted)?;
            }
            return Ok(());
        }
        let same = read.body["userName"].as_str();
        let changed = same.is_some_and(|held| held.eq_ignore_ascii_case(&wanted));
        if changed {
            let says = "a new userName did not change it";
            self.book
                .found("users.id_changes", false, SeenOnce, says, &by);
        }
        self.book
            .rule(&name, "fixed", !changed, "a change of it was sent", &by);
        Ok(())
    }
}
