//! What a FreeIPA server says, by its documents: the server is 389, the keys are its own.

use super::*;

const ANN: &[u8] = b"0fb2b5c4-64f0-11f1-9d3b-525400a7b9c1";
const BOB: &[u8] = b"1a7c9e02-64f0-11f1-b1f2-525400a7b9c1";
const CY: &[u8] = b"2b8d0f13-64f0-11f1-8a4e-525400a7b9c1";
const STAFF: &[u8] = b"3c9e1024-64f0-11f1-9f7d-525400a7b9c1";

fn person(id: u8, uid: &str, key: &[u8], lock: Option<&[u8]>) -> Vec<u8> {
    let mut values: Vec<(&str, &[u8])> = vec![("ipaUniqueID", key), ("uid", uid.as_bytes())];
    values.extend(lock.map(|lock| ("nsAccountLock", lock)));
    entry(id, &format!("uid={uid},{PEOPLE}"), &values)
}

/// A server with three people, one of them locked, and a group of all.
async fn realm() -> Server {
    Server::doing(Box::new(|asked: &Asked| {
        let id = asked.id;
        match (asked.op, &*asked.base) {
            (0, _) => result(id, 0x61, 0, ""),
            (3, "") => root(
                id,
                &[
                    ("vendorName", "389 Project"),
                    ("vendorVersion", "389-Directory/2.4.5 B2024.017.0000"),
                    ("ipaDomainLevel", "1"),
                    ("ipaTopologyPluginVersion", "1.0"),
                    ("ipatopologyismanaged", "on"),
                ],
            ),
            (_, GROUPS) => {
                let member = format!("uid=bob,{PEOPLE}");
                let values: &[(&str, &[u8])] = &[
                    ("objectClass", b"groupofnames"),
                    ("ipaUniqueID", STAFF),
                    ("cn", b"staff"),
                    ("member", member.as_bytes()),
                ];
                [
                    entry(id, &format!("cn=staff,{GROUPS}"), values),
                    page(id, b""),
                ]
                .concat()
            }
            _ => [
                person(id, "ann", ANN, Some(b"FALSE")),
                person(id, "bob", BOB, Some(b"TRUE")),
                person(id, "cy", CY, None),
                page(id, b""),
            ]
            .concat(),
        }
    }))
    .await
}

#[tokio::test]
async fn users_of_freeipa_are_known_by_its_own_key_and_locked_by_389s_lock() {
    let server = realm().await;
    let mut config = config(&[&server.address]);
    config.groups = Some(GroupSettings {
        branch: branch(GROUPS),
        key: None,
        name: "cn".into(),
        member: None,
        form: Form::Auto,
    });
    let source = LdapSource::new("hq".into(), config, Clock::System);
    let reading = source.read().await.expect("it can be read");
    let users: Vec<_> = reading.users.iter().collect();
    let told: Vec<(&[u8], &str, bool)> = users
        .iter()
        .map(|user| (user.key.id.as_bytes(), &*user.label, user.disabled))
        .collect();
    assert_eq!(
        told,
        [(ANN, "ann", false), (BOB, "bob", true), (CY, "cy", false)]
    );
    let group = &reading.groups[0];
    assert_eq!(group.members, BTreeSet::from([users[1].key.clone()]));
    let asked = server.asked();
    let people = asked.iter().find(|asked| asked.base == PEOPLE);
    // The server shows neither to who does not ask for it by name.
    for name in ["ipaUniqueID", "nsAccountLock"] {
        let wanted = &people.expect("it was asked").attributes;
        assert!(wanted.iter().any(|wanted| wanted == name), "{wanted:?}");
    }
}
