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

#[tokio::test(start_paused = true)]
async fn every_connector_goes_through_the_whole_story() {
    let mut wrong = Vec::new();
    for name in profile::names(None) {
        if let Err(problem) = Story::of(&name, None).tell().await {
            wrong.push(format!("{name}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
