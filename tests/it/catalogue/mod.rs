//! Every connector, from the first import to the return of a leaver, against a copy of its app.
//!
//! Promises that a connector which ships has been through the whole story of people and groups, with
//! an empty plan after each chapter. What a connector says of its app is believed by both sides here;
//! that it is what the vendor says, [`examples`] hold. Leaves what the app would look like on a real
//! socket to the peers.

mod company;
mod examples;
mod invented;
mod script;
mod sources;
mod story;
mod table;

use rollcall::config::profile;

use self::story::Story;

/// What happens: six join, one gets another name, one moves, two leave one after the other, one comes
/// back, a group gets another name, and the other one comes back.
const CHAPTERS: [&str; 8] = [
    "join", "name", "move", "leave", "leave", "back", "rename", "back",
];

/// A row of the table of requests.
fn row(name: &str, cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| format!(" {cell:>6}"));
    format!("{name:<24}{}\n", cells.collect::<String>())
}

#[tokio::test(start_paused = true)]
async fn every_connector_goes_through_the_whole_story() {
    let mut wrong = Vec::new();
    let mut table = row("writes/reads", &CHAPTERS.map(str::to_owned));
    for name in profile::names(None) {
        match Story::of(&name, None).tell().await {
            Ok(costs) => table.push_str(&row(&name, &costs)),
            Err(problem) => wrong.push(format!("{name}: {problem}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    insta::assert_snapshot!("what_each_chapter_costs", table);
}
