//! How a value is taken away, attribute by attribute.
//!
//! Promises that a way counts only when the value was gone afterwards. Leaves lists, whose elements
//! may belong to somebody else, and what an app cannot do without alone.

use serde_json::Value as Json;

use super::Probe;
use super::line::{Exchange, ProbeError};
use super::made::Kind;
use super::sample::held;
use crate::core::attribute::AttrName;
use crate::core::profile::{AttributeRule, PatchForm, ValueKind};

/// The ways, the RFC's first.
const WAYS: [&str; 3] = ["remove", "null", "empty"];

impl Probe<'_> {
    pub(super) async fn clearing(&mut self, id: &str) -> Result<(), ProbeError> {
        if self.dialect.patch.is_none() {
            self.book
                .unknown("attributes.*.clear", "the app takes no PATCH");
            return Ok(());
        }
        let present = self.read(Kind::User, id).await?;
        let mut todo = self.clearable();
        todo.retain(|(name, rule)| held(&present.body, name, rule).is_some());
        for way in WAYS {
            todo = self.clear_by(id, way, todo).await?;
            if todo.is_empty() {
                return Ok(());
            }
        }
        for (name, _) in todo {
            let says = "neither `remove` nor null nor the empty text took it away";
            self.book.rule(&name, "clear", "never", says, &[]);
        }
        Ok(())
    }

    /// Single texts that nobody is found by and no create needs.
    fn clearable(&self) -> Vec<(AttrName, AttributeRule)> {
        let plain = self.dialect.words().form == PatchForm::Path;
        let fits = |(name, rule): &(&AttrName, &AttributeRule)| {
            let single = rule.kind == ValueKind::Text && rule.element.is_none();
            let reachable = plain || (name.sub().is_none() && name.schema().is_none());
            let free = !self.profile.is_indispensable(name)
                && !self.book.refused.contains(*name)
                && !self.required.contains(name);
            single && reachable && free
        };
        let rules = self.profile.attributes.iter().filter(fits);
        rules
            .map(|(name, rule)| (name.clone(), rule.clone()))
            .collect()
    }

    /// Tries one way on all of them; gives those that still have their value.
    async fn clear_by(
        &mut self,
        id: &str,
        way: &str,
        todo: Vec<(AttrName, AttributeRule)>,
    ) -> Result<Vec<(AttrName, AttributeRule)>, ProbeError> {
        let words = self.dialect.words();
        let mut sent: Vec<Exchange> = Vec::new();
        for (name, _) in &todo {
            let path = name.as_str();
            let operations = match way {
                "remove" => vec![words.at("remove", path, None)],
                "null" => words.replace(&[(path, Json::Null)]),
                _ => words.replace(&[(path, "".into())]),
            };
            sent.push(self.patch(Kind::User, id, &operations).await?.exchange);
        }
        let read = self.read(Kind::User, id).await?;
        let mut left = Vec::new();
        for ((name, rule), by) in todo.into_iter().zip(sent) {
            if read.ok() && held(&read.body, &name, &rule).is_none() {
                let says = "it was gone afterwards";
                self.book
                    .rule(&name, "clear", way, says, &[&by, &read.exchange]);
            } else {
                left.push((name, rule));
            }
        }
        Ok(left)
    }
}
