//! The normal form of an app: which values it takes, and when two of them are the same to it.
//!
//! Promises that a value which breaks a rule of the app is found before the wire, and that only a
//! named normal form explains why an app holds something else than it was sent. Leaves what to do
//! about a breach to [`super::desired`].

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::attribute::{AttrName, Value};
use super::profile::{AttributeRule, Comparison, Profile, ValueKind};
use super::text;

/// The rules of an app about values, ready for many of them.
pub struct Forms<'a> {
    profile: &'a Profile,
    patterns: BTreeMap<&'a AttrName, Regex>,
}

/// A value breaks a rule of the app.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Breach(pub String);

/// Why an app holds something else than it was sent, though it took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormalForm {
    /// It changed the case.
    Case,
    /// It changed the spaces.
    Space,
    /// It kept the digits only, or grouped them otherwise.
    Digits,
    /// It cut the end off.
    Cut,
}

impl<'a> Forms<'a> {
    /// The rules of `profile`.
    #[must_use]
    pub fn new(profile: &'a Profile) -> Self {
        let patterns = profile
            .attributes
            .iter()
            .filter_map(|(name, rule)| Some((name, whole(rule.pattern.as_ref()?)?)))
            .collect();
        Self { profile, patterns }
    }

    /// The value in the app's normal form.
    ///
    /// # Errors
    /// The rule that it breaks, in words.
    pub fn admit(&self, name: &AttrName, value: Value) -> Result<Value, Breach> {
        let Some(rule) = self.profile.rule(name) else {
            return Err(Breach("the app does not take this attribute".into()));
        };
        let value = of_kind(rule.kind, value)?;
        let Value::Text(text) = &value else {
            return Ok(value);
        };
        let text = text::nfc(text);
        let text = spelled_as_listed(rule, &text)?;
        check_length(rule, text)?;
        if let Some(pattern) = self.patterns.get(name)
            && !pattern.is_match(text)
        {
            return Err(Breach(format!(
                "`{}` does not have the form that the app asks for",
                shown(text)
            )));
        }
        Ok(Value::text(text))
    }
}

fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

fn of_kind(kind: ValueKind, value: Value) -> Result<Value, Breach> {
    let wrong = |wanted: &str, value: &Value| {
        Breach(format!("`{}` is not {wanted}", shown(&value.to_string())))
    };
    match (kind, value) {
        (ValueKind::Text | ValueKind::TextOrInteger, value @ Value::Text(_))
        | (ValueKind::Boolean, value @ Value::Bool(_))
        | (ValueKind::Integer, value @ Value::Int(_))
        | (ValueKind::List, value @ Value::List(_))
        | (ValueKind::Account, value @ Value::Account(_)) => Ok(value),
        (ValueKind::Text | ValueKind::TextOrInteger, value @ (Value::Int(_) | Value::Bool(_))) => {
            Ok(Value::text(value.to_string()))
        }
        (ValueKind::Boolean, Value::Text(text)) => match &*text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(wrong("true or false", &Value::Text(text))),
        },
        (ValueKind::Integer, Value::Text(text)) => match text.parse() {
            Ok(number) => Ok(Value::Int(number)),
            Err(_) => Err(wrong("a whole number", &Value::Text(text))),
        },
        (ValueKind::List, Value::Text(text)) => Ok(Value::List(vec![text])),
        (ValueKind::Text | ValueKind::TextOrInteger, value) => Err(wrong("one text", &value)),
        (ValueKind::Boolean, value) => Err(wrong("true or false", &value)),
        (ValueKind::Integer, value) => Err(wrong("a whole number", &value)),
        (ValueKind::List, value) => Err(wrong("a list of texts", &value)),
        (ValueKind::Account, value) => Err(wrong("a user", &value)),
    }
}

/// The text as the closed list spells it.
fn spelled_as_listed<'t>(rule: &'t AttributeRule, text: &'t str) -> Result<&'t str, Breach> {
    if rule.one_of.is_empty() {
        return Ok(text);
    }
    let folded = text::fold(text);
    rule.one_of
        .iter()
        .find(|allowed| text::fold(allowed) == folded)
        .map(String::as_str)
        .ok_or_else(|| {
            Breach(format!(
                "`{}` is not one of the {} values that the app takes",
                shown(text),
                rule.one_of.len()
            ))
        })
}

fn check_length(rule: &AttributeRule, text: &str) -> Result<(), Breach> {
    let length = text.chars().count();
    if let Some(max) = rule.max_length
        && length > max
    {
        return Err(Breach(format!(
            "`{}` has {length} characters; the app takes {max} at most",
            shown(text)
        )));
    }
    if let Some(min) = rule.min_length
        && length < min
    {
        return Err(Breach(format!(
            "`{}` has {length} characters; the app wants {min} at least",
            shown(text)
        )));
    }
    Ok(())
}

/// A value for a message: its first forty characters, on one line.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(40)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

