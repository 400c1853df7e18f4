//! A server that was taken back to yesterday, whatever of its numbers can be read.

use super::{STAFF, Story, added, deleted, modify, words};
use crate::ds389::Ds389;
use crate::slapd::{hired, person, team};

/// What happens after yesterday.
fn today() -> String {
    [
        added(&hired(61)),
        modify(STAFF, "add", "member", &person(61)),
        modify(&person(11), "replace", "title", "Chief"),
        modify(&person(12), "delete", "nsAccountLock", "true"),
        modify(&person(14), "add", "nsAccountLock", "true"),
        modify(&team(15), "delete", "member", &person(15)),
        deleted(&person(13)),
    ]
    .concat()
}

async fn restore(server: &mut Ds389) {
    server.stop();
    server.restore("yesterday");
    server.start().await;
}

async fn yesterday(mut story: Story) -> Story {
    let lock = modify(&person(12), "add", "nsAccountLock", "true");
    story.server.change(&lock);
    story.takes("a lock", 2);
    story.server.stop();
    story.server.back_up("yesterday");
    story.server.start().await;
    story
}

#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn a_server_that_is_restored_from_yesterday_hurts_nobody_until_a_person_says_so() {
    let mut story = yesterday(Story::begin(60, 20).await).await;
    story.server.change(&today());
    story.lives_on();
    restore(&mut story.server).await;
    story.does_not_believe("rollcall.yaml", words::OLDER_ENTRIES);
    story.goes_back_when_told();
}

/// With the USN plugin on, as FreeIPA has it.
#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn a_server_that_numbers_its_changes_is_known_by_the_last_number() {
    let mut story = Story::begin(60, 20).await;
    story.server.stop();
    story.server.turn_on("USN");
    story.server.start().await;
    let mut story = yesterday(story).await;
    story.server.change(&deleted(&person(13)));
    story.takes("a leaver, of whom nothing is left", 2);
    restore(&mut story.server).await;
    story.hurts_nobody("rollcall.yaml", 3, words::OLDER_NUMBER);
}
