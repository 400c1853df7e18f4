//! The header of a CSV file: which column holds what.
//!
//! Promises that each column has a name of its own. Leaves the rows below it to [`super::csv`].

use std::sync::Arc;

use ::csv::StringRecord;

use super::flaw::Flaw;

/// The columns, in their order.
#[derive(Debug)]
pub(super) struct Header {
    line: usize,
    columns: Vec<Column>,
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    /// Its name, without the `[]`.
    pub(super) name: Arc<str>,
    /// Was there a `[]`: does a cell hold several values?
    pub(super) several: bool,
}

impl Header {
    /// Reads the first record of a file.
    ///
    /// # Errors
    /// When a name is missing or stands twice.
    pub(super) fn read(line: usize, record: &StringRecord) -> Result<Self, Flaw> {
        let mut columns: Vec<Column> = Vec::with_capacity(record.len());
        for (at, cell) in record.iter().enumerate() {
            let column = Column::read(cell);
            if column.name.is_empty() {
                return Err(Flaw::at(line, format!("column {} has no name", at + 1))
                    .hint("name each column in the first line"));
            }
            if columns.iter().any(|known| known.name == column.name) {
                return Err(
                    Flaw::at(line, format!("two columns are called `{}`", column.name))
                        .hint("put several values into one column `name[]`, with `;` between them"),
                );
            }
            columns.push(column);
        }
        Ok(Self { line, columns })
    }

    /// The columns, in their order.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Makes sure that there is a column of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn require(&self, name: &str) -> Result<(), Flaw> {
        if self.has(name) {
            return Ok(());
        }
        let hint = self.separator_hint().unwrap_or_else(|| {
            format!(
                "its columns are {}; set `key` or `group_key` to the column whose values \
                 never change",
                self.names()
            )
        });
        Err(Flaw::at(self.line, format!("has no column `{name}`")).hint(hint))
    }

    /// Makes sure that there is a column of one of these names.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn require_one_of(&self, names: &[&str]) -> Result<(), Flaw> {
        if names.iter().any(|name| self.has(name)) {
            return Ok(());
        }
        let problem = format!("has none of the columns {}", names.join(", "));
        let hint = format!("its columns are {}", self.names());
        Err(Flaw::at(self.line, problem).hint(hint))
    }

    fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| &*column.name == name)
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| &*column.name).collect();
        names.join(", ")
    }

    fn separator_hint(&self) -> Option<String> {
        let [only] = self.columns.as_slice() else {
            return None;
        };
        let other = ['\t', ';']
            .into_iter()
            .find(|sign| only.name.contains(*sign))?;
        let other = if other == '\t' { "tabs" } else { "semicolons" };
        Some(format!(
            "the columns seem to be separated by {other}; save the file with commas"
        ))
    }
}

impl Column {
    fn read(cell: &str) -> Self {
        let cell = cell.trim();
        let (name, several) = match cell.strip_suffix("[]") {
            Some(name) => (name.trim(), true),
            None => (cell, false),
        };
        Self {
            name: Arc::from(name),
            several,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(flaw: Flaw) -> String {
        let error = flaw.in_file("F".as_ref());
        format!("{}; {}", error.problem, error.hint.unwrap_or_default())
    }

    fn refused(cells: &[&str]) -> String {
        told(Header::read(1, &StringRecord::from(cells.to_vec())).expect_err("refused"))
    }

    #[test]
    fn each_column_has_a_name_of_its_own() {
        assert_eq!(
            refused(&["key", " "]),
            "F:1: column 2 has no name; name each column in the first line"
        );
        assert_eq!(
            refused(&["key", "mail", "mail[]"]),
            "F:1: two columns are called `mail`; put several values into one column `name[]`, with \
             `;` between them"
        );
    }

    #[test]
    fn a_spreadsheet_with_semicolons_is_recognised() {
        let header = Header::read(1, &StringRecord::from(vec!["key;mail"])).expect("one column");
        assert_eq!(
            told(header.require("key").expect_err("no column")),
            "F:1: has no column `key`; the columns seem to be separated by semicolons; save the \
             file with commas"
        );
    }
}
