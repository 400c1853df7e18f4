//! Whole files in, readings out.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::core::user::User;

/// A file that gives so many bytes at once.
pub(super) struct Slow<'a>(pub(super) &'a [u8], pub(super) usize);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = self.1.min(into.len());
        self.0.read(&mut into[..most])
    }
}

/// A folder with files in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary directory"));
        for (name, text) in files {
            fs::write(folder.path(name), text).expect("room on the disk");
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn source(&self, users: &str, groups: Option<&str>) -> FileSource {
        let mut config = FileConfig::default_for(self.path(users));
        config.groups = groups.map(|name| self.path(name));
        FileSource::new(SourceName::new("hq"), config)
    }

    async fn read(&self, users: &str, groups: Option<&str>) -> Result<Reading, String> {
        let reading = self.source(users, groups).read().await;
        reading.map_err(|error| {
            let text = format!("{error}; {}", error.hint.as_deref().unwrap_or_default());
            self.without_folder(&text)
        })
    }

    fn without_folder(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn keys(reading: &Reading) -> Vec<String> {
    let keys = reading.users.keys().iter();
    keys.map(|key| key.id.to_string()).collect()
}

fn members(reading: &Reading, name: &str) -> Vec<String> {
    let group = reading.groups.iter().find(|group| &*group.name == name);
    let members = &group.expect("a group of this name").members;
    let members = members.iter();
    members.map(|member| member.id.to_string()).collect()
}

/// What the formats have in common, so that one directory can be compared in all of them.
fn essence(reading: &Reading) -> Vec<String> {
    let user = |user: User| {
        let manager = user.manager.as_ref().map_or("-", |key| &key.id);
        let mail = &user.attributes["mail"];
        format!(
            "{} {} {} {} {manager}",
            user.key,
            user.label,
            mail.join("|"),
            user.disabled
        )
    };
    let groups = reading.groups.iter();
    let groups =
        groups.map(|group| format!("{} {}", group.name, members(reading, &group.name).join(" ")));
    reading.users.iter().map(user).chain(groups).collect()
}

const YAML: &str = "\
users:
- {key: p-2, uid: bob, mail: bob@x, disabled: true, manager: p-1}
- {key: p-1, uid: ann, mail: [ann@x, a@x], phone: +15550100}
groups:
- {key: g-1, name: staff, groups: [g-2]}
- {key: g-2, name: eng, members: [p-1, p-2]}
";
const JSON: &str = r#"{"users": [
{"key": "p-2", "uid": "bob", "mail": "bob@x", "disabled": true, "manager": "p-1"},
{"key": "p-1", "uid": "ann", "mail": ["ann@x", "a@x"]}],
"groups": [{"key": "g-1", "name": "staff", "groups": ["eng"]},
{"key": "g-2", "name": "eng", "members": ["p-1", "p-2"]}]}"#;
const USERS_CSV: &str = "\
key,uid,mail[],disabled,manager
p-2,bob,bob@x,yes,p-1
p-1,ann,ann@x;a@x,,
";
const GROUPS_CSV: &str = "\
key,name,member,group
g-1,staff,,g-2
g-2,eng,p-1,
g-2,eng,p-2,
";
const LDIF: &str = "\
version: 1

dn: uid=bob,ou=people,dc=x
objectClass: inetOrgPerson
entryUUID: p-2
uid: bob
mail: bob@x
disabled: TRUE
manager: UID=Ann, ou=People,dc=x

dn: uid=ann,ou=people,dc=x
objectClass: inetOrgPerson
entryUUID: p-1
uid: ann
mail: ann@x
mail: a@x

dn: cn=staff,ou=groups,dc=x
objectClass: groupOfNames
entryUUID: g-1
cn: staff
member: cn=eng,ou=groups,dc=x

dn: cn=eng,ou=groups,dc=x
objectClass: posixGroup
entryUUID: g-2
cn: eng
memberUid: bob
member: uid=ann, ou=people, dc=x
";

