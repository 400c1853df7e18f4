//! What a config says against what a server says, and where it may not lead.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::*;

/// A port that somebody listens at, and the address of it.
fn elsewhere() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("it can be asked");
    let address = listener.local_addr().expect("it is bound");
    (listener, format!("ldap://{address}"))
}

/// Has anybody knocked?
fn is_contacted(listener: &TcpListener) -> bool {
    match listener.accept() {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            false
        }
    }
}

#[tokio::test]
async fn whoever_a_server_refers_to_never_hears_of_us() {
    let (listener, address) = elsewhere();
    let part = format!("{address}/ou=abroad,dc=x");
    let server = Server::saying(move |asked| {
        let id = asked.id;
        [ann(id), reference(id, &part), page(id, b"")].concat()
    })
    .await;
    let mut named = config(&[&server.address]);
    named.bind = Bind::Simple {
        dn: "cn=rollcall".into(),
        password: SecretRef::Env("PATH".into()),
    };
    let reading = read(named).await.expect("a part");
    assert_eq!(labels(&reading), ["ann"]);
    assert!(!is_contacted(&listener));
    std::net::TcpStream::connect(address.trim_start_matches("ldap://")).expect("it listens");
    assert!(is_contacted(&listener), "it would have been seen");
}

#[tokio::test]
async fn a_dialect_that_is_written_counts_more_than_what_the_server_says() {
    let server = Server::saying(|asked| {
        let person = |uid: &str, lock: (&str, &[u8])| {
            let key = format!("k-{uid}");
            let values: &[(&str, &[u8])] = &[
                ("nsUniqueId", key.as_bytes()),
                ("entryUUID", b"the same"),
                ("uid", uid.as_bytes()),
                lock,
            ];
            entry(asked.id, &format!("uid={uid},{PEOPLE}"), values)
        };
        [
            person("ann", ("nsAccountLock", b"TRUE")),
            person("bob", ("pwdAccountLockedTime", b"000001010000Z")),
            page(asked.id, b""),
        ]
        .concat()
    })
    .await;
    let mut told = config(&[&server.address]);
    told.dialect = Some(Dialect::Rhds);
    let reading = read(told).await.expect("whole");
    let users: Vec<(String, bool)> = reading
        .users
        .iter()
        .map(|user| (user.key.id.to_string(), user.disabled))
        .collect();
    assert_eq!(users, [("k-ann".into(), true), ("k-bob".into(), false)]);
    let asked = server.asked();
    let people = asked.iter().find(|asked| asked.base == PEOPLE);
    let people = people.expect("it was asked");
    assert_eq!(people.filter, ["objectClass", "person"]);
    assert_eq!(
        people.attributes,
        [
            "mail",
            "manager",
            "nsAccountLock",
            "nsUniqueId",
            "shadowExpire",
            "sn",
            "uid",
            "modifyTimestamp"
        ]
    );
}

#[test]
fn an_attribute_may_say_who_is_switched_off() {
    let mut config = config(&[]);
    config.users.disabled = Disabled::Attribute("roomNumber".into());
    let lock = [("pwdAccountLockedTime", "000001010000Z")];
    let room = |room: &'static str| [("roomNumber", room)];
    let entries = [
        uid("ann", &room("yes")),
        uid("bob", &room("0")),
        uid("cy", &lock),
        uid("dan", &room("TRUE")),
        uid("eve", &room("cellar")),
    ];
    let roll = users(&config, &entries);
    let users: Vec<User> = roll.users.iter().collect();
    let told: Vec<(&str, bool)> = users
        .iter()
        .map(|user| (&*user.label, user.disabled))
        .collect();
    assert_eq!(
        told,
        [("ann", true), ("bob", false), ("cy", false), ("dan", true)]
    );
    let eve = &roll.broken[0];
    assert_eq!(eve.user, Some(UserKey::new(&"hq".into(), "k-eve")));
    assert_eq!(
        (&*eve.place, &*eve.problem),
        (
            "uid=eve,ou=people,dc=x",
            "`roomNumber` is “cellar”, not true or false"
        )
    );
}
