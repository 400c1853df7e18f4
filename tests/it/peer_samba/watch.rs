//! A domain controller that is listened to.
//!
//! Promises that every kind of change is heard, that what is then followed is what the controller
//! holds, and that who left is told from who was deleted. Leaves controllers that take each other's
//! place to unit tests.

use std::collections::BTreeSet;
use std::time::Duration;

use rollcall::clock::Clock;
use rollcall::core::key::UserKey;
use rollcall::core::reading::{Reading, Whereabouts};
use rollcall::source::ldap::LdapSource;
use rollcall::source::{Heard, Source as _, Watch};

use super::CONFIG;
use crate::program::Folder;
use crate::read::{self, user};
use crate::samba::{ADMIN, ADMIN_PASSWORD, BIND, PASSWORD, Samba, TOP, crowd, hired, person, team};

/// How long a story waits for what must come.
const LONG: Duration = Duration::from_mins(1);
/// How long it waits for what must not.
const SHORT: Duration = Duration::from_secs(4);
/// From 1601 to 1970, in seconds.
const EPOCH: i64 = 11_644_473_600;

/// A controller and who reads it.
struct Domain {
    samba: Samba,
    folder: Folder,
}

impl Domain {
    async fn with(people: usize, groups: usize) -> Self {
        let samba = Samba::with(people, groups).await;
        let folder = Folder::new();
        folder.keep("bind.password", PASSWORD);
        folder.keep("admin.password", ADMIN_PASSWORD);
        let ca = std::fs::read_to_string(samba.path("ca.pem")).expect("it was written");
        folder.write("ca.pem", &ca);
        Self { samba, folder }
    }

    fn source(&self, change: impl Fn(String) -> String) -> LdapSource {
        let text = CONFIG.replace("URL", &self.samba.secure());
        let text = change(text.replace("page: 70", "page: 70\n      poll: 1s"));
        read::source(&self.folder, &text)
    }

    /// Somebody who may read what was deleted.
    fn admin(&self) -> LdapSource {
        self.source(|text| {
            let text = text.replace(BIND, ADMIN);
            text.replace("bind.password", "admin.password")
        })
    }
}

/// A source and an ear at it.
struct Followed {
    source: LdapSource,
    watch: Box<dyn Watch>,
}

impl Followed {
    /// An ear that has heard everything there is to hear so far.
    async fn of(source: LdapSource) -> Self {
        let watch = source.watch().expect("an ear");
        let mut followed = Self { source, watch };
        followed.changes("it has just begun").await;
        followed
    }

    async fn next(&mut self, what: &str) -> Heard {
        let heard = tokio::time::timeout(LONG, self.watch.next()).await;
        heard.unwrap_or_else(|_| panic!("nothing is heard: {what}"))
    }

    /// A change is heard; gives what is there then.
    async fn changes(&mut self, what: &str) -> Reading {
        let heard = self.next(what).await;
        assert!(matches!(heard, Heard::Change), "{what}: {heard:?}");
        self.source.follow().await.expect("it can be followed")
    }

    /// Follows until the reading is what the controller holds.
    async fn agrees(&mut self, domain: &Domain, what: &str) -> Reading {
        let truth = domain.source(|text| text);
        let agreed = tokio::time::timeout(LONG, async {
            loop {
                let reading = self.source.follow().await.expect("it can be followed");
                if reading == truth.read().await.expect("it can be read") {
                    return reading;
                }
                let beat = Duration::from_millis(200);
                tokio::time::timeout(beat, self.watch.next()).await.ok();
            }
        });
        if let Ok(reading) = agreed.await {
            return reading;
        }
        let reading = self.source.follow().await.expect("it can be followed");
        let truth = truth.read().await.expect("it can be read");
        assert_eq!(reading, truth, "{what}");
        reading
    }

    async fn hears_nothing(&mut self, what: &str) {
        let heard = tokio::time::timeout(SHORT, self.watch.next()).await;
        assert!(heard.is_err(), "{what}: {heard:?}");
    }
}