#[tokio::test]
async fn one_directory_reads_the_same_in_every_format() {
    let folder = Folder::with(&[
        ("a.yaml", YAML),
        ("a.json", JSON),
        ("users.csv", USERS_CSV),
        ("groups.csv", GROUPS_CSV),
        ("a.ldif", LDIF),
    ]);
    for (users, groups) in [
        ("a.yaml", None),
        ("a.json", None),
        ("users.csv", Some("groups.csv")),
        ("a.ldif", None),
    ] {
        let reading = folder.read(users, groups).await.expect("readable");
        assert_eq!(
            essence(&reading),
            [
                "hq:p-1 ann ann@x|a@x false -",
                "hq:p-2 bob bob@x true p-1",
                "staff p-1 p-2",
                "eng p-1 p-2",
            ],
            "{users}"
        );
        assert_eq!(reading.coverage, Coverage::Whole);
        assert_eq!(reading.notes, [""; 0], "{users}");
    }
}

#[tokio::test]
async fn files_of_different_formats_go_together() {
    let users = YAML.split("groups:").next().expect("a first part");
    let folder = Folder::with(&[("users.yaml", users), ("groups.csv", GROUPS_CSV)]);
    let reading = folder
        .read("users.yaml", Some("groups.csv"))
        .await
        .expect("readable");
    assert_eq!(members(&reading, "staff"), ["p-1", "p-2"]);
}

#[tokio::test]
async fn a_bad_row_is_held_back_and_its_user_counts_as_present() {
    let csv = "key,sn,mail\np-1,Ann,a@x\np-2,Smith, Jr.,b@x\np-3,Cid,c@x\n";
    let folder = Folder::with(&[("users.csv", csv)]);
    let reading = folder.read("users.csv", None).await.expect("readable");
    assert_eq!(keys(&reading), ["p-1", "p-3"]);
    let broken = &reading.broken[0];
    assert_eq!(folder.without_folder(&broken.place), "users.csv:3");
    assert_eq!(
        broken.user.as_ref().map(ToString::to_string).as_deref(),
        Some("hq:p-2")
    );
    assert_eq!(broken.problem, "has 4 columns where the header has 3");
    assert_eq!(reading.coverage, Coverage::Whole);
}

#[tokio::test]
async fn nobody_counts_as_missing_while_a_row_does_not_say_whose_it_is() {
    let folder = Folder::with(&[("users.csv", "key,sn\np-1,Ann\n,Bob\n,Cid\n")]);
    let reading = folder.read("users.csv", None).await.expect("readable");
    assert_eq!(keys(&reading), ["p-1"]);
    assert_eq!(
        reading.coverage,
        Coverage::Part {
            gone: BTreeSet::new()
        }
    );
    let notes: Vec<String> = reading
        .notes
        .iter()
        .map(|note| folder.without_folder(note))
        .collect();
    assert_eq!(
        notes,
        [
            "users.csv:3: 2 rows do not say whose they are; until that is set right, nobody counts \
             as missing"
        ]
    );
}

