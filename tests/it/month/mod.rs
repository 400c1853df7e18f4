//! A scripted month: 200 changes of a company of 1,000, day by day, in one process and virtual time.
//!
//! Promises an oracle that knows nothing of plans: what a day needs is the difference between what
//! the app should hold in the evening and what it held the day before. Somebody who is missing for
//! the first time still counts as there: with one run a day, it takes the next morning to be sure.
//! Leaves faults to other stories.

mod oracle;
mod script;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rollcall::core::change::Subject;
use rollcall::core::key::TargetName;
use rollcall::core::plan::Basis;

use self::oracle::{Held, Tally, Wanted};
use self::script::{PEOPLE, Script};
use self::wire::Wire;
use crate::installation::Installation;
use crate::served::Home;

const CONFIG: &str = r#"
sources:
  hq: { file: { users: users.csv, groups: groups.csv }, absent_for: 10m }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: everyone
    groups: { push: ["Team *"] }
"#;

const DAYS: usize = 20;

#[tokio::test(start_paused = true)]
async fn a_month_takes_one_write_a_changed_user_and_sends_each_member_once() {
    let mut month = Month::begin();
    let mut total = Tally::default();
    for day in 0..=DAYS + 1 {
        let needed = month.morning(day);
        let sent = month.run().await;
        assert_eq!(sent, needed, "day {day}");
        total.users += sent.users;
        total.members += sent.members;
        month.nothing_is_left(day).await;
        month
            .installation
            .clock
            .sleep(Duration::from_hours(24))
            .await;
    }
    month.everything_is_there();
    month.only_lists_were_read();
    // Of ten edits a day, eight are of a user and two of groups alone; whoever joins, comes back or
    // is out moves one member, and who changes the team moves two. The first day makes all but one.
    let month = (total.users - (PEOPLE - 1), total.members - (PEOPLE - 1));
    assert_eq!(month, (8 * DAYS, (4 + 2 * 2) * DAYS));
}

struct Month {
    installation: Installation,
    script: Script,
    wanted: Wanted,
    wire: Wire,
}

impl Month {
    fn begin() -> Self {
        let script = Script::begin();
        let home = Home::new(CONFIG, &script.company);
        let mut wire = None;
        let installation =
            Installation::begin(home, |sandbox| wire.insert(Wire::new(sandbox)).clone());
        Self {
            installation,
            script,
            wanted: Wanted::default(),
            wire: wire.expect("the way was made"),
        }
    }

    /// The directory as it is that morning; gives what it makes necessary. Nothing happens on the
    /// first day and on the last one.
    fn morning(&mut self, day: usize) -> Tally {
        if (1..=DAYS).contains(&day) {
            self.script.day();
            self.script.company.write(self.installation.home.path());
        } else {
            self.script.rest();
        }
        let Script {
            company, missing, ..
        } = &self.script;
        let wanted = self.wanted.after(company, missing);
        let needed = self.wanted.differences(&wanted);
        self.wanted = wanted;
        needed
    }

    /// The daily run; gives what it sent.
    async fn run(&self) -> Tally {
        self.installation.run().await;
        self.wire.take()
    }

    /// The next plan is empty, but for whom it waits for. On the first day and on the last it asks
    /// the app; else it asks nothing of it.
    async fn nothing_is_left(&self, day: usize) {
        let basis = if day.is_multiple_of(DAYS + 1) {
            Basis::Observed
        } else {
            Basis::Remembered
        };
        let asked = self.wire.sandbox.counts(&wiki());
        let (_, proposal) = self.installation.proposal(basis).await;
        let plan = &proposal.reviewed.plan;
        assert!(plan.changes.is_empty(), "day {day}: {:?}", plan.changes);
        assert!(plan.parked.is_empty(), "day {day}: {:?}", plan.parked);
        let waiting = plan.waiting.iter().map(|waiting| match &waiting.subject {
            Subject::User(user) => user.id.to_string(),
            Subject::Group(group) => panic!("day {day}: {group} waits"),
        });
        assert_eq!(
            waiting.collect::<BTreeSet<_>>(),
            self.script.missing,
            "day {day}"
        );
        if basis == Basis::Remembered {
            assert_eq!(self.wire.sandbox.counts(&wiki()), asked, "day {day}");
        }
        assert_eq!(self.wire.take(), Tally::default(), "day {day}");
    }

    /// The app holds what it should, no account more.
    fn everything_is_there(&self) {
        let dump = self.wire.sandbox.dump(&wiki());
        let users = dump["users"].as_array().expect("a list");
        assert_eq!(users.len(), self.wanted.accounts.len());
        let mut keys = BTreeMap::new();
        for user in users {
            let key = user["externalId"].as_str().expect("our key");
            keys.insert(user["id"].as_str().expect("an id"), key);
            match &self.wanted.accounts[key] {
                Held::Off => assert_eq!(user["active"], false, "{user}"),
                Held::On(person) => {
                    assert_eq!(user["active"], true, "{user}");
                    assert_eq!(user["userName"], *person.uid, "{user}");
                    assert_eq!(user["name"]["familyName"], *person.family, "{user}");
                    assert_eq!(user["title"].as_str(), person.title.as_deref(), "{user}");
                }
            }
        }
        let groups = dump["groups"].as_array().expect("a list").iter();
        let members = groups.flat_map(|group| {
            let key = group["externalId"].as_str().expect("our key");
            let members = group["members"].as_array().into_iter().flatten();
            let ids = members.map(|member| member["value"].as_str().expect("an id"));
            ids.map(|id| (key.to_owned(), keys[id].to_owned()))
        });
        assert_eq!(members.collect::<BTreeSet<_>>(), self.wanted.members);
    }

    /// Nobody was looked up one by one.
    fn only_lists_were_read(&self) {
        for request in self.wire.sandbox.requests(&wiki()) {
            let path = request.path.trim_start_matches("/wiki/scim/v2");
            let is_page =
                path.starts_with("/Users?startIndex=") || path.starts_with("/Groups?startIndex=");
            assert!(
                request.method != "GET" || (is_page && !path.contains("filter")),
                "{request:?}"
            );
        }
    }
}

fn wiki() -> TargetName {
    TargetName::new("wiki")
}
