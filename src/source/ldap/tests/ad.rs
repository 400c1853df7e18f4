//! What Samba cannot be made to say of Active Directory's ways.

use super::*;

const PAGES: &str = "1.2.840.113556.1.4.319";
/// So many members does Active Directory give at a time.
const RANGE: usize = 1500;
const MEMBERS: usize = 3500;

fn sid(account: u32) -> Vec<u8> {
    let domain = [1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0];
    [domain.as_slice(), &account.to_le_bytes()].concat()
}

fn guid(number: usize) -> Vec<u8> {
    let number = u64::try_from(number).expect("it is small");
    [[0; 8], number.to_be_bytes()].concat()
}

fn dn(number: usize) -> String {
    format!("CN=u{number:04},DC=x")
}

fn user(id: u8, number: usize, group: &[u8]) -> Vec<u8> {
    let account = 2000 + u32::try_from(number).expect("it is small");
    let (guid, name, sid) = (guid(number), format!("u{number:04}"), sid(account));
    let values: &[(&str, &[u8])] = &[
        ("objectGUID", &guid),
        ("sAMAccountName", name.as_bytes()),
        ("objectSid", &sid),
        ("primaryGroupID", group),
        ("userAccountControl", b"512"),
    ];
    entry(id, &dn(number), values)
}

/// A group with these attributes; the values of each in a set of their own.
fn group(id: u8, values: &[(&str, Vec<Vec<u8>>)]) -> Vec<u8> {
    let values = values.iter().map(|(name, values)| {
        let values: Vec<u8> = values.iter().flat_map(|value| tlv(4, value)).collect();
        tlv(
            0x30,
            &[tlv(4, name.as_bytes()), tlv(0x31, &values)].concat(),
        )
    });
    let attributes = tlv(0x30, &values.collect::<Vec<_>>().concat());
    let op = [tlv(4, b"CN=staff,ou=groups,dc=x"), attributes].concat();
    message(id, &tlv(0x64, &op), &[])
}

fn members(from: usize, to: usize) -> Vec<Vec<u8>> {
    (from..=to).map(|number| dn(number).into_bytes()).collect()
}

fn staff(id: u8, account: Option<u32>, members: (&str, Vec<Vec<u8>>)) -> Vec<u8> {
    let mut values = vec![
        ("objectGUID", vec![guid(9999)]),
        ("cn", vec![b"staff".to_vec()]),
        ("member", Vec::new()),
        members,
    ];
    values.extend(account.map(|account| ("objectSid", vec![sid(account)])));
    group(id, &values)
}

/// A domain controller; `group` answers whatever is asked below the groups.
async fn domain(
    users: usize,
    group: impl Fn(&Asked) -> Vec<u8> + Send + 'static,
) -> (Server, LdapConfig) {
    let server = Server::doing(Box::new(move |asked: &Asked| {
        let id = asked.id;
        match (asked.op, &*asked.base) {
            (0, _) => result(id, 0x61, 0, ""),
            (3, "") => root(
                id,
                &[
                    ("supportedCapabilities", "1.2.840.113556.1.4.800"),
                    ("supportedControl", PAGES),
                ],
            ),
            (3, PEOPLE) => {
                let mut all: Vec<u8> = (1..=users).flat_map(|at| user(id, at, b"513")).collect();
                all.extend(page(id, b""));
                all
            }
            _ => group(asked),
        }
    }))
    .await;
    let config = LdapConfig {
        servers: config(&[&server.address]).servers,
        ..with_groups(Form::Auto)
    };
    (server, config)
}

/// What is asked for of a group that was given in part, and the answer to it, with the last value
/// that the part has.
fn part(asked: &Asked, to: usize) -> Vec<u8> {
    let wanted = asked.attributes[0].as_str();
    let from = wanted.strip_prefix("member;range=").expect("a range");
    let from: usize = from
        .strip_suffix("-*")
        .expect("open")
        .parse()
        .expect("a number");
    let name = match to {
        MEMBERS => format!("member;range={from}-*"),
        to => format!("member;range={from}-{}", to - 1),
    };
    let whole = group(asked.id, &[(&name, members(from + 1, to))]);
    [whole, done(asked.id, 0)].concat()
}

#[tokio::test]
async fn a_large_group_is_fetched_to_its_last_member() {
    let (server, config) = domain(MEMBERS, |asked| match &*asked.base {
        GROUPS => {
            let first = ("member;range=0-1499", members(1, RANGE));
            [staff(asked.id, Some(1100), first), page(asked.id, b"")].concat()
        }
        _ if asked.attributes == ["member;range=1500-*"] => part(asked, 2 * RANGE),
        _ => part(asked, MEMBERS),
    })
    .await;
    let reading = read(config).await.expect("whole");
    assert_eq!(reading.groups[0].members.len(), MEMBERS);
    assert_eq!(reading.notes, [""; 0]);
    let asked = server.asked();
    let ranges: Vec<&str> = asked
        .iter()
        .flat_map(|asked| asked.attributes.iter())
        .filter(|name| name.contains(";range="))
        .map(String::as_str)
        .collect();
    assert_eq!(ranges, ["member;range=1500-*", "member;range=3000-*"]);
}