#[tokio::test]
async fn what_is_no_directory_is_an_error() {
    let users = "key,mail\np-1,a@x\n";
    let folder = Folder::with(&[
        ("empty.csv", ""),
        ("header.csv", "key,mail\n"),
        ("users.txt", users),
        ("users.csv", users),
        ("none.yaml", "users: []\n"),
        ("groups.csv", "key,name,member\n"),
        ("mixed.yaml", YAML),
    ]);
    let rename = "write the file under another name and rename it when it is complete";
    for (users, groups, problem) in [
        (
            "empty.csv",
            None,
            format!("empty.csv: is empty, which is never taken for an empty directory; {rename}"),
        ),
        (
            "header.csv",
            None,
            format!("header.csv: holds no users, which is never taken for an empty directory; {rename}"),
        ),
        (
            "none.yaml",
            None,
            format!("none.yaml: holds no users, which is never taken for an empty directory; {rename}"),
        ),
        (
            "users.txt",
            None,
            "users.txt: does not say by its name what format it has; name it .yaml, .yml, .json, \
             .csv or .ldif"
                .to_owned(),
        ),
        (
            "users.csv",
            Some("groups.csv"),
            "groups.csv: holds no groups, which is never taken for the end of all groups; leave out \
             `groups` in the config if there are none"
                .to_owned(),
        ),
        (
            "users.csv",
            Some("mixed.yaml"),
            "mixed.yaml:2: holds a user, though it is read for groups; put users into the file that \
             `users` names"
                .to_owned(),
        ),
        (
            "mixed.yaml",
            Some("groups.csv"),
            "mixed.yaml: holds groups, though `groups` names another file; keep all groups in one \
             file"
                .to_owned(),
        ),
    ] {
        assert_eq!(folder.read(users, groups).await, Err(problem));
    }
}

/// Half of what is being written may look like anything.
#[test]
fn a_file_that_changes_is_not_told_of_what_else_is_wrong_with_it() {
    let folder = Folder::with(&[]);
    let path = folder.path("users.csv");
    let source = folder.source("users.csv", None);
    for half in [&b""[..], b"key\np-1\np-2,\"A", b"key\np-\xc3", b"key,key\n"] {
        fs::write(&path, USERS_CSV).expect("room on the disk");
        let opened = Opened::open(&path).expect("it is there");
        fs::write(&path, half).expect("room on the disk");
        let error = source.parse(&opened, &path, Purpose::Users);
        assert_eq!(
            folder.without_folder(&error.expect_err("it changed").problem),
            "users.csv: changed while it was read"
        );
    }
}

#[tokio::test]
async fn a_file_cut_anywhere_never_loses_a_user_in_silence() {
    // What a line-based format cannot know is left out here: a cut between two of its rows.
    for (name, whole) in [("a.json", JSON), ("a.ldif", LDIF)] {
        let folder = Folder::with(&[]);
        for end in (1..whole.len()).filter(|end| !whole[..*end].ends_with('\n')) {
            fs::write(folder.path(name), &whole[..end]).expect("room on the disk");
            let reading = folder.read(name, None).await;
            assert!(reading.is_err(), "{name} cut at {end}: {reading:?}");
        }
    }
}

#[tokio::test]
async fn attributes_are_those_in_the_file() {
    let folder = Folder::with(&[("users.csv", USERS_CSV), ("a.yaml", YAML), ("no.yaml", "[")]);
    let attributes = |name: &str| folder.source(name, None).attributes();
    let names = ["disabled", "key", "mail", "manager", "uid"].map(str::to_owned);
    assert_eq!(attributes("users.csv"), Some(names.to_vec()));
    let names = ["disabled", "key", "mail", "manager", "phone", "uid"].map(str::to_owned);
    assert_eq!(attributes("a.yaml"), Some(names.to_vec()));
    assert_eq!(attributes("no.yaml"), None);
    assert_eq!(attributes("missing.yaml"), None);
}

#[tokio::test]
async fn ten_thousand_users_are_read_in_order() {
    let mut users = String::from("key,uid,mail,givenName,sn,title,department,l,st,c,manager\n");
    for number in (0..10_000).rev() {
        writeln!(
            users,
            "p-{number:05},u{number},u{number}@example.com,Given{number},Family{number},Guard,\
             Operations,Springfield,IL,US,p-{:05}",
            number / 10
        )
        .expect("memory");
    }
    let mut groups = String::from("key,name,member\n");
    for number in 0..10_000 {
        writeln!(
            groups,
            "g-{},group-{},p-{number:05}",
            number % 7,
            number % 7
        )
        .expect("memory");
    }
    let folder = Folder::with(&[("users.csv", &users), ("groups.csv", &groups)]);
    let reading = folder
        .read("users.csv", Some("groups.csv"))
        .await
        .expect("readable");
    assert_eq!(reading.users.len(), 10_000);
    assert!(reading.users.keys().iter().is_sorted());
    let user = reading.users.at(42).expect("somebody");
    assert_eq!(user.manager.as_ref().map(|key| &*key.id), Some("p-00004"));
    assert_eq!(
        reading
            .groups
            .iter()
            .map(|group| group.members.len())
            .sum::<usize>(),
        10_000
    );
}

