//! What servers say that a real one cannot be made to say.

mod ipa;
mod pauses;
mod usn;

use std::collections::BTreeSet;

use super::*;
use crate::clock::Clock;
use crate::core::key::UserKey;
use crate::core::reading::Whereabouts;
use crate::draw::Draw;
use crate::source::Source;
use crate::source::ldap::root::PERSISTENT;
use crate::source::ldap::script::{
    Asked, CUT, SYNC, Server, done, entry, message, page, result, root, sync_info, synced, tlv,
};
use crate::source::ldap::tests::{PEOPLE, config};

const ANN: [u8; 16] = [1; 16];
const BOB: [u8; 16] = [2; 16];

fn ann(id: u8) -> Vec<u8> {
    let values: &[(&str, &[u8])] = &[("entryUUID", b"k-ann"), ("uid", b"ann"), ("sn", b"A")];
    synced(id, 1, ANN, "uid=ann,ou=people,dc=x", values)
}

fn bob(id: u8) -> Vec<u8> {
    let values: &[(&str, &[u8])] = &[("entryUUID", b"k-bob"), ("uid", b"bob"), ("sn", b"B")];
    synced(id, 1, BOB, "uid=bob,ou=people,dc=x", values)
}

fn cy(id: u8) -> Vec<u8> {
    let values: &[(&str, &[u8])] = &[("entryUUID", b"k-cy"), ("uid", b"cy"), ("sn", b"C")];
    synced(id, 1, [3; 16], "uid=cy,ou=people,dc=x", values)
}

/// `refreshDelete`: who is gone was told, and that is all.
fn deletes_end(id: u8, cookie: &[u8]) -> Vec<u8> {
    sync_info(id, &tlv(0xa1, &tlv(4, cookie)))
}

/// `refreshPresent`: who is there was told, and that is all.
fn present_ends(id: u8, cookie: &[u8]) -> Vec<u8> {
    sync_info(id, &tlv(0xa2, &tlv(4, cookie)))
}

/// `syncIdSet`: they are still there, or they are gone.
fn ids(id: u8, are_gone: bool, uuids: &[[u8; 16]]) -> Vec<u8> {
    let uuids: Vec<u8> = uuids.iter().flat_map(|uuid| tlv(4, uuid)).collect();
    let flag = if are_gone {
        tlv(1, &[0xff])
    } else {
        Vec::new()
    };
    sync_info(id, &tlv(0xa3, &[flag, tlv(0x31, &uuids)].concat()))
}

/// A server that tells of changes: each time it is asked to, it says the next of these.
async fn telling(lines: Vec<fn(u8) -> Vec<u8>>) -> Server {
    telling_as(("objectClass", "OpenLDAProotDSE"), lines).await
}

/// The same, of the kind that its root says.
async fn telling_as(kind: (&'static str, &'static str), lines: Vec<fn(u8) -> Vec<u8>>) -> Server {
    let mut lines = lines.into_iter();
    Server::doing(Box::new(move |asked: &Asked| {
        match (asked.op, &*asked.base) {
            (0, _) => result(asked.id, 0x61, 0, ""),
            (3, "") => root(asked.id, &[kind, ("supportedControl", SYNC)]),
            // What is asked once, to see whether it does it, is for no attribute.
            _ if asked.attributes == ["1.1"] => done(asked.id, 0),
            _ if asked.sync.is_some() => lines.next().map_or_else(Vec::new, |line| line(asked.id)),
            _ => page(asked.id, b""),
        }
    }))
    .await
}

fn source(server: &Server) -> LdapSource {
    LdapSource {
        draw: Draw::seeded(1),
        ..LdapSource::new("hq".into(), config(&[&server.address]), Clock::System)
    }
}

/// The next things that are heard, with `SERVER` for the address.
async fn heard(watch: &mut dyn Watch, server: &Server, number: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..number {
        let told = match watch.next().await {
            Heard::Lost(error) => format!("Lost: {}", error.problem),
            Heard::Anew(why) => format!("Anew: {why}"),
            other => format!("{other:?}"),
        };
        all.push(told.replace(&server.address, "SERVER"));
    }
    all
}

