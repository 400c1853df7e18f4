//! Compiling the expressions of a config, with every problem at its place in the file.
//!
//! Promises positions inside the YAML scalar whichever way it is quoted. Leaves the language to
//! [`crate::core::expression`].

use super::findings::Findings;
use super::place::Place;
use crate::core::expression::{Problem, Program, Vocabulary};

/// Compiles the expression at `place`, which gives a value; `None` when it was told what is wrong
/// with it.
pub fn compile(
    text: &str,
    place: &Place,
    vocabulary: &Vocabulary,
    findings: &mut Findings<'_>,
) -> Option<Program> {
    told(Program::compile(text, vocabulary), place, findings)
}

/// The same for an expression that decides: it has to be true or false.
pub fn compile_condition(
    text: &str,
    place: &Place,
    vocabulary: &Vocabulary,
    findings: &mut Findings<'_>,
) -> Option<Program> {
    told(
        Program::compile_condition(text, vocabulary),
        place,
        findings,
    )
}

fn told(
    compiled: Result<Program, Vec<Problem>>,
    place: &Place,
    findings: &mut Findings<'_>,
) -> Option<Program> {
    compiled
        .map_err(|problems| tell(problems, place, findings))
        .ok()
}

fn tell(problems: Vec<Problem>, place: &Place, findings: &mut Findings<'_>) {
    for problem in problems {
        findings.part(place, &problem.span, problem.message, problem.hint);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::document::Document;
    use super::*;

    /// What is told about `wrong` in the expression under `m.x`.
    fn told(text: &str, value: &str, wrong: &str) -> (String, String) {
        let document = Document::parse(Path::new("c.yaml"), text).expect("it is YAML");
        let mut findings = Findings::new(&document);
        let start = value.find(wrong).expect("the value holds it");
        let problem = Problem {
            span: start..start + wrong.len(),
            message: format!("unknown attribute `{wrong}`"),
            hint: Some("did you mean `givenName`?".into()),
        };
        tell(
            vec![problem],
            &Place::top().keys(&["m", "x"]),
            &mut findings,
        );
        let problems = findings.finish();
        let item = &problems.items[0];
        (
            item.to_string(),
            problems.sources[&item.file][item.span.clone()].to_owned(),
        )
    }

    #[test]
    fn a_problem_is_placed_inside_the_scalar() {
        for (text, value, line, column) in [
            ("m: { x: user.gvenName }", "user.gvenName", 1, 14),
            (
                "m:\n  x: 'it''s + user.gvenName'",
                "it's + user.gvenName",
                2,
                20,
            ),
            (
                "m:\n  x: \"\\\"é\\\" + user.gvenName\"",
                "\"é\" + user.gvenName",
                2,
                20,
            ),
            (
                "m:\n  x: |\n    a +\n    user.gvenName\n",
                "a +\nuser.gvenName\n",
                4,
                10,
            ),
            (
                "m:\n  x: >-\n    a +\n    user.gvenName\n",
                "a + user.gvenName",
                4,
                10,
            ),
        ] {
            let (told, part) = told(text, value, "gvenName");
            assert_eq!(
                told,
                format!(
                    "c.yaml:{line}:{column}: m.x: unknown attribute `gvenName` (did you mean `givenName`?)"
                )
            );
            assert_eq!(part, "gvenName");
        }
    }

    #[test]
    fn a_place_that_cannot_be_found_is_the_scalar() {
        let (told, part) = told("m:\n  x: \"a\n    b.c\"", "a b.c", "c");
        assert!(told.starts_with("c.yaml:2:6: m.x: "), "{told}");
        assert_eq!(part, "\"a\n    b.c\"");
    }
}
