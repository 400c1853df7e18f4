//! Users and groups in YAML 1.2: a mapping with the lists `users` and `groups`.
//!
//! Promises that every scalar stays the text it was written as (`+15550100`, `00123`, `NO`), because
//! the events of the parser are read and no type is ever guessed, and that a bad row leaves the
//! others alone. Leaves what a field means to [`super::users`] and [`super::groups`].

use std::borrow::Cow;
use std::sync::Arc;

use serde_yaml::granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, StrInput};

use super::flaw::{Flaw, WRITE_WHOLE};
use super::rows::{Row, Table};
use crate::core::text::nearest;
use crate::source::pool::Pool;

const SHAPE: &str = "write `users:` and `groups:`, each with a list of mappings under it";

/// Reads a whole document.
///
/// # Errors
/// When it is no YAML, or not of the shape above.
pub(super) fn read(text: &str) -> Result<Table, Flaw> {
    let mut document = Document {
        events: Events::of(text),
        names: Pool::default(),
    };
    document.read()
}

/// The events of a text, comments left out.
struct Events<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Events<'a> {
    fn of(text: &'a str) -> Self {
        let mut options = Options::default();
        options.set_emit_comments(false);
        Self {
            parser: Parser::new_from_str_with_options(text, options),
        }
    }

    /// The next event and the line it begins in.
    fn next(&mut self) -> Result<(Event<'a>, usize), Flaw> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(cause)) => Err(unreadable(cause)),
            None => Err(Flaw::new("the file ends too early").hint(WRITE_WHOLE)),
        }
    }

    /// Goes to the end of the node that `first` begins.
    fn skip(&mut self, first: &Event<'_>) -> Result<(), Flaw> {
        let mut depth = step(first);
        while depth > 0 {
            depth += step(&self.next()?.0);
        }
        Ok(())
    }
}

/// How much deeper the reader is after an event.
fn step(event: &Event<'_>) -> isize {
    match event {
        Event::SequenceStart(..) | Event::MappingStart(..) => 1,
        Event::SequenceEnd | Event::MappingEnd => -1,
        _ => 0,
    }
}

fn unreadable(cause: ScanError) -> Flaw {
    Flaw::at(cause.marker().line(), "is no YAML")
        .hint(format!(
            "set it right; if the file was cut off, {WRITE_WHOLE}"
        ))
        .because(cause)
}

struct Document<'a> {
    events: Events<'a>,
    names: Pool,
}

impl<'a> Document<'a> {
    fn read(&mut self) -> Result<Table, Flaw> {
        let mut table = Table::default();
        self.begin()?;
        let (mut users, mut groups) = (false, false);
        loop {
            let (event, line) = self.events.next()?;
            let Event::Scalar(name, ..) = event else {
                break;
            };
            let list = match &*name {
                "users" => &mut users,
                "groups" => &mut groups,
                other => return Err(unknown(line, other)),
            };
            if *list {
                return Err(Flaw::at(line, format!("holds `{name}` twice")));
            }
            *list = true;
            if name == "users" {
                self.rows(&name, &mut |row| table.users.push(&row))?;
            } else {
                self.rows(&name, &mut |row| table.groups.push(row))?;
            }
        }
        self.end()?;
        Ok(table)
    }