/// Are the two values the same to the app?
#[must_use]
pub fn same(rule: &AttributeRule, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => same_text(rule.compare, one, other),
        (Value::List(one), Value::List(other)) => {
            let form = |items: &[Arc<str>]| {
                let mut items: Vec<String> = items
                    .iter()
                    .map(|item| comparable(rule.compare, item))
                    .collect();
                items.sort();
                items.dedup();
                items
            };
            form(one) == form(other)
        }
        (one, other) => one == other,
    }
}

fn same_text(comparison: Comparison, one: &str, other: &str) -> bool {
    one == other || comparable(comparison, one) == comparable(comparison, other)
}

/// The text as it is compared: equal exactly when the two texts are the same.
#[must_use]
pub fn comparable(comparison: Comparison, text: &str) -> String {
    match comparison {
        Comparison::Exact => text::nfc(text).into_owned(),
        Comparison::Fold => text::fold(text),
        Comparison::Digits => text::digits(text),
    }
}

/// A shorter value that begins alike is more likely the old one than the new one cut off.
const SHORTEST_CUT: usize = 20;

/// The normal form by which `held` came out of `sent`, if there is one.
#[must_use]
pub fn explain(sent: &Value, held: &Value) -> Option<NormalForm> {
    let (Value::Text(sent), Value::Text(held)) = (sent, held) else {
        return None;
    };
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text::fold(sent) == text::fold(held) {
        return Some(NormalForm::Case);
    }
    if squeeze(sent) == squeeze(held) {
        return Some(NormalForm::Space);
    }
    let digits = text::digits(sent);
    if !digits.is_empty() && is_number(sent) && is_number(held) && digits == text::digits(held) {
        return Some(NormalForm::Digits);
    }
    if held.chars().count() >= SHORTEST_CUT && sent.starts_with(&**held) {
        return Some(NormalForm::Cut);
    }
    None
}

fn is_number(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-()./".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::profile::{Profile, Required};

    fn profile(rule: AttributeRule) -> Profile {
        let mut profile = Profile::default();
        profile.attributes.insert("title".into(), rule);
        profile
    }

    fn admit(rule: AttributeRule, value: Value) -> Result<Value, String> {
        Forms::new(&profile(rule))
            .admit(&"title".into(), value)
            .map_err(|breach| breach.to_string())
    }

    #[test]
    fn a_value_of_a_closed_list_takes_the_spelling_of_the_list() {
        let rule = AttributeRule {
            one_of: vec!["EN_US".into(), "FR-FR".into()],
            ..AttributeRule::default()
        };
        assert_eq!(
            admit(rule.clone(), Value::text("fr-fr")),
            Ok(Value::text("FR-FR"))
        );
        assert_eq!(
            admit(rule, Value::text("GA-IE")),
            Err("`GA-IE` is not one of the 2 values that the app takes".into())
        );
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let rule = AttributeRule {
            required: Required::No,
            max_length: Some(3),
            min_length: Some(2),
            ..AttributeRule::default()
        };
        assert_eq!(
            admit(rule.clone(), Value::text("äöü")),
            Ok(Value::text("äöü"))
        );
        assert_eq!(
            admit(rule.clone(), Value::text("äöüß")),
            Err("`äöüß` has 4 characters; the app takes 3 at most".into())
        );
        assert_eq!(
            admit(rule, Value::text("ä")),
            Err("`ä` has 1 characters; the app wants 2 at least".into())
        );
    }

    #[test]
    fn a_pattern_holds_for_the_whole_value() {
        let rule = AttributeRule {
            pattern: Some("[a-z]{2}".into()),
            ..AttributeRule::default()
        };
        assert!(admit(rule.clone(), Value::text("ca")).is_ok());
        assert!(admit(rule, Value::text("can")).is_err());
    }

    #[test]
    fn the_profile_says_when_two_values_are_the_same() {
        let by = |compare| AttributeRule {
            compare,
            ..AttributeRule::default()
        };
        let (upper, lower) = (
            Value::text("Ana@Example.com"),
            Value::text("ana@example.com"),
        );
        assert!(same(&by(Comparison::Fold), &upper, &lower));
        assert!(!same(&by(Comparison::Exact), &upper, &lower));
        assert!(same(
            &by(Comparison::Digits),
            &Value::text("+1 555 0100"),
            &Value::text("1-555-0100")
        ));
    }

    #[test]
    fn only_a_named_normal_form_explains_another_value() {
        let explain = |sent: &str, held: &str| explain(&Value::text(sent), &Value::text(held));
        assert_eq!(explain("Ana Silva", "ANA SILVA"), Some(NormalForm::Case));
        assert_eq!(explain("Ana  Silva", "Ana Silva"), Some(NormalForm::Space));
        assert_eq!(explain("+1 555 0100", "15550100"), Some(NormalForm::Digits));
        assert_eq!(
            explain(
                "Senior engineer of roads and bridges",
                "Senior engineer of r"
            ),
            Some(NormalForm::Cut)
        );
        assert_eq!(explain("Ana Silva", "Ana Souza"), None);
        assert_eq!(explain("Engineer of roads", "Engineer"), None);
    }
}
