//! What is refused when the config is loaded, word by word.

use std::collections::BTreeSet;

use super::super::Problem;
use super::{Program, Vocabulary};

fn vocabulary() -> Vocabulary {
    let names = ["mail", "givenName", "sn", "a-b"].map(str::to_owned);
    Vocabulary {
        attributes: Some(BTreeSet::from(names)),
    }
}

/// The problems of an expression, one a line: what it is about, what is wrong, what to write.
fn problems(source: &str) -> Vec<String> {
    let found = Program::compile(source, &vocabulary()).expect_err(source);
    found.iter().map(|problem| line(source, problem)).collect()
}

fn line(source: &str, problem: &Problem) -> String {
    let hint = problem
        .hint
        .as_ref()
        .map(|hint| format!(" ({hint})"))
        .unwrap_or_default();
    format!(
        "{} | {}{hint}",
        &source[problem.span.clone()],
        problem.message
    )
}

#[test]
fn names_are_checked_with_hints() {
    for (source, wanted) in [
        (
            "usr.mail",
            vec!["usr | `usr` is not known here (did you mean `user`?)"],
        ),
        (
            "mail",
            vec![
                "mail | `mail` is not known here (an attribute is written `user.mail`, a text `\"mail\"`)",
            ],
        ),
        (
            ".mail",
            vec![
                "mail | `.mail` is not known here (an attribute is written `user.mail`, a text `\"mail\"`)",
            ],
        ),
        (
            ".lower()",
            vec!["lower | there is no function `.lower` (did you mean `lower`?)"],
        ),
        ("_x(1)", vec!["_x | there is no function `_x`"]),
        (
            "user",
            vec!["user | `user` alone is not a value (name an attribute, as `user.mail`)"],
        ),
        (
            "user.all",
            vec!["all | `user.all` alone is not a value (name an attribute, as `user.all.mail`)"],
        ),
        (
            "user.givenname",
            vec!["givenname | users have no attribute `givenname` (did you mean `givenName`?)"],
        ),
        (
            "user.?gruops",
            vec!["gruops | users have no attribute `gruops` (did you mean `groups`?)"],
        ),
        (
            "user[\"a_b\"]",
            vec!["\"a_b\" | users have no attribute `a_b` (did you mean `a-b`?)"],
        ),
        (
            "user.`a_b`",
            vec!["`a_b` | users have no attribute `a_b` (did you mean `a-b`?)"],
        ),
        (
            "user.all[?\"telephone\"]",
            vec![
                "\"telephone\" | users have no attribute `telephone` (known are `a-b`, `givenName`, `mail`, `sn`)",
            ],
        ),
        (
            "has(user.telephone)",
            vec![
                "telephone | users have no attribute `telephone` (known are `a-b`, `givenName`, `mail`, `sn`)",
            ],
        ),
        (
            "user[user.sn]",
            vec![
                "user.sn | the name of an attribute must be written out (write it as `user[\"name\"]`)",
            ],
        ),
        (
            "\"mail\" in user",
            vec!["user | `in` asks for the elements of a list (write `has(user.mail)`)"],
        ),
    ] {
        assert_eq!(problems(source), wanted, "{source}");
    }
}

