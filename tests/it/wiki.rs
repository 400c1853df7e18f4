//! A sound installation of two people and one app, the wiki, for stories to spoil.
//!
//! Promises that its config, directory and token are right but for what a story changes. Leaves
//! what comes of that to the stories.

use super::program::Folder;

pub const CONFIG: &str = "\
state: { dir: state }
sources:
  hq:
    file: { users: people.yaml }
targets:
  wiki:
    connector: scim
    base_url: http://127.0.0.1:9/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff] }
";

pub const PEOPLE: &str = "\
users:
- { key: p-1, uid: ana, mail: ana@example.com, givenName: Ana, sn: Lima }
- { key: p-2, uid: bob, mail: bob@example.com, givenName: Bob, sn: Stone }
groups:
- { key: g-1, name: staff, members: [p-1, p-2] }
";

/// A sound installation, but for `new` in place of `old` in its config.
pub fn with(old: &str, new: &str) -> Folder {
    assert!(CONFIG.contains(old), "{old} is not in the config");
    let folder = Folder::new();
    folder.write("config.yaml", &CONFIG.replacen(old, new, 1));
    folder.write("people.yaml", PEOPLE);
    folder.keep("token", "t0ken-of-the-wiki\n");
    folder
}
