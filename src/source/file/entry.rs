//! Users and groups in LDIF: which entry is what, and what of it is kept.
//!
//! Promises that an entry of a kind we do not know is taken for a user rather than overlooked, that
//! a search which the server cut short is no directory, and that password hashes and keys are left
//! behind. Leaves lines and base64 to [`super::ldif`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::FileConfig;
use super::flaw::Flaw;
use super::groups::LDAP_MEMBERS;
use super::ldif::{self, Attribute, Content, Record};
use super::rows::{Row, Table};
use crate::source::dn;
use crate::source::value::{self, GUID};

/// Entries that hold members.
const GROUPS: [&str; 6] = [
    "groupOfNames",
    "groupOfUniqueNames",
    "posixGroup",
    "group",
    "groupOfMembers",
    "groupOfEntries",
];

/// Entries that are neither users nor groups: the branches of the tree and machines in it.
const OTHERS: [&str; 14] = [
    "alias",
    "builtinDomain",
    "computer",
    "container",
    "country",
    "dcObject",
    "device",
    "domain",
    "locality",
    "organization",
    "organizationalRole",
    "organizationalUnit",
    "referral",
    "subentry",
];

/// Reads a whole file.
///
/// # Errors
/// When it ends in the middle of a line, is a list of changes, or comes from a search that failed.
pub(super) fn read(text: &str, config: &FileConfig) -> Result<Table, Flaw> {
    let mut intake = Intake {
        names: Names::of(config),
        table: Table::default(),
        others: BTreeMap::new(),
    };
    for record in ldif::records(text)? {
        intake.take(record)?;
    }
    Ok(intake.finish())
}

struct Intake {
    names: Names,
    table: Table,
    others: BTreeMap<&'static str, usize>,
}

impl Intake {
    fn take(&mut self, mut record: Record<'_>) -> Result<(), Flaw> {
        take_version(&mut record)?;
        if record.attributes.is_empty() && record.problem.is_none() {
            return Ok(());
        }
        if record.first("dn").is_none() && is_end_of_search(&record)? {
            return Ok(());
        }
        refuse_changes(&record)?;
        if is_group(&record) {
            let row = self.row(record);
            self.table.groups.push(row);
        } else if let Some(class) = is_one_of(&record, &OTHERS) {
            *self.others.entry(class).or_default() += 1;
        } else {
            let row = self.row(record);
            self.table.users.push(&row);
        }
        Ok(())
    }

    fn row(&mut self, record: Record<'_>) -> Row {
        let mut row = Row::new(record.line);
        row.dn = the_dn(&record).map_err(|problem| row.spoil(problem)).ok();
        if let Some(problem) = record.problem {
            row.spoil(problem);
        }
        for attribute in &record.attributes {
            self.put(&mut row, attribute);
        }
        row
    }

    fn put(&mut self, row: &mut Row, attribute: &Attribute<'_>) {
        let plain = attribute.name.split(';').next().unwrap_or_default();
        let is = |name: &&str| name.eq_ignore_ascii_case(plain);
        if is(&"dn") || value::is_secret(plain) {
            return;
        }
        let name = self.names.spelling(&attribute.name);
        if let Some(guid) = guid(plain, &attribute.value) {
            row.add(&name, &guid);
        } else if let Some(text) = attribute.value.as_text() {
            row.add(&name, text);
        } else if self.names.is_key(&name) {
            row.spoil(format!("`{name}` is not text"));
        }
        // Other values that are not text (photographs, certificates) are no attributes of an account.
    }

    fn finish(mut self) -> Table {
        let count: usize = self.others.values().sum();
        if count > 0 {
            let kinds: Vec<&str> = self.others.into_keys().collect();
            let entries = if count == 1 { "entry" } else { "entries" };
            let note = format!(
                "{count} {entries} left out, neither users nor groups ({})",
                kinds.join(", ")
            );
            self.table.notes.push(note);
        }
        self.table
    }
}

/// `version: 1`, which may stand before the first entry (RFC 2849, 2).
fn take_version(record: &mut Record<'_>) -> Result<(), Flaw> {
    let Some(first) = record.attributes.first() else {
        return Ok(());
    };
    if !first.name.eq_ignore_ascii_case("version") {
        return Ok(());
    }
    if first.value.as_text().map(str::trim) != Some("1") {
        return Err(Flaw::at(record.line, "is not version 1 of LDIF"));
    }
    record.attributes.remove(0);
    Ok(())
}