#[test]
fn calls_are_checked_with_hints() {
    for (source, wanted) in [
        (
            "user.mail.lowr()",
            vec!["lowr | there is no function `lowr` (did you mean `lower`?)"],
        ),
        (
            "frobnicate(1)",
            vec!["frobnicate | there is no function `frobnicate`"],
        ),
        (
            "lower(user.mail)",
            vec!["lower | `lower` is called on a value (write it as `text.lower()`)"],
        ),
        (
            "user.mail.coalesce(\"x\")",
            vec![
                "coalesce | `coalesce` is not called on a value (write it as `coalesce(a, b, …)`)",
            ],
        ),
        (
            "user.mail.lower(1)",
            vec!["lower | `lower` takes 0 arguments, not 1 (write it as `text.lower()`)"],
        ),
        (
            "user.mail.substring()",
            vec![
                "substring | `substring` takes 1 or 2 arguments, not 0 (write it as `text.substring(from, to)`)",
            ],
        ),
        (
            "coalesce()",
            vec![
                "coalesce | `coalesce` takes at least 1 argument, not 0 (write it as `coalesce(a, b, …)`)",
            ],
        ),
        (
            "user.inGroup()",
            vec![
                "inGroup | `inGroup` takes at least 1 argument, not 0 (write it as `inGroup(\"eng\", …)`)",
            ],
        ),
        (
            "user.mail.inGroup(\"eng\")",
            vec![
                "inGroup | `inGroup` is not called on a value (write it as `inGroup(\"eng\", …)`)",
            ],
        ),
        (
            "user.mail.default()",
            vec![
                "default | `default` takes 1 argument, not 0 (write it as `value.default(other)`)",
            ],
        ),
        (
            "default(user.mail, \"\")",
            vec!["default | `default` is called on a value (write it as `value.default(other)`)"],
        ),
        (
            "user.all.mail.map(m)",
            vec![
                "map | `map` takes 2 or 3 arguments, not 1 (write it as `list.map(x, value)`)",
                "m | `m` is not known here (an attribute is written `user.m`, a text `\"m\"`)",
            ],
        ),
        (
            "Foo{a: 1}",
            vec!["{a: 1} | this means nothing here (a map is written `{\"key\": value}`)"],
        ),
        (
            "user.givenNam + usr.sn.lowr()",
            vec![
                "givenNam | users have no attribute `givenNam` (did you mean `givenName`?)",
                "usr | `usr` is not known here (did you mean `user`?)",
                "lowr | there is no function `lowr` (did you mean `lower`?)",
            ],
        ),
    ] {
        assert_eq!(problems(source), wanted, "{source}");
    }
}

#[test]
fn kinds_are_checked_as_far_as_they_are_certain() {
    for (source, wanted) in [
        ("user.mail.domain", "domain | a text has no part `domain`"),
        (
            "user.mail.lower",
            "lower | a text has no part `lower` (`lower` is a function: `text.lower()`)",
        ),
        (
            "user.groups.lower()",
            "lower | `lower` works on a text, not on a list",
        ),
        (
            "user.mail.join(\",\")",
            "join | `join` works on a list, not on a text",
        ),
        (
            "user.mail.split(1)",
            "1 | `split` needs a text here, not a number",
        ),
        (
            "user.mail.map(m, m)",
            "user.mail | a list is needed here, not a text (all values of an attribute are in `user.all.mail`)",
        ),
        (
            "user.all.?mail.map(m, m)",
            "user.all.?mail | this list may be absent (write `.orValue([])` before it)",
        ),
        (
            "user.?mail + \"x\"",
            "user.?mail | this may be absent (say what it is then: `.orValue(\"\")`)",
        ),
        (
            "user.?mail == \"x\"",
            "user.?mail | this may be absent (say what it is then: `.orValue(\"\")`)",
        ),
        (
            "user.?mail in [\"x\"]",
            "user.?mail | this may be absent (say what it is then: `.orValue(\"\")`)",
        ),
        (
            "string(user.?mail)",
            "user.?mail | this may be absent (say what it is then: `.orValue(\"\")`)",
        ),
        (
            "user.?mail.size()",
            "user.?mail | this may be absent (say what it is then: `.orValue(\"\")`)",
        ),
        (
            "user.mail.orValue(\"\")",
            "orValue | `orValue` works on a value that may be absent, not on a text (a `?` makes it one: `user.?mail`)",
        ),
        (
            "\"x\" in user.all.?mail",
            "user.all.?mail | this may be absent (say what it is then: `.orValue([])`)",
        ),
        (
            "!user.?disabled",
            "user.?disabled | this may be absent (say what it is then: `.orValue(false)`)",
        ),
        (
            "user.?mail.optMap(user, user.sn)",
            "optMap(user, user.sn) | `user` cannot be the name of an element (take another name)",
        ),
    ] {
        assert_eq!(problems(source), [wanted], "{source}");
    }
}

