//! What happens in the directory while `rollcall run` listens to it, and what of it is in the app.
//!
//! Promises that the app is compared whole after each change, and that it is in line at the end. Leaves
//! how soon something comes to `benches/latency`: here it is waited for.

use super::service::{Beside, CONFIG};
use super::words;
use crate::churn::{Churn, STAFF};
use crate::ldif::{added, deleted, modify, move_to};
use crate::slapd::{hired, person, team};

const PEOPLE: &str = "ou=people,dc=example,dc=com";

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn each_kind_of_change_is_in_the_app_and_nobody_has_read_everything() {
    let beside = Beside::begin(60, 20).await;
    let (slapd, whole) = (&beside.story.server, beside.readings("whole"));
    let came = beside.line.came();
    let locked = |how: &str| modify(&person(5), how, "pwdAccountLockedTime", "000001010000Z");
    let mut app = beside.app();

    let new = added(&hired(61)) + &modify(STAFF, "add", "member", &person(61));
    slapd.change(&(new + &modify(&team(1), "add", "member", &person(61))));
    let title = (true, "Title 61".to_owned());
    app.people.insert("user0061".to_owned(), title);
    app.group("team-001").insert("user0061".to_owned());
    beside.shows("somebody is hired", &app);

    slapd.change(&modify(&person(4), "replace", "title", "Chief"));
    "Chief".clone_into(&mut app.person("user0004").1);
    beside.shows("somebody has another title", &app);

    slapd.change(&move_to(&person(2), "uid=second", PEOPLE));
    app.rename("user0002", "second");
    beside.shows("somebody is renamed", &app);

    let abroad = format!("ou=abroad,{PEOPLE}");
    slapd.change(&move_to(&person(3), "uid=third", &abroad));
    app.rename("user0003", "third");
    beside.shows("somebody is renamed and moved", &app);

    slapd.change(&locked("add"));
    let before = app.clone();
    app.leave("user0005");
    beside.shows("somebody is locked", &app);
    slapd.change(&locked("delete"));
    app = before;
    beside.shows("the lock is taken back", &app);

    slapd.change(&modify(&team(7), "add", "member", &person(8)));
    app.group("team-007").insert("user0008".to_owned());
    beside.shows("somebody joins a group", &app);
    slapd.change(&modify(&team(8), "delete", "member", &person(8)));
    app.group("team-008").remove("user0008");
    beside.shows("and leaves another", &app);

    slapd.change(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: cn=team-six\ndeleteoldrdn: 1\n",
        team(6)
    ));
    let six = app.groups.remove("team-006").expect("it is there");
    app.groups.insert("team-six".to_owned(), six.clone());
    beside.shows("a group is renamed", &app);
    let nested = "cn=team-six,ou=groups,dc=example,dc=com";
    slapd.change(&modify(&team(7), "add", "member", nested));
    app.group("team-007").extend(six);
    beside.shows("and put into another", &app);
    assert_eq!(beside.line.came(), came, "nobody was asked for anything");

    slapd.change(&modify(&person(11), "add", "employeeType", "left"));
    app.leave("user0011");
    beside.shows("the filter takes somebody no more", &app);
    slapd.change(&move_to(
        &person(12),
        "uid=user0012",
        "ou=services,dc=example,dc=com",
    ));
    app.leave("user0012");
    beside.shows("somebody is moved to where no users are", &app);
    slapd.change(&deleted(&person(13)));
    app.leave("user0013");
    beside.shows("somebody is deleted", &app);

    assert_eq!(beside.readings("whole"), whole, "{}", beside.log());
    beside.ends_in_line();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn three_who_are_deleted_are_off_though_absent_for_is_ten_minutes() {
    let beside = Beside::begin(60, 20).await;
    let mut app = beside.app();
    for number in [4, 5, 6] {
        beside.story.server.change(&deleted(&person(number)));
        app.leave(&format!("user{number:04}"));
    }
    beside.shows("the server says that they are nowhere", &app);
    beside.ends_in_line();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_line_that_is_cut_while_changes_are_told_takes_nobody_away() {
    let beside = Beside::begin(60, 20).await;
    let (slapd, line, mut app) = (&beside.story.server, &beside.line, beside.app());
    let listening = |beside: &Beside| beside.stands().0["live"]["listening"].clone();
    assert_eq!(listening(&beside), "on");
    line.limit(0);
    line.cut();
    beside.until("it is known that the line is cut", |beside| {
        listening(beside) == "lost"
    });
    slapd.change(&deleted(&person(6)));
    // So much that it never passes at once.
    let long = "Chief of everything ".repeat(100);
    for number in 8..28 {
        slapd.change(&modify(&person(number), "replace", "title", long.trim()));
    }
    line.limit(5000);
    let came = line.came();
    beside.until("somebody tries again", |beside| beside.line.came() > came);
    assert_eq!(beside.app(), app, "nobody is any less there");
    beside.story.hurts_nobody(CONFIG, 3, words::BESIDE_CUT);
    assert_eq!(beside.status().told(), words::STATUS_CUT);

    line.limit(usize::MAX);
    app.leave("user0006");
    for number in 8..28 {
        long.trim()
            .clone_into(&mut app.person(&format!("user{number:04}")).1);
    }
    beside.shows("what has changed meanwhile is there", &app);
    let (source, _) = beside.stands();
    assert_eq!(source["live"]["listening"], "on", "{source}");
    assert_eq!(source["live"]["deaf"], serde_json::Value::Null, "{source}");
    beside.ends_in_line();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn after_three_hundred_changes_the_app_is_as_the_directory_is() {
    let beside = Beside::begin(2000, 200).await;
    let whole = beside.readings("whole");
    let mut churn = Churn::with(2000, 200);
    for _ in 0..30 {
        let ldif: String = (0..10).map(|_| churn.step()).collect();
        beside.story.server.change(&ldif);
    }
    let directory = beside.directory().await;
    assert_eq!(directory.users.len(), churn.there());
    beside.settles().await;
    assert_eq!(beside.readings("whole"), whole, "{}", beside.log());
    beside.ends_in_line();
}
