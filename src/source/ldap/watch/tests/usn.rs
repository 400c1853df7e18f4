//! A domain controller of which each question is counted.

use std::sync::{Mutex, PoisonError};

use super::*;
use crate::source::ldap::settings::{Branch, Depth, Form, GroupSettings};
use crate::source::ldap::watch::inquiry::{Ask as _, Told};
use crate::source::ldap::watch::usn::{Deletions, Ear};

const GROUPS: &str = "ou=groups,dc=x";
const AD: &str = "1.2.840.113556.1.4.800";

/// Somebody, or a group.
#[derive(Clone)]
struct Row {
    guid: u8,
    dn: String,
    values: Vec<(&'static str, String)>,
    /// The number of the last change.
    changed: u64,
}

/// What the controller holds.
struct Domain {
    /// The entry of the controller itself.
    name: &'static str,
    /// Its database.
    database: u8,
    rows: Vec<Row>,
    highest: u64,
    /// The next question ends the line.
    is_cut: bool,
}

type Shared = Arc<Mutex<Domain>>;

impl Domain {
    fn row(&mut self, guid: u8) -> &mut Row {
        let mut rows = self.rows.iter_mut();
        rows.find(|row| row.guid == guid).expect("it is there")
    }

    /// Changes an entry, and numbers that.
    fn change(&mut self, guid: u8, change: impl FnOnce(&mut Row)) {
        self.highest += 1;
        let highest = self.highest;
        let row = self.row(guid);
        row.changed = highest;
        change(row);
    }

    fn answer(&mut self, asked: &Asked) -> Vec<u8> {
        let id = asked.id;
        if std::mem::take(&mut self.is_cut) {
            return Vec::new();
        }
        match (asked.op, &*asked.base) {
            (0, _) => return result(id, 0x61, 0, ""),
            (3, "") => {
                let highest = self.highest.to_string();
                return root(
                    id,
                    &[
                        ("supportedCapabilities", AD),
                        ("namingContexts", "dc=x"),
                        ("highestCommittedUSN", &highest),
                        ("dsServiceName", self.name),
                    ],
                );
            }
            (3, base) if base == self.name => {
                let database = [self.database; 16];
                let own = entry(id, self.name, &[("invocationId", &database)]);
                return [own, done(id, 0)].concat();
            }
            _ => {}
        }
        let found = self.rows.iter().filter(|row| is_found(row, asked));
        let entries = found.map(|row| {
            let guid = [row.guid; 16];
            let mut values: Vec<(&str, &[u8])> = vec![("objectGUID", &guid)];
            let others = row.values.iter();
            values.extend(others.map(|(name, value)| (*name, value.as_bytes())));
            entry(id, &row.dn, &values)
        });
        [entries.collect::<Vec<_>>().concat(), page(id, b"")].concat()
    }
}

fn is_found(row: &Row, asked: &Asked) -> bool {
    let after = |word: &str| {
        let at = asked.filter.iter().position(|held| held == word)?;
        asked.filter.get(at + 1)
    };
    let is_new = after("uSNChanged")
        .is_none_or(|since| row.changed >= since.parse::<u64>().expect("a number"));
    let names = ["member", "manager"].iter().all(|name| {
        let named = after(name);
        named.is_none_or(|named| row.values.contains(&(*name, named.clone())))
    });
    let is_asked_for = after("isDeleted").is_none();
    row.dn.ends_with(&*asked.base) && is_new && names && is_asked_for
}

fn locked(domain: &Shared) -> std::sync::MutexGuard<'_, Domain> {
    domain.lock().unwrap_or_else(PoisonError::into_inner)
}

fn user(guid: u8, name: &str, place: &str) -> Row {
    let mail = format!("{name}@example.com");
    Row {
        guid,
        dn: format!("cn={name},{place}"),
        values: vec![("mail", mail), ("sn", "A".to_owned())],
        changed: 5,
    }
}

/// Ann is in the group `team`, and so is bob, who is in another place; the server hides what was deleted.
async fn company() -> (Server, Shared, LdapSource) {
    let (ann, bob) = (user(1, "ann", PEOPLE), user(2, "bob", "ou=away,dc=x"));
    let team = Row {
        guid: 3,
        dn: format!("cn=team,{GROUPS}"),
        values: vec![
            ("cn", "team".to_owned()),
            ("member", ann.dn.clone()),
            ("member", bob.dn.clone()),
        ],
        changed: 5,
    };
    let rows = vec![ann, bob, user(4, "cy", PEOPLE), team];
    let domain = Arc::new(Mutex::new(Domain {
        name: "cn=dc1,dc=x",
        database: 1,
        rows,
        highest: 9,
        is_cut: false,
    }));
    let held = Arc::clone(&domain);
    let server = Server::doing(Box::new(move |asked| locked(&held).answer(asked))).await;
    let mut config = config(&[&server.address]);
    config.poll = Some(Duration::from_millis(50));
    config.page = 0;
    config.groups = Some(GroupSettings {
        branch: Branch {
            base: GROUPS.into(),
            filter: None,
            scope: Depth::Subtree,
        },
        key: None,
        name: "cn".into(),
        member: None,
        form: Form::Auto,
    });
    let source = LdapSource::new("hq".into(), config, Clock::System);
    (server, domain, source)
}

/// Who is there, and who of them in the group. The server talks over one line at a time, which the ear
/// has: this is made without asking it.
async fn shown(source: &LdapSource) -> (Vec<String>, Vec<String>) {
    let reading = source.follow().await.expect("it is followed");
    let members = &reading.groups[0].members;
    let all: Vec<_> = reading.users.iter().collect();
    let all = all.iter();
    let name = |user: &crate::core::user::User| {
        let sn = user.first("sn").unwrap_or_default();
        format!("{} {sn}", user.label.trim_end_matches("@example.com"))
    };
    let inside = all.clone().filter(|user| members.contains(&user.key));
    (all.map(name).collect(), inside.map(name).collect())
}

