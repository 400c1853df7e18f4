//! Expressions as a whole: what they give for a user, and what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{EvalError, Program, Subject, Vocabulary};
use crate::core::attribute::Value;
use crate::core::key::{SourceName, UserKey};
use crate::core::user::User;

mod random;
mod refusals;

fn ana() -> User {
    let source = SourceName::from("hq");
    let attributes: BTreeMap<Arc<str>, Vec<Arc<str>>> = [
        (
            "mail",
            vec!["Ana.Müller@Example.com", "ana@old.example.com"],
        ),
        ("givenName", vec!["Ana"]),
        ("sn", vec!["MÜLLER-o'hara"]),
        ("employeeNumber", vec!["0042"]),
        ("hireDate", vec!["20240131083000Z"]),
        ("c", vec!["DE"]),
        ("manager", vec!["cn=boss,dc=example"]),
        ("extension-a", vec!["x"]),
        ("flag", vec!["TRUE"]),
        ("decomposed", vec!["Ame\u{301}lie"]),
        ("tags", vec!["b", "a", "b", "ä"]),
    ]
    .into_iter()
    .map(|(name, values)| (Arc::from(name), values.into_iter().map(Arc::from).collect()))
    .collect();
    User {
        key: UserKey::new(&source, "7f1c"),
        label: Arc::from("ana"),
        attributes,
        disabled: false,
        manager: Some(UserKey::new(&source, "0b05")),
    }
}

fn groups() -> Vec<Arc<str>> {
    ["eng", "staff"].map(Arc::from).to_vec()
}

fn compiled(source: &str) -> Program {
    Program::compile(source, &Vocabulary::default()).expect(source)
}

fn value(source: &str) -> Result<Option<Value>, EvalError> {
    let (user, groups) = (ana(), groups());
    compiled(source).value(&Subject::new(&user, &groups))
}

fn failure(source: &str) -> String {
    value(source)
        .expect_err("the expression fails for this user")
        .message
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| Arc::from(*text)).collect())
}

#[test]
fn an_attribute_is_its_first_value_and_all_its_values_a_list() {
    for (source, wanted) in [
        ("user.mail", Value::text("Ana.Müller@Example.com")),
        ("user[\"extension-a\"]", Value::text("x")),
        ("user.`extension-a`", Value::text("x")),
        (
            "user.all.mail",
            list(&["Ana.Müller@Example.com", "ana@old.example.com"]),
        ),
        ("user.all.tags", list(&["a", "b", "ä"])),
        ("user.all.tags[0]", Value::text("b")),
        ("user.groups", list(&["eng", "staff"])),
        ("user.key", Value::text("7f1c")),
        ("user.label", Value::text("ana")),
        ("user.disabled", Value::Bool(false)),
        ("user.manager", Value::text("0b05")),
        ("user.all.manager[0]", Value::text("cn=boss,dc=example")),
        ("user.decomposed", Value::text("Amélie")),
    ] {
        assert_eq!(value(source), Ok(Some(wanted)), "{source}");
    }
}

#[test]
fn null_absence_and_emptiness_are_no_value() {
    for source in [
        "null",
        "\"\"",
        "[]",
        "user.?nope",
        "user.all.?nope",
        "optional.none()",
        "[\"\", null]",
        "user.?nope.lower()",
        "user.?nope.orValue(\"\")",
        "user.all.?nope.first()",
        "user.givenName.extract(r\"\\d+\")",
        "coalesce(user.nope, user.nada)",
        "user.nope.default(\"\")",
        "false ? \"x\" : null",
        "user.?a.b.c",
    ] {
        assert_eq!(value(source), Ok(None), "{source}");
    }
}

