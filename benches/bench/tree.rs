//! What a slapd holds for a bench, and its config.
//!
//! Promises that anybody may read everything. Leaves people and groups to the bench.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The top of the tree.
pub const SUFFIX: &str = "dc=example,dc=com";

/// Writes a tree with these branches, and these entries in them (RFC 2849).
pub fn write(folder: &Path, branches: &[&str], entries: &str) {
    let at = folder.display();
    let config = format!(
        "include /etc/ldap/schema/core.schema\n\
         include /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\n\
         modulepath /usr/lib/ldap\nmoduleload back_mdb\n\
         sizelimit unlimited\n\
         database mdb\nsuffix \"{SUFFIX}\"\ndirectory {at}/db\ndbnosync\nmaxsize 4294967296\n\
         index objectClass eq\naccess to * by * read\n"
    );
    let mut text = format!(
        "dn: {SUFFIX}\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
    );
    for branch in branches {
        let _ = write!(
            text,
            "dn: ou={branch},{SUFFIX}\nobjectClass: organizationalUnit\nou: {branch}\n\n"
        );
    }
    text.push_str(entries);
    fs::write(folder.join("slapd.conf"), config).expect("it can be written");
    fs::write(folder.join("all.ldif"), text).expect("it can be written");
}
