//! Our element of a multi-valued attribute: which one it is, how a PATCH names it, how it is edited.
//!
//! Promises that reading and writing choose the same element, and that no other element changes.
//! Leaves the list's place to [`super::path`].

use serde_json::value::RawValue;

use super::filter;
use super::node::{Fields, Node, Object, Scalar};
use crate::core::profile::Element;
use crate::core::text::fold;

/// What of an element the choice depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Is it an object? Some apps list bare texts.
    is_object: bool,
    /// Its `type`.
    kind: Option<String>,
    /// Is it `primary`?
    primary: bool,
    /// Its `value`.
    value: Option<String>,
}

impl Facts {
    /// The facts of an element that is only looked at.
    pub fn of_raw(raw: &RawValue) -> Self {
        match Fields::of(raw) {
            Some(fields) => Self::of_object(|name| fields.get(name).and_then(Scalar::of)),
            None => Self::of_scalar(Scalar::of(raw)),
        }
    }

    /// The facts of an element that may be edited.
    pub fn of_node(node: &Node) -> Self {
        match node.to_object() {
            Some(object) => Self::of_object(|name| object.get(name).and_then(Node::scalar)),
            None => Self::of_scalar(node.scalar()),
        }
    }

    fn of_object(scalar: impl Fn(&str) -> Option<Scalar>) -> Self {
        Self {
            is_object: true,
            kind: scalar("type").and_then(Scalar::into_text),
            primary: scalar("primary")
                .and_then(|flag| flag.as_bool())
                .unwrap_or(false),
            value: scalar("value").and_then(Scalar::into_text),
        }
    }

    fn of_scalar(scalar: Option<Scalar>) -> Self {
        Self {
            value: scalar.and_then(Scalar::into_text),
            ..Self::default()
        }
    }

    fn is_of(&self, kind: &str) -> bool {
        self.kind
            .as_deref()
            .is_some_and(|own| fold(own) == fold(kind))
    }
}

/// The element that counts as ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one of our type; of several the primary one, else the first.
    OfType(usize),
    /// None is of our type: the primary one, else the only one. One of another type counts only
    /// where ours is the primary one: a mobile number is never taken for the office's.
    Instead(usize),
}

impl Choice {
    /// Its index.
    pub fn at(self) -> usize {
        match self {
            Self::OfType(at) | Self::Instead(at) => at,
        }
    }
}

/// Chooses our element; where the profile names none, any may be it.
pub fn choose(facts: &[Facts], ours: Option<&Element>) -> Option<Choice> {
    let same: Vec<usize> = ours.map_or_else(Vec::new, |ours| {
        (0..facts.len())
            .filter(|at| facts[*at].is_of(&ours.kind))
            .collect()
    });
    if let Some(first) = same.first() {
        let primary = same.iter().find(|at| facts[**at].primary);
        return Some(Choice::OfType(*primary.unwrap_or(first)));
    }
    if ours.is_some_and(|ours| ours.only) {
        return (!facts.is_empty()).then_some(Choice::Instead(0));
    }
    let primary = facts.iter().position(|fact| fact.primary);
    let only = (facts.len() == 1).then_some(0);
    let may_be_ours = |at: &usize| {
        let typed = facts[*at].kind.is_some();
        !typed || ours.is_none_or(|ours| ours.primary || ours.kind.is_empty())
    };
    primary.or(only).filter(may_be_ours).map(Choice::Instead)
}