#[test]
fn numbers_come_out_whole_and_signed() {
    for (source, wanted) in [
        ("1 + 1", Ok(2)),
        ("7u", Ok(7)),
        ("-7", Ok(-7)),
        ("2.0 * 3.0", Ok(6)),
        ("int(user.employeeNumber)", Ok(42)),
        ("user.givenName.size()", Ok(3)),
        ("9007199254740992.0", Ok(9_007_199_254_740_992)),
        (
            "1.5",
            Err(
                "`1.5` (column 1): gives 1.5, which is not a whole number; use `int(…)` or `string(…)`",
            ),
        ),
        (
            "1e17",
            Err(
                "`1e17` (column 1): gives 100000000000000000, which is too large for an exact number; use `int(…)`",
            ),
        ),
        (
            "18446744073709551615u",
            Err(
                "`18446744073709551615u` (column 1): gives 18446744073709551615, which is too large",
            ),
        ),
    ] {
        let got = value(source).map_err(|error| error.message);
        let wanted = wanted
            .map(|number| Some(Value::Int(number)))
            .map_err(str::to_owned);
        assert_eq!(got, wanted, "{source}");
    }
}

#[test]
fn functions_do_what_an_admin_needs() {
    for (source, wanted) in [
        ("user.mail.lower()", "ana.müller@example.com"),
        ("user.givenName.upper()", "ANA"),
        ("user.sn.titleCase()", "Müller-O'Hara"),
        ("\"  x \\n\".trim()", "x"),
        ("user.sn.ascii().lower()", "mueller-o'hara"),
        ("user.sn.substring(1, 3)", "ÜL"),
        ("user.sn.substring(7)", "o'hara"),
        ("user.givenName.substring(-5, 99)", "Ana"),
        ("user.givenName.substring(2, 1) + \"-\"", "-"),
        ("user.mail.replace(\".\", \"\")", "AnaMüller@Examplecom"),
        (
            "user.mail.replace(\"\", \"x\").lower()",
            "ana.müller@example.com",
        ),
        (
            "user.mail.replaceMatches(r\"^(\\w+)\\.(\\w+)@.*$\", \"$2 $1\")",
            "Müller Ana",
        ),
        ("user.mail.extract(r\"@(.+)$\")", "Example.com"),
        ("user.mail.extract(r\"^\\w+\")", "Ana"),
        ("user.mail.extract(r\"^(\\w+)\\.(\\w+)\", 2)", "Müller"),
        ("user.mail.emailLocal().lower()", "ana.müller"),
        ("user.mail.emailDomain().lower()", "example.com"),
        (
            "\"none\".emailDomain() + \"-\" + \"none\".emailLocal()",
            "-",
        ),
        ("user.all.tags.join(\", \")", "b, a, b, ä"),
        ("user.all.tags.first()", "b"),
        ("user.mail.split(\"@\")[1]", "Example.com"),
        ("\"äö\".split(\"\").join(\"-\")", "ä-ö"),
        ("formatDate(user.hireDate, \"%d.%m.%Y\")", "31.01.2024"),
        (
            "user.hireDate.formatDate(\"%Y-%m-%dT%H:%M:%S%:z\")",
            "2024-01-31T08:30:00+00:00",
        ),
        (
            "coalesce(user.nope, user.?nada, \"\", user.sn.lower(), user.mail)",
            "müller-o'hara",
        ),
        ("coalesce(user.nope.lower(), \"x\")", "x"),
        ("user.nope.default(user.nada.default(\"z\"))", "z"),
        ("user.mail.default(\"z\").emailDomain()", "Example.com"),
        (
            "user.?mail.lower().orValue(\"none\")",
            "ana.müller@example.com",
        ),
        ("user.?nope.lower().orValue(\"none\")", "none"),
        ("user.?nope.optMap(m, m + \"!\").orValue(\"none\")", "none"),
        (
            "user.?givenName.optMap(m, m + \"!\").orValue(\"none\")",
            "Ana!",
        ),
        ("user.disabled ? \"off\" : \"on\"", "on"),
        ("{\"DE\": \"Germany\"}[?user.c].orValue(user.c)", "Germany"),
        ("{\"FR\": \"France\"}[?user.c].orValue(user.c)", "DE"),
        (
            "user.all.mail.filter(m, m.endsWith(\"example.com\")).map(m, m.lower()).join(\" \")",
            "ana@old.example.com",
        ),
        (
            "string(user.all.mail.size()) + \"/\" + string(1.5) + string(true)",
            "2/1.5true",
        ),
    ] {
        assert_eq!(value(source), Ok(Some(Value::text(wanted))), "{source}");
    }
}