async fn hears_a_change(watch: &mut Box<dyn Watch>) {
    let heard = watch.next().await;
    assert!(matches!(heard, Heard::Change), "{heard:?}");
}

#[tokio::test]
async fn a_change_costs_what_has_changed() {
    let (server, domain, source) = company().await;
    let mut watch = source.watch().expect("an ear");
    hears_a_change(&mut watch).await;
    let (all, team) = shown(&source).await;
    assert_eq!(all, ["ann A", "cy A"]);
    assert_eq!(team, ["ann A"]);
    let before = server.asked().len();

    locked(&domain).change(1, |ann| ann.values[1].1 = "B".to_owned());
    hears_a_change(&mut watch).await;
    let (all, team) = shown(&source).await;
    assert_eq!(all, ["ann B", "cy A"]);
    assert_eq!(team, ["ann B"]);

    // Bob comes into the base, and the group names him anew without another number for it.
    let bob = format!("cn=bob,{PEOPLE}");
    locked(&domain).row(3).values[2].1.clone_from(&bob);
    locked(&domain).change(2, |row| row.dn = bob);
    hears_a_change(&mut watch).await;
    let (all, team) = shown(&source).await;
    assert_eq!(all, ["ann B", "bob A", "cy A"]);
    assert_eq!(team, ["ann B", "bob A"]);

    let away = "cn=ann,ou=away,dc=x".to_owned();
    locked(&domain).row(3).values[1].1.clone_from(&away);
    locked(&domain).change(1, |row| row.dn = away);
    hears_a_change(&mut watch).await;
    let (all, team) = shown(&source).await;
    assert_eq!(all, ["bob A", "cy A"]);
    assert_eq!(team, ["bob A"]);

    let narrow = ["uSNChanged", "member", "manager"];
    let asked = server.asked().split_off(before);
    let searches = asked.iter().filter(|asked| asked.base.starts_with("ou="));
    for search in searches {
        let is_narrow = search.filter.iter().any(|word| narrow.contains(&&**word));
        assert!(is_narrow, "everybody was asked for: {search:?}");
    }
}

#[tokio::test]
async fn numbers_that_go_backwards_are_read_anew() {
    let (_server, domain, source) = company().await;
    let mut watch = source.watch().expect("an ear");
    hears_a_change(&mut watch).await;
    {
        let mut domain = locked(&domain);
        domain.highest = 7;
        domain.row(4).values[1].1 = "Older".to_owned();
    }
    let heard = watch.next().await;
    assert!(matches!(heard, Heard::Anew(_)), "{heard:?}");
    let (all, _) = shown(&source).await;
    assert_eq!(all, ["ann A", "cy Older"]);
}

#[tokio::test]
async fn another_controller_and_a_restored_one_are_read_anew_and_the_same_one_goes_on() {
    let (server, domain, source) = company().await;
    let mut watch = source.watch().expect("an ear");
    hears_a_change(&mut watch).await;
    for (name, database, highest, told) in [
        ("cn=dc1,dc=x", 1, 10, "Change"),
        (
            "cn=dc2,dc=x",
            1,
            20,
            "Anew: SERVER: it is another domain controller than before, cn=dc2,dc=x, which numbers \
             changes by itself",
        ),
        (
            "cn=dc2,dc=x",
            2,
            30,
            "Anew: SERVER: its database was restored, or made anew",
        ),
        ("cn=dc2,dc=x", 2, 40, "Change"),
    ] {
        let sn = format!("At {highest}");
        let before = server.asked().len();
        {
            let mut domain = locked(&domain);
            (domain.name, domain.database) = (name, database);
            domain.highest = highest - 1;
            domain.change(4, |cy| cy.values[1].1.clone_from(&sn));
            domain.is_cut = true;
        }
        let heard = heard(&mut *watch, &server, 3).await;
        assert!(heard[0].starts_with("Lost: "), "{heard:?}");
        assert_eq!(heard[1..], ["Back", told]);
        let (all, _) = shown(&source).await;
        assert_eq!(all, ["ann A".to_owned(), format!("cy {sn}")]);
        let asked = server.asked().split_off(before);
        let of_all = |asked: &&Asked| {
            asked.base == PEOPLE && !asked.filter.iter().any(|word| word == "uSNChanged")
        };
        let is_anew = asked.iter().any(|asked| of_all(&asked));
        assert_eq!(is_anew, told != "Change", "{asked:?}");
    }
}

#[tokio::test]
async fn a_deletion_that_is_hidden_is_found_by_comparing_who_is_there() {
    let (_server, domain, source) = company().await;
    let mut session = Session::open(&source.config).await.expect("a line");
    let mut usn = Usn::default();
    let hidden = Deletions::Hidden;
    let mut ear = Ear::open(&mut session, &mut usn, hidden, &source)
        .await
        .expect("an ear");
    for (told, what) in [
        (Told::Change, "it has just begun"),
        (Told::Nothing, "nothing has changed"),
    ] {
        let look = ear.look(&mut session).await.expect("an answer");
        assert_eq!(look, told, "{what}");
    }
    {
        let mut domain = locked(&domain);
        domain.rows.retain(|row| row.guid != 4);
        domain.highest += 1;
    }
    let look = ear.look(&mut session).await.expect("an answer");
    assert_eq!(look, Told::Nothing, "it was compared a moment ago");
    ear.compare_now();
    let look = ear.look(&mut session).await.expect("an answer");
    assert_eq!(look, Told::Change, "it is time to compare");
    let (all, _) = shown(&source).await;
    assert_eq!(all, ["ann A"]);
}
