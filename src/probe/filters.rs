//! Which filters find an account, and nobody else.
//!
//! Promises that a filter counts as working only when it found the one account it was to find and,
//! for a value that nobody has, nobody.

use serde_json::{Value as Json, json};

use super::Probe;
use super::finding::Certainty::SeenTwice;
use super::line::{Exchange, ProbeError, Seen};
use super::made::Kind;
use super::sample::held;
use crate::connector::scim::filter::{Turn, holding, page};
use crate::core::attribute::AttrName;

/// Does a filter work, by its hit and its miss?
pub(super) fn works(hit: &Seen, miss: &Seen, id: &str) -> bool {
    hit.ok() && hit.ids() == [id] && miss.ok() && miss.ids().is_empty()
}

impl Probe<'_> {
    /// Tries the attributes that accounts are matched by, on one that has them all.
    pub(super) async fn look_ups(&mut self, id: &str) -> Result<(), ProbeError> {
        let resource = self.read(Kind::User, id).await?.body;
        let tried: Vec<AttrName> = self
            .profile
            .users
            .matching
            .iter()
            .filter(|name| !self.book.refused.contains(*name))
            .cloned()
            .collect();
        let mut good = Vec::new();
        let mut shown_by: Vec<Exchange> = Vec::new();
        for name in tried {
            let Some(value) = self.held_text(&resource, &name) else {
                continue;
            };
            let hit = self.look_up(&name, &value).await?;
            let nobody = self.sample.nobody();
            let miss = self.look_up(&name, &nobody).await?;
            shown_by.extend([hit.exchange.clone(), miss.exchange.clone()]);
            if works(&hit, &miss, id) {
                good.push(name);
            } else if hit.ok() && hit.ids().is_empty() {
                self.book.note(format!(
                    "A filter on {name} finds nobody, and says nothing."
                ));
            } else if miss.ok() && !miss.ids().is_empty() {
                self.book
                    .note(format!("A filter on {name} finds others too."));
            }
        }
        let says = "each found the one account, and nobody for a value that nobody has";
        let by: Vec<&Exchange> = shown_by.iter().collect();
        let names: Vec<&str> = good.iter().map(AttrName::as_str).collect();
        self.book
            .found("users.filters", json!(names), SeenTwice, says, &by);
        self.strange_values(&resource, &good, id).await
    }

    pub(super) async fn look_up(
        &mut self,
        name: &AttrName,
        value: &str,
    ) -> Result<Seen, ProbeError> {
        let rule = self.profile.rule(name).cloned().unwrap_or_default();
        let filter = holding(name, &rule, value);
        let path = page(
            self.list_path(Kind::User),
            &Turn::Row(1),
            10,
            "",
            Some(&filter),
        );
        self.line.get(&path).await
    }

    fn held_text(&self, resource: &Json, name: &AttrName) -> Option<String> {
        let rule = self.profile.rule(name)?;
        Some(held(resource, name, rule)?.as_str()?.to_owned())
    }

    /// Other case, and signs that have a meaning in filters and addresses.
    async fn strange_values(
        &mut self,
        resource: &Json,
        good: &[AttrName],
        id: &str,
    ) -> Result<(), ProbeError> {
        for name in good {
            let strange = format!("{}\"\\+&é", self.sample.nobody());
            let seen = self.look_up(name, &strange).await?;
            if !seen.ok() {
                self.book.note(format!(
                    "A filter on {name} for a value with a quote, a backslash or a plus is \
                     answered with {}.",
                    seen.status
                ));
            } else if !seen.ids().is_empty() {
                self.book.note(format!(
                    "A filter on {name} with a quote in it finds others."
                ));
            }
        }
        let name = AttrName::new("userName");
        let Some(value) = self
            .held_text(resource, &name)
            .filter(|_| good.contains(&name))
        else {
            return Ok(());
        };
        let seen = self.look_up(&name, &value.to_uppercase()).await?;
        if seen.ok() && seen.ids() != [id] {
            self.book
                .note("A filter on userName wants the letters as they are.".into());
        }
        Ok(())
    }
}
