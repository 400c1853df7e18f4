//! What the readers of all formats have in common: rows of named texts, cleaned.
//!
//! Promises that a value which got in is in NFC, trimmed, not empty, at most 64 KiB long and free of
//! control characters (line breaks and tabs inside a text are kept: a postal address may have them,
//! RFC 7643, 4.1.2), and that a row with any other value says so. Leaves what a field means to
//! [`super::users`] and [`super::groups`].

use std::fmt;
use std::sync::Arc;

use super::values::{self, Values};
use crate::core::packed::{Open, Pages, put_number, put_text, take_number, take_text};
use crate::source::value::clean;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// One row a user.
    pub(super) users: Rows,
    /// One row a group.
    pub(super) groups: Vec<Row>,
    /// What a person should know about the file.
    pub(super) notes: Vec<String>,
}

/// Rows in the order of the file, packed: there may be a million of them.
#[derive(Default)]
pub(super) struct Rows {
    pages: Pages,
    names: Vec<Arc<str>>,
    dns: bool,
}

impl Rows {
    /// Packs one more.
    pub(super) fn push(&mut self, row: &Row) {
        let names: Vec<usize> = row
            .fields
            .iter()
            .map(|field| self.number(&field.name))
            .collect();
        self.dns |= row.dn.is_some();
        self.pages.push(|bytes| {
            put_number(bytes, row.line);
            for text in [&row.dn, &row.problem] {
                put_number(bytes, usize::from(text.is_some()));
                if let Some(text) = text {
                    put_text(bytes, text);
                }
            }
            put_number(bytes, row.fields.len());
            for (field, name) in row.fields.iter().zip(names) {
                put_number(bytes, name);
                field.values.put(bytes);
            }
        });
    }

    fn number(&mut self, name: &Arc<str>) -> usize {
        let known = self.names.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.names.push(Arc::clone(name));
            self.names.len() - 1
        })
    }

    /// The names of all fields that there are.
    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Has any of them a DN?
    pub(super) fn have_dns(&self) -> bool {
        self.dns
    }

    /// All of them, one after the other.
    pub(super) fn iter(&self) -> impl Iterator<Item = Row> {
        let form = self.form(|_| true);
        self.pages.iter().flat_map(move |page| form.unpack(&page))
    }

    /// All of them, one after the other, with no fields but these.
    pub(super) fn only(&self, names: &[&str]) -> impl Iterator<Item = Row> + use<'_> {
        let form = self.form(|name| names.contains(&name));
        self.pages.iter().flat_map(move |page| form.unpack(&page))
    }

    /// All of them, one after the other; what was gone through takes no memory any more.
    pub(super) fn give_up(self) -> impl Iterator<Item = Row> {
        let form = self.form(|_| true);
        let pages = self.pages.into_open();
        pages.flat_map(move |page| form.unpack(&page))
    }

    fn form(&self, wanted: impl Fn(&str) -> bool) -> Form {
        let wanted = |name: &Arc<str>| wanted(name).then(|| Arc::clone(name));
        Form {
            names: self.names.iter().map(wanted).collect(),
        }
    }
}

/// What of the rows is unpacked.
struct Form {
    /// The names of the fields, by number, where they are wanted.
    names: Vec<Option<Arc<str>>>,
}

impl Form {
    fn unpack(&self, page: &Open) -> Vec<Row> {
        let mut rest = &*page.bytes;
        (0..page.entries).map(|_| self.row(&mut rest)).collect()
    }

    fn row(&self, bytes: &mut &[u8]) -> Row {
        let mut row = Row::new(take_number(bytes));
        for text in [&mut row.dn, &mut row.problem] {
            *text = (take_number(bytes) > 0).then(|| take_text(bytes).to_owned());
        }
        for _ in 0..take_number(bytes) {
            match &self.names[take_number(bytes)] {
                None => values::pass(bytes),
                Some(name) => row.push(name, Values::take(bytes)),
            }
        }
        row
    }
}

