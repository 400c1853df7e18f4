//! A directory that loses or hides something, and the same one when it means it.
//!
//! Promises that one person, one key, one attribute or a third of all that are out of sight cost nobody
//! anything, with words that say what to do; that who was really deleted leaves also where groups keep the
//! names of the deleted; and that new keys for everybody send nothing. Leaves rights that are given by
//! groups to [`super`].

use super::{Story, words};
use crate::slapd::{person, team};

fn deleted(numbers: impl IntoIterator<Item = usize>) -> String {
    let entry = |number| format!("dn: {}\nchangetype: delete\n\n", person(number));
    numbers.into_iter().map(entry).collect()
}

/// A change of everybody.
fn each(people: usize, change: impl Fn(usize) -> String) -> String {
    let entry = |number| {
        format!(
            "dn: {}\nchangetype: modify\n{}\n",
            person(number),
            change(number)
        )
    };
    (1..=people).map(entry).collect()
}

/// Releases the one hold.
fn approve(story: &Story) {
    let status = story.folder.rollcall(&format!(
        "status --config rollcall.yaml --format json --sandbox={}",
        story.served.root
    ));
    let held = status.json()["targets"][0]["held"].clone();
    assert_eq!(held.as_array().map(Vec::len), Some(1), "{held}");
    let id = held[0]["id"].as_str().expect("an id");
    let approved = story.folder.rollcall(&format!(
        "approve {id} --because checked --config rollcall.yaml --sandbox={}",
        story.served.root
    ));
    assert_eq!(approved.code, Some(0), "{}", approved.told());
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn one_whose_key_is_hidden_is_not_gone() {
    let mut story = Story::begin(60, 20).await;
    let key = format!("dn.exact=\"{}\" attrs=entryUUID", person(4));
    story.server.hide(&key).await;
    story.hurts_nobody("rollcall.yaml", 4, words::NO_OWN_KEY);
    story.hurts_nobody("rollcall.yaml", 4, words::NO_OWN_KEY);
    story.server.show(&key).await;
    story.is_quiet();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn one_who_is_hidden_is_not_gone() {
    let mut story = Story::begin(60, 20).await;
    let entry = format!("dn.exact=\"{}\"", person(4));
    story.server.hide(&entry).await;
    story.hurts_nobody("rollcall.yaml", 3, words::ONE_HIDDEN);
    story.hurts_nobody("rollcall.yaml", 3, words::ONE_HIDDEN);
    story.server.show(&entry).await;
    story.is_quiet();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn where_groups_keep_the_names_of_the_deleted_they_leave_all_the_same() {
    let mut story = Story::begin(60, 20).await;
    story
        .server
        .restart_with(|text| text.replace("refint_attributes member manager\n", ""))
        .await;
    story.server.change(&deleted([4]));
    story.hurts_nobody("rollcall.yaml", 3, words::ONE_HIDDEN);
    approve(&story);
    let accepted = story.sync("");
    assert_eq!(accepted.code, Some(0), "{}", accepted.told());
    assert_eq!(story.active(), 60, "{}", accepted.told());
    story.takes("two readings, and the time", 1 + 1);
    assert_eq!(story.account("user0004")["active"], false);

    story.server.change(&deleted([5]));
    let first = story.sync("");
    assert_eq!(first.code, Some(0), "{}", first.told());
    assert!(first.out.contains("missing"), "{}", first.told());
    assert_eq!(story.active(), 59);
    story.takes("the next one only waits", 1 + 1);
    assert_eq!(story.account("user0005")["active"], false);
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_third_of_a_directory_gone_hurts_nobody() {
    let story = Story::begin(60, 20).await;
    story.server.change(&deleted(11..29));
    story.hurts_nobody("rollcall.yaml", 3, words::THIRD_GONE);
    story.hurts_nobody("rollcall.yaml", 3, words::THIRD_GONE);
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn attributes_that_are_blank_or_have_another_name_hurt_nobody() {
    let story = Story::begin(60, 20).await;
    story.server.change(&each(60, |_| "delete: mail\n".into()));
    story.hurts_nobody("rollcall.yaml", 3, words::NO_MAIL);
    story.server.change(&each(60, |number| {
        format!("add: mail\nmail: user{number:04}@example.com\n")
    }));
    story.is_quiet();
    story.server.change(&each(60, |number| {
        format!("delete: title\n-\nadd: ou\nou: Title {number}\n")
    }));
    story.hurts_nobody("rollcall.yaml", 3, words::NO_TITLE);
    story.server.change(&each(60, |number| {
        format!("delete: ou\n-\nadd: title\ntitle: Title {number}\n")
    }));
    story.is_quiet();
    let roles = (1..=20).map(|number| {
        let (dn, holder) = (team(number), person(number));
        format!(
            "dn: {dn}\nchangetype: delete\n\ndn: {dn}\nchangetype: add\n\
             objectClass: organizationalRole\ncn: team-{number:03}\nroleOccupant: {holder}\n\n"
        )
    });
    let staff = "dn: cn=staff,ou=groups,dc=example,dc=com";
    let roles = roles.collect::<String>()
        + &format!(
            "{staff}\nchangetype: delete\n\n{staff}\nchangetype: add\n\
             objectClass: organizationalRole\ncn: staff\nroleOccupant: {}\n\n",
            person(1)
        );
    story.server.change(&roles);
    story.hurts_nobody("rollcall.yaml", 3, words::OTHER_MEMBERS);
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_directory_that_is_imported_anew_sends_nothing() {
    let mut story = Story::begin(60, 20).await;
    let before = story.served.ask("/_sandbox/app/dump");
    story.server.import_anew().await;
    story.hurts_nobody("rollcall.yaml", 3, words::IMPORTED);
    approve(&story);
    story.takes("links move", 0);
    assert_eq!(story.served.ask("/_sandbox/app/dump"), before);
    story.server.change(&deleted([4]));
    story.takes("and are followed under their new keys", 1 + 1);
    assert_eq!(story.account("user0004")["active"], false);
}
