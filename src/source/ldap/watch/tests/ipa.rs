//! A FreeIPA server that is listened to, by its documents: the server is 389, the keys are its own.

use super::*;

const IPA: (&str, &str) = ("ipaDomainLevel", "1");

/// Somebody of FreeIPA.
fn person<'v>(key: &'v str, uid: &'v str, lock: &'v str) -> [(&'v str, &'v [u8]); 3] {
    [
        ("ipaUniqueID", key.as_bytes()),
        ("uid", uid.as_bytes()),
        ("nsAccountLock", lock.as_bytes()),
    ]
}

/// A server with ann, which tells of her by persistent search.
async fn realm() -> Server {
    Server::doing(Box::new(|asked: &Asked| {
        let (id, dn) = (asked.id, format!("uid=ann,{PEOPLE}"));
        let vendor = ("vendorVersion", "389-Directory/2.4.5 B2024.017.0000");
        let control = ("supportedControl", PERSISTENT);
        match (asked.op, &*asked.base) {
            (0, _) => result(id, 0x61, 0, ""),
            (3, "") => root(
                id,
                &[IPA, RHDS, vendor, control, ("namingContexts", "dc=x")],
            ),
            (3, "dc=x") => entry(id, &dn, &[("ipaUniqueID", b"k-ann")]),
            _ => {
                let ann = entry(id, &dn, &person("k-ann", "ann", "FALSE"));
                [ann, page(id, b"")].concat()
            }
        }
    }))
    .await
}

#[tokio::test]
async fn freeipa_is_described_by_its_own_name_and_key() {
    let server = realm().await;
    let told = source(&server).describe().await.expect("it answers");
    let told: Vec<String> = told
        .iter()
        .map(|line| line.replace(&server.address, "SERVER"))
        .collect();
    assert_eq!(
        told,
        [
            "SERVER is FreeIPA (389 Project, 389-Directory/2.4.5 B2024.017.0000)",
            "it can: paged results (RFC 2696), persistent search",
            "users are known by `ipaUniqueID`",
            "changes: by persistent search, and asking what has changed",
        ]
    );
}

#[tokio::test]
async fn freeipa_tells_of_its_keys_and_is_asked_for_its_locks() {
    let server = realm().await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    assert_eq!(heard(&mut *watch, &server, 1).await, ["Change"]);
    let is_look = |asked: &Asked| asked.filter.iter().any(|word| word == "k-ann");
    let waited = async {
        while !server.asked().iter().any(is_look) {
            Clock::System.sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waited).await;
    waited.expect("it is asked what has changed");
    let asked = server.asked();
    let told = asked.iter().find(|asked| asked.base == "dc=x");
    assert_eq!(told.expect("it listens").attributes, ["ipaUniqueID"]);
    let looked = asked.into_iter().find(is_look).expect("it was there");
    assert_eq!(looked.base, PEOPLE);
    let by = ["ipaUniqueID", "k-ann"].map(str::to_owned);
    assert!(looked.filter.ends_with(&by), "{:?}", looked.filter);
    for name in ["ipaUniqueID", "nsAccountLock"] {
        let wanted = &looked.attributes;
        assert!(wanted.iter().any(|wanted| wanted == name), "{wanted:?}");
    }
}

fn told_of(id: u8, uuid: [u8; 16], uid: &str, lock: &str) -> Vec<u8> {
    let key = format!("k-{uid}");
    let dn = format!("uid={uid},{PEOPLE}");
    synced(id, 1, uuid, &dn, &person(&key, uid, lock))
}

#[tokio::test]
async fn freeipa_that_tells_by_syncrepl_is_asked_for_everything_after_a_cut() {
    let server = telling_as(
        IPA,
        vec![
            |id| {
                let ann = told_of(id, ANN, "ann", "FALSE");
                let all = [ann, told_of(id, BOB, "bob", "FALSE")].concat();
                [all, deletes_end(id, b"one"), CUT.to_vec()].concat()
            },
            |id| [told_of(id, ANN, "ann", "TRUE"), deletes_end(id, b"two")].concat(),
        ],
    )
    .await;
    let source = source(&server);
    let mut watch = source.watch().expect("an ear");
    let told = heard(&mut *watch, &server, 4).await;
    assert_eq!(told, ["Change", LOST, "Back", "Change"]);
    let reading = source.follow().await.expect("it is followed");
    let users: Vec<_> = reading.users.iter().collect();
    let users: Vec<_> = users
        .iter()
        .map(|user| (&*user.key.id, &*user.label, user.disabled))
        .collect();
    assert_eq!(users, [("k-ann", "ann", true)]);
    assert_eq!(cookies(&server), ["", ""]);
}