    /// Goes to the first name of the outermost mapping.
    fn begin(&mut self) -> Result<(), Flaw> {
        loop {
            match self.events.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::MappingStart(..), _) => return Ok(()),
                (Event::StreamEnd, _) => {
                    return Err(Flaw::new("holds nothing but comments").hint(SHAPE));
                }
                (_, line) => {
                    let problem = "is not of the shape of a directory";
                    return Err(Flaw::at(line, problem).hint(SHAPE));
                }
            }
        }
    }

    /// Makes sure that the outermost mapping was the only thing in the file.
    fn end(&mut self) -> Result<(), Flaw> {
        match (self.events.next()?, self.events.next()?) {
            ((Event::DocumentEnd, _), (Event::StreamEnd, _)) => Ok(()),
            (_, (_, line)) => Err(Flaw::at(line, "a second document begins")
                .hint("put all users and groups into one document")),
        }
    }

    fn rows(&mut self, name: &str, take: &mut dyn FnMut(Row)) -> Result<(), Flaw> {
        let (event, line) = self.events.next()?;
        let Event::SequenceStart(..) = event else {
            let hint = format!("write a list under `{name}:`, or `{name}: []` for none");
            return Err(Flaw::at(line, format!("`{name}` is no list")).hint(hint));
        };
        loop {
            match self.events.next()? {
                (Event::SequenceEnd, _) => return Ok(()),
                (event, line) => take(self.row(&event, line)?),
            }
        }
    }

    fn row(&mut self, first: &Event<'_>, line: usize) -> Result<Row, Flaw> {
        let Event::MappingStart(..) = first else {
            self.events.skip(first)?;
            return Ok(Row::broken(line, "is no mapping"));
        };
        let mut row = Row::new(line);
        let mut seen: Vec<Arc<str>> = Vec::new();
        loop {
            match self.events.next()?.0 {
                Event::MappingEnd => return Ok(row),
                Event::Scalar(name, ..) => self.field(&mut row, name.trim(), &mut seen)?,
                other => {
                    row.spoil("has a name that is no text");
                    self.events.skip(&other)?;
                    self.skip_value()?;
                }
            }
        }
    }

    fn skip_value(&mut self) -> Result<(), Flaw> {
        let (event, _) = self.events.next()?;
        self.events.skip(&event)
    }

    fn field(&mut self, row: &mut Row, name: &str, seen: &mut Vec<Arc<str>>) -> Result<(), Flaw> {
        let name = self.names.share(name);
        let known = seen.contains(&name);
        let values = self.values()?;
        match values {
            _ if known => row.spoil(format!("holds `{name}` twice")),
            Ok(values) => row.append(&name, values),
            Err(Unfit::Alias) => row.spoil(format!("`{name}` is an alias; write the value out")),
            Err(Unfit::Nested) => {
                row.spoil(format!("`{name}` is neither a value nor a list of values"));
            }
        }
        seen.push(name);
        Ok(())
    }

    /// The texts of the next value, which is read to its end in any case.
    fn values(&mut self) -> Result<Result<Vec<Cow<'a, str>>, Unfit>, Flaw> {
        let (first, _) = self.events.next()?;
        let Event::SequenceStart(..) = first else {
            let value = self.value(first)?;
            return Ok(value.map(|text| text.into_iter().collect()));
        };
        let mut texts = Ok(Vec::new());
        loop {
            let (event, _) = self.events.next()?;
            if event == Event::SequenceEnd {
                return Ok(texts);
            }
            let value = self.value(event)?;
            texts = texts.and_then(|mut texts: Vec<_>| {
                texts.extend(value?);
                Ok(texts)
            });
        }
    }

    /// The text of one scalar, `None` for null (YAML 1.2.2, 10.3.2).
    fn value(&mut self, event: Event<'a>) -> Result<Result<Option<Cow<'a, str>>, Unfit>, Flaw> {
        Ok(match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if is_null(&text) => Ok(None),
            Event::Scalar(text, ..) => Ok(Some(text)),
            Event::Alias(_) => Err(Unfit::Alias),
            other => {
                self.events.skip(&other)?;
                Err(Unfit::Nested)
            }
        })
    }
}

/// Why a value is not taken.
enum Unfit {
    Alias,
    Nested,
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn unknown(line: usize, name: &str) -> Flaw {
    let hint = match nearest(name, ["users", "groups"]) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => SHAPE.to_owned(),
    };
    Flaw::at(line, format!("`{name}` is not known here")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        read(text).expect("readable")
    }

    fn told(text: &str) -> String {
        let flaw = read(text).expect_err("not readable");
        let error = flaw.in_file("F".as_ref());
        match error.hint {
            Some(hint) => format!("{}; {hint}", error.problem),
            None => error.problem,
        }
    }

    fn users(text: &str) -> Vec<Row> {
        table(text).users.iter().collect()
    }

