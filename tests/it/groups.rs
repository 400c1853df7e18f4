//! Groups in apps of every kind: what is sent, what the app holds, and that a second run is empty.
//!
//! Promises that each quirk is kept by the sandbox, so that whoever forgets it fails here. Leaves the
//! words of a request to the connector's own tests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rollcall::core::plan::Basis;
use rollcall::http::Request;
use rollcall::sandbox::faults::{Commit, FaultInjection};

use super::site::Site;

/// Apps whose groups differ, as overrides of the plain connector.
const SKINS: [&str; 14] = [
    "{}",
    "{ groups: { update: put } }",
    "{ groups: { members_readable: false } }",
    "{ groups: { members_readable: false, inline_members: 2 } }",
    "{ groups: { inline_members: 2, verify: count } }",
    "{ groups: { inline_members: 100, chunk: 2 } }",
    "{ groups: { member_display: true, add: object, remove: object } }",
    "{ groups: { remove: list, chunk: 2 } }",
    "{ groups: { hides_inactive: true, verify: count } }",
    "{ groups: { external_id: false, rename: false, delete: false } }",
    "{ groups: { max_members: 3, model: roles } }",
    "{ http: { max_body: 400 } }",
    "{ users: { patch: { max_operations: 1 } } }",
    "{ users: { update: put }, groups: { update: put, member_display: true } }",
];

const PEOPLE: [&str; 4] = ["ana", "bob", "cid", "dan"];

fn company(more: &str) -> Site {
    let site = Site::new(more);
    for key in PEOPLE {
        site.directory.hire(key);
    }
    site
}

fn patches(sent: &[String]) -> usize {
    sent.iter().filter(|line| line.starts_with("PATCH")).count()
}