#[test]
fn a_full_name_is_put_together_over_several_lines() {
    let source = "user.?displayName.orValue(user.?cn.orValue(\n  user.?givenName.orValue(\"\")\n  + \
         (user.?givenName.orValue(\"\") == \"\" || user.?sn.orValue(\"\") == \"\" ? \"\" : \" \") // both\n  + \
         user.?sn.orValue(\"\").titleCase()))\n";
    assert_eq!(value(source), Ok(Some(Value::text("Ana Müller-O'Hara"))));
}

#[test]
fn questions_are_answered() {
    let (user, groups) = (ana(), groups());
    let subject = Subject::new(&user, &groups);
    for (source, wanted) in [
        ("\"eng\" in user.groups", true),
        ("inGroup(\"ops\")", false),
        ("inGroup(\"ops\", \"staff\")", true),
        ("user.inGroup(\"eng\")", true),
        ("user.groups.exists(g, g.startsWith(\"st\"))", true),
        ("[\"ops\", \"eng\"].all(g, g in user.groups)", false),
        ("has(user.mail) && !has(user.nope)", true),
        ("user.?employeeType.orValue(\"\") != \"contractor\"", true),
        (
            "user.?nope.startsWith(\"x\") || user.?nope.matches(\"x\")",
            false,
        ),
        ("user.?mail.endsWith(\"Example.com\")", true),
        ("user.mail.matches(r\"^\\w+\\.\\w+@\")", true),
        ("bool(user.flag)", true),
        ("user.?flag.hasValue()", true),
        ("user.disabled", false),
        ("optional.of(user.disabled)", false),
        ("user.hireDate < \"2025\"", true),
    ] {
        let program = Program::compile_condition(source, &Vocabulary::default()).expect(source);
        assert_eq!(program.truth(&subject), Ok(wanted), "{source}");
    }
}

#[test]
fn a_failure_names_its_part_and_what_to_do() {
    for (source, words) in [
        (
            "\"x\" + user.nope.lower()",
            "`user.nope` (column 7): the user has no `nope`; if it may be missing write `user.?nope.orValue(\"\")`",
        ),
        (
            "user[\"a-b\"]",
            "`user[\"a-b\"]` (column 1): the user has no `a-b`; if it may be missing write `user[?\"a-b\"].orValue(\"\")`",
        ),
        (
            "user.all.nope.size()",
            "`user.all.nope` (column 1): the user has no `nope`; if it may be missing write `user.all.?nope.orValue([])`",
        ),
        (
            "true &&\n  user.all.tags[9] == \"x\"",
            "`user.all.tags[9]` (line 2, column 3): the list has no such element; write `[?…].orValue(\"\")` if it may be shorter",
        ),
        (
            "int(user.mail) + 1",
            "`int(user.mail)` (column 1): `int` cannot read this text as a number",
        ),
        (
            "{\"a\": \"b\"}[user.c]",
            "`{\"a\": \"b\"}[user.c]` (column 1): the map has no such key; write `[?…].orValue(\"\")` if it may be missing",
        ),
        (
            "formatDate(user.mail, \"%Y\")",
            "`formatDate(user.mail, \"%Y\")` (column 1): `formatDate` knows dates like `2026-11-22`, `2026-11-22T10:30:00Z` and `20261122103000Z`, not this text",
        ),
        (
            "[user.mail, 1]",
            "`[user.mail, 1]` (column 1): gives a list that holds a number, and attributes hold texts; use `.map(x, string(x))`",
        ),
        (
            "{\"a\": 1}[\"a\"] + \"x\"",
            "`{\"a\": 1}[\"a\"] + \"x\"` (column 1): `+` does not work on a number and a text",
        ),
        (
            "{\"a\": 1}[\"a\"].lower()",
            "`{\"a\": 1}[\"a\"].lower()` (column 1): `lower` works on a text, not on a number",
        ),
        (
            "[1, 2].join(\" \")",
            "`[1, 2].join(\" \")` (column 1): `join` joins texts, and the list holds a number",
        ),
        (
            "bool(user.mail)",
            "`bool(user.mail)` (column 1): `bool` reads `true`, `false`, `1` and `0`, not this text",
        ),
        (
            "user.?nope.value()",
            "`user.?nope.value()` (column 1): there is no value; write `.orValue(\"\")` if it may be missing",
        ),
        ("1 / 0", "`1 / 0` (column 1): it divides by zero"),
        (
            "9223372036854775807 + 1",
            "`9223372036854775807 + 1` (column 1): the number becomes too large",
        ),
        (
            "user.mail.matches(\"(\" + user.c)",
            "`user.mail.matches(\"(\" + user.c)` (column 1): `matches` has a bad pattern: unclosed group",
        ),
        (
            "(\"aaaaaaaaaaaaaaaaaaaa\" + \"aaaaaaaaaaaaaaaaaaaa\").replace(\"a\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\").replace(\"a\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\").replace(\"a\", \"aaaaaaaaaaaaaaaaaaaa\")",
            "`(\"aaaaaaaaaaaaaaaaaaaa\" + \"aaaaaaaaaaaaaaaaaaaa\").replace(\"…` (column 1): `replace` would make a text of 1411200 bytes, more than the 1048576 allowed",
        ),
    ] {
        assert_eq!(failure(source), words, "{source}");
    }
}