#[tokio::test]
async fn a_large_group_with_a_hole_in_it_is_no_group() {
    for missing in [0, 1] {
        let (server, config) = domain(RANGE, move |asked| {
            if asked.base == GROUPS {
                let first = ("member;range=0-1499", members(1, RANGE - missing));
                [staff(asked.id, Some(1100), first), page(asked.id, b"")].concat()
            } else {
                let late = ("member;range=1501-*", members(1502, 1502));
                [group(asked.id, &[late]), done(asked.id, 0)].concat()
            }
        })
        .await;
        let told = read(config).await.expect_err("it has a hole");
        assert_eq!(
            told.replace(&server.address, "SERVER"),
            "SERVER: member of CN=staff,ou=groups,dc=x: the server sent what is no answer of LDAP; \
             check that `url` leads to a directory server; nothing is concluded from what came \
             before it"
        );
    }
}

/// The last range says no number: what can be seen of a change in between is a value that moved up.
#[tokio::test]
async fn a_large_group_that_changes_while_it_is_read_is_no_group() {
    let (server, config) = domain(MEMBERS, |asked| {
        let id = asked.id;
        if asked.base == GROUPS {
            let first = ("member;range=0-1499", members(1, RANGE));
            [staff(id, Some(1100), first), page(id, b"")].concat()
        } else {
            let last = ("member;range=1500-*", members(RANGE, MEMBERS - 1));
            [group(id, &[last]), done(id, 0)].concat()
        }
    })
    .await;
    let told = read(config).await.expect_err("a member was pushed on");
    assert_eq!(
        told.replace(&server.address, "SERVER"),
        "SERVER: CN=staff,ou=groups,dc=x changed while its member was read: CN=u1500,DC=x came \
         twice; the next run reads again"
    );
}

/// Were it taken for another attribute, the group would seem to be empty.
#[tokio::test]
async fn a_range_that_cannot_be_read_or_does_not_begin_is_no_group() {
    for name in ["member;range=0-x", "member;range=1-1"] {
        let (server, config) = domain(3, move |asked| {
            let odd = (name, members(1, 2));
            [staff(asked.id, Some(513), odd), page(asked.id, b"")].concat()
        })
        .await;
        let told = read(config).await.expect_err("nobody knows its members");
        assert_eq!(
            told.replace(&server.address, "SERVER"),
            "SERVER: member of CN=staff,ou=groups,dc=x: the server sent what is no answer of LDAP; \
             check that `url` leads to a directory server; nothing is concluded from what came \
             before it",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_group_that_hides_its_identifier_may_be_the_primary_one_of_many() {
    let shown = |account| {
        move |asked: &Asked| {
            let direct = ("member", members(1, 1));
            [staff(asked.id, account, direct), page(asked.id, b"")].concat()
        }
    };
    for (account, held) in [(Some(513), 3), (Some(514), 1)] {
        let (_server, config) = domain(3, shown(account)).await;
        let reading = read(config).await.expect("whole");
        assert_eq!(reading.groups[0].members.len(), held, "{account:?}");
    }
    let (server, config) = domain(3, shown(None)).await;
    let told = read(config).await.expect_err("nobody knows its members");
    assert_eq!(
        told.replace(&server.address, "SERVER"),
        "SERVER: groups: CN=staff,ou=groups,dc=x cannot be used: it shows no `objectSid`, by which \
         users name their primary group; a group that cannot be read stops the reading, so that \
         nobody loses access by it"
    );
}

#[test]
fn a_user_who_hides_the_primary_group_is_held_back_alone() {
    let config = with_groups(Form::Auto);
    let mut people = People::new(&config, Dialect::Ad, &SourceName::new("hq"));
    let shy = Entry::made("CN=Shy,DC=x", &[("sAMAccountName", "shy")]);
    people.take(&Entry {
        attributes: [
            shy.attributes,
            vec![Attribute {
                name: "objectGUID".into(),
                values: vec![guid(7)],
            }],
        ]
        .concat(),
        ..shy
    });
    let roll = people.finish(jiff::Timestamp::UNIX_EPOCH);
    assert!(roll.users.is_empty());
    let row = &roll.broken[0];
    assert!(row.user.is_some(), "it counts as present");
    assert_eq!(
        (&*row.place, &*row.problem),
        (
            "CN=Shy,DC=x",
            "shows no `primaryGroupID`, so nobody knows all its groups; let the bind name read it"
        )
    );
}