    fn texts<'a>(row: &'a Row, name: &str) -> Vec<&'a str> {
        row.all(name).collect()
    }

    #[test]
    fn texts_stay_as_they_are_written() {
        let text = "users:\n- key: 00123\n  phone: +15550100\n  sn: NO\n  vip: true\n  rate: 1.10\n  \
                    octal: 0o17\n  size: 1_000\n  day: 2024-01-05\n  huge: 1e999\n  nick: \"null\"\n";
        let users = users(text);
        for (name, value) in [
            ("key", "00123"),
            ("phone", "+15550100"),
            ("sn", "NO"),
            ("vip", "true"),
            ("rate", "1.10"),
            ("octal", "0o17"),
            ("size", "1_000"),
            ("day", "2024-01-05"),
            ("huge", "1e999"),
            ("nick", "null"),
        ] {
            assert_eq!(texts(&users[0], name), [value]);
        }
    }

    #[test]
    fn null_is_no_value() {
        let users = users("users:\n- {key: p-1, a: ~, b: null, c: , d: [x, ~], e: []}\n");
        let names: Vec<&str> = users[0].fields.iter().map(|field| &*field.name).collect();
        assert_eq!(names, ["key", "d"]);
        assert_eq!(texts(&users[0], "d"), ["x"]);
    }

    #[test]
    fn a_bad_row_leaves_the_others_alone() {
        let text = "users:\n- key: p-1\n  home: {c: DE, more: [1, {a: b}]}\n- just text\n\
                    - key: &k p-3\n  boss: *k\n- key: p-4\n  sn: a\n  sn: b\n- [x]\n-\n\
                    - key: p-7\n  ? [a]\n  : b\n- key: p-8\n";
        let told: Vec<(usize, Option<String>)> = table(text)
            .users
            .iter()
            .map(|row| (row.line, row.problem))
            .collect();
        let problems = [
            (2, Some("`home` is neither a value nor a list of values")),
            (4, Some("is no mapping")),
            (5, Some("`boss` is an alias; write the value out")),
            (7, Some("holds `sn` twice")),
            (10, Some("is no mapping")),
            (11, Some("is no mapping")),
            (12, Some("has a name that is no text")),
            (15, None),
        ];
        assert_eq!(
            told,
            problems.map(|(line, problem)| (line, problem.map(str::to_owned)))
        );
    }

    #[test]
    fn the_key_of_a_bad_row_is_still_known() {
        let users = users("users:\n- key: p-1\n  home: {c: DE}\n");
        assert_eq!(texts(&users[0], "key"), ["p-1"]);
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let told = told("users:\n- key: p-1\n  mail: [a, b\n- key: p-2\n");
        assert!(told.starts_with("F:"), "{told}");
        assert!(
            told.ends_with(
                ": is no YAML; set it right; if the file was cut off, write the file under \
                 another name and rename it when it is complete"
            ),
            "{told}"
        );
    }

    #[test]
    fn another_shape_is_named() {
        assert_eq!(
            told("user:\n- key: a\n"),
            "F:1: `user` is not known here; did you mean `users`?"
        );
        assert_eq!(
            told("users: []\ngroups:\n"),
            "F:2: `groups` is no list; write a list under `groups:`, or `groups: []` for none"
        );
        assert_eq!(
            told("- key: a\n"),
            "F:1: is not of the shape of a directory; write `users:` and `groups:`, each with a \
             list of mappings under it"
        );
        assert_eq!(told("users: []\nusers: []\n"), "F:2: holds `users` twice");
        assert_eq!(
            told("users: []\n---\nusers: []\n"),
            "F:2: a second document begins; put all users and groups into one document"
        );
        assert_eq!(
            told("# nobody\n"),
            "F: holds nothing but comments; write `users:` and `groups:`, each with a list of \
             mappings under it"
        );
    }

    #[test]
    fn more_rows_than_the_budget_for_configs_are_read() {
        let mut text = String::from("users:\n");
        for number in 0..60_000 {
            text.push_str("- {key: p-");
            text.push_str(&number.to_string());
            text.push_str(", sn: x, mail: y}\n");
        }
        assert_eq!(table(&text).users.iter().count(), 60_000);
    }
}