async fn labels(source: &LdapSource) -> Vec<String> {
    let reading = source.follow().await.expect("it is followed");
    let users = reading.users.iter();
    users.map(|user| user.label.to_string()).collect()
}

/// What was sent to go on from, line by line.
fn cookies(server: &Server) -> Vec<String> {
    let asked = server.asked().into_iter();
    let told = asked.filter(|asked| asked.base == PEOPLE && asked.attributes != ["1.1"]);
    told.filter_map(|asked| String::from_utf8(asked.sync?).ok())
        .collect()
}

const LOST: &str = "Lost: SERVER: changes: the connection was cut";

#[tokio::test]
async fn a_line_that_ends_in_the_middle_of_a_refresh_takes_nobody_away() {
    let server = telling(vec![
        |id| [ann(id), bob(id), deletes_end(id, b"one"), CUT.to_vec()].concat(),
        // Who is there is told, and the line ends before all are.
        |id| [ids(id, false, &[ANN]), CUT.to_vec()].concat(),
        // Deletions are taken in with what ends them, too.
        |id| [ids(id, true, &[BOB]), CUT.to_vec()].concat(),
        |id| [ids(id, false, &[ANN, BOB]), present_ends(id, b"two")].concat(),
    ])
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    let told = heard(&mut *watch, &server, 3).await;
    assert_eq!(told, ["Change", LOST, "Back"]);
    assert_eq!(labels(&source).await, ["ann", "bob"]);
    assert_eq!(cookies(&server), ["", "one", "one", "one"]);
}

#[tokio::test]
async fn a_refresh_that_comes_to_its_end_takes_away_who_is_gone() {
    let server = telling(vec![
        |id| [ann(id), bob(id), deletes_end(id, b"one"), CUT.to_vec()].concat(),
        |id| [ids(id, false, &[ANN]), present_ends(id, b"two")].concat(),
    ])
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    let told = heard(&mut *watch, &server, 4).await;
    assert_eq!(told, ["Change", LOST, "Back", "Change"]);
    assert_eq!(labels(&source).await, ["ann"]);
}

#[tokio::test]
async fn deletions_that_are_named_take_away_those_and_nobody_else() {
    let server = telling(vec![
        |id| {
            [
                ann(id),
                bob(id),
                cy(id),
                deletes_end(id, b"one"),
                CUT.to_vec(),
            ]
            .concat()
        },
        |id| {
            let gone = synced(id, 3, ANN, "uid=ann,ou=people,dc=x", &[]);
            // Whoever went and came back in the same refresh is there.
            let back = [ids(id, true, &[BOB]), bob(id)].concat();
            [gone, back, deletes_end(id, b"two")].concat()
        },
    ])
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    let told = heard(&mut *watch, &server, 4).await;
    assert_eq!(told, ["Change", LOST, "Back", "Change"]);
    assert_eq!(labels(&source).await, ["bob", "cy"]);
}

#[tokio::test]
async fn what_a_server_cannot_go_on_from_is_told_and_begun_anew() {
    let refusal = |id| {
        // e-syncRefreshRequired, 4096.
        let parts = [tlv(10, &[0x10, 0]), tlv(4, b""), tlv(4, b"too old")];
        message(id, &tlv(0x65, &parts.concat()), &[])
    };
    let server = telling(vec![
        |id| [ann(id), bob(id), deletes_end(id, b"one"), CUT.to_vec()].concat(),
        refusal,
        |id| [ann(id), bob(id), deletes_end(id, b"two")].concat(),
    ])
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    let told = heard(&mut *watch, &server, 5).await;
    assert_eq!(
        told,
        [
            "Change",
            LOST,
            "Anew: SERVER: changes of users: the server does not know any more what has changed \
             since (code 4096: too old)",
            "Back",
            "Change"
        ]
    );
    assert_eq!(labels(&source).await, ["ann", "bob"]);
    assert_eq!(cookies(&server), ["", "one", ""]);
}

