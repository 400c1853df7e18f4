//! Readings from a server that says what it is told to, and from entries made up.

mod ad;
mod ipa;
mod settings;

use std::time::Duration;

use url::Url;

use super::entry::{Attribute, Entry};
use super::roll::Roll;
use super::script::{Asked, CUT, Server, done, entry, message, page, reference, result, root, tlv};
use super::*;
use crate::core::expression::Vocabulary;
use crate::core::key::UserKey;
use crate::core::user::{Group, User};
use crate::secret::SecretRef;

pub(super) const PEOPLE: &str = "ou=people,dc=x";
const GROUPS: &str = "ou=groups,dc=x";

fn branch(base: &str) -> Branch {
    Branch {
        base: base.into(),
        filter: None,
        scope: Depth::Subtree,
    }
}

pub(super) fn config(servers: &[&str]) -> LdapConfig {
    let parse = |text: &&str| Url::parse(text).expect("an address");
    LdapConfig {
        servers: servers.iter().map(parse).collect(),
        starttls: false,
        ca: None,
        client: None,
        bind: Bind::Anonymous,
        dialect: None,
        users: UserSettings {
            branch: branch(PEOPLE),
            key: None,
            label: None,
            manager: "manager".into(),
            disabled: Disabled::Dialect,
            attributes: BTreeSet::new(),
        },
        groups: None,
        page: 2,
        timeout: Duration::from_secs(5),
        poll: None,
        mapped: BTreeSet::from(["sn".to_owned()]),
    }
}

fn with_groups(form: Form) -> LdapConfig {
    LdapConfig {
        groups: Some(GroupSettings {
            branch: branch(GROUPS),
            key: None,
            name: "cn".into(),
            member: None,
            form,
        }),
        ..config(&["ldap://127.0.0.1:1"])
    }
}

async fn read(config: LdapConfig) -> Result<Reading, String> {
    let source = LdapSource::new("hq".into(), config, Clock::System);
    source.read().await.map_err(|error| {
        let hint = error.hint.unwrap_or_default();
        format!("{}; {hint}", error.problem)
    })
}

/// What a reading that failed says, with `SERVER` in place of the address.
async fn refusal(server: &Server) -> String {
    let read = read(config(&[&server.address])).await;
    let problem = read.err().unwrap_or_else(|| "a reading".into());
    problem.replace(&server.address, "SERVER")
}

fn ann(id: u8) -> Vec<u8> {
    let values: &[(&str, &[u8])] = &[("entryUUID", b"k-ann"), ("uid", b"ann"), ("sn", b"A")];
    entry(id, "uid=ann,ou=people,dc=x", values)
}

fn bob(id: u8) -> Vec<u8> {
    let values: &[(&str, &[u8])] = &[("entryUUID", b"k-bob"), ("uid", b"bob"), ("SN", b"B")];
    entry(id, "uid=bob,ou=people,dc=x", values)
}

fn labels(reading: &Reading) -> Vec<String> {
    let users = reading.users.iter();
    users.map(|user| user.label.to_string()).collect()
}

#[tokio::test]
async fn pages_are_read_to_the_last_and_only_what_is_needed_is_asked_for() {
    let server = Server::saying(|asked| match asked.cookie.as_deref() {
        Some(b"") => [ann(asked.id), page(asked.id, b"more")].concat(),
        Some(b"more") => [bob(asked.id), page(asked.id, b"")].concat(),
        other => panic!("{other:?}"),
    })
    .await;
    let reading = read(config(&[&server.address])).await.expect("whole");
    assert_eq!(labels(&reading), ["ann", "bob"]);
    assert_eq!(reading.coverage, Coverage::Whole);
    let bob = reading.users.at(1).expect("bob");
    assert_eq!(bob.first("sn"), Some("B"));
    let asked = server.asked();
    assert_eq!(asked[2].base, PEOPLE);
    assert_eq!(
        asked[2].attributes,
        [
            "entryUUID",
            "mail",
            "manager",
            "pwdAccountLockedTime",
            "shadowExpire",
            "sn",
            "uid",
            "modifyTimestamp"
        ]
    );
}