fn is_member(reading: &Reading, login: &str, group: &str) -> bool {
    let key = &user(reading, login).expect("there").key;
    let mut groups = reading.groups.iter();
    let group = groups.find(|held| &*held.name == group).expect("there");
    group.members.contains(key)
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn every_kind_of_change_is_followed_by_what_has_changed() {
    let domain = Domain::with(30, 10).await;
    let samba = &domain.samba;
    let mut followed = Followed::of(domain.admin()).await;
    samba.set(&person(1), "title", "Chief");
    let reading = followed.agrees(&domain, "a title").await;
    let chief = user(&reading, "user0001").expect("there");
    assert_eq!(chief.first("title"), Some("Chief"));

    samba.set(&person(2), "userAccountControl", "546");
    let reading = followed.agrees(&domain, "a switch").await;
    assert!(user(&reading, "user0002").is_some_and(|user| user.disabled));

    samba.change(&hired(31).replace("objectClass", "changetype: add\nobjectClass"));
    let reading = followed.agrees(&domain, "a hire").await;
    assert!(is_member(&reading, "user0031", "Domain Users"));

    samba.membership(&team(3), &person(4), true);
    let reading = followed.agrees(&domain, "a member").await;
    assert!(is_member(&reading, "user0004", "team-03"));

    // The first one's manager, and then the name and the place of that.
    samba.set(&person(1), "manager", &person(6));
    followed.agrees(&domain, "a manager").await;
    let staff = format!("OU=Staff,{TOP}");
    samba.move_to(&person(6), "CN=Six", &staff);
    let reading = followed.agrees(&domain, "another name").await;
    assert!(is_member(&reading, "user0006", "team-06"));
    let six = &user(&reading, "user0006").expect("there").key;
    let chief = user(&reading, "user0001").expect("there");
    assert_eq!(chief.manager.as_ref(), Some(six));

    let left = format!("OU=Left,{TOP}");
    samba.move_to(&format!("CN=Six,{staff}"), "CN=Six", &left);
    let reading = followed.agrees(&domain, "a move out of the base").await;
    assert_eq!(user(&reading, "user0006"), None);
    let abroad = format!("OU=Abroad,{staff}");
    samba.move_to(&format!("CN=Six,{left}"), "CN=Six", &abroad);
    let reading = followed.agrees(&domain, "and back").await;
    assert!(is_member(&reading, "user0006", "team-06"));

    samba.move_to(&abroad, "OU=Abroad", &left);
    let reading = followed
        .agrees(&domain, "a whole branch leaves the base")
        .await;
    assert_eq!(user(&reading, "user0006"), None);

    samba.move_to(&team(9), "CN=team-nine", &format!("OU=Teams,{TOP}"));
    let reading = followed
        .agrees(&domain, "a group of a group has another name")
        .await;
    assert!(is_member(&reading, "user0009", "team-10"));

    let group = samba.account(&team(4));
    samba.membership(&team(4), &person(8), true);
    samba.set(&person(8), "primaryGroupID", &group);
    let reading = followed.agrees(&domain, "another primary group").await;
    assert!(is_member(&reading, "user0008", "team-04"));

    samba.change(&format!("dn: {}\nchangetype: delete\n", person(7)));
    let reading = followed.agrees(&domain, "somebody is deleted").await;
    assert_eq!(user(&reading, "user0007"), None);
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_controller_that_notifies_is_asked_long_before_its_turn() {
    let domain = Domain::with(20, 2).await;
    // Nothing is asked for of itself while the story lasts.
    let source = domain.source(|text| {
        let text = text.replace("poll: 1s", "poll: 1h");
        let text = text.replace(BIND, ADMIN);
        text.replace("bind.password", "admin.password")
    });
    let mut followed = Followed::of(source).await;
    let samba = &domain.samba;

    samba.set(&person(1), "title", "Chief");
    let reading = followed.changes("a title").await;
    let chief = user(&reading, "user0001").expect("there");
    assert_eq!(chief.first("title"), Some("Chief"));

    samba.change(&format!("dn: {}\nchangetype: delete\n", person(7)));
    let reading = followed.changes("a deletion").await;
    assert_eq!(user(&reading, "user0007"), None);
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_group_of_many_ranges_is_followed_to_its_last_member() {
    let domain = Domain::with(10, 5).await;
    domain.samba.load(&crowd(1700));
    let mut followed = Followed::of(domain.source(|text| text)).await;
    domain.samba.membership(
        "CN=crowd,OU=Teams,DC=ad,DC=example,DC=com",
        &person(3),
        true,
    );
    let reading = followed.agrees(&domain, "one more").await;
    assert!(is_member(&reading, "user0003", "crowd"));
    assert!(is_member(&reading, "crowd1700", "crowd"));
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn what_nobody_asks_for_is_no_change() {
    let domain = Domain::with(10, 5).await;
    let mut followed = Followed::of(domain.source(|text| text)).await;
    domain
        .samba
        .set(&person(8), "description", "of no interest");
    domain.samba.set(
        &format!("CN=PC1,OU=Staff,{TOP}"),
        "description",
        "a machine",
    );
    followed.hears_nothing("nobody asks for it").await;
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn an_account_that_ends_is_heard_when_it_ends() {
    let domain = Domain::with(10, 5).await;
    let mut followed = Followed::of(domain.source(|text| text)).await;
    let soon = Clock::System.now().as_second() + 6;
    let ticks = (soon + EPOCH) * 10_000_000;
    domain
        .samba
        .set(&person(1), "accountExpires", &ticks.to_string());
    followed.changes("the end is set").await;
    let reading = followed.changes("the end comes").await;
    assert!(user(&reading, "user0001").is_some_and(|user| user.disabled));
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_deletion_that_is_hidden_waits_for_the_next_whole_reading() {
    let domain = Domain::with(10, 5).await;
    let mut followed = Followed::of(domain.source(|text| text)).await;
    let delete = format!("dn: {}\nchangetype: delete\n", person(3));
    domain.samba.change(&delete);
    followed
        .hears_nothing("the bind name may not read what was deleted")
        .await;
    let reading = followed.source.read().await.expect("it can be read");
    assert_eq!(user(&reading, "user0003"), None);
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn who_goes_to_the_recycle_bin_is_heard_like_who_is_deleted() {
    let mut domain = Domain::with(10, 5).await;
    domain.samba.stop();
    domain.samba.turn_recycle_bin_on();
    domain.samba.start().await;
    let partitions = format!("CN=Partitions,CN=Configuration,{TOP}");
    let features = domain.samba.value(&partitions, "msDS-EnabledFeature");
    assert!(features.contains("CN=Recycle Bin Feature,"), "{features}");
    let mut followed = Followed::of(domain.admin()).await;
    let delete = format!("dn: {}\nchangetype: delete\n", person(3));
    domain.samba.change(&delete);
    let reading = followed.agrees(&domain, "somebody is deleted").await;
    assert_eq!(user(&reading, "user0003"), None);
    assert_eq!(reading.users.len(), 9);
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_controller_that_is_restored_is_read_anew() {
    let mut domain = Domain::with(10, 5).await;
    domain.samba.stop();
    domain.samba.back_up("yesterday");
    domain.samba.start().await;
    let mut followed = Followed::of(domain.source(|text| text)).await;
    domain.samba.set(&person(1), "title", "Chief");
    followed.changes("a title").await;
    domain.samba.stop();
    let heard = followed.next("it is away").await;
    assert!(matches!(heard, Heard::Lost(_)), "{heard:?}");
    domain.samba.restore("yesterday");
    domain.samba.start().await;
    let heard = followed.next("it is back").await;
    assert!(matches!(heard, Heard::Back), "{heard:?}");
    let heard = followed.next("it knows less than before").await;
    let Heard::Anew(why) = heard else {
        panic!("{heard:?}");
    };
    let why = why.replace(&domain.samba.secure(), "ldaps://DC");
    let number = regex::Regex::new(r"\b\d+\b").expect("a pattern");
    assert_eq!(
        number.replace_all(&why, "N"),
        "ldaps://DC: its last change is number N, and was number N before: it was restored"
    );
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn who_is_missing_is_outside_or_deleted_or_nobody_knows() {
    let domain = Domain::with(20, 10).await;
    let source = domain.source(|text| text);
    let before = source.read().await.expect("it can be read");
    let key = |login: &str| user(&before, login).expect("there").key.clone();
    let (moved, deleted, there) = (key("user0001"), key("user0002"), key("user0003"));
    let place = format!("OU=Left,{TOP}");
    domain.samba.move_to(&person(1), "CN=Gone Away", &place);
    let delete = format!("dn: {}\nchangetype: delete\n", person(2));
    domain.samba.change(&delete);
    let after = source.read().await.expect("it can be read");
    assert_eq!(after.users.len(), 18);
    let nobody = UserKey::new(&"hq".into(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
    let missing = BTreeSet::from([&moved, &deleted, &there, &nobody].map(Clone::clone));
    let told = source.whereabouts(&missing).await.expect("it answers");
    let told = told.expect("it can be asked");
    for (key, whereabouts) in [
        (moved, Whereabouts::Outside),
        (deleted, Whereabouts::Deleted),
        (there, Whereabouts::Unknown),
        (nobody, Whereabouts::Deleted),
    ] {
        assert_eq!(told.get(&key), Some(&whereabouts), "{key:?}");
    }
}
