//! Which attributes are kept, changed on the way, dropped or refused.
//!
//! Promises that an attribute is called refused only when a create with it alone was. Leaves what is
//! required to the creation.

use serde_json::Value as Json;

use super::Probe;
use super::line::{ProbeError, Seen};
use super::made::Kind;
use super::sample::held;
use crate::core::attribute::AttrName;
use crate::core::profile::{AttributeRule, Comparison, Required};

/// What an app did with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    /// Kept in other letters.
    Folded,
    /// Kept with other signs between the digits.
    Digits,
    /// Another value is shown.
    Changed,
    /// None is shown.
    Dropped,
}

/// What became of a value that was sent.
pub(super) fn fate(sent: &Json, shown: Option<&Json>) -> Fate {
    let Some(shown) = shown else {
        return Fate::Dropped;
    };
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    match (sent, shown) {
        _ if sent == shown => Fate::Kept,
        (Json::String(sent), Json::String(shown)) => {
            if sent.to_lowercase() == shown.to_lowercase() {
                Fate::Folded
            } else if digits(sent).len() > 5 && digits(sent) == digits(shown) {
                Fate::Digits
            } else {
                Fate::Changed
            }
        }
        (_, _) => Fate::Changed,
    }
}

impl Probe<'_> {
    /// Makes a user with every attribute that the app takes, and looks what it keeps.
    pub(super) async fn subject(
        &mut self,
        friend: Option<&str>,
    ) -> Result<Option<String>, ProbeError> {
        if !self.made.has_room(Kind::User) {
            return Ok(None);
        }
        let all: Vec<AttrName> = self
            .profile
            .attributes
            .keys()
            .filter(|name| name.as_str() != "userName")
            .cloned()
            .collect();
        let mut asked = all;
        let (mut name, mut seen) = self.full(&asked, friend).await?;
        if !seen.ok() {
            asked = self.taken(asked, friend).await?;
            (name, seen) = self.full(&asked, friend).await?;
        }
        let Some(id) = seen.id().filter(|_| seen.ok()) else {
            self.book.note(
                "A user with more than the least could not be made; most was not probed.".into(),
            );
            return Ok(None);
        };
        let shown = self.read(Kind::User, &id).await?;
        self.compare(&asked, &name, friend, &shown);
        Ok(Some(id))
    }

    async fn full(
        &mut self,
        attributes: &[AttrName],
        friend: Option<&str>,
    ) -> Result<(String, Seen), ProbeError> {
        let name = self.sample.user_name();
        let mut attributes = attributes.to_vec();
        attributes.extend(self.required.clone());
        attributes.sort();
        attributes.dedup();
        let body = self.sample.user(&name, &attributes, &self.profile, friend);
        let seen = self.create(Kind::User, &body).await?;
        Ok((name, seen))
    }

    /// Finds by halves which attributes are refused; gives the others.
    async fn taken(
        &mut self,
        all: Vec<AttrName>,
        friend: Option<&str>,
    ) -> Result<Vec<AttrName>, ProbeError> {
        if !self.deletes {
            let why = "a create with all was refused, and DELETE does not remove users, so that \
                       none was made to find out why";
            self.book.unknown("attributes", why);
            return Ok(Vec::new());
        }
        let mut taken = Vec::new();
        let mut todo = vec![all];
        while let Some(set) = todo.pop() {
            let (_, seen) = self.full(&set, friend).await?;
            match (seen.id().filter(|_| seen.ok()), set.as_slice()) {
                (Some(id), _) => {
                    self.remove(Kind::User, &id).await?;
                    taken.extend(set);
                }
                (None, []) => {}
                (None, [one]) => {
                    self.book
                        .note(format!("{one} is refused, with {}.", seen.status));
                    self.book.refused.insert(one.clone());
                }
                (None, many) => {
                    let (left, right) = many.split_at(many.len() / 2);
                    todo.extend([left.to_vec(), right.to_vec()]);
                }
            }
        }
        Ok(taken)
    }

    /// Compares what was asked for, or is required, with what is shown.
    fn compare(&mut self, asked: &[AttrName], name: &str, friend: Option<&str>, shown: &Seen) {
        let rules: Vec<(AttrName, AttributeRule)> = self
            .profile
            .attributes
            .iter()
            .filter(|(attribute, _)| {
                let was_sent = asked.contains(attribute) || self.required.contains(attribute);
                was_sent && !self.book.refused.contains(*attribute)
            })
            .map(|(attribute, rule)| (attribute.clone(), rule.clone()))
            .collect();
        for (attribute, rule) in rules {
            let Some(sent) = self.sample.value(&attribute, &rule, name, friend) else {
                continue;
            };
            let held = held(&shown.body, &attribute, &rule);
            self.settle(&attribute, &rule, fate(&sent, held.as_ref()), shown);
        }
    }

    fn settle(&mut self, attribute: &AttrName, rule: &AttributeRule, fate: Fate, shown: &Seen) {
        let by = [&shown.exchange];
        match fate {
            Fate::Kept => {}
            Fate::Folded if rule.compare == Comparison::Fold => {}
            Fate::Digits if rule.compare == Comparison::Digits => {}
            Fate::Folded => {
                let says = "it is shown in other letters";
                self.book.rule(attribute, "compare", "fold", says, &by);
            }
            Fate::Digits => {
                let says = "it is shown with other signs";
                self.book.rule(attribute, "compare", "digits", says, &by);
            }
            Fate::Changed => {
                self.book
                    .note(format!("{attribute} comes back as another value."));
                self.drop(attribute, rule);
            }
            Fate::Dropped => {
                self.book
                    .note(format!("{attribute} is taken, and not shown again."));
                self.drop(attribute, rule);
            }
        }
    }

    /// What is not kept is left out of the profile, unless nothing goes without.
    fn drop(&mut self, attribute: &AttrName, rule: &AttributeRule) {
        let needed = rule.required != Required::No || self.required.contains(attribute);
        if !needed {
            self.book.refused.insert(attribute.clone());
        }
    }
}
