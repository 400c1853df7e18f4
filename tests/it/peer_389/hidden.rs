//! Rights that hide one person, or the members of one group.
//!
//! Promises that neither costs anybody anything, and that what is there and not shown is told from what
//! is not there. Leaves rights that are given by groups to [`super`].

use super::{Story, words};
use crate::slapd::{BIND, person, team};

/// Takes a right to an entry away from rollcall, or gives it back.
fn hide(story: &Story, dn: &str, what: &str, hidden: bool) {
    let how = if hidden { "add" } else { "delete" };
    story.server.change(&format!(
        "dn: {dn}\nchangetype: modify\n{how}: aci\naci: (targetattr=\"{what}\")(version 3.0; acl \
         \"hidden\"; deny (read, search, compare) userdn=\"ldap:///{BIND}\";)\n"
    ));
}

#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn one_who_is_hidden_and_one_group_that_is_hurt_nobody() {
    let story = Story::begin(60, 20).await;
    hide(&story, &person(4), "*", true);
    story.hurts_nobody("rollcall.yaml", 3, words::ONE_HIDDEN);
    story.hurts_nobody("rollcall.yaml", 3, words::ONE_HIDDEN);
    hide(&story, &person(4), "*", false);
    story.is_quiet();
    hide(&story, &team(1), "member", true);
    story.hurts_nobody("rollcall.yaml", 3, words::ONE_GROUP);
    story.hurts_nobody("rollcall.yaml", 3, words::ONE_GROUP);
    hide(&story, &team(1), "member", false);
    story.is_quiet();
}