#[tokio::test]
async fn the_example_directory_holds_what_its_readme_says() {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/directory.yaml"
    ));
    let source = FileSource::new(SourceName::new("hq"), FileConfig::default_for(path));
    let reading = source.read().await.expect("readable");
    assert_eq!((reading.users.len(), reading.groups.len()), (40, 8));
    assert_eq!((reading.broken.len(), reading.notes.len()), (0, 0));
    let sizes: Vec<(&str, usize)> = reading
        .groups
        .iter()
        .map(|group| (&*group.name, group.members.len()))
        .collect();
    assert_eq!(
        sizes,
        [
            ("staff", 26),
            ("engineering", 9),
            ("operations", 11),
            ("sales", 5),
            ("dispatch", 4),
            ("guards", 14),
            ("guards-east", 8),
            ("guards-west", 6),
        ]
    );

    let user = |id: &str| {
        let key = crate::core::key::UserKey::new(&reading.source, id);
        reading.user(&key).expect("a user of this key")
    };
    assert_eq!(user("p-1002").first("c"), Some("NO"));
    assert_eq!(user("p-1001").first("postalCode"), Some("02110"));
    assert_eq!(
        user("p-1005").first("telephoneNumber"),
        Some("+493023125005")
    );
    assert_eq!(user("p-1003").attributes["mail"].len(), 2);
    assert_eq!(user("p-1008").first("sn"), Some("佐藤"));
    assert_eq!(user("p-1015").first("sn"), Some("O'Brien"));
    assert_eq!(user("p-1028").first("preferredLanguage"), Some("GA-IE"));
    assert_eq!(user("p-1038").first("postalCode"), None);

    let those = |fits: &dyn Fn(&User) -> bool| {
        let users = reading.users.iter().filter(|user| fits(user));
        users
            .map(|user| user.key.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(those(&|user| user.disabled), ["p-1012", "p-1033"]);
    assert_eq!(those(&|user| user.first("mail").is_none()), ["p-1036"]);
    let contractors = those(&|user| user.first("employeeType") == Some("contractor"));
    assert_eq!(contractors, ["p-1010", "p-1011"]);
    assert_eq!(those(&|user| user.manager.is_none()), ["p-1001"]);

    let mut chain = vec!["p-1028".to_owned()];
    while let Some(manager) = user(&chain[chain.len() - 1]).manager {
        chain.push(manager.id.to_string());
    }
    assert_eq!(chain, ["p-1028", "p-1027", "p-1013", "p-1002", "p-1001"]);
}

#[test]
fn the_example_apps_hold_resources_with_ids_of_their_own() {
    for (name, accounts, groups) in [("trotto", 12, 0), ("tracktik", 8, 2)] {
        let path = format!("{}/examples/apps/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).expect("shipped");
        let app: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let ids = |kind: &str| {
            let resources = app[kind].as_array().expect("a list").iter();
            let ids = resources.map(|resource| resource["id"].as_str().expect("an id"));
            ids.collect::<BTreeSet<_>>()
        };
        let known = ids("users");
        assert_eq!(
            (known.len(), ids("groups").len()),
            (accounts, groups),
            "{name}"
        );
        for group in app["groups"].as_array().expect("a list") {
            for member in group["members"].as_array().expect("a list") {
                assert!(
                    known.contains(member["value"].as_str().expect("an id")),
                    "{member}"
                );
            }
        }
    }
}
