//! Refusals that mean something of their own at an app: no seat, guarded, paused, a conflict by
//! another name; and rates that a strict app keeps.

use std::time::Duration;

use rollcall::core::fault::FaultKind;

use super::site::{Site, target};

const RULES: &str = "{ errors: [
      { status: 403, says: \"licen[cs]e limit|seats\", means: no_seat },
      { status: 403, says: \"provisioning (is )?paused\", means: paused },
      { says: \"last owner\", means: guarded },
      { status: 412, says: \"already linked\", means: conflict }
    ], rates: { concurrency: 1 } }";

fn site() -> Site {
    let site = Site::new(RULES);
    for key in ["ana", "bob", "cid", "dan"] {
        site.directory.hire(key);
    }
    site
}

#[tokio::test(start_paused = true)]
async fn without_a_seat_the_joiners_wait_and_the_leavers_make_room() {
    let site = site();
    site.sandbox.set_seats(&target(), Some(2));
    let ran = site.sync().await;
    assert_eq!(
        ran.trouble(),
        [
            "cid create: the app has no seat left (403): seats: every seat is taken → no seat left: 2 \
             people wait; a seat is free when somebody leaves or more are bought",
            "dan create: not tried: the app has no seat left → no seat left: 2 people wait; a seat is \
             free when somebody leaves or more are bought",
        ]
    );
    assert_eq!(
        ran.writes(),
        ["POST /Users 201", "POST /Users 201", "POST /Users 403"]
    );
    assert!(ran.applied.stopped.is_none());
    // Ana leaves, bob is called otherwise, and one of those who wait gets the seat.
    site.directory.disable("ana");
    let ran = site.sync().await;
    assert_eq!(
        ran.writes(),
        [
            "PATCH /Users/u-000001 200",
            "POST /Users 201",
            "POST /Users 403"
        ]
    );
    site.sandbox.set_seats(&target(), None);
    site.sync().await;
    assert!(site.sync().await.is_in_line());
}

#[tokio::test(start_paused = true)]
async fn a_guarded_account_is_parked_at_once_and_a_leaver_is_tried_in_every_run() {
    let site = site();
    site.sync().await;
    site.sandbox.guard_user(&target(), &site.account("ana"));
    site.directory.disable("ana");
    for _ in 0..2 {
        let ran = site.sync().await;
        assert_eq!(
            ran.trouble(),
            [
                "ana deactivate: the app guards this account (403): last owner: this account cannot be \
                 changed from outside → it is the app's last owner or the like: change it in the app by \
                 hand, and name it under `protected:` if it is to stay"
            ]
        );
        assert_eq!(ran.writes(), ["PATCH /Users/u-000001 403"]);
        assert!(ran.applied.failed[0].parked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_paused_app_stops_for_this_run_and_nobody_is_to_blame() {
    let site = site();
    let sandbox = site.sandbox.clone();
    let pause = move |_: u64, request: &rollcall::http::Request| {
        sandbox.set_paused(&target(), request.method == "POST");
        None
    };
    let basis = rollcall::core::plan::Basis::Observed;
    let ran = site.run(basis, Box::new(pause)).await;
    let stopped = ran.applied.stopped.expect("it stops");
    assert_eq!(stopped.kind, FaultKind::Paused);
    assert_eq!(
        stopped.to_string(),
        "provisioning is switched off in the app (403): provisioning is paused: an administrator has \
         switched provisioning off"
    );
    assert_eq!(ran.sent.iter().filter(|sent| sent.is_write()).count(), 1);
    assert!(ran.applied.failed.iter().all(|failure| !failure.parked));
    site.sandbox.set_paused(&target(), false);
    let ran = site.sync().await;
    assert_eq!(ran.writes().len(), 4);
    assert!(site.sync().await.is_in_line());
}

#[tokio::test(start_paused = true)]
async fn a_conflict_by_another_name_is_looked_up() {
    let site = site();
    site.sync().await;
    // Made by hand between our reading and our create.
    site.directory.hire("eve");
    let sandbox = site.sandbox.clone();
    let race = move |_: u64, request: &rollcall::http::Request| {
        if request.method == "POST" {
            let user = serde_json::json!({"userName": "eve", "externalId": "eve", "active": true});
            sandbox.put_user(&target(), user.as_object().cloned().unwrap_or_default());
        }
        None
    };
    let basis = rollcall::core::plan::Basis::Observed;
    let ran = site.run(basis, Box::new(race)).await;
    assert_eq!(ran.writes(), ["POST /Users 412"]);
    assert!(ran.applied.failed.is_empty(), "{:?}", ran.trouble());
    site.sync().await;
    assert!(site.sync().await.is_in_line());
}

#[tokio::test(start_paused = true)]
async fn the_rates_of_the_profile_are_kept_at_every_instant() {
    let site = Site::new(
        "{ rates: { concurrency: 4, buckets: [
             { limit: 5, per: 1s, burst: 3 },
             { methods: [PATCH], resource: groups, larger_than: 300, limit: 2, per: 30s, burst: 2 } ] },
           groups: { chunk: 5 } }",
    );
    site.sandbox.keep_rates(&target());
    let keys: Vec<String> = (0..40).map(|number| format!("p{number:02}")).collect();
    for key in &keys {
        site.directory.hire(key);
    }
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    site.directory.group("g1", "night", &all);
    let start = site.clock.now();
    let ran = site.sync().await;
    assert!(ran.applied.failed.is_empty(), "{:?}", ran.trouble());
    assert!(ran.sent.iter().all(|sent| sent.status != 429));
    let took = Duration::try_from(site.clock.now().duration_since(start)).expect("forward");
    assert!(took > Duration::from_secs(8), "{took:?}");
    site.clock.sleep(Duration::from_mins(1)).await;
    assert!(site.sync().await.is_in_line());
}

#[tokio::test(start_paused = true)]
async fn a_strict_app_would_have_noticed() {
    let site = Site::with("{ rates: { buckets: [] } }", |profile| {
        profile.rates = rollcall::core::profile::Rates::default();
        profile.rates.buckets[0].burst = 1;
    });
    site.sandbox.keep_rates(&target());
    for number in 0..10 {
        site.directory.hire(&format!("p{number}"));
    }
    let ran = site.sync().await;
    assert!(ran.sent.iter().any(|sent| sent.status == 429));
}