#[tokio::test]
async fn a_limit_is_a_reading_that_failed() {
    for (rc, name) in [
        (3, "time limit"),
        (4, "size limit"),
        (11, "administrative limit"),
    ] {
        let server =
            Server::saying(move |asked| [ann(asked.id), done(asked.id, rc)].concat()).await;
        assert_eq!(
            refusal(&server).await,
            format!(
                "SERVER: users: the server stopped after 1 of the entries ({name}); raise it for \
                 the bind name: olcLimits (limits), size.prtotal=unlimited for pages, \
                 time=unlimited for slow searches"
            )
        );
    }
}

#[tokio::test]
async fn every_other_end_is_told_in_its_own_words() {
    for (rc, told) in [
        (
            10,
            "the base ou=people,dc=x is on another server, and referrals are not followed; write \
             that server in `url`: ",
        ),
        (12, "the server gives no pages (code 12); write `page: 0`"),
        (
            32,
            "the base ou=people,dc=x is not there; correct `users.base`, or let the bind name read \
             it",
        ),
        (
            34,
            "the base “ou=people,dc=x” is no distinguished name; correct `users.base`",
        ),
        (
            50,
            "we may not read ou=people,dc=x (code 50); give the bind name the right to read it",
        ),
        (
            80,
            "the server ended the search (code 80); see the server's log for why",
        ),
    ] {
        let server = Server::saying(move |asked| done(asked.id, rc)).await;
        let wanted = format!("SERVER: users: {told}");
        assert_eq!(refusal(&server).await, wanted);
    }
}

#[tokio::test]
async fn a_line_that_is_cut_is_no_end_of_list() {
    let server = Server::saying(|asked| {
        let bytes = [ann(asked.id), bob(asked.id)].concat();
        [&bytes[..bytes.len() - 9], CUT].concat()
    })
    .await;
    let told = refusal(&server).await;
    assert!(
        told.starts_with("SERVER: users, after 1 entry: the "),
        "{told}"
    );
    let server = Server::saying(|asked| [ann(asked.id), CUT.to_vec()].concat()).await;
    assert!(
        refusal(&server)
            .await
            .starts_with("SERVER: users, after 1 entry: ")
    );
}

