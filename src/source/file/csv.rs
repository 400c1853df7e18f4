//! Users and groups in CSV (RFC 4180): a header, then one row a user or a membership.
//!
//! Promises that a row with a column too many or too few never lends its values to the wrong names.
//! Leaves lines and quotes to [`super::records`], and what a column means to [`super::users`] and
//! [`super::groups`].

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use ::csv::StringRecord;

use super::FileConfig;
use super::flaw::Flaw;
use super::groups::{MEMBERS, NAME, NESTED};
use super::header::{Column, Header};
use super::records;
use super::rows::{Field, Row, Rows, Table};
use super::values::Values;

/// Stands between the values of a column whose header ends in `[]`.
const SEPARATOR: char = ';';

/// Reads users: one a row.
///
/// # Errors
/// When the header is not one, or quotes are not closed.
pub(super) fn read_users(file: impl Read, config: &FileConfig) -> Result<Table, Flaw> {
    let mut users = Rows::default();
    let header = each_row(file, |header, line, record| {
        users.push(&user(header, &config.user_key, line, record));
        Ok(())
    })?;
    header.require(&config.user_key)?;
    Ok(Table {
        users,
        ..Table::default()
    })
}

/// Reads groups: one membership a row, or all members of a group in one.
///
/// # Errors
/// When the header is not one, quotes are not closed, or any row cannot be used: a group decides
/// about many users, so that none is read by half.
pub(super) fn read_groups(file: impl Read, config: &FileConfig) -> Result<Table, Flaw> {
    let mut merged = Merged::default();
    let header = each_row(file, |header, line, record| {
        if record.len() != header.columns().len() {
            return Err(Flaw::at(line, count_problem(header, record)).hint(QUOTE_COMMAS));
        }
        merged.take(group(header, line, record), &config.group_key)
    })?;
    header.require(&config.group_key)?;
    header.require(NAME)?;
    header.require_one_of(&[MEMBERS, NESTED].concat())?;
    Ok(Table {
        groups: merged.groups,
        ..Table::default()
    })
}

/// The names of the columns, from the first line of a file.
pub(super) fn attributes(first_line: &[u8]) -> Result<Vec<Arc<str>>, Flaw> {
    let header = each_row(first_line, |_, _, _| Ok(()))?;
    let columns = header.columns().iter();
    Ok(columns.map(|column| Arc::clone(&column.name)).collect())
}

const QUOTE_COMMAS: &str = "put a value that holds a comma into double quotes";

fn each_row(
    file: impl Read,
    mut take: impl FnMut(&Header, usize, &StringRecord) -> Result<(), Flaw>,
) -> Result<Header, Flaw> {
    let mut header = None;
    records::each(file, |line, record| {
        match &header {
            None => header = Some(Header::read(line, record)?),
            Some(_) if record.iter().all(|cell| cell.trim().is_empty()) => {}
            Some(header) => take(header, line, record)?,
        }
        Ok(())
    })?;
    header.ok_or_else(|| Flaw::new("has no header").hint("begin with a line of column names"))
}

fn user(header: &Header, key: &str, line: usize, record: &StringRecord) -> Row {
    let columns = header.columns();
    if record.len() == columns.len() {
        return whole(header, line, record);
    }
    let mut row = Row::broken(line, count_problem(header, record));
    // A missing or additional comma moves what comes after it; only the first cell is where it was.
    if let (Some(column), Some(cell)) = (columns.first(), record.get(0))
        && &*column.name == key
    {
        row.append(&column.name, values(column, cell));
    }
    row
}

fn group(header: &Header, line: usize, record: &StringRecord) -> Row {
    let mut row = whole(header, line, record);
    // `members` holds several keys without `[]` too: there is no other use for a `;` in it.
    for field in &mut row.fields {
        if matches!(&*field.name, "members" | "groups") {
            field.values = split(field);
        }
    }
    row
}

fn split(field: &Field) -> Values {
    let mut values = Values::default();
    let parts = field.values.iter().flat_map(|value| value.split(SEPARATOR));
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        values.push(part);
    }
    values
}

fn whole(header: &Header, line: usize, record: &StringRecord) -> Row {
    let mut row = Row::new(line);
    for (column, cell) in header.columns().iter().zip(record) {
        row.append(&column.name, values(column, cell));
    }
    row
}

fn values<'a>(column: &Column, cell: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
    let several = column.several;
    cell.split(move |sign| several && sign == SEPARATOR)
}

fn count_problem(header: &Header, record: &StringRecord) -> String {
    let (has, wanted) = (record.len(), header.columns().len());
    let columns = if has == 1 { "column" } else { "columns" };
    format!("has {has} {columns} where the header has {wanted}")
}

/// The rows of each group made one.
#[derive(Default)]
struct Merged {
    groups: Vec<Row>,
    at: HashMap<Arc<str>, usize>,
}

impl Merged {
    fn take(&mut self, row: Row, key_name: &str) -> Result<(), Flaw> {
        let line = row.line;
        if let Some(problem) = row.problem {
            return Err(Flaw::at(line, problem));
        }
        let key = row
            .key(key_name)
            .map_err(|problem| Flaw::at(line, problem))?;
        if let Some(known) = self.at.get(key).and_then(|at| self.groups.get_mut(*at)) {
            return merge(known, row, key_name);
        }
        self.at.insert(Arc::from(key), self.groups.len());
        self.groups.push(row);
        Ok(())
    }
}

