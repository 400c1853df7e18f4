//! Groups, values and switches in every form that a directory has them in.
//!
//! Promises that they mean the same in the app, whichever way they are written. Leaves each form's odd
//! cases to unit tests.

use std::fmt::Write as _;

use super::{Story, words};
use crate::slapd::{members, person, team};

const PEOPLE: usize = 20;
const GROUPS: usize = 10;

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn groups_values_and_switches_may_be_written_in_any_form() {
    let story = Story::begin(PEOPLE, GROUPS).await;
    members_by_other_names(&story);
    let before = story.served.ask("/_sandbox/app/dump");
    hold_groups_in_the_users(&story.server);
    story.config("rollcall.yaml", |text| {
        text.replace(
            "ou=people,dc=example,dc=com\" }",
            "ou=people,dc=example,dc=com\", disabled: roomNumber }",
        )
        .replace(
            "ou=groups,dc=example,dc=com\" }",
            "ou=groups,dc=example,dc=com\", form: member_of }",
        )
        .replace(
            "    groups: { push",
            "    mapping: { photos: 'user.?jpegPhoto.orValue(\"\")' }\n    groups: { push",
        )
    });
    story.is_quiet();
    assert_eq!(story.served.ask("/_sandbox/app/dump"), before);
    members_by_their_own_entries(&story);
}

/// `uniqueMember` of groupOfUniqueNames, with an identifier and without (RFC 4519, 2.40), and
/// `memberUid` of posixGroup (RFC 2307).
fn members_by_other_names(story: &Story) {
    let (unique, posix) = (
        "cn=team-unique,ou=groups,dc=example,dc=com",
        "cn=team-posix,ou=groups,dc=example,dc=com",
    );
    story.server.change(&format!(
        "dn: {unique}\nchangetype: add\nobjectClass: groupOfUniqueNames\ncn: team-unique\n\
         uniqueMember: {}\nuniqueMember: {}#'01'B\n\n\
         dn: {posix}\nchangetype: add\nobjectClass: posixGroup\ncn: team-posix\ngidNumber: 5000\n\
         memberUid: user0003\nmemberUid: user0004\nmemberUid: user0005\nmemberUid: daemon\n",
        person(1),
        person(2)
    ));
    story.takes("two groups with their members", 2 + 2);
    assert_eq!(story.members("team-unique"), 2);
    assert_eq!(story.members("team-posix"), 3);
    story.server.change(&format!(
        "dn: {unique}\nchangetype: modify\ndelete: uniqueMember\nuniqueMember: {}\n-\n\
         add: uniqueMember\nuniqueMember: {}\nuniqueMember: {}\n\n\
         dn: {posix}\nchangetype: modify\ndelete: memberUid\nmemberUid: user0004\nmemberUid: user0005\n",
        person(1),
        person(6),
        person(7)
    ));
    story.takes("one out and two in, and two out", 2 + 1);
    assert_eq!(story.members("team-unique"), 3);
    assert_eq!(story.members("team-posix"), 1);
    story.server.change(&format!(
        "dn: {unique}\nchangetype: delete\n\ndn: {posix}\nchangetype: delete\n"
    ));
    story.takes("groups that are gone stay in the app", 0);
}

/// Writes every membership anew: slapd notes at the users where they stand when that is written, and
/// not when a company is loaded.
fn hold_groups_in_the_users(server: &crate::slapd::Slapd) {
    let mut all = String::new();
    for number in 1..=GROUPS {
        let _ = writeln!(
            all,
            "dn: {}\nchangetype: modify\nreplace: member\n{}",
            team(number),
            members(number, PEOPLE, GROUPS)
        );
    }
    let _ = writeln!(
        all,
        "dn: cn=staff,ou=groups,dc=example,dc=com\nchangetype: modify\nreplace: member\n{}",
        members(1, PEOPLE, 1)
    );
    server.change(&all);
}

/// `memberOf`, a photo, and an attribute of the site's own that says who is off.
fn members_by_their_own_entries(story: &Story) {
    let set = |number: usize, line: &str| {
        let name = line.split(':').next().unwrap_or_default();
        format!(
            "dn: {}\nchangetype: modify\nreplace: {name}\n{line}\n\n",
            person(number)
        )
    };
    let changes = [
        format!(
            "dn: {}\nchangetype: modify\nadd: member\nmember: {}\n\n",
            team(1),
            person(5)
        ),
        set(6, "jpegPhoto:: /9j/4AAQSkZJRgABAQ=="),
        set(7, "roomNumber: yes"),
        set(8, "pwdAccountLockedTime: 000001010000Z"),
        set(9, "roomNumber: no"),
    ];
    story.server.change(&changes.concat());
    story.takes(
        "a member, a photo, and one who is off by the site's own attribute",
        2 + 2,
    );
    assert_eq!(story.members("team-001"), 3);
    assert_eq!(
        story.account("user0006")["photos"][0]["value"],
        "/9j/4AAQSkZJRgABAQ=="
    );
    assert_eq!(story.account("user0007")["active"], false);
    assert_eq!(story.account("user0008")["active"], true);
    story.server.change(&set(9, "roomNumber: cellar"));
    story.hurts_nobody("rollcall.yaml", 4, words::NO_SWITCH);
    story.server.change(&format!(
        "{}dn: {}\nchangetype: modify\ndelete: member\nmember: {}\n",
        set(9, "roomNumber: no"),
        team(1),
        person(5)
    ));
    story.takes("out of the group again", 1);
    assert_eq!(story.members("team-001"), 2);
}