#[tokio::test]
async fn nonsense_costs_the_reading_and_not_the_program() {
    let empty_done = |id| message(id, &tlv(0x65, &[]), &[]);
    let empty_entry = |id| message(id, &tlv(0x64, &[]), &[]);
    let no_id = |_| tlv(0x30, &tlv(0x65, &[]));
    let bad_page = |id| {
        let control = [tlv(4, b"1.2.840.113556.1.4.319"), tlv(4, b"\x30")].concat();
        let parts = [tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat();
        message(id, &tlv(0x65, &parts), &tlv(0xa0, &tlv(0x30, &control)))
    };
    let strange_op = |id| message(id, &tlv(0x7e, &[]), &[]);
    let nonsense: [fn(u8) -> Vec<u8>; 5] = [empty_done, empty_entry, no_id, bad_page, strange_op];
    for nonsense in nonsense {
        let server = Server::saying(move |asked| nonsense(asked.id)).await;
        assert_eq!(
            refusal(&server).await,
            "SERVER: users: the server sent what is no answer of LDAP; check that `url` leads to a \
             directory server; nothing is concluded from what came before it"
        );
    }
}

#[tokio::test]
async fn pages_without_end_are_nonsense() {
    let server = Server::saying(|asked| page(asked.id, b"same")).await;
    let told = refusal(&server).await;
    assert!(
        told.starts_with("SERVER: users: the server sent what is no"),
        "{told}"
    );
}

#[tokio::test]
async fn nobody_is_no_directory() {
    let server = Server::saying(|asked| page(asked.id, b"")).await;
    assert_eq!(
        refusal(&server).await,
        "SERVER: users: nothing under ou=people,dc=x matches (objectClass=inetOrgPerson), which is \
         never taken for an empty directory; correct `users.base` or `users.filter`, or let the \
         bind name read the entries"
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let server = Server::saying(|asked| ann(asked.id)).await;
    let mut config = config(&[&server.address]);
    config.timeout = Duration::from_millis(200);
    let told = read(config).await.expect_err("refused");
    assert_eq!(
        told.replace(&server.address, "SERVER"),
        "SERVER: users, after 1 entry: no answer for 200ms; see why the server is slow, or raise \
         `timeout`"
    );
}

#[tokio::test]
async fn a_part_on_another_server_is_not_asked_and_keeps_everybody() {
    let server = Server::saying(|asked| {
        let elsewhere = reference(asked.id, "ldap://192.0.2.1/ou=abroad,dc=x");
        [ann(asked.id), elsewhere, page(asked.id, b"")].concat()
    })
    .await;
    let reading = read(config(&[&server.address])).await.expect("a part");
    assert!(matches!(reading.coverage, Coverage::Part { gone } if gone.is_empty()));
    assert_eq!(
        reading.notes,
        [
            "users: 1 part of the tree is on another server, and referrals are not followed; while \
             that is so, nobody counts as missing (choose `users.base` below it)"
        ]
    );
}

#[tokio::test]
async fn entries_without_a_key_are_held_back_and_keep_everybody() {
    let server = Server::saying(|asked| {
        let nameless = entry(asked.id, "uid=x,ou=people,dc=x", &[("uid", b"x")]);
        [ann(asked.id), nameless, page(asked.id, b"")].concat()
    })
    .await;
    let reading = read(config(&[&server.address])).await.expect("a part");
    assert_eq!(labels(&reading), ["ann"]);
    let row = &reading.broken[0];
    assert_eq!(
        (&*row.place, &row.user, &*row.problem),
        ("uid=x,ou=people,dc=x", &None, "has no `entryUUID`")
    );
    assert!(matches!(reading.coverage, Coverage::Part { .. }));
    assert_eq!(
        reading.notes,
        [
            "users: 1 entry does not say whose it is; until that is set right, nobody counts as missing"
        ]
    );
}

#[tokio::test]
async fn a_directory_without_any_key_is_refused() {
    let server = Server::saying(|asked| {
        let nameless = entry(asked.id, "uid=x,ou=people,dc=x", &[("uid", b"x")]);
        [nameless, page(asked.id, b"")].concat()
    })
    .await;
    assert_eq!(
        refusal(&server).await,
        "SERVER: users: uid=x,ou=people,dc=x has no `entryUUID`; no other user can be used either; \
         check `users.key` and `dialect`, and that the bind name may read the attribute"
    );
}

#[tokio::test]
async fn the_next_server_is_tried_when_one_is_away_but_not_when_it_refuses_us() {
    let up = Server::saying(|asked| [ann(asked.id), page(asked.id, b"")].concat()).await;
    let busy = Server::doing(Box::new(|asked: &Asked| result(asked.id, 0x61, 51, ""))).await;
    let strict = Server::doing(Box::new(|asked: &Asked| result(asked.id, 0x61, 49, ""))).await;
    let dead = "ldap://127.0.0.1:1";
    let reading = read(config(&[dead, &busy.address, &up.address])).await;
    assert_eq!(labels(&reading.expect("whole")), ["ann"]);

    let mut refused = config(&[&strict.address, &up.address]);
    refused.bind = Bind::Simple {
        dn: "cn=rollcall".into(),
        password: SecretRef::Env("PATH".into()),
    };
    let binds = |server: &Server| {
        let asked = server.asked();
        asked.iter().filter(|asked| asked.op == 0).count()
    };
    let told = read(refused).await.expect_err("refused");
    assert_eq!(
        told.replace(&strict.address, "SERVER"),
        "SERVER: the bind as cn=rollcall was refused: wrong name or password; check `bind.dn`, and \
         the password in the environment variable PATH"
    );
    assert_eq!(binds(&up), 1, "the password went nowhere else");
    let told = read(config(&[dead, &busy.address]))
        .await
        .expect_err("none");
    assert_eq!(
        told.replace(&busy.address, "SERVER"),
        "ldap://127.0.0.1:1: it cannot be reached: Connection refused (os error 111); SERVER: it is \
         not available (code 51); try again when the server is up"
    );
}

#[tokio::test]
async fn a_server_that_does_not_say_what_it_is_needs_to_be_told() {
    let silent = Server::doing(Box::new(|asked: &Asked| match asked.op {
        0 => result(asked.id, 0x61, 0, ""),
        _ if asked.base.is_empty() => [entry(asked.id, "", &[]), done(asked.id, 0)].concat(),
        _ => [ann(asked.id), done(asked.id, 0)].concat(),
    }))
    .await;
    assert_eq!(
        refusal(&silent).await,
        "SERVER: the server does not say what it is; write `dialect`: openldap, ad, rhds, freeipa \
         or other"
    );
    let mut told = config(&[&silent.address]);
    told.dialect = Some(Dialect::Other);
    assert_eq!(labels(&read(told).await.expect("whole")), ["ann"]);
}

#[tokio::test]
async fn active_directory_has_its_own_key_switch_and_ranges() {
    let guid: Vec<u8> = (0..16).collect();
    let server = Server::doing(Box::new(move |asked: &Asked| {
        let id = asked.id;
        match (asked.op, &*asked.base) {
            (0, _) => result(id, 0x61, 0, ""),
            (3, "") => root(id, &[("supportedCapabilities", "1.2.840.113556.1.4.800")]),
            (3, PEOPLE) => {
                let ann: &[(&str, &[u8])] = &[
                    ("objectGUID", &guid),
                    ("sAMAccountName", b"ann"),
                    ("userAccountControl", b"514"),
                    ("thumbnailPhoto", b"plain"),
                    ("objectSid", &[1, 1, 0, 0, 0, 0, 0, 5, 9, 0, 0, 0]),
                    ("primaryGroupID", b"7"),
                ];
                let elsewhere = reference(id, "ldap://forest.x");
                let ann = entry(id, "CN=Ann,OU=People,DC=x", ann);
                [ann, elsewhere, page(id, b"")].concat()
            }
            (3, GROUPS) => {
                let group: &[(&str, &[u8])] = &[
                    ("objectGUID", &guid),
                    ("cn", b"staff"),
                    ("objectSid", &[1, 1, 0, 0, 0, 0, 0, 5, 8, 0, 0, 0]),
                    ("member;range=0-0", b"CN=Gone,DC=elsewhere"),
                ];
                [entry(id, "CN=staff,OU=Groups,DC=x", group), page(id, b"")].concat()
            }
            _ => {
                assert_eq!(asked.attributes, ["member;range=1-*"]);
                let rest: &[(&str, &[u8])] = &[("member;range=1-*", b"CN=ann,OU=people,DC=X")];
                [entry(id, &asked.base, rest), done(id, 0)].concat()
            }
        }
    }))
    .await;
    let mut config = LdapConfig {
        servers: config(&[&server.address]).servers,
        ..with_groups(Form::Auto)
    };
    config.users.attributes.insert("thumbnailPhoto".into());
    let reading = read(config).await.expect("whole");
    let ann = reading.users.first().expect("ann");
    assert_eq!(
        (&*ann.key.id, &*ann.label, ann.disabled),
        ("03020100-0504-0706-0809-0a0b0c0d0e0f", "ann", true)
    );
    assert_eq!(ann.first("thumbnailPhoto"), Some("cGxhaW4="));
    assert_eq!(reading.groups[0].members, BTreeSet::from([ann.key.clone()]));
    assert_eq!(reading.coverage, Coverage::Whole);
    assert_eq!(
        reading.notes,
        ["groups: 1 member is not among the users: CN=Gone,DC=elsewhere"]
    );
}

/// A user who was renamed is still in the group under the old name for a moment.
#[tokio::test]
async fn a_member_who_was_just_renamed_stays_a_member() {
    let mut reads = 0;
    let server = Server::saying(move |asked| {
        let id = asked.id;
        let group = |member: &[u8]| {
            let values: &[(&str, &[u8])] =
                &[("entryUUID", b"g"), ("cn", b"staff"), ("member", member)];
            entry(id, "cn=staff,ou=groups,dc=x", values)
        };
        match &*asked.base {
            PEOPLE => [ann(id), bob(id), page(id, b"")].concat(),
            GROUPS => [group(b"uid=anna,ou=people,dc=x"), page(id, b"")].concat(),
            "cn=staff,ou=groups,dc=x" => {
                reads += 1;
                [group(b"uid=ann,ou=people,dc=x"), done(id, 0)].concat()
            }
            other => {
                assert_eq!((other, reads), ("uid=anna,ou=people,dc=x", 0));
                done(id, 32)
            }
        }
    })
    .await;
    let config = LdapConfig {
        servers: config(&[&server.address]).servers,
        ..with_groups(Form::Auto)
    };
    let reading = read(config).await.expect("whole");
    assert_eq!(members(&reading.groups), ["staff: k-ann"]);
    assert_eq!(reading.notes, [""; 0]);
}

fn members(groups: &[Group]) -> Vec<String> {
    let shown = |group: &Group| {
        let members = group.members.iter();
        let members: Vec<String> = members.map(|member| member.id.to_string()).collect();
        format!("{}: {}", group.name, members.join(" "))
    };
    groups.iter().map(shown).collect()
}

fn uid(uid: &str, more: &[(&str, &str)]) -> Entry {
    let key = format!("k-{uid}");
    let all = [&[("entryUUID", &*key), ("uid", uid)], more].concat();
    Entry::made(&format!("uid={uid},{PEOPLE}"), &all)
}

fn group(name: &str, more: &[(&str, &str)]) -> Entry {
    let all = [&[("entryUUID", name), ("cn", name)], more].concat();
    Entry::made(&format!("cn={name},{GROUPS}"), &all)
}

/// The groups, notes, and users that are held back.
type Came = (Vec<String>, Vec<String>, Vec<String>);

fn assembled(config: &LdapConfig, users: &[Entry], entries: &[Entry]) -> Result<Came, String> {
    let source = SourceName::new("hq");
    let mut people = People::new(config, Dialect::OpenLdap, &source);
    for user in users {
        people.take(user);
    }
    let settings = config.groups.as_ref().expect("groups");
    let mut groups = Groups::new(settings, Dialect::OpenLdap, "SERVER");
    let told = |error: ReadError| error.problem;
    for entry in entries {
        groups.take(entry, &mut people).map_err(told)?;
    }
    let flock = groups
        .finish(&source, &people, &BTreeSet::new())
        .map_err(told)?;
    let roll = people.finish(jiff::Timestamp::UNIX_EPOCH);
    let broken = roll.broken.iter();
    let broken = broken.map(|row| format!("{}: {}", row.place, row.problem));
    let groups = flock.groups.into_iter().map(|group| roll.group(group));
    let groups: Vec<Group> = groups.collect();
    Ok((members(&groups), flock.notes, broken.collect()))
}

#[test]
fn groups_of_names_hold_users_and_groups_however_they_are_spelled() {
    let users = [uid("a", &[]), uid("b", &[]), uid("c\\2C d", &[])];
    let entries = [
        group(
            "one",
            &[
                ("objectClass", "groupOfNames"),
                ("member", "UID = A, ou=People,DC=x"),
                ("member", "cn=two,ou=groups,dc=x"),
            ],
        ),
        group(
            "two",
            &[
                ("uniqueMember", "uid=c\\, d,ou=people,dc=x#'01'B"),
                ("member", "cn=ONE,ou=groups,dc=x"),
                ("member", "cn=app,ou=services,dc=x"),
            ],
        ),
    ];
    let (groups, notes, broken) =
        assembled(&with_groups(Form::Auto), &users, &entries).expect("usable");
    assert_eq!(groups, ["one: k-a k-c\\2C d", "two: k-a k-c\\2C d"]);
    assert_eq!(
        notes,
        [
            "groups: 1 member is not among the users: cn=app,ou=services,dc=x",
            "groups one → two → one form a cycle"
        ]
    );
    assert!(broken.is_empty());
}

#[test]
fn posix_groups_hold_login_names_and_a_shared_one_holds_its_users_back() {
    let users = [uid("a", &[]), uid("b", &[]), uid("b2", &[("uid", "b")])];
    let entries = [group(
        "one",
        &[("memberUid", "a"), ("memberUid", "b"), ("memberUid", "zoe")],
    )];
    for form in [Form::Auto, Form::Posix] {
        let (groups, notes, broken) =
            assembled(&with_groups(form), &users, &entries).expect("usable");
        assert_eq!(groups, ["one: k-a"]);
        assert_eq!(notes, ["groups: 2 members are not among the users: b; zoe"]);
        assert_eq!(
            broken,
            [
                "uid=b,ou=people,dc=x: `uid` b is also another's, so nobody knows whose a \
                 `memberUid` is",
                "uid=b2,ou=people,dc=x: `uid` b is also another's, so nobody knows whose a \
                 `memberUid` is"
            ]
        );
    }
}

#[test]
fn groups_may_stand_in_the_users_alone() {
    let users = [
        uid("a", &[("memberOf", "cn=one,ou=groups,dc=x")]),
        uid("b", &[("memberOf", "cn=two,ou=groups,dc=x")]),
        uid("c", &[("memberOf", "cn=far,dc=y")]),
    ];
    let entries = [
        group("one", &[("objectClass", "groupOfNames")]),
        group("two", &[("memberOf", "CN=one,ou=groups,dc=x")]),
    ];
    let (groups, notes, _) =
        assembled(&with_groups(Form::MemberOf), &users, &entries).expect("usable");
    assert_eq!(groups, ["one: k-a k-b", "two: k-b"]);
    assert_eq!(
        notes,
        ["groups: 1 group that users name is not among them: cn=far,dc=y"]
    );
}

#[test]
fn a_group_that_is_not_whole_refuses_the_reading() {
    let users = [uid("a", &[])];
    let member = ("member", "uid=a,ou=people,dc=x");
    let keyless = Entry::made("cn=x,ou=groups,dc=x", &[("cn", "x"), member]);
    let hidden = group("x", &[("objectClass", "groupOfNames")]);
    let whole = group("y", &[member]);
    for (entries, told) in [
        (
            &[whole.clone(), keyless][..],
            "SERVER: groups: cn=x,ou=groups,dc=x cannot be used: has no `entryUUID`",
        ),
        (
            &[whole, hidden],
            "SERVER: groups: cn=x,ou=groups,dc=x cannot be used: a groupOfNames always has members, \
             and this one shows none; let the bind name read them",
        ),
        (
            &[group("x", &[]), group("y", &[])],
            "SERVER: groups: none of the 2 groups has a member among the users, which is never \
             taken for the end of all memberships",
        ),
        (
            &[],
            "SERVER: groups: nothing under ou=groups,dc=x matches, which is never taken for the \
             end of all groups",
        ),
    ] {
        let came = assembled(&with_groups(Form::Auto), &users, entries);
        assert_eq!(came, Err(told.to_owned()));
    }
}

fn users(config: &LdapConfig, entries: &[Entry]) -> Roll {
    let mut people = People::new(config, Dialect::OpenLdap, &SourceName::new("hq"));
    for entry in entries {
        people.take(entry);
    }
    people.finish("2026-11-22T12:00:00Z".parse().expect("a time"))
}

#[test]
fn users_have_managers_switches_and_values_in_any_script() {
    let entries = [
        uid(
            "ann",
            &[("sn", "李"), ("manager", "UID=bob, ou=people,dc=x")],
        ),
        uid(
            "bob",
            &[
                ("pwdAccountLockedTime", "000001010000Z"),
                ("sn", " Mu\u{308}ller "),
            ],
        ),
        uid(
            "cy",
            &[
                ("pwdAccountLockedTime", "20261122115900Z"),
                ("manager", "cn=zoe"),
            ],
        ),
        uid("dan", &[("shadowExpire", "1"), ("userPassword", "{SSHA}x")]),
        uid("eve", &[("shadowExpire", "soon")]),
        uid("fay", &[("sn", "a\u{7}")]),
    ];
    let Roll {
        users,
        broken,
        notes,
        ..
    } = users(&config(&[]), &entries);
    let users: Vec<User> = users.iter().collect();
    let told: Vec<(&str, bool, Option<&str>)> = users
        .iter()
        .map(|user| (&*user.label, user.disabled, user.first("sn")))
        .collect();
    assert_eq!(
        told,
        [
            ("ann", false, Some("李")),
            ("bob", true, Some("Müller")),
            ("cy", false, None),
            ("dan", true, None)
        ]
    );
    assert_eq!(users[0].manager, Some(UserKey::new(&"hq".into(), "k-bob")));
    assert!(
        users
            .iter()
            .all(|user| user.first("userPassword").is_none())
    );
    let broken: Vec<(&str, &str)> = broken
        .iter()
        .map(|row| (&*row.place, &*row.problem))
        .collect();
    assert_eq!(
        broken,
        [
            (
                "uid=eve,ou=people,dc=x",
                "`shadowExpire` is “soon”, not a whole number"
            ),
            (
                "uid=fay,ou=people,dc=x",
                "`sn` holds the control character U+0007"
            )
        ]
    );
    assert_eq!(notes, ["users: 1 manager is not among them: cn=zoe"]);
}

#[test]
fn two_entries_with_one_key_are_held_back_and_one_that_comes_twice_is_not() {
    let twin = Entry::made("uid=b,ou=people,dc=x", &[("entryUUID", "k-a")]);
    let again = uid("c", &[("sn", "new")]);
    let roll = users(&config(&[]), &[uid("a", &[]), twin, uid("c", &[]), again]);
    assert_eq!(roll.users.len(), 1);
    assert_eq!(roll.users.first().expect("one").first("sn"), Some("new"));
    assert_eq!(
        roll.broken[0].problem,
        "`entryUUID` k-a is also that of uid=a,ou=people,dc=x; a key belongs to one user only"
    );
    assert_eq!(roll.broken[0].user, Some(UserKey::new(&"hq".into(), "k-a")));
}

#[test]
fn binary_values_are_base64_and_long_ones_are_left_out() {
    let mut config = config(&[]);
    config.users.attributes = ["jpegPhoto", "userCertificate"].map(str::to_owned).into();
    let mut entry = uid("ann", &[]);
    for (name, value) in [
        ("jpegPhoto", vec![0xff, 0xd8, 0xff]),
        ("jpegPhoto", vec![0; 70_000]),
        ("userCertificate;binary", b"text".to_vec()),
    ] {
        entry.attributes.push(Attribute {
            name: name.into(),
            values: vec![value],
        });
    }
    let roll = users(&config, &[entry]);
    let ann = roll.users.first().expect("ann");
    assert_eq!(ann.first("jpegPhoto"), Some("/9j/"));
    assert_eq!(ann.first("userCertificate"), Some("dGV4dA=="));
    assert_eq!(roll.notes, ["users: 1 value longer than 64 KiB left out"]);
}

#[tokio::test]
async fn an_expression_may_say_who_is_switched_off() {
    let server =
        Server::saying(|asked| [ann(asked.id), bob(asked.id), page(asked.id, b"")].concat()).await;
    let off = |text: &str| {
        let program = Program::compile_condition(text, &Vocabulary::default());
        let mut config = config(&[&server.address]);
        config.users.disabled = Disabled::Expression(program.expect("it compiles"));
        config
    };
    let reading = read(off("user.sn == \"B\"")).await.expect("whole");
    let disabled: Vec<bool> = reading.users.iter().map(|user| user.disabled).collect();
    assert_eq!(disabled, [false, true]);
    let reading = read(off("user.uid == \"ann\" || user.title == \"B\""))
        .await
        .expect("whole");
    assert_eq!(labels(&reading), ["ann"]);
    let row = &reading.broken[0];
    assert_eq!(row.user.as_ref().map(|key| &*key.id), Some("k-bob"));
    assert!(row.problem.starts_with("`disabled`: "), "{}", row.problem);
    assert_eq!(reading.coverage, Coverage::Whole);
}

#[test]
fn what_nobody_asks_for_is_not_missed() {
    let source = LdapSource::new("hq".into(), config(&[]), Clock::System);
    assert!(source.leaves_out("title"));
    for asked in ["sn", "uid", "nsAccountLock", "entryUUID"] {
        assert!(!source.leaves_out(asked), "{asked}");
    }
}