/// The filter that names the chosen element and no other: `type eq "work"`, in the app's own
/// spelling. `None` when there is no such filter.
pub fn selector(facts: &[Facts], choice: Choice) -> Option<String> {
    let ours = facts.get(choice.at()).filter(|ours| ours.is_object)?;
    let alone = |same: &dyn Fn(&Facts) -> bool| facts.iter().filter(|fact| same(fact)).count() == 1;
    let by_kind = match (choice, &ours.kind) {
        (Choice::OfType(_), Some(kind)) if alone(&|fact| fact.is_of(kind)) => {
            Some(filter::equals("type", kind))
        }
        (Choice::OfType(_) | Choice::Instead(_), _) => None,
    };
    let by_value = || {
        let value = ours.value.as_deref()?;
        let same = |fact: &Facts| {
            fact.value
                .as_deref()
                .is_some_and(|own| fold(own) == fold(value))
        };
        alone(&same).then(|| filter::equals("value", value))
    };
    let by_primary =
        || (ours.primary && alone(&|fact| fact.primary)).then(|| "primary eq true".to_owned());
    by_kind.or_else(by_value).or_else(by_primary)
}

/// A new element: the value, the type, and `primary` if it is to be and no other is.
pub fn make(facts: &[Facts], element: &Element, sub: &str, value: Node) -> Object {
    let mut object = Object::default().with(sub, value);
    if !element.kind.is_empty() {
        object.set("type", Node::text(&element.kind));
    }
    if element.primary && !facts.iter().any(|fact| fact.primary) {
        object.set("primary", Node::Bool(true));
    }
    object
}

/// Puts a value into our element, which is made if there is none. Where the app keeps only one, ours
/// takes the place of whatever is there.
pub fn set(list: &mut Vec<Node>, element: &Element, sub: &str, value: Node) {
    let facts: Vec<Facts> = list.iter().map(Facts::of_node).collect();
    if element.only {
        let ours = match choose(&facts, Some(element)) {
            Some(Choice::OfType(at)) => list[at].to_object(),
            Some(Choice::Instead(_)) | None => None,
        };
        let object = match ours {
            Some(object) => object.with(sub, value),
            None => make(&[], element, sub, value),
        };
        *list = vec![object.into()];
        return;
    }
    let Some(at) = choose(&facts, Some(element)).map(Choice::at) else {
        list.push(make(&facts, element, sub, value).into());
        return;
    };
    match list[at].to_object() {
        Some(object) => list[at] = object.with(sub, value).into(),
        None if sub == "value" => list[at] = value,
        None => list.push(make(&facts, element, sub, value).into()),
    }
}

/// Takes a value away: with `value` goes the whole element, with another part only that part.
pub fn remove(list: &mut Vec<Node>, element: &Element, sub: &str) {
    let facts: Vec<Facts> = list.iter().map(Facts::of_node).collect();
    let Some(at) = choose(&facts, Some(element)).map(Choice::at) else {
        return;
    };
    if sub == "value" {
        list.remove(at);
    } else if let Some(mut object) = list[at].to_object() {
        object.remove(sub);
        list[at] = object.into();
    }
}