fn merge(known: &mut Row, row: Row, key_name: &str) -> Result<(), Flaw> {
    if let (Some(earlier), Some(now)) = (known.first(NAME), row.first(NAME))
        && earlier != now
    {
        let problem = format!(
            "calls the group “{now}”, which is “{earlier}” in line {}",
            known.line
        );
        return Err(Flaw::at(row.line, problem).hint("give each row of a group the same name"));
    }
    for field in row.fields {
        let known_field = known
            .fields
            .iter_mut()
            .find(|known| known.name == field.name);
        match known_field {
            Some(_) if *field.name == *key_name || &*field.name == NAME => {}
            Some(known) => known.values.append(&field.values),
            None => known.fields.push(field),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn config() -> FileConfig {
        FileConfig::default_for(PathBuf::from("users.csv"))
    }

    fn users(text: &str) -> Result<Vec<Row>, String> {
        let table = read_users(text.as_bytes(), &config());
        told(table).map(|table| table.users.iter().collect())
    }

    fn groups(text: &str) -> Result<Vec<Row>, String> {
        let table = read_groups(text.as_bytes(), &config());
        told(table).map(|table| table.groups)
    }

    fn told(table: Result<Table, Flaw>) -> Result<Table, String> {
        table.map_err(|flaw| {
            let error = flaw.in_file("F".as_ref());
            match error.hint {
                Some(hint) => format!("{}; {hint}", error.problem),
                None => error.problem,
            }
        })
    }

    fn shown(row: &Row) -> String {
        let fields = row.fields.iter();
        let fields: Vec<String> = fields
            .map(|field| {
                let values: Vec<&str> = field.values.iter().collect();
                format!("{}={}", field.name, values.join("|"))
            })
            .collect();
        format!("{} {}", row.line, fields.join(" "))
    }

    #[test]
    fn texts_stay_as_they_are_written() {
        let rows = users("key,phone,zip,sn\np-1,+15550100,00123,NO\n").expect("fine");
        assert_eq!(shown(&rows[0]), "2 key=p-1 phone=+15550100 zip=00123 sn=NO");
    }

    #[test]
    fn only_a_column_in_brackets_holds_several_values() {
        let rows = users("key,mail[],title\np-1,a@x;b@x;,Head; Sales\n").expect("fine");
        assert_eq!(shown(&rows[0]), "2 key=p-1 mail=a@x|b@x title=Head; Sales");
    }

    #[test]
    fn lines_are_counted_through_blank_lines_and_quoted_breaks() {
        let text = "key,street\r\n\r\np-1,\"1 Elm\r\nFloor 2\"\r\n,\r\n\r\np-2,x\r\n";
        let rows = users(text).expect("fine");
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 7]);
    }

    #[test]
    fn a_row_of_another_width_keeps_only_a_key_that_cannot_have_moved() {
        let rows = users("key,sn,mail\np-1,O'Brien, Pat,a@x\np-2\n").expect("fine");
        let problems: Vec<Option<&str>> = rows.iter().map(|row| row.problem.as_deref()).collect();
        let problem = Some("has 4 columns where the header has 3");
        assert_eq!(
            problems,
            [problem, Some("has 1 column where the header has 3")]
        );
        assert_eq!(shown(&rows[0]), "2 key=p-1");
        let rows = users("sn,key,mail\nO'Brien, Pat,p-1,a@x\n").expect("fine");
        assert!(rows[0].fields.is_empty(), "the key may be in any cell");
    }

    #[test]
    fn a_header_without_the_key_is_an_error() {
        assert_eq!(
            users("id,mail\np-1,a@x\n").expect_err("no key"),
            "F:1: has no column `key`; its columns are id, mail; set `key` or `group_key` to \
             the column whose values never change"
        );
    }

    #[test]
    fn memberships_of_a_group_are_put_together() {
        let text = "key,name,member,group\ng-1,staff,p-1,\ng-2,guards,p-3,\ng-1,staff,,g-2\n\
                    g-1,staff,p-2,\n";
        let rows: Vec<String> = groups(text).expect("fine").iter().map(shown).collect();
        assert_eq!(
            rows,
            [
                "2 key=g-1 name=staff member=p-1|p-2 group=g-2",
                "3 key=g-2 name=guards member=p-3"
            ]
        );
    }

    #[test]
    fn all_members_may_stand_in_one_row() {
        let rows = groups("key,name,members\ng-1,staff,p-1; p-2;\n").expect("fine");
        assert_eq!(shown(&rows[0]), "2 key=g-1 name=staff members=p-1|p-2");
    }

    #[test]
    fn a_membership_that_cannot_be_read_refuses_the_file() {
        assert_eq!(
            groups("key,name,member\ng-1,staff,p-1\ng-1,staff\n").expect_err("two columns"),
            "F:3: has 2 columns where the header has 3; put a value that holds a comma into double \
             quotes"
        );
        assert_eq!(
            groups("key,name,member\n,staff,p-1\n").expect_err("no key"),
            "F:2: has no `key`"
        );
        assert_eq!(
            groups("key,name,member\ng-1,staff,p-1\ng-1,stuff,p-2\n").expect_err("two names"),
            "F:3: calls the group “stuff”, which is “staff” in line 2; give each row of a group \
             the same name"
        );
        assert_eq!(
            groups("key,name\ng-1,staff\n").expect_err("no members"),
            "F:1: has none of the columns members, member, groups, group; its columns are key, name"
        );
    }

    #[test]
    fn ten_thousand_rows_are_read() {
        use std::fmt::Write;
        let mut text = String::from("key,mail,department\n");
        for number in 0..10_000 {
            writeln!(text, "p-{number},u{number}@example.com,Sales").expect("memory");
        }
        let rows = users(&text).expect("fine");
        assert_eq!(rows.len(), 10_000);
        assert_eq!(rows[9_999].line, 10_001);
    }
}
