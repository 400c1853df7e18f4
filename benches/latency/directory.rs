//! A slapd that tells of changes (RFC 4533), with a company in it.
//!
//! Promises to listen on loopback alone and to end with the bench.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ldap3::{Ldap, LdapConnAsync, Mod};

use crate::change::Change;
use crate::slapd::{self, Leashed};

/// Whom the company has in the beginning.
pub const PEOPLE: usize = 2000;
/// Those of them who stay, and are in groups.
pub const STEADY: usize = 1600;
/// Its groups.
pub const GROUPS: usize = 200;
/// Where it all is.
pub const SUFFIX: &str = "dc=example,dc=com";
/// Of the admin of a directory that lives as long as the bench.
const PASSWORD: &str = "a-password-for-a-bench";

/// A running server, and a line to it as its admin.
pub struct Directory {
    port: u16,
    admin: Ldap,
    _server: Leashed,
}

/// What somebody logs in with.
pub fn login(person: usize) -> String {
    format!("user{person:05}")
}

/// The name of a group.
pub fn team(group: usize) -> String {
    format!("team-{group:03}")
}

fn person_dn(person: usize) -> String {
    format!("uid={},ou=people,{SUFFIX}", login(person))
}

fn team_dn(group: usize) -> String {
    format!("cn={},ou=groups,{SUFFIX}", team(group))
}

impl Directory {
    /// Fills it and starts it.
    pub async fn start(folder: &Path) -> Self {
        write(folder);
        let (server, port) = slapd::start(folder, &["-w"]);
        let (line, mut admin) = LdapConnAsync::new(&format!("ldap://127.0.0.1:{port}"))
            .await
            .expect("it answers");
        ldap3::drive!(line);
        let bound = admin
            .simple_bind(&format!("cn=admin,{SUFFIX}"), PASSWORD)
            .await;
        bound
            .and_then(ldap3::LdapResult::success)
            .expect("the admin is let in");
        Self {
            port,
            admin,
            _server: server,
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Makes a change; it is committed when this returns.
    pub async fn make(&mut self, change: &Change) {
        let one = |value: &str| HashSet::from([value.to_owned()]);
        let made = match change {
            Change::Hire { person } => {
                let values = attributes(*person);
                let values = values
                    .iter()
                    .map(|(name, value)| (name.clone(), HashSet::from([value.clone()])))
                    .collect();
                self.admin.add(&person_dn(*person), values).await
            }
            Change::Title { person, title } => {
                let change = vec![Mod::Replace("title".to_owned(), one(title))];
                self.admin.modify(&person_dn(*person), change).await
            }
            Change::Login { person, may } => {
                let values = if *may { HashSet::new() } else { one("left") };
                let change = vec![Mod::Replace("description".to_owned(), values)];
                self.admin.modify(&person_dn(*person), change).await
            }
            Change::Member {
                group,
                person,
                joins,
            } => {
                let (name, who) = ("member".to_owned(), one(&person_dn(*person)));
                let change = if *joins {
                    Mod::Add(name, who)
                } else {
                    Mod::Delete(name, who)
                };
                self.admin.modify(&team_dn(*group), vec![change]).await
            }
        };
        made.and_then(ldap3::LdapResult::success)
            .unwrap_or_else(|error| panic!("{change:?}: {error}"));
    }
}

fn attributes(person: usize) -> Vec<(String, String)> {
    [
        ("objectClass", "inetOrgPerson".to_owned()),
        ("uid", login(person)),
        ("cn", format!("Given{person} Family{person}")),
        ("sn", format!("Family{person}")),
        ("givenName", format!("Given{person}")),
        ("mail", format!("{}@example.com", login(person))),
        ("title", format!("Title {}", person % 97)),
        ("employeeNumber", person.to_string()),
        ("manager", person_dn(person / 10)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn write(folder: &Path) {
    let at = folder.display();
    let config = format!(
        "include /etc/ldap/schema/core.schema\n\
         include /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\n\
         modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload syncprov\n\
         sizelimit unlimited\n\
         database mdb\nsuffix \"{SUFFIX}\"\nrootdn \"cn=admin,{SUFFIX}\"\nrootpw {PASSWORD}\n\
         directory {at}/db\ndbnosync\nmaxsize 268435456\n\
         index objectClass,entryUUID,entryCSN eq\naccess to * by * read\noverlay syncprov\n"
    );
    let mut text = format!(
        "dn: {SUFFIX}\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
    );
    for branch in ["people", "groups"] {
        let _ = write!(
            text,
            "dn: ou={branch},{SUFFIX}\nobjectClass: organizationalUnit\nou: {branch}\n\n"
        );
    }
    for person in 0..PEOPLE {
        let _ = writeln!(text, "dn: {}", person_dn(person));
        for (name, value) in attributes(person) {
            let _ = writeln!(text, "{name}: {value}");
        }
        text.push('\n');
    }
    for group in 0..GROUPS {
        let _ = write!(
            text,
            "dn: {}\nobjectClass: groupOfNames\ncn: {}\n",
            team_dn(group),
            team(group)
        );
        for person in (group..STEADY).step_by(GROUPS) {
            let _ = writeln!(text, "member: {}", person_dn(person));
        }
        text.push('\n');
    }
    fs::write(folder.join("slapd.conf"), config).expect("it can be written");
    fs::write(folder.join("all.ldif"), text).expect("it can be written");
}
