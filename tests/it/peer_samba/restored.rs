//! A domain controller that was taken back to yesterday.

use super::{Story, words};
use crate::samba::{hired, person, team};

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_controller_that_is_restored_from_yesterday_hurts_nobody_until_a_person_says_so() {
    let mut story = Story::begin(60, 20).await;
    story.server.set(&person(12), "userAccountControl", "546");
    story.takes("a switch", 2);
    story.server.stop();
    story.server.back_up("yesterday");
    story.server.start().await;

    let hired = hired(61).replacen("objectClass", "changetype: add\nobjectClass", 1);
    story.server.change(&hired);
    story.server.membership(&team(1), &person(61), true);
    story.server.set(&person(11), "title", "Chief");
    story.server.set(&person(12), "userAccountControl", "544");
    story.server.set(&person(14), "userAccountControl", "546");
    story.server.membership(&team(15), &person(15), false);
    let delete = format!("dn: {}\nchangetype: delete\n", person(13));
    story.server.change(&delete);
    story.lives_on();

    story.server.stop();
    story.server.restore("yesterday");
    story.server.start().await;
    story.does_not_believe("rollcall.yaml", words::OLDER);
    story.goes_back_when_told();
    story.server.set(&person(11), "title", "Chief");
    story.takes("a title", 1);
}
