//! The guard from end to end, in virtual time: small runs, a directory that never stands still, holds
//! that are released, grace, and apps that were set back.
//!
//! Promises the real engine, connector and store. Leaves the limits themselves to the core's tests.

use std::time::Duration;

use rollcall::core::key::RemoteId;
use rollcall::core::memory::Hold;
use rollcall::core::plan::{Basis, WaitingFor};
use rollcall::http::Request;
use rollcall::sandbox::faults::{Commit, FaultInjection};

use super::site::{Ran, Site};

const DAY: Duration = Duration::from_hours(24);
const MINUTE: Duration = Duration::from_mins(1);

/// A company of so many, each with an account.
async fn company(size: usize, lines: &str) -> Site {
    let site = Site::configured(lines, |_| ());
    for number in 0..size {
        site.directory.hire(&name(number));
    }
    let ran = site.sync().await;
    assert_eq!(ran.applied.done, size, "{:?}", ran.trouble());
    site.clock.sleep(2 * DAY).await;
    site
}

fn name(number: usize) -> String {
    format!("u{number:03}")
}

fn active(site: &Site) -> usize {
    let dump = site.sandbox.dump(&super::site::target());
    let users = dump["users"].as_array().cloned().unwrap_or_default();
    users.iter().filter(|user| user["active"] == true).count()
}

fn state_of(site: &Site, name: &str) -> Option<bool> {
    let dump = site.sandbox.dump(&super::site::target());
    let users = dump["users"].as_array().cloned().unwrap_or_default();
    let user = users.iter().find(|user| user["userName"] == name)?;
    user["active"].as_bool()
}

