//! Random expressions: whatever is written, the process goes on and errors have a place.

use proptest::prelude::*;

use super::{Program, Subject, Vocabulary, ana, groups};

/// Pieces of expressions, so that random ones get past the parser now and then.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "user", ".mail", ".?mail", ".all", "groups", ".lower()", ".first()", ".map(x, ", ".exists(g, ",
            "coalesce(", "inGroup(", ".default(", "has(", "\"a\"", "'ä'", "r\"\\d\"", "1", "2u", "1.5", "null",
            "true", "(", ")", "[", "]", "{", "}", ",", ":", "?", " + ", " - ", " == ", " && ", " || ", "!", " in ",
            ".orValue(", ".optMap(o, ", "x", "g", ".", "[?", "`", "//", "\n", ".substring(", ".matches(",
            "formatDate(", ".join(", "Foo{", "b\"x\"", "=", "\"", "optional.of(", ".value()", "-", "0x",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

/// Expressions that are well-formed, though not always sensible.
fn expression() -> impl Strategy<Value = String> {
    let leaves = prop::sample::select(vec![
        "user.mail",
        "user.?mail",
        "user.nope",
        "user.?nope",
        "user.all.tags",
        "user.all.?nope",
        "user.groups",
        "user.disabled",
        "user.hireDate",
        "\"a\"",
        "\"\"",
        "[\"b\", \"a\"]",
        "[]",
        "1",
        "-2",
        "3u",
        "0.5",
        "true",
        "null",
        "{\"DE\": \"x\"}",
        "optional.none()",
        "b\"x\"",
        "@",
    ])
    .prop_map(str::to_owned);
    leaves
        .prop_recursive(6, 40, 3, |inner| {
            let methods = prop::sample::select(vec![
                ".lower()",
                ".titleCase()",
                ".ascii()",
                ".first()",
                ".size()",
                ".split(\"@\")",
                ".join(\"-\")",
                ".substring(1, 3)",
                ".extract(r\"(\\w)\")",
                ".orValue(\"o\")",
                ".hasValue()",
                ".value()",
                ".formatDate(\"%Y\")",
                ".map(x, x)",
                ".filter(x, x != \"a\")",
                ".exists(x, x == \"a\")",
                ".optMap(x, x)",
                "[0]",
                "[?0]",
                ".?mail",
                "[?\"DE\"]",
                ".emailDomain()",
            ]);
            let operators = prop::sample::select(vec![
                "+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", " in ",
            ]);
            prop_oneof![
                (inner.clone(), methods).prop_map(|(on, method)| format!("({on}){method}")),
                (inner.clone(), operators, inner.clone())
                    .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
                prop::collection::vec(inner.clone(), 3)
                    .prop_map(|of| format!("({} ? {} : {})", of[0], of[1], of[2])),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}).default({b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}).map(e, [e, {b}])")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
                inner.prop_map(|a| format!("string({a})")),
            ]
        })
        .prop_map(|text| text.replace('@', "user.key"))
}

fn survives(source: &str) {
    let (user, groups) = (ana(), groups());
    let subject = Subject::new(&user, &groups);
    match Program::compile(source, &Vocabulary::default()) {
        Err(problems) => {
            assert!(!problems.is_empty(), "{source:?}");
            for problem in problems {
                assert!(
                    source.get(problem.span.clone()).is_some(),
                    "{source:?} {problem:?}"
                );
                assert!(
                    !problem.message.contains("cannot be parsed"),
                    "{source:?} {problem:?}"
                );
            }
        }
        Ok(program) => {
            let failure = program.value(&subject).err().map(|error| error.message);
            let failure = failure.unwrap_or_default();
            assert!(
                !failure.contains("it cannot be evaluated"),
                "{source:?} {failure}"
            );
            assert!(
                program
                    .steps(&subject)
                    .iter()
                    .all(|step| !step.source.is_empty()),
                "{source:?}"
            );
        }
    }
}

#[test]
fn what_is_meant_to_break_a_parser_does_not() {
    for (piece, count) in [
        ("(", 1024),
        ("!(", 512),
        ("-(", 512),
        ("[{", 512),
        ("a?(", 341),
        ("a.map(b,", 128),
        ("coalesce(", 113),
        ("x.optMap(a,", 93),
        ("{1:", 341),
        ("\"\"\"", 341),
        ("a||", 341),
        ("a.b(", 256),
        ("r'\\", 256),
        ("\u{10ffff}", 1024),
        ("Foo{a:", 170),
        (".?", 512),
        ("`", 1024),
    ] {
        survives(&piece.repeat(count));
        survives(&format!("{}1", piece.repeat(count / 2)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_ends_the_process(source in any::<String>()) {
        survives(&source);
    }

    #[test]
    fn what_compiles_can_be_evaluated_and_explained(source in expression()) {
        survives(&source);
    }

    #[test]
    fn no_pieces_of_expressions_end_the_process(pieces in prop::collection::vec(piece(), 1..24)) {
        survives(&pieces.concat());
    }
}