/// The block that `ldapsearch` writes after the entries, or for a referral.
fn is_end_of_search(record: &Record<'_>) -> Result<bool, Flaw> {
    let Some(result) = record.first("result") else {
        return Ok(record.first("ref").is_some());
    };
    if result == "0" || result.starts_with("0 ") {
        return Ok(true);
    }
    let problem = format!("the search behind this file ended with “{result}”: entries are missing");
    Err(Flaw::at(record.line, problem).hint("search again, in pages (`-E pr=500/noprompt`)"))
}

fn refuse_changes(record: &Record<'_>) -> Result<(), Flaw> {
    match record.first("changetype") {
        Some(kind) if !kind.trim().eq_ignore_ascii_case("add") => Err(Flaw::at(
            record.line,
            "is a list of changes, not of entries",
        )
        .hint("export the entries themselves (`slapcat`, `ldapsearch -LLL`)")),
        _ => Ok(()),
    }
}

/// An entry with members is a group, whatever its class: better a group too many than users who
/// lose theirs.
fn is_group(record: &Record<'_>) -> bool {
    let members = || {
        LDAP_MEMBERS
            .into_iter()
            .any(|name| record.first(name).is_some())
    };
    is_one_of(record, &GROUPS).is_some() || members()
}

fn is_one_of(record: &Record<'_>, classes: &[&'static str]) -> Option<&'static str> {
    let known = |class: &str| {
        let mut classes = classes.iter().copied();
        classes.find(|known| known.eq_ignore_ascii_case(class.trim()))
    };
    record.texts("objectClass").find_map(known)
}

fn the_dn(record: &Record<'_>) -> Result<String, String> {
    let mut names = record.texts("dn");
    let name = names.next().ok_or("has no `dn`")?;
    if names.next().is_some() {
        return Err("has two lines `dn`: the blank line between two entries is missing".into());
    }
    dn::normal(name).ok_or_else(|| "its `dn` is no distinguished name".into())
}

/// The text of an `objectGUID`, which is binary.
fn guid(name: &str, value: &Content<'_>) -> Option<String> {
    match value {
        Content::Bytes(bytes) if name.eq_ignore_ascii_case(GUID) => value::guid(bytes),
        Content::Bytes(_) | Content::Text(_) => None,
    }
}

/// One spelling for each attribute: their names do not heed case (RFC 4512, 2.5).
struct Names {
    spellings: HashMap<String, Arc<str>>,
    keys: [Arc<str>; 2],
}

impl Names {
    fn of(config: &FileConfig) -> Self {
        let [user_key, group_key] =
            [&config.user_key, &config.group_key].map(|key| Arc::from(&**key));
        let mut names = Self {
            spellings: HashMap::new(),
            keys: [user_key, group_key],
        };
        let known = [
            &config.user_key,
            &config.group_key,
            &config.disabled,
            &config.manager,
        ];
        let known = known.into_iter().chain([&config.label]).map(|name| &**name);
        for name in known.chain(["uid", "mail", "cn"]).chain(LDAP_MEMBERS) {
            names.spelling(name);
        }
        names
    }

    /// The spelling that was seen first.
    fn spelling(&mut self, name: &str) -> Arc<str> {
        let folded = name.to_ascii_lowercase();
        let first = self
            .spellings
            .entry(folded)
            .or_insert_with(|| Arc::from(name));
        Arc::clone(first)
    }