#[test]
fn a_truth_that_is_none_is_an_error() {
    let (user, groups) = (ana(), groups());
    let subject = Subject::new(&user, &groups);
    let complaint = |source: &str| {
        compiled(source)
            .truth(&subject)
            .expect_err("it is neither true nor false")
            .message
    };
    assert_eq!(
        complaint("{\"DE\": \"x\"}[user.c]"),
        "`{\"DE\": \"x\"}[user.c]` (column 1): gives a text where true or false is needed"
    );
    assert_eq!(
        complaint("user.?nope"),
        "`user.?nope` (column 1): gives nothing where true or false is needed"
    );
}

#[test]
fn the_groups_that_are_named_are_known() {
    for (source, names) in [
        ("\"eng\" in user.groups", vec!["eng"]),
        (
            "inGroup(\"a\", \"b\") || user.inGroup(\"c\")",
            vec!["a", "b", "c"],
        ),
        (
            "user.groups.exists(g, g == \"a\" || \"b\" == g || g in [\"c\"])",
            vec!["a", "b", "c"],
        ),
        ("[\"a\", \"b\"].exists(g, g in user.groups)", vec!["a", "b"]),
        (
            "user.mail in [\"a\"] || user.groups.exists(g, g.startsWith(\"x\"))",
            vec![],
        ),
    ] {
        let wanted: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        assert_eq!(compiled(source).groups(), wanted, "{source}");
    }
}

