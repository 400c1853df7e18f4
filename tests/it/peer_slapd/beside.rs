//! A directory with a file beside it, as one roster.
//!
//! Promises that each source decides about what is its own: the server says who is gone, and a file
//! takes nobody away. Leaves two files to [`crate::roster`].

use std::fmt::Write as _;

use super::{CONFIG, Story, words};
use crate::slapd::person;

const PEOPLE: usize = 20;

/// A personnel office, which knows titles, and nobody who is not in the directory.
const ROSTER: &str = "  hr: { file: { users: hr.csv } }
roster:
  join: { hq: user.uid, hr: user.login }
  from: [hq, hr]
  attributes: { title: [hr, hq] }
targets:
";

/// The rows of the office, but for those in `gone`; person 7 has this title.
fn hr(gone: &[usize], title: &str) -> String {
    let mut text = "key,login,title\n".to_owned();
    for number in (1..=PEOPLE).filter(|number| !gone.contains(number)) {
        let title = if number == 7 { title } else { "Guard" };
        let _ = writeln!(text, "e{number},user{number:04},{title}");
    }
    text
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_file_beside_a_directory_adds_values_and_takes_nobody_away() {
    let mut story = Story::begin(PEOPLE, 10).await;
    story.folder.write("hr.csv", &hr(&[], "Guard"));
    let config = CONFIG
        .replace("URL", &story.server.secure())
        .replace("    absent_for: 0s\n", "")
        .replace("targets:\n", ROSTER);
    story.folder.write("rollcall.yaml", &config);
    story.takes("titles of the office", 20);
    assert_eq!(story.account("user0007")["title"], "Guard");

    story.folder.write("hr.csv", &hr(&[8], "Chief"));
    story.takes("a title of the office; whose row is gone is waited for", 1);
    assert_eq!(story.account("user0007")["title"], "Chief");
    assert_eq!(story.account("user0008")["title"], "Guard");
    assert_eq!(story.active(), PEOPLE);

    story
        .server
        .change(&format!("dn: {}\nchangetype: delete\n", person(4)));
    story.takes(
        "one whom the office still has, and the server says nowhere",
        1 + 1,
    );
    assert_eq!(story.account("user0004")["active"], false);
    assert_eq!(story.active(), PEOPLE - 1);

    story.folder.write("hr.csv", &hr(&[8, 9], "Boss"));
    story.server.shut_down();
    story.hurts_nobody("rollcall.yaml", 3, words::AWAY_BESIDE);
    story.server.start().await;
    story.takes("what the office said meanwhile", 1);
    assert_eq!(story.account("user0007")["title"], "Boss");
}