/// Puts a blank into our element, if there is one.
pub fn blank(list: &mut [Node], element: &Element, sub: &str, blank: Node) {
    let facts: Vec<Facts> = list.iter().map(Facts::of_node).collect();
    let Some(at) = choose(&facts, Some(element)).map(Choice::at) else {
        return;
    };
    if let Some(object) = list[at].to_object() {
        list[at] = object.with(sub, blank).into();
    } else if sub == "value" {
        list[at] = blank;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<Node> {
        Node::Raw(RawValue::from_string(text.into()).expect("valid JSON")).to_items()
    }

    fn facts(text: &str) -> Vec<Facts> {
        list(text).iter().map(Facts::of_node).collect()
    }

    fn show(list: Vec<Node>) -> String {
        serde_json::to_string(&Node::List(list)).expect("JSON")
    }

    fn work(primary: bool) -> Element {
        Element {
            kind: "work".into(),
            primary,
            only: false,
        }
    }

    #[test]
    fn our_element_is_the_one_of_the_type_else_the_primary_else_the_only_one() {
        for (text, expected) in [
            (
                r#"[{"type":"home"},{"type":"Work"}]"#,
                Some(Choice::OfType(1)),
            ),
            (
                r#"[{"type":"work"},{"type":"work","primary":true}]"#,
                Some(Choice::OfType(1)),
            ),
            (
                r#"[{"value":"a"},{"value":"b","primary":"True"}]"#,
                Some(Choice::Instead(1)),
            ),
            (r#"["a@example.com"]"#, Some(Choice::Instead(0))),
            (r#"{"value":"a"}"#, Some(Choice::Instead(0))),
            (r#"[{"value":"a","type":"home"}]"#, Some(Choice::Instead(0))),
            (r#"[{"value":"a"},{"value":"b"}]"#, None),
            ("[]", None),
        ] {
            assert_eq!(choose(&facts(text), Some(&work(true))), expected, "{text}");
        }
    }

    #[test]
    fn an_element_of_another_type_is_not_ours_unless_ours_is_the_primary_one() {
        for text in [
            r#"[{"type":"mobile"}]"#,
            r#"[{"type":"mobile","primary":true},{}]"#,
        ] {
            assert_eq!(choose(&facts(text), Some(&work(false))), None, "{text}");
            assert_eq!(
                choose(&facts(text), Some(&work(true))),
                Some(Choice::Instead(0))
            );
        }
        assert_eq!(
            choose(&facts("[{}]"), Some(&work(false))),
            Some(Choice::Instead(0))
        );
    }

    #[test]
    fn a_selector_names_one_element_or_there_is_none() {
        for (text, expected) in [
            (
                r#"[{"type":"Work","value":"a"},{"type":"home"}]"#,
                Some(r#"type eq "Work""#),
            ),
            (
                r#"[{"type":"work","value":"a"},{"type":"work","value":"b"}]"#,
                Some(r#"value eq "a""#),
            ),
            (
                r#"[{"type":"work","value":"a"},{"type":"work","value":"A","primary":true}]"#,
                Some("primary eq true"),
            ),
            (
                r#"[{"type":"work","value":"a"},{"type":"work","value":"A"}]"#,
                None,
            ),
            (r#"[{"value":"a\"b"}]"#, Some(r#"value eq "a\"b""#)),
            (r#"["a"]"#, None),
        ] {
            let facts = facts(text);
            let choice = choose(&facts, Some(&work(true))).expect("a choice");
            assert_eq!(selector(&facts, choice).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn other_elements_and_other_parts_stay_as_they_are() {
        let mut emails =
            list(r#"[{"value":"h","x": 1.0},{"type":"work","value":"a","display":"A"}]"#);
        set(&mut emails, &work(true), "value", Node::text("b"));
        assert_eq!(
            show(emails.clone()),
            r#"[{"value":"h","x": 1.0},{"type":"work","value":"b","display":"A"}]"#
        );
        remove(&mut emails, &work(true), "value");
        assert_eq!(show(emails), r#"[{"value":"h","x": 1.0}]"#);
    }

    #[test]
    fn a_new_element_is_primary_only_if_no_other_is() {
        let two = r#"{"value":"h","type":"home"},{"value":"o","type":"other""#;
        for (text, primary, expected) in [
            (
                "[]".to_owned(),
                true,
                r#"[{"value":"a","type":"work","primary":true}]"#.to_owned(),
            ),
            (
                "[]".to_owned(),
                false,
                r#"[{"value":"a","type":"work"}]"#.to_owned(),
            ),
            (
                format!("[{two}}}]"),
                true,
                format!(r#"[{two}}},{{"value":"a","type":"work","primary":true}}]"#),
            ),
        ] {
            let mut emails = list(&text);
            set(&mut emails, &work(primary), "value", Node::text("a"));
            assert_eq!(show(emails), expected);
        }
        let facts = facts(r#"[{"value":"h","primary":true}]"#);
        let made = make(&facts, &work(true), "value", Node::text("a"));
        assert_eq!(made.to_bytes(), br#"{"value":"a","type":"work"}"#);
    }

    #[test]
    fn bare_texts_are_replaced_as_texts() {
        let mut emails = list(r#"["a"]"#);
        set(&mut emails, &work(true), "value", Node::text("b"));
        assert_eq!(show(emails), r#"["b"]"#);
    }
}
