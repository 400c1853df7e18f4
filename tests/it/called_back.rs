//! Accounts that a POST is to bring back: whose it means is for the app to say, and its answer can be
//! lost.
//!
//! Promises one active account at most, whoever leaves meanwhile, and that one which is left behind is in
//! none of our groups. Leaves apps that bring accounts back in other ways to [`super::returns`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use rollcall::core::key::RemoteId;
use rollcall::core::plan::Basis;
use rollcall::core::profile::Reactivation;
use rollcall::http::Request;
use rollcall::sandbox::faults::{Commit, FaultInjection};
use serde_json::{Value as Json, json};

use super::site::{Ran, Site, Weather, target};

const BY_POST: &str = "{ users: { reactivate: post }, rates: { buckets: [] } }";

/// Which accounts of Ana are on, by id.
fn active(site: &Site) -> Vec<String> {
    let dump = site.sandbox.dump(&target());
    let users = dump["users"].as_array().cloned().unwrap_or_default();
    let is_hers = |user: &&Json| {
        let name = user["userName"].as_str();
        name.is_some_and(|name| name.starts_with("ana"))
    };
    let hers = users.iter().filter(is_hers);
    let on = hers.filter(|user| user["active"] == true);
    on.map(|user| user["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Whose ids are in the group of that name.
fn inside(site: &Site, name: &str) -> Vec<String> {
    let dump = site.sandbox.dump(&target());
    let groups = dump["groups"].as_array().cloned().unwrap_or_default();
    let group = groups.iter().find(|group| group["displayName"] == name);
    let members = group.and_then(|group| group["members"].as_array());
    let ids = members.into_iter().flatten();
    ids.map(|member| member["value"].as_str().expect("an id").to_owned())
        .collect()
}

/// So many others that a leaver or two are within the guard.
fn hire_others(site: &Site) {
    for number in 0..10 {
        site.directory.hire(&format!("other{number}"));
    }
}

/// An account of Ana that is off, under a name of its own and without our key.
fn plant_old(site: &Site) -> RemoteId {
    let old = json!({
        "userName": "ana.old", "active": false,
        "emails": [{"value": "ana@example.com", "type": "work", "primary": true}]
    });
    let Json::Object(old) = old else {
        panic!("it is an object");
    };
    site.sandbox
        .put_user(&target(), old)
        .expect("the app is there")
}

fn is_post_of_user(request: &Request) -> bool {
    request.method == Method::POST && request.url.path().ends_with("/Users")
}

/// The answer to the first POST of a user is lost, and from then on nothing gets through.
fn cut_off() -> Weather {
    let posts = AtomicU64::new(0);
    Box::new(move |_, request| {
        if posts.load(Ordering::SeqCst) > 0 {
            return Some(FaultInjection::DropBefore);
        }
        is_post_of_user(request).then(|| {
            posts.fetch_add(1, Ordering::SeqCst);
            FaultInjection::DropAfter
        })
    })
}

fn fair() -> Weather {
    Box::new(|_, _| None)
}

async fn proven(site: &Site) {
    let proof = site.sync().await;
    let (writes, trouble) = (proof.writes(), proof.trouble());
    assert!(
        proof.is_in_line(),
        "{:?} {writes:?} {trouble:?}",
        proof.plan.changes
    );
}

/// Runs until an hour after the last lost answer, as a daemon would; gives the last run.
async fn later(site: &Site) -> Ran {
    site.clock.sleep(Duration::from_hours(2)).await;
    site.sync().await
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_adopted_by_its_address_is_the_one_that_wakes() {
    let site = Site::new(BY_POST);
    let old = plant_old(&site);
    site.directory.hire("ana");
    // Nobody looked before, so what turns out to be there is off.
    let adopted = site.run(Basis::Remembered, fair()).await;
    assert_eq!(adopted.writes(), Vec::<String>::new());
    let back = site.run(Basis::Observed, cut_off()).await;
    assert_eq!(
        back.writes()[..2],
        [format!("PATCH /Users/{old} 200"), "POST /Users 0".into()],
        "it has the names that the POST says"
    );
    site.directory.disable("ana");
    later(&site).await;
    assert_eq!(active(&site), Vec::<String>::new());
    proven(&site).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_put_into_a_group_who_is_off() {
    let site = Site::new(BY_POST);
    let old = plant_old(&site);
    site.directory.hire("ana");
    site.directory.group("g1", "day", &["ana"]);
    site.run(Basis::Remembered, fair()).await;
    assert_eq!(inside(&site, "day"), Vec::<String>::new());
    site.sync().await;
    assert_eq!(inside(&site, "day"), [old.to_string()]);
    assert_eq!(active(&site), [old.to_string()]);
    proven(&site).await;
}

/// An app that was said to bring accounts back by a POST, and makes others: Ana's was switched off
/// there by hand while she is in a group.
async fn switched_off_in_another_app() -> (Site, RemoteId) {
    let site = Site::with(BY_POST, |profile| {
        profile.users.reactivate = Reactivation::Create;
    });
    for key in ["ana", "bob"] {
        site.directory.hire(key);
    }
    hire_others(&site);
    site.directory.group("g1", "day", &["ana", "bob"]);
    site.sync().await;
    proven(&site).await;
    let old = site.account("ana");
    site.sandbox.set_active(&target(), &old, false);
    (site, old)
}

/// The account of Ana that is on.
fn fresh(site: &Site, old: &RemoteId) -> String {
    let mut on = active(site);
    assert_eq!(on.len(), 1, "{on:?}");
    assert_ne!(on[0], old.as_str());
    on.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_second_account_is_theirs_and_the_first_leaves_the_groups() {
    let (site, old) = switched_off_in_another_app().await;
    site.sync().await;
    let new = fresh(&site, &old);
    let bob = site.account("bob").to_string();
    let day = inside(&site, "day");
    assert_eq!(day, std::slice::from_ref(&bob), "the old one is out");
    site.sync().await;
    assert_eq!(inside(&site, "day"), [bob, new]);
    proven(&site).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_account_whose_answer_was_lost_is_found_and_the_first_leaves_the_groups() {
    let (site, old) = switched_off_in_another_app().await;
    site.run(Basis::Observed, cut_off()).await;
    let new = fresh(&site, &old);
    let found = later(&site).await;
    let day = site.sandbox.dump(&target())["groups"][0]["id"].clone();
    let group = format!("PATCH /Groups/{} 204", day.as_str().expect("an id"));
    assert_eq!(
        found.writes(),
        [group.clone(), group],
        "the old one out, the new one in"
    );
    let bob = site.account("bob").to_string();
    assert_eq!(inside(&site, "day"), [bob, new]);
    proven(&site).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_account_of_somebody_who_has_left_since_is_switched_off() {
    for leaves in ["disabled", "deleted"] {
        let (site, old) = switched_off_in_another_app().await;
        site.run(Basis::Observed, cut_off()).await;
        fresh(&site, &old);
        match leaves {
            "disabled" => site.directory.disable("ana"),
            _ => site.directory.lose("ana"),
        }
        // A quick run knows nothing of it, and forgets nothing.
        site.run(Basis::Remembered, fair()).await;
        later(&site).await;
        later(&site).await;
        let bob = site.account("bob").to_string();
        assert_eq!(active(&site), Vec::<String>::new(), "{leaves}");
        assert_eq!(inside(&site, "day"), [bob], "{leaves}");
        proven(&site).await;
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_who_leaves_while_a_return_has_no_answer_is_out_at_once() {
    let site = Site::new("{ rates: { buckets: [] } }");
    site.directory.hire("ana");
    hire_others(&site);
    site.sync().await;
    let own = site.account("ana");
    site.directory.disable("ana");
    site.sync().await;
    site.directory.hire("ana");
    let posts = AtomicU64::new(0);
    let cut = move |_: u64, request: &Request| {
        let first = request.method == Method::PATCH && posts.fetch_add(1, Ordering::SeqCst) == 0;
        Some(if first {
            FaultInjection::DropAfter
        } else {
            FaultInjection::DropBefore
        })
    };
    site.run(Basis::Remembered, Box::new(cut)).await;
    assert_eq!(active(&site), [own.to_string()]);
    site.directory.disable("ana");
    let left = site.run(Basis::Remembered, fair()).await;
    assert_eq!(left.writes(), [format!("PATCH /Users/{own} 200")]);
    assert_eq!(active(&site), Vec::<String>::new());
    let again = site.run(Basis::Remembered, fair()).await;
    assert!(again.is_in_line(), "{:?}", again.plan.changes);
}

#[tokio::test(start_paused = true)]
async fn another_account_with_the_same_address_is_left_alone() {
    let site = Site::new(BY_POST);
    site.directory.hire("ana");
    site.sync().await;
    let own = site.account("ana");
    let other = json!({
        "userName": "ana-admin", "active": true, "emails": [{"value": "ana@example.com", "type": "work", "primary": true}]
    });
    let Json::Object(other) = other else {
        panic!("it is an object");
    };
    let other = site.sandbox.put_user(&target(), other).expect("there");
    let held = site.sandbox.user(&target(), &other);
    site.directory.disable("ana");
    site.sync().await;
    site.directory.hire("ana");
    // Nobody knows whether it was done, and it was not.
    let lost = |_: u64, request: &Request| {
        is_post_of_user(request).then_some(FaultInjection::ServerError(503, Commit::Not))
    };
    let ran = site.run(Basis::Remembered, Box::new(lost)).await;
    assert!(!ran.applied.failed.is_empty());
    let back = later(&site).await;
    assert_eq!(back.writes(), ["POST /Users 200"]);
    assert_eq!(active(&site), [own.to_string(), other.to_string()]);
    assert_eq!(site.sandbox.user(&target(), &other), held);
    proven(&site).await;
}