    fn is_key(&self, name: &Arc<str>) -> bool {
        self.keys.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn config() -> FileConfig {
        FileConfig::default_for(PathBuf::from("all.ldif"))
    }

    fn first(table: &Table) -> Row {
        table.users.iter().next().expect("a user")
    }

    fn read_all(text: &str) -> Result<Table, String> {
        let table = read(text, &config());
        table.map_err(|flaw| flaw.in_file("F".as_ref()).problem)
    }

    fn texts<'a>(row: &'a Row, name: &str) -> Vec<&'a str> {
        row.all(name).collect()
    }

    #[test]
    fn users_groups_and_the_rest_are_told_apart() {
        let text = "version: 1\ndn: dc=example,dc=com\nobjectClass: domain\n\ndn: ou=people,dc=example\n\
                    objectclass: organizationalUnit\n\ndn: uid=ann,ou=people,dc=example\n\
                    OBJECTCLASS: inetOrgPerson\nMAIL: ann@x\nmail: a@x\nentryuuid: e-1\n\n\
                    dn: uid=odd,dc=example\nobjectClass: acmePerson\nentryUUID: e-2\n\n\
                    dn: cn=staff,dc=example\nobjectClass: GroupOfNames\nentryUUID: g-1\n\
                    member: uid=ann,ou=people,dc=example\n";
        let table = read_all(text).expect("readable");
        let users: Vec<_> = table.users.iter().map(|row| row.dn).collect();
        assert_eq!(
            users,
            [
                Some("uid=ann,ou=people,dc=example".to_owned()),
                Some("uid=odd,dc=example".to_owned())
            ]
        );
        assert_eq!(texts(&first(&table), "mail"), ["ann@x", "a@x"]);
        assert_eq!(texts(&first(&table), "entryUUID"), ["e-1"]);
        assert_eq!(
            texts(&table.groups[0], "member"),
            ["uid=ann,ou=people,dc=example"]
        );
        assert_eq!(
            table.notes,
            ["2 entries left out, neither users nor groups (domain, organizationalUnit)"]
        );
    }

    #[test]
    fn an_entry_with_members_is_a_group_of_whatever_class() {
        let text = "dn: uid=a\nentryUUID: e-1\n\ndn: cn=b\nobjectClass:: ?\nmember: uid=a\n";
        let table = read_all(text).expect("readable");
        let problem = table.groups[0].problem.as_deref();
        assert_eq!(problem, Some("line 5 is no base64"));
    }

    #[test]
    fn passwords_and_photographs_stay_behind() {
        let text = "dn: uid=a\nentryUUID: e-1\nuserPassword:: e1NTSEF9eA==\nUserPassword;x: y\n\
                    jpegPhoto:: /9j/\ncn: Ann\n";
        let table = read_all(text).expect("readable");
        let row = &first(&table);
        let names: Vec<&str> = row.fields.iter().map(|field| &*field.name).collect();
        assert_eq!(names, ["entryUUID", "cn"]);
        assert_eq!(row.problem, None);
    }

    #[test]
    fn a_guid_of_active_directory_is_written_as_its_tools_do() {
        let text = "dn: cn=a\nobjectGUID:: AQIDBAUGBwgJCgsMDQ4PEA==\n";
        let table = read_all(text).expect("readable");
        let guid = "04030201-0605-0807-090a-0b0c0d0e0f10";
        assert_eq!(texts(&first(&table), "objectGUID"), [guid]);
    }

    #[test]
    fn broken_entries_say_why() {
        let text = "cn: nobody\n\ndn: uid=a\nentryUUID: e-1\ndn: uid=b\nentryUUID: e-2\n\n\
                    dn: what\nentryUUID: e-3\n\ndn: uid=c\nentryUUID:: /w==\n";
        let table = read_all(text).expect("readable");
        let rows: Vec<Row> = table.users.iter().collect();
        let told: Vec<Option<&str>> = rows.iter().map(|row| row.problem.as_deref()).collect();
        assert_eq!(
            told,
            [
                Some("has no `dn`"),
                Some("has two lines `dn`: the blank line between two entries is missing"),
                Some("its `dn` is no distinguished name"),
                Some("`entryUUID` is not text"),
            ]
        );
    }

    #[test]
    fn the_end_of_a_search_is_no_entry() {
        let text =
            "dn: uid=a\nentryUUID: e-1\n\nref: ldap://other\n\nsearch: 2\nresult: 0 Success\n";
        let table = read_all(text).expect("readable");
        assert_eq!(table.users.iter().count(), 1);
    }

    #[test]
    fn a_search_that_was_cut_short_is_no_directory() {
        let text = "dn: uid=a\nentryUUID: e-1\n\nsearch: 2\nresult: 4 Size limit exceeded\n";
        assert_eq!(
            read_all(text).expect_err("cut short"),
            "F:4: the search behind this file ended with “4 Size limit exceeded”: entries are missing"
        );
    }

    #[test]
    fn changes_are_not_entries() {
        let text = "dn: uid=a\nchangetype: add\nentryUUID: e-1\n";
        assert_eq!(
            read_all(text)
                .expect("as ldifde writes")
                .users
                .iter()
                .count(),
            1
        );
        let text = "dn: uid=a\nchangetype: modify\nreplace: cn\ncn: x\n-\n";
        assert_eq!(
            read_all(text).expect_err("changes"),
            "F:1: is a list of changes, not of entries"
        );
        assert_eq!(
            read_all("version: 2\n\ndn: uid=a\n").expect_err("unknown version"),
            "F:1: is not version 1 of LDIF"
        );
    }
}