#[test]
fn steps_show_each_part_that_is_reached() {
    let (user, groups) = (ana(), groups());
    let subject = Subject::new(&user, &groups);
    let shown = |source: &str| -> Vec<String> {
        let steps = compiled(source).steps(&subject);
        let line = |value: &Result<String, EvalError>| match value {
            Ok(value) => value.clone(),
            Err(error) => error.message.clone(),
        };
        steps
            .iter()
            .map(|step| format!("{} = {}", step.source, line(&step.value)))
            .collect()
    };
    assert_eq!(
        shown("user.disabled ? user.nope : (user.givenName + \".\" + user.sn).lower()"),
        [
            "user.disabled = false",
            "user.givenName = \"Ana\"",
            "user.givenName + \".\" = \"Ana.\"",
            "user.sn = \"MÜLLER-o'hara\"",
            "user.givenName + \".\" + user.sn = \"Ana.MÜLLER-o'hara\"",
            "(user.givenName + \".\" + user.sn).lower() = \"ana.müller-o'hara\"",
            "user.disabled ? user.nope : (user.givenName + \".\" + user.sn).lower() = \"ana.müller-o'hara\"",
        ]
    );
    assert_eq!(
        shown("coalesce(user.nope, user.c, user.sn)"),
        [
            "user.nope = nothing",
            "user.c = \"DE\"",
            "coalesce(user.nope, user.c, user.sn) = \"DE\""
        ]
    );
    assert_eq!(
        shown("inGroup(\"ops\") || user.all.?tags.orValue([]).map(t, t.upper()) == [\"B\"]"),
        [
            "inGroup(\"ops\") = false",
            "user.all.?tags = [\"b\", \"a\", \"b\", \"ä\"]",
            "user.all.?tags.orValue([]) = [\"b\", \"a\", \"b\", \"ä\"]",
            "user.all.?tags.orValue([]).map(t, t.upper()) = [\"B\", \"A\", \"B\", \"Ä\"]",
            "user.all.?tags.orValue([]).map(t, t.upper()) == [\"B\"] = false",
            "inGroup(\"ops\") || user.all.?tags.orValue([]).map(t, t.upper()) == [\"B\"] = false",
        ]
    );
    assert_eq!(shown("\"x\""), ["\"x\" = \"x\""]);
    assert_eq!(
        shown("user.nope.lower()"),
        [
            "user.nope = `user.nope` (column 1): the user has no `nope`; if it may be missing write `user.?nope.orValue(\"\")`",
            "user.nope.lower() = `user.nope` (column 1): the user has no `nope`; if it may be missing write `user.?nope.orValue(\"\")`",
        ]
    );
}

#[test]
fn the_deepest_expressions_run_on_an_ordinary_stack() {
    for source in [
        format!("\"a\"{}", ".trim()".repeat(47)),
        vec!["\"a\""; 48].join("+"),
        format!("{}\"a\"{}", "[".repeat(47), "]".repeat(47)),
        format!("{}\"a\"{}", "coalesce(".repeat(45), ", \"b\")".repeat(45)),
        format!("\"a\"{}", ".default(\"b\")".repeat(45)),
        format!("{}\"a\"", "false ? \"b\" : ".repeat(47)),
    ] {
        let (user, groups) = (ana(), groups());
        let subject = Subject::new(&user, &groups);
        let program = compiled(&source);
        let nested = program.value(&subject).map_err(|error| error.message);
        let is_list = source.starts_with('[');
        assert_eq!(nested.is_err(), is_list, "{source}");
        assert!(!program.steps(&subject).is_empty(), "{source}");
    }
}

#[test]
fn programs_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let program = compiled("user.mail");
    shared(&program);
    assert_eq!(format!("{program:?}"), "Program(\"user.mail\")");
    assert_eq!(program.source(), "user.mail");
}

#[test]
#[ignore = "a measurement: run it in release with --nocapture"]
fn ten_thousand_users_with_ten_expressions() {
    let programs: Vec<Program> = [
        "user.mail",
        "user.mail.lower()",
        "user.givenName + \" \" + user.sn",
        "user.?title.orValue(\"\")",
        "coalesce(user.displayName, user.givenName)",
        "user.mail.matches(r\"^[a-z.]+@\")",
        "\"eng\" in user.groups",
        "user.all.mail.filter(m, m.contains(\"old\")).first()",
        "user.disabled ? \"off\" : \"on\"",
        "user.sn.ascii().lower()",
    ]
    .map(compiled)
    .to_vec();
    let (user, groups) = (ana(), groups());
    let mut values = 0;
    for _ in 0..10_000 {
        let subject = Subject::new(&user, &groups);
        for program in &programs {
            values += usize::from(program.value(&subject).expect("it works").is_some());
        }
    }
    assert_eq!(values, 90_000);
}