async fn proven(site: &Site, what: &str) {
    let proof = site.sync().await;
    assert!(
        proof.is_in_line(),
        "{what}: {:?} {:?} {:?}",
        proof.plan.changes,
        proof.writes(),
        proof.trouble()
    );
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_app_gets_its_groups_and_a_second_run_is_empty() {
    for skin in SKINS {
        let site = company(skin);
        site.directory.group("g1", "night", &["ana", "bob", "cid"]);
        let ran = site.sync().await;
        assert!(ran.applied.failed.is_empty(), "{skin}: {:?}", ran.trouble());
        assert_eq!(site.members("night"), ["ana", "bob", "cid"], "{skin}");
        proven(&site, skin).await;

        site.directory.group("g1", "night", &["ana", "dan"]);
        let ran = site.sync().await;
        assert!(ran.applied.failed.is_empty(), "{skin}: {:?}", ran.trouble());
        assert_eq!(site.members("night"), ["ana", "dan"], "{skin}");
        proven(&site, skin).await;

        // Dan leaves and comes back; whoever hides him must not be asked for him for ever.
        site.directory.disable("dan");
        site.sync().await;
        assert_eq!(site.members("night"), ["ana"], "{skin}");
        proven(&site, skin).await;
        site.directory.hire("dan");
        site.sync().await;
        assert_eq!(site.members("night"), ["ana", "dan"], "{skin}");
        proven(&site, skin).await;
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_members_are_a_hundred_requests_and_one_more_is_one() {
    let site = Site::new("{ users: { page: 1000 }, rates: { buckets: [] } }");
    let keys: Vec<String> = (0..10_000).map(|number| format!("p{number:05}")).collect();
    for key in &keys {
        site.directory.hire(key);
        site.plant(key);
    }
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    site.directory.group("g1", "everybody", &all);
    let first = site.sync().await;
    assert!(first.applied.failed.is_empty());
    let writes = first.writes();
    assert_eq!((writes.len(), patches(&writes)), (101, 100));

    site.directory.group("g1", "everybody", &all[1..]);
    let second = site.sync().await;
    assert_eq!(patches(&second.writes()), 1);
    assert_eq!(second.writes().len(), 1);
    let bytes: usize = second.sent.iter().map(|sent| sent.body.len()).sum();
    assert!(bytes < 200, "{bytes} bytes for one member");
    assert!(site.sync().await.is_in_line());
}

#[tokio::test(start_paused = true)]
async fn an_app_of_put_alone_keeps_its_foreign_members_and_fields() {
    let site = company("{ groups: { update: put } }");
    let robot = site.plant("robot");
    site.plant_group("night", &[&robot]);
    site.directory.group("g1", "night", &["ana"]);
    let ran = site.sync().await;
    let puts: Vec<String> = ran.writes().split_off(4);
    assert_eq!(puts, ["PUT /Groups/g-000001 200"]);
    assert_eq!(site.members("night"), ["ana", "robot"]);
    site.directory.group("g1", "night", &[]);
    site.sync().await;
    assert_eq!(site.members("night"), ["robot"]);
}

#[tokio::test(start_paused = true)]
async fn an_app_without_patch_is_found_out_once_a_run() {
    let site = Site::with("{ groups: { chunk: 2 } }", |profile| {
        profile.groups.update = rollcall::core::profile::UpdateForm::Put;
    });
    for key in PEOPLE {
        site.directory.hire(key);
    }
    site.directory.group("g1", "day", &PEOPLE);
    site.directory.group("g2", "night", &PEOPLE);
    let ran = site.sync().await;
    let groups: Vec<String> = ran.writes().split_off(6);
    assert_eq!(
        patches(&groups),
        2,
        "both groups were on their way: {groups:?}"
    );
    assert_eq!(site.members("day"), PEOPLE);
    assert_eq!(site.members("night"), PEOPLE);
    proven(&site, "fallen back").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_halved_for_the_rest_of_the_run() {
    let site = Site::with("{ rates: { concurrency: 1 } }", |profile| {
        profile.groups.chunk = 3;
    });
    let keys: Vec<String> = (0..12).map(|number| format!("p{number:02}")).collect();
    for key in &keys {
        site.directory.hire(key);
    }
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    site.directory.group("g1", "day", &all);
    site.directory.group("g2", "night", &all);
    let ran = site.sync().await;
    let groups: Vec<String> = ran.writes().split_off(14);
    let refused = groups.iter().filter(|line| line.ends_with("413")).count();
    assert_eq!((refused, groups.len()), (2, 10), "{groups:?}");
    assert_eq!(site.members("night").len(), 12);
    proven(&site, "halved").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_before_a_failure_is_not_sent_again() {
    let site = company("{ groups: { chunk: 1 }, rates: { concurrency: 1 } }");
    site.directory.group("g1", "night", &PEOPLE);
    let third = |_: u64, request: &Request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let is_third = request.method == "PATCH" && body.contains("u-000003");
        is_third.then_some(FaultInjection::ServerError(503, Commit::Not))
    };
    let ran = site.run(Basis::Observed, Box::new(third)).await;
    let failed: Vec<String> = ran
        .applied
        .failed
        .iter()
        .flat_map(|failure| match &failure.change.action {
            rollcall::core::change::Action::AddMembers { members } => members.clone(),
            _ => std::collections::BTreeSet::new(),
        })
        .map(|member| member.label.to_string())
        .collect();
    assert_eq!(failed, ["cid", "dan"]);
    assert_eq!(site.members("night"), ["ana", "bob"]);
    // Ana and bob once, then cid as often as a run tries.
    assert_eq!(patches(&ran.writes()), 2 + 6);
    let at_once = site.sync().await;
    assert_eq!(patches(&at_once.writes()), 0, "what failed rests");
    site.clock.sleep(Duration::from_mins(1)).await;
    let next = site.sync().await;
    assert_eq!(patches(&next.writes()), 2);
    assert_eq!(site.members("night"), PEOPLE);
}

#[tokio::test(start_paused = true)]
async fn one_bad_member_holds_back_nobody_else() {
    let site = company("{}");
    site.sync().await;
    // The app refuses cid in any group.
    site.directory.group("g1", "night", &PEOPLE);
    let cid = site.account("cid").as_str().to_owned();
    let refuse = move |_: u64, request: &Request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let names_cid = request.url.path().contains("/Groups") && body.contains(&cid);
        names_cid.then_some(FaultInjection::ServerError(400, Commit::Not))
    };
    let ran = site.run(Basis::Observed, Box::new(refuse)).await;
    assert_eq!(site.members("night"), ["ana", "bob", "dan"]);
    assert_eq!(ran.applied.failed.len(), 1);
    assert!(ran.applied.failed[0].parked);
    // Parked for cid alone: the next run sends nothing and says so.
    let next = site.sync().await;
    assert!(next.writes().is_empty(), "{:?}", next.writes());
    assert_eq!(next.plan.parked.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_answer_was_lost_is_found_again_by_our_key() {
    let site = company("{}");
    site.sync().await;
    site.directory.group("g1", "night", &["ana"]);
    let lose =
        |_: u64, request: &Request| (request.method == "POST").then_some(FaultInjection::DropAfter);
    // Every try of the run loses its answer; nothing is posted twice.
    let ran = site.run(Basis::Remembered, Box::new(lose)).await;
    let posts = ran.sent.iter().filter(|sent| sent.line == "POST /Groups");
    assert_eq!(posts.count(), 1);
    // Meanwhile it is called otherwise at the source, and a quick run trusts the links.
    site.directory.group("g1", "late shift", &["ana"]);
    let quick = site.run(Basis::Remembered, Box::new(|_, _| None)).await;
    assert!(
        quick.writes().iter().all(|line| !line.starts_with("POST")),
        "{:?}",
        quick.writes()
    );
    site.sync().await;
    assert_eq!(site.groups(), ["late shift"]);
    assert_eq!(site.members("late shift"), ["ana"]);
    proven(&site, "found again").await;
}

#[tokio::test(start_paused = true)]
async fn a_yes_that_did_nothing_is_seen_and_said() {
    let site = company("{ groups: { verify: count } }");
    site.directory.group("g1", "night", &["ana", "bob"]);
    let ignore =
        |_: u64, request: &Request| (request.method == "PATCH").then_some(FaultInjection::NotDone);
    let ran = site.run(Basis::Observed, Box::new(ignore)).await;
    assert_eq!(
        ran.trouble(),
        [
            "night members_add: the app answered with success, and 2 of 2 are not in the group: ana, \
             bob → the next run puts them in again"
        ]
    );
    site.sync().await;
    assert_eq!(site.members("night"), ["ana", "bob"]);
    site.directory.group("g1", "night", &["ana"]);
    let ran = site.run(Basis::Observed, Box::new(ignore)).await;
    assert_eq!(
        ran.trouble(),
        [
            "night members_remove: the app answered with success, and 1 of 1 are still in the group: \
             bob → take them out in the app by hand, now; the next run tries it again"
        ]
    );
    site.sync().await;
    assert_eq!(site.members("night"), ["ana"]);
}

#[tokio::test(start_paused = true)]
async fn the_apps_own_groups_are_filled_and_never_made_renamed_or_deleted() {
    let site = company("{ groups: { model: fixed } }");
    site.plant_group("Editors", &[]);
    site.directory.group("g1", "editors", &["ana"]);
    site.directory.group("g2", "painters", &["bob"]);
    let ran = site.sync().await;
    assert_eq!(
        ran.trouble(),
        [
            "painters: the app has no group of this name, and makes none for us → give the group the \
             name of one in the app, or take it out of `groups: { push }`",
            "editors: the group cannot be renamed in this app, and stays `Editors` there",
        ]
    );
    assert_eq!(site.members("Editors"), ["ana"]);
    // Renamed at the source: it stays linked, and nobody tries for ever.
    site.directory.group("g1", "writers", &["ana", "bob"]);
    let ran = site.sync().await;
    assert_eq!(ran.writes().len(), 1);
    assert_eq!(site.members("Editors"), ["ana", "bob"]);
    assert_eq!(site.groups(), ["Editors"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_over_the_limit_is_parked_and_nobody_is_removed() {
    let site = company("{ groups: { max_members: 2 } }");
    site.directory.group("g1", "night", &["ana", "bob"]);
    site.sync().await;
    site.directory.group("g1", "night", &["ana", "bob", "cid"]);
    site.directory.group("g2", "all", &PEOPLE);
    let ran = site.sync().await;
    assert_eq!(
        ran.trouble(),
        [
            "night: 3 members have an account, and the app takes 2 in one group; nobody is put in, and \
             nobody is taken out for that → split the group in the directory, or push a smaller one",
            "all: 4 members have an account, and the app takes 2 in one group; nobody is put in, and \
             nobody is taken out for that → split the group in the directory, or push a smaller one",
        ]
    );
    assert!(ran.writes().is_empty());
    assert_eq!(site.members("night"), ["ana", "bob"]);
    // Somebody who is not in the directory's group any more goes all the same.
    site.directory.group("g1", "night", &["ana", "cid", "dan"]);
    site.sync().await;
    assert_eq!(site.members("night"), ["ana"]);
}

#[tokio::test(start_paused = true)]
async fn groups_that_the_app_manages_are_left_to_it() {
    let site = company("{ groups: { managed_by_app: [\"trusona*\"] } }");
    site.directory.group("g1", "trusona-all", &["ana"]);
    site.directory.group("g2", "night", &["ana"]);
    let ran = site.sync().await;
    assert_eq!(
        ran.trouble(),
        ["trusona-all: the app manages this group itself, so it is not pushed"]
    );
    assert_eq!(site.groups(), ["night"]);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_never_changes_a_group_gets_what_it_takes_when_it_is_made() {
    let site = company("{ groups: { update: none, inline_members: 2 } }");
    site.directory.group("g1", "night", &["ana", "bob", "cid"]);
    let ran = site.sync().await;
    assert_eq!(
        ran.trouble(),
        ["night: the members of a group cannot be changed in this app; 1 differ"]
    );
    assert_eq!(site.members("night"), ["ana", "bob"]);
    let ran = site.sync().await;
    assert!(ran.writes().is_empty(), "{:?}", ran.writes());
}

/// Does every write of members, and loses every answer to one.
fn lose_answers(_: u64, request: &Request) -> Option<FaultInjection> {
    (request.method == "PATCH").then_some(FaultInjection::DropAfter)
}

/// Apps of which a read does not tell who is in a group.
const SECRETIVE: [&str; 2] = [
    "{ groups: { members_readable: false } }",
    "{ groups: { members_readable: false, inline_members: 2 } }",
];

#[tokio::test(start_paused = true)]
async fn whom_a_lost_request_put_into_a_group_that_shows_nobody_is_taken_out_again() {
    for skin in SECRETIVE {
        for basis in [Basis::Observed, Basis::Remembered] {
            let site = company(skin);
            site.directory.group("g1", "night", &["ana", "bob", "cid"]);
            site.run(Basis::Observed, Box::new(lose_answers)).await;
            assert_eq!(site.members("night"), ["ana", "bob", "cid"], "{skin}");
            // Bob is disabled and cid goes elsewhere before anybody has heard of it.
            site.directory.disable("bob");
            site.directory.group("g1", "night", &["ana", "bob"]);
            site.run(basis, Box::new(|_, _| None)).await;
            assert_eq!(site.members("night"), ["ana"], "{skin}");
            site.clock.sleep(Duration::from_mins(10)).await;
            site.sync().await;
            proven(&site, skin).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whom_a_lost_request_took_out_of_a_group_that_shows_nobody_is_put_in_again() {
    for basis in [Basis::Observed, Basis::Remembered] {
        let site = company(SECRETIVE[0]);
        site.directory.group("g1", "night", &["ana", "bob", "cid"]);
        site.sync().await;
        site.directory.group("g1", "night", &["ana"]);
        site.run(Basis::Observed, Box::new(lose_answers)).await;
        assert_eq!(site.members("night"), ["ana"]);
        site.directory.group("g1", "night", &["ana", "cid"]);
        site.run(basis, Box::new(|_, _| None)).await;
        assert_eq!(site.members("night"), ["ana", "cid"]);
        site.clock.sleep(Duration::from_mins(10)).await;
        site.sync().await;
        proven(&site, "mirror").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_whom_the_app_refused_is_in_no_doubt() {
    let site = company(SECRETIVE[0]);
    site.directory.group("g1", "night", &["ana"]);
    site.sync().await;
    let refuse = |_: u64, request: &Request| {
        (request.method == "PATCH").then_some(FaultInjection::ServerError(400, Commit::Not))
    };
    site.directory.group("g1", "night", &["ana", "bob"]);
    site.run(Basis::Observed, Box::new(refuse)).await;
    site.directory.group("g1", "night", &["ana"]);
    let ran = site.sync().await;
    assert!(ran.writes().is_empty(), "{:?}", ran.writes());
    // Nor is one whom it would not let go: he is in, and the directory has him in again.
    site.directory.group("g1", "night", &[]);
    site.run(Basis::Observed, Box::new(refuse)).await;
    site.directory.group("g1", "night", &["ana"]);
    let ran = site.sync().await;
    assert!(ran.writes().is_empty(), "{:?}", ran.writes());
    assert_eq!(site.members("night"), ["ana"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_shows_nobody_is_made_empty_since_its_answer_may_be_lost() {
    let site = company(SECRETIVE[1]);
    site.sync().await;
    site.directory.group("g1", "night", &["ana", "bob"]);
    let made = AtomicBool::new(false);
    let then_nothing = move |_: u64, request: &Request| {
        if request.method == "POST" && !made.swap(true, Ordering::Relaxed) {
            return Some(FaultInjection::DropAfter);
        }
        made.load(Ordering::Relaxed)
            .then_some(FaultInjection::DropBefore)
    };
    site.run(Basis::Remembered, Box::new(then_nothing)).await;
    assert_eq!(site.groups(), ["night"]);
    site.directory.group("g1", "night", &["ana"]);
    site.clock.sleep(Duration::from_mins(10)).await;
    site.sync().await;
    assert_eq!(site.members("night"), ["ana"]);
    proven(&site, "made empty").await;
}