fn lanes(held: &[Hold]) -> Vec<(&str, usize)> {
    held.iter()
        .map(|hold| (&*hold.lane, hold.changes.len()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn ten_small_runs_pass_no_more_than_one_large_one() {
    let site = company(100, "guard: {}").await;
    for run in 0..10 {
        for number in 3 * run..3 * run + 3 {
            site.directory.disable(&name(number));
        }
        site.sync().await;
        site.clock.sleep(Duration::from_mins(10)).await;
    }
    assert_eq!(
        active(&site),
        100 - 9,
        "nine, since three more were too many"
    );
    // A day later the window has moved on, and what was held is still held until it is released.
    site.clock.sleep(DAY).await;
    let next = site.sync().await;
    let held: usize = next.held.iter().map(|hold| hold.changes.len()).sum();
    assert_eq!(active(&site) - held, 100 - 30, "{:?}", lanes(&next.held));
    assert!(active(&site) >= 100 - 9 - 10, "{}", active(&site));
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_changes_every_minute_leaves_a_hold_releasable() {
    let site = company(100, "guard: {}").await;
    for number in 0..20 {
        site.directory.disable(&name(number));
    }
    let first = site.sync().await.held;
    assert_eq!(lanes(&first), [("leavers", 20)]);
    let id = first[0].id.clone();
    for minute in 0..8 {
        site.clock.sleep(MINUTE).await;
        site.directory.hire(&name(minute));
        site.directory.disable(&name(20 + 2 * minute));
        site.directory.disable(&name(21 + 2 * minute));
        let ran = site.sync().await;
        assert_eq!(ran.held[0].id, id, "minute {minute}");
        assert_eq!(ran.held[0].changes.len(), 19 - minute);
        assert_eq!(ran.held[0].since, first[0].since);
    }
    assert_eq!(active(&site), 100 - 10, "ten of the new ones, and no more");
    site.approve(&id).await;
    let ran = site.sync().await;
    assert_eq!(
        active(&site),
        100 - 10 - 12,
        "and the twelve that are still due"
    );
    assert_eq!(lanes(&ran.held), [("leavers", 6)], "the next hold waits");
    let state = site.state().await;
    assert!(
        state
            .holds
            .iter()
            .all(|hold| hold.approved.is_none() || hold.id == id)
    );
    site.approve(&ran.held[0].id).await;
    let ran = site.sync().await;
    assert_eq!(lanes(&ran.held), []);
    assert_eq!(active(&site), 100 - 28);
    assert!(site.sync().await.is_in_line());
}

#[tokio::test(start_paused = true)]
async fn a_release_that_nobody_used_lapses_after_a_day() {
    let site = company(40, "guard: {}").await;
    for number in 0..20 {
        site.directory.disable(&name(number));
    }
    let held = site.sync().await.held;
    site.approve(&held[0].id).await;
    site.clock.sleep(DAY).await;
    let ran = site.sync().await;
    assert_eq!(
        active(&site),
        40,
        "what was right yesterday is asked for again"
    );
    assert_eq!(ran.held[0].id, held[0].id);
    site.approve(&held[0].id).await;
    site.clock.sleep(DAY.saturating_sub(MINUTE)).await;
    site.sync().await;
    assert_eq!(active(&site), 20);
}

#[tokio::test(start_paused = true)]
async fn grace_is_kept_over_a_restart_and_ended_by_a_return() {
    let lines = "leavers: { deleted: { deactivate: now, delete: 30d } }";
    let mut site = company(40, lines).await;
    site.directory.lose("u001");
    site.directory.lose("u002");
    for _ in 0..3 {
        site.sync().await;
        site.clock.sleep(Duration::from_mins(11)).await;
    }
    assert_eq!(
        state_of(&site, "u001"),
        Some(false),
        "off as soon as it is sure"
    );
    site.clock.sleep(20 * DAY).await;
    site.restart();
    site.directory.hire("u002");
    let ran = site.sync().await;
    assert_eq!(state_of(&site, "u002"), Some(true), "{:?}", ran.trouble());
    let waits: Vec<_> = ran
        .plan
        .waiting
        .iter()
        .map(|one| (&*one.label, one.what))
        .collect();
    assert_eq!(waits, [("u001", WaitingFor::Deletion)]);
    site.clock.sleep(9 * DAY).await;
    site.restart();
    site.sync().await;
    assert_eq!(state_of(&site, "u001"), Some(false), "29 days are not 30");
    site.clock.sleep(2 * DAY).await;
    site.restart();
    site.sync().await;
    assert_eq!(state_of(&site, "u001"), None);
    assert_eq!(state_of(&site, "u002"), Some(true));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_was_set_back_stops_and_asks() {
    let site = company(40, "guard: {}").await;
    for number in 0..12 {
        let id = site.account(&name(number));
        site.sandbox.remove_user(&super::site::target(), &id);
    }
    let ran = site.sync().await;
    assert_eq!(lanes(&ran.held), [("recreated", 12)]);
    assert_eq!(ran.writes(), Vec::<String>::new());
    assert_eq!(active(&site), 28);
    site.approve(&ran.held[0].id).await;
    let ran = site.sync().await;
    assert_eq!(ran.applied.done, 12, "{:?}", ran.trouble());
    assert_eq!(active(&site), 40);
    assert!(site.sync().await.is_in_line());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_protected_by_name_or_by_expression_stays() {
    let lines = "protected: [u001, { when: 'user.uid == \"u002\"' }]";
    let site = {
        let site = Site::configured("drift: repair", |_| ());
        for number in 0..4 {
            site.directory.hire(&name(number));
        }
        site.directory
            .group("g-1", "staff", &["u001", "u002", "u003"]);
        site.sync().await;
        site.under(lines)
    };
    for number in 1..4 {
        site.directory.disable(&name(number));
        site.directory.group("g-1", "staff", &[]);
    }
    let ran = site.sync().await;
    assert_eq!(state_of(&site, "u001"), Some(true), "{:?}", ran.trouble());
    assert_eq!(state_of(&site, "u002"), Some(true));
    assert_eq!(state_of(&site, "u003"), Some(false));
    assert_eq!(site.members("staff"), ["u001", "u002"]);
    assert!(site.sync().await.is_in_line());
}

/// A run in which every write to the account of that id fails.
async fn stormy(site: &Site, id: &RemoteId) -> Ran {
    let id = id.clone();
    let weather = move |_: u64, request: &Request| {
        let is_write = request.method != "GET";
        (is_write && request.url.path().ends_with(id.as_str()))
            .then_some(FaultInjection::ServerError(500, Commit::Not))
    };
    site.run(Basis::Observed, Box::new(weather)).await
}

/// Until when a change that failed rests.
fn rests(ran: &Ran) -> Option<jiff::Timestamp> {
    let mut waiting = ran.plan.waiting.iter();
    Some(waiting.find(|one| one.what == WaitingFor::Retry)?.until)
}

async fn wait_until(site: &Site, until: jiff::Timestamp) {
    let rest = until.duration_since(site.clock.now());
    let rest = Duration::try_from(rest).expect("it lies ahead");
    site.clock.sleep(rest).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_failed_rests_and_the_others_go_on() {
    let site = company(3, "guard: {}").await;
    let id = site.account("u000");
    site.directory.rename("u000");
    site.directory.rename("u001");
    let ran = stormy(&site, &id).await;
    assert_eq!(ran.applied.done, 1, "the other one goes on");
    assert_eq!(
        ran.trouble(),
        [
            "u000 update: the app is not able to answer now (500): something went wrong in the app → it stays due: a later run tries \
             again, after a pause that grows from a minute to six hours; at once: rollcall retry"
        ]
    );
    let fair = site.sync().await;
    assert_eq!(fair.writes(), Vec::<String>::new(), "not before its time");
    let until = rests(&fair).expect("it rests");
    assert!(until.duration_since(site.clock.now()).as_secs() <= 60);
    wait_until(&site, until).await;
    assert_eq!(site.sync().await.applied.done, 1);
    assert!(site.sync().await.is_in_line());
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_another_one_now_does_not_rest() {
    let site = company(1, "guard: {}").await;
    let id = site.account("u000");
    site.directory.rename("u000");
    stormy(&site, &id).await;
    site.directory.rename("u000");
    assert_eq!(site.sync().await.applied.done, 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_fails_for_a_day_waits_for_a_person() {
    let site = company(1, "guard: {}").await;
    let id = site.account("u000");
    site.directory.rename("u000");
    let begun = site.clock.now();
    let mut runs = 0;
    let last = loop {
        let ran = stormy(&site, &id).await;
        runs += 1;
        if ran.applied.failed.iter().any(|failure| failure.parked) {
            break ran;
        }
        let looked = site.sync().await;
        wait_until(&site, rests(&looked).expect("it rests")).await;
    };
    assert_eq!(runs, 12);
    let hours = site.clock.now().duration_since(begun).as_hours();
    assert!((8..24).contains(&hours), "{hours} hours");
    assert_eq!(
        last.trouble(),
        [
            "u000 update: failed in 12 runs: the app is not able to answer now (500): something went wrong in the app → find out why \
             the app does not do this, and mend it; then: rollcall retry"
        ]
    );
    assert_eq!(site.sync().await.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_leaver_whom_the_app_refuses_is_tried_again_within_ten_minutes() {
    let site = company(3, "guard: {}").await;
    let id = site.account("u000");
    site.directory.disable("u000");
    for _ in 0..20 {
        stormy(&site, &id).await;
        let looked = site.sync().await;
        let Some(until) = rests(&looked) else {
            break;
        };
        assert!(until.duration_since(site.clock.now()).as_mins() <= 10);
        wait_until(&site, until).await;
    }
    site.sync().await;
    assert_eq!(state_of(&site, "u000"), Some(false));
}