#[tokio::test]
async fn a_server_that_is_not_understood_is_asked_instead() {
    let nonsense: [fn(u8) -> Vec<u8>; 3] = [
        // An entry without what became of it.
        |id| entry(id, "uid=ann,ou=people,dc=x", &[("uid", b"ann")]),
        // An id of three bytes.
        |id| sync_info(id, &tlv(0xa3, &tlv(0x31, &tlv(4, b"abc")))),
        |id| sync_info(id, b""),
    ];
    for line in nonsense {
        let server = telling(vec![line]).await;
        let source = source(&server);
        let mut watch = source.watch().expect("an ear");
        let told = heard(&mut *watch, &server, 1).await;
        assert_eq!(
            told,
            ["Lost: SERVER: changes: the server sent what is no answer of LDAP"]
        );
        while server.asked().iter().filter(|asked| asked.op == 0).count() < 2 {
            Clock::System.sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(cookies(&server), [""], "it is not asked to tell again");
    }
}

#[tokio::test]
async fn a_server_that_shows_no_stamp_is_deaf_and_says_so() {
    let server = Server::saying(|asked| {
        let ann = entry(asked.id, "uid=ann,ou=people,dc=x", &[("uid", b"ann")]);
        [ann, done(asked.id, 0)].concat()
    })
    .await;
    let source = source(&server);
    let told = source.describe().await.expect("it answers");
    let told = told
        .last()
        .map(|line| line.replace(&server.address, "SERVER"));
    let why = "SERVER shows no `modifyTimestamp` of a user";
    let hint = "let the bind name read it; until then, changes wait for the next whole reading";
    assert_eq!(told, Some(format!("changes: not at all: {why}; {hint}")));
    let mut watch = source.watch().expect("an ear");
    assert_eq!(
        heard(&mut *watch, &server, 1).await,
        [format!("Lost: {why}")]
    );
}

#[tokio::test]
async fn what_is_modified_twice_in_a_second_is_heard_twice() {
    let mut titles = ["A", "A", "A", "B", "B", "C"].into_iter();
    let server = Server::saying(move |asked| {
        let title = if asked.attributes == ["modifyTimestamp"] {
            "A"
        } else {
            titles.next().unwrap_or("C")
        };
        let values: &[(&str, &[u8])] = &[
            ("modifyTimestamp", b"20261122093348Z"),
            ("uid", b"ann"),
            ("sn", title.as_bytes()),
        ];
        [
            entry(asked.id, "uid=ann,ou=people,dc=x", values),
            page(asked.id, b""),
        ]
        .concat()
    })
    .await;
    let mut config = config(&[&server.address]);
    config.poll = Some(Duration::from_millis(100));
    let source = LdapSource::new("hq".into(), config, Clock::System);
    let mut watch = source.watch().expect("an ear");
    assert_eq!(heard(&mut *watch, &server, 3).await, ["Change"; 3]);
    let quiet = Duration::from_millis(500);
    assert!(tokio::time::timeout(quiet, watch.next()).await.is_err());
}

fn missing(keys: &[&str]) -> BTreeSet<UserKey> {
    let keys = keys.iter();
    keys.map(|key| UserKey::new(&"hq".into(), key)).collect()
}

/// A directory with ann in it, that says which tree it is; `more` is what is found besides.
async fn with_ann(csn: &'static str, more: fn(u8) -> Vec<u8>) -> Server {
    Server::doing(Box::new(move |asked: &Asked| {
        let id = asked.id;
        let values: &[(&str, &[u8])] = &[("entryUUID", b"k-ann"), ("uid", b"ann")];
        let ann = entry(id, "uid=ann,ou=people,dc=x", values);
        match (asked.op, &*asked.base) {
            (0, _) => result(id, 0x61, 0, ""),
            (3, "") => {
                let openldap = ("objectClass", "OpenLDAProotDSE");
                root(id, &[openldap, ("namingContexts", "dc=x")])
            }
            _ if asked.attributes == ["contextCSN"] => {
                let csn = [("contextCSN", csn.as_bytes())];
                [entry(id, "dc=x", &csn), done(id, 0)].concat()
            }
            (_, "dc=x") => [ann, more(id), page(id, b"")].concat(),
            _ => [ann, page(id, b"")].concat(),
        }
    }))
    .await
}

async fn told(source: &LdapSource, keys: &[&str]) -> Vec<Whereabouts> {
    let told = source.whereabouts(&missing(keys)).await;
    let told = told.expect("it answers").expect("it can be asked");
    told.into_values().collect()
}

const OLD: &str = "20261121000000.000000Z#000000#000#000000";
const NEW: &str = "20261122000000.000000Z#000000#000#000000";

#[tokio::test]
async fn only_a_server_that_knows_as_much_says_who_is_deleted() {
    let new = with_ann(NEW, |_| Vec::new()).await;
    let source = source(&new);
    source.read().await.expect("it can be read");
    assert_eq!(told(&source, &["k-bob"]).await, [Whereabouts::Deleted]);
    assert_eq!(
        told(&source, &["k-ann"]).await,
        [Whereabouts::Unknown],
        "is there"
    );
    assert_eq!(
        told(&source, &["k-\u{e4}"]).await,
        [Whereabouts::Unknown],
        "no plain key"
    );

    let old = with_ann(OLD, |_| Vec::new()).await;
    let lagging = LdapSource {
        past: Arc::clone(&source.past),
        ..self::source(&old)
    };
    assert_eq!(told(&lagging, &["k-cy"]).await, [Whereabouts::Unknown]);
    let fresh = self::source(&new);
    let told = told(&fresh, &["k-bob"]).await;
    assert_eq!(told, [Whereabouts::Unknown], "nothing was read yet");
}

#[tokio::test]
async fn who_is_elsewhere_in_the_tree_is_outside_and_another_server_hides_the_rest() {
    let found = with_ann(NEW, |id| {
        let values: &[(&str, &[u8])] = &[("entryUUID", b"k-bob")];
        entry(id, "uid=bob,ou=left,dc=x", values)
    })
    .await;
    let source = source(&found);
    source.read().await.expect("it can be read");
    let [bob, cy] = told(&source, &["k-bob", "k-cy"]).await[..] else {
        panic!("two were asked for");
    };
    assert_eq!((bob, cy), (Whereabouts::Outside, Whereabouts::Deleted));

    let referring = with_ann(NEW, |id| {
        crate::source::ldap::script::reference(id, "ldap://192.0.2.1/ou=abroad,dc=x")
    })
    .await;
    let source = self::source(&referring);
    source.read().await.expect("it can be read");
    assert_eq!(told(&source, &["k-cy"]).await, [Whereabouts::Unknown]);
}

#[tokio::test]
async fn a_server_that_does_not_name_its_trees_cannot_be_asked() {
    let server = Server::saying(|asked| {
        let values: &[(&str, &[u8])] = &[("entryUUID", b"k-ann"), ("uid", b"ann")];
        let ann = entry(asked.id, "uid=ann,ou=people,dc=x", values);
        [ann, page(asked.id, b"")].concat()
    })
    .await;
    let source = source(&server);
    source.read().await.expect("it can be read");
    let told = source.whereabouts(&missing(&["k-bob"])).await;
    assert_eq!(told.expect("it answers"), None);
}

const RHDS: (&str, &str) = ("vendorName", "389 Project");

/// Somebody of 389.
fn rhds(id: u8, state: u8, uuid: [u8; 16], uid: &str) -> Vec<u8> {
    let key = format!("k-{uid}");
    let values: &[(&str, &[u8])] = &[("nsUniqueId", key.as_bytes()), ("uid", uid.as_bytes())];
    synced(id, state, uuid, &format!("uid={uid},{PEOPLE}"), values)
}

#[tokio::test]
async fn a_server_that_cannot_go_on_is_asked_for_everything_again() {
    let server = telling_as(
        RHDS,
        vec![
            |id| {
                let all = [rhds(id, 1, ANN, "ann"), rhds(id, 1, BOB, "bob")].concat();
                [all, deletes_end(id, b"one"), CUT.to_vec()].concat()
            },
            |id| [rhds(id, 1, ANN, "ann"), deletes_end(id, b"two")].concat(),
        ],
    )
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    let told = heard(&mut *watch, &server, 4).await;
    assert_eq!(told, ["Change", LOST, "Back", "Change"]);
    assert_eq!(labels(&source).await, ["ann"]);
    assert_eq!(cookies(&server), ["", ""]);
}

/// What is asked of the people besides to be told of changes, as soon as it is.
async fn asked_of_people(server: &Server) {
    let waited = async {
        let is_asked = |asked: &Asked| {
            asked.base == PEOPLE && asked.sync.is_none() && asked.attributes != ["1.1"]
        };
        while !server.asked().iter().any(is_asked) {
            Clock::System.sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waited).await;
    waited.expect("the server is asked");
}

#[tokio::test]
async fn who_is_told_of_after_the_end_is_asked_for_and_does_not_come_back() {
    let server = telling_as(
        RHDS,
        vec![|id| {
            let all = [rhds(id, 1, ANN, "ann"), rhds(id, 1, BOB, "bob")].concat();
            let gone = [rhds(id, 3, BOB, "bob"), rhds(id, 2, BOB, "bob")].concat();
            [all, deletes_end(id, b"one"), gone].concat()
        }],
    )
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    assert_eq!(heard(&mut *watch, &server, 1).await, ["Change"]);
    asked_of_people(&server).await;
    assert_eq!(labels(&source).await, ["ann"]);
}

#[tokio::test]
async fn a_persistent_search_that_is_refused_is_told_and_another_way_is_taken() {
    let server = Server::doing(Box::new(|asked: &Asked| {
        let control = ("supportedControl", PERSISTENT);
        let stamp: &[(&str, &[u8])] = &[
            ("nsUniqueId", b"k-ann"),
            ("uid", b"ann"),
            ("modifyTimestamp", b"20261122093348Z"),
        ];
        match (asked.op, &*asked.base) {
            (0, _) => result(asked.id, 0x61, 0, ""),
            (3, "") => root(asked.id, &[RHDS, control, ("namingContexts", "dc=x")]),
            (3, "dc=x") => result(asked.id, 0x65, 53, "not now"),
            _ => {
                let ann = entry(asked.id, &format!("uid=ann,{PEOPLE}"), stamp);
                [ann, page(asked.id, b"")].concat()
            }
        }
    }))
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    // What is there is told first: it may have changed before the search is refused.
    let told = heard(&mut *watch, &server, 4).await;
    let refused = "Lost: SERVER: changes: the server ended the search (code 53: not now)";
    assert_eq!(told, ["Change", refused, "Back", "Change"]);
}

#[tokio::test]
async fn who_is_told_of_before_anybody_can_see_the_change_is_looked_at_again() {
    let mut looks = 0;
    let server = Server::doing(Box::new(move |asked: &Asked| {
        let control = ("supportedControl", PERSISTENT);
        let dn = format!("uid=ann,{PEOPLE}");
        match (asked.op, &*asked.base) {
            (0, _) => result(asked.id, 0x61, 0, ""),
            (3, "") => root(asked.id, &[RHDS, control, ("namingContexts", "dc=x")]),
            (3, "dc=x") => entry(asked.id, &dn, &[("nsUniqueId", b"k-ann")]),
            _ => {
                looks += 1;
                let name: &[u8] = if looks < 3 { b"Before" } else { b"After" };
                let values: &[(&str, &[u8])] = &[("nsUniqueId", b"k-ann"), ("sn", name)];
                [entry(asked.id, &dn, values), page(asked.id, b"")].concat()
            }
        }
    }))
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    let told = heard(&mut *watch, &server, 2);
    let told = tokio::time::timeout(Duration::from_mins(1), told).await;
    assert_eq!(told.expect("it is heard"), ["Change", "Change"]);
    let looks = server.asked().into_iter();
    let looks = looks.filter(|asked| asked.base == PEOPLE && asked.op == 3);
    assert_eq!(looks.count(), 3);
}