impl FromIterator<Row> for Rows {
    fn from_iter<T: IntoIterator<Item = Row>>(rows: T) -> Self {
        let mut packed = Self::default();
        for row in rows {
            packed.push(&row);
        }
        packed
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A user or a group as it stands in a file.
#[derive(Debug)]
pub(super) struct Row {
    /// The line it begins in, counted from 1.
    pub(super) line: usize,
    /// Its normalised DN; only entries of LDIF have one.
    pub(super) dn: Option<String>,
    /// Its values, by name.
    pub(super) fields: Vec<Field>,
    /// The first thing that is wrong with it.
    pub(super) problem: Option<String>,
}

/// A name and its values, never none.
#[derive(Debug)]
pub(super) struct Field {
    /// The attribute or column.
    pub(super) name: Arc<str>,
    /// In the order of the file.
    pub(super) values: Values,
}

impl Row {
    /// A row that begins in `line` and holds nothing yet.
    pub(super) fn new(line: usize) -> Self {
        Self {
            line,
            dn: None,
            fields: Vec::new(),
            problem: None,
        }
    }

    /// A row that could not be read.
    pub(super) fn broken(line: usize, problem: impl Into<String>) -> Self {
        let mut row = Self::new(line);
        row.spoil(problem);
        row
    }

    /// Marks the row as not to be used; the first problem is the one that is told.
    pub(super) fn spoil(&mut self, problem: impl Into<String>) {
        self.problem.get_or_insert_with(|| problem.into());
    }

    /// Takes a field whose name the row does not hold yet.
    pub(super) fn append<T: AsRef<str>>(
        &mut self,
        name: &Arc<str>,
        values: impl IntoIterator<Item = T>,
    ) {
        let mut kept = Values::default();
        for value in values {
            self.keep(name, value.as_ref(), &mut kept);
        }
        self.push(name, kept);
    }

    /// Takes one more value for a name, wherever in the row it comes.
    pub(super) fn add(&mut self, name: &Arc<str>, value: &str) {
        let mut kept = Values::default();
        self.keep(name, value, &mut kept);
        match self.fields.iter_mut().find(|field| field.name == *name) {
            Some(field) => field.values.append(&kept),
            None => self.push(name, kept),
        }
    }

    fn keep(&mut self, name: &str, value: &str, kept: &mut Values) {
        match clean(value) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => kept.push(&text),
            Err(why) => self.spoil(format!("`{name}` {why}")),
        }
    }

    fn push(&mut self, name: &Arc<str>, values: Values) {
        if values.len() > 0 {
            let name = Arc::clone(name);
            self.fields.push(Field { name, values });
        }
    }

    /// All values of a name.
    pub(super) fn all<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r str> + use<'r> {
        self.field(name)
            .into_iter()
            .flat_map(|field| field.values.iter())
    }

    /// The first value of a name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// The one value under which the row is known for ever.
    ///
    /// # Errors
    /// When it has none, several, or one that does not fit into a line.
    pub(super) fn key(&self, name: &str) -> Result<&str, String> {
        let key = self.first(name).ok_or_else(|| format!("has no `{name}`"))?;
        match self.field(name).map_or(0, |field| field.values.len()) {
            0 | 1 if key.contains(char::is_control) => {
                Err(format!("`{name}` holds a line break or a tab"))
            }
            0 | 1 => Ok(key),
            several => Err(format!("has {several} values for `{name}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::value::LONGEST_VALUE;

    fn row(value: &str) -> Row {
        let mut row = Row::new(7);
        row.add(&Arc::from("sn"), value);
        row
    }

    #[test]
    fn values_are_trimmed_and_in_nfc() {
        let row = row("  Mu\u{308}ller\u{a0}");
        assert_eq!(row.first("sn"), Some("Müller"));
    }

    #[test]
    fn an_empty_value_is_no_value() {
        assert!(row(" \t ").fields.is_empty());
    }

    #[test]
    fn line_breaks_inside_a_text_stay() {
        let row = row("12 Elm St\nFloor 2\n");
        assert_eq!(row.first("sn"), Some("12 Elm St\nFloor 2"));
        assert_eq!(row.problem, None);
    }

    #[test]
    fn control_characters_and_endless_values_spoil_the_row() {
        let problem = |value: &str| row(value).problem;
        assert_eq!(
            problem("O\0Brien").as_deref(),
            Some("`sn` holds the control character U+0000")
        );
        assert_eq!(
            problem(&"x".repeat(LONGEST_VALUE + 1024)).as_deref(),
            Some("`sn` is 65 KiB long, more than 64")
        );
        assert_eq!(problem(&"x".repeat(LONGEST_VALUE)), None);
    }

    #[test]
    fn the_first_problem_is_the_one_that_is_told() {
        let mut row = Row::broken(3, "first");
        row.spoil("second");
        assert_eq!(row.problem.as_deref(), Some("first"));
    }

    #[test]
    fn a_key_is_one_value_in_one_line() {
        let name: Arc<str> = Arc::from("key");
        let mut row = Row::new(1);
        assert_eq!(row.key("key"), Err("has no `key`".into()));
        row.add(&name, "p-1");
        assert_eq!(row.key("key"), Ok("p-1"));
        row.add(&name, "p-2");
        assert_eq!(row.key("key"), Err("has 2 values for `key`".into()));
        let mut row = Row::new(1);
        row.add(&name, "p\n1");
        let problem = "`key` holds a line break or a tab";
        assert_eq!(row.key("key"), Err(problem.into()));
    }
}