#[test]
fn operators_are_checked_as_far_as_kinds_are_certain() {
    for (source, wanted) in [
        (
            "user.mail == null",
            "user.mail | a text is never null (what is missing is found with `has(user.mail)`)",
        ),
        ("user.mail == 1", "1 | a text is never the same as a number"),
        (
            "user.mail + 1",
            "+ | `+` does not work on a text and a number (make a text of it with `string(…)`)",
        ),
        ("user.mail - \"x\"", "- | `-` needs numbers, not a text"),
        (
            "user.mail < 1",
            "< | `<` does not work on a text and a number",
        ),
        (
            "user.mail && true",
            "user.mail | true or false is needed here, not a text",
        ),
        (
            "user.mail ? 1 : 2",
            "user.mail | true or false is needed here, not a text",
        ),
        (
            "user.groups.exists(g, \"eng\")",
            "\"eng\" | true or false is needed here, not a text",
        ),
        (
            "\"x\" in user.mail",
            "user.mail | `in` needs a list on its right, not a text (for a part of a text write `contains`)",
        ),
        (
            "user.mail[0]",
            "[ | a text has no elements (parts of a text are taken with `substring`)",
        ),
        (
            "user.groups[\"eng\"]",
            "\"eng\" | a list is counted from 0, not by a text",
        ),
        (
            "{\"a\": \"b\"}",
            "{\"a\": \"b\"} | this gives a map, which no attribute can hold",
        ),
        (
            "user.mail.matches(\"(\")",
            "\"(\" | the pattern is bad: unclosed group",
        ),
        (
            "user.mail.extract(\"(a)\", 2)",
            "2 | `extract` asks for group 2, and the pattern has 1",
        ),
        (
            "user.groups.map(user, user)",
            "user.groups.map(user, user) | `user` cannot be the name of an element (take another name)",
        ),
        (
            "user.groups.map(a, user.groups.map(b, user.groups.map(c, a + b + c).join(\"\")).join(\"\"))",
            "map | loops stand more than 2 deep in one another",
        ),
    ] {
        assert_eq!(problems(source), [wanted], "{source}");
    }
}

#[test]
fn a_bad_date_format_is_found_when_the_config_is_loaded() {
    let found = problems("formatDate(user.mail, \"%!\")");
    assert!(
        found[0].starts_with("\"%!\" | the date format is bad: "),
        "{found:?}"
    );
    assert!(
        found[0].ends_with("(the codes are those of strftime, as `%Y-%m-%d`)"),
        "{found:?}"
    );
}

#[test]
fn a_condition_that_cannot_decide_is_refused() {
    let complaint = |source: &str| {
        let found = Program::compile_condition(source, &vocabulary()).expect_err(source);
        found
            .iter()
            .map(|problem| line(source, problem))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        complaint("user.mail"),
        [
            "user.mail | a condition must be true or false, and this is a text (compare it, as `user.title == \"Chief\"`)"
        ]
    );
    assert_eq!(
        complaint("user.givenName + user.sn"),
        [
            "user.givenName + user.sn | a condition must be true or false, and this is a text (compare it, as `user.title == \"Chief\"`)"
        ]
    );
    assert_eq!(
        complaint("42"),
        ["42 | a condition must be true or false, and this is a number"]
    );
    assert!(Program::compile_condition("{\"a\": true}[user.sn]", &vocabulary()).is_ok());
}

#[test]
fn what_would_grow_without_bounds_is_refused() {
    let doubling = format!("[user.mail]{}.first()", ".map(a,a+a)".repeat(10));
    let found = problems(&doubling);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].ends_with("| this may string together more than 128 texts"),
        "{found:?}"
    );
    let hidden = format!("optional.of(user.mail){}", ".optMap(a,[a+a][0])".repeat(9));
    assert!(problems(&hidden)[0].ends_with("this may string together more than 128 texts"));
}
