//! Apps that are dead, slow, or will not have us: each for itself.

use std::time::Duration;

use http::StatusCode;
use rollcall::core::key::TargetName;
use rollcall::daemon::event::Event;

use super::house::{CONFIG, Sent, Site, Sound, Weather};

#[tokio::test(start_paused = true)]
async fn one_dead_target_does_not_delay_the_other() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(50);
    site.network
        .weather("wiki", Weather::Slow(Duration::from_secs(50)));
    let house = site.start();
    site.wait(2).await;
    assert_eq!(
        site.accounts("chat").len(),
        50,
        "chat is filled while wiki thinks"
    );
    for number in 50..60 {
        site.directory.hire(&format!("p{number:04}"));
        site.directory.sounds(Sound::Change);
        site.wait(1).await;
        assert_eq!(site.accounts("chat").len(), number + 1);
    }
    assert_eq!(site.accounts("wiki").len(), 0);
    drop(house);
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_outage_is_told_once_and_then_leavers_go_first() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(40);
    let mut house = site.start();
    site.wait(5).await;
    house.heard();
    site.network.weather("wiki", Weather::Down);
    site.network.forget();
    site.directory.hire("new-1");
    site.directory.sounds(Sound::Change);
    site.wait(60).await;
    for key in ["p0001", "p0002", "p0003"] {
        site.directory.disable(key);
    }
    site.directory.hire("new-2");
    site.directory.sounds(Sound::Change);
    site.wait(3540).await;
    let board = house.target("wiki");
    let pause = board.pause.expect("it is on the board");
    assert_eq!(
        pause.reason,
        "the app cannot be reached: connection refused; it is tried again; check the address, and the \
         way there"
    );
    assert!(pause.until.is_some());
    assert_eq!((board.due, board.leavers_due), (5, 3));
    assert!(board.oldest_due.is_some());
    let tries = site.network.sent("wiki").len();
    // The first run tries a few times to be sure, and each of the seven or so after it once.
    assert!(
        (5..20).contains(&tries),
        "{tries} requests to a dead app in an hour"
    );
    assert_eq!(
        site.is_active("chat", "p0001"),
        Some(false),
        "chat is none of that"
    );
    let paused: Vec<_> = house
        .heard()
        .into_iter()
        .filter(|event| matches!(event, Event::Paused { .. }))
        .collect();
    assert_eq!(paused.len(), 1, "{paused:?}");

    site.network.weather("wiki", Weather::Fair);
    site.network.forget();
    site.wait(16 * 60).await;
    let sent = site.network.sent("wiki");
    let writes: Vec<&str> = sent
        .iter()
        .filter(|one| !one.line.starts_with("GET"))
        .map(|one| one.line.split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(writes, ["PATCH", "PATCH", "PATCH", "POST", "POST"]);
    assert_eq!(site.accounts("wiki").len(), 42);
    let board = house.target("wiki");
    assert_eq!((board.pause, board.due, board.leavers_due), (None, 0, 0));
    assert!(
        house
            .heard()
            .iter()
            .any(|event| matches!(event, Event::Resumed(_)))
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_that_names_a_time_is_not_asked_before_it() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(3);
    let house = site.start();
    site.wait(5).await;
    site.network.weather("wiki", Weather::Throttles(7200));
    site.directory.hire("new");
    site.directory.sounds(Sound::Change);
    site.wait(5).await;
    assert!(house.target("wiki").pause.is_some());
    site.network.weather("wiki", Weather::Fair);
    site.network.forget();
    for _ in 0..118 {
        site.directory.sounds(Sound::Change);
        site.wait(60).await;
    }
    assert_eq!(site.network.sent("wiki").len(), 0);
    site.wait(3 * 60).await;
    assert_eq!(site.accounts("wiki").len(), 4);
    assert_eq!(house.target("wiki").pause, None);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_tried_so_seldom_that_nobody_is_locked_out() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(3);
    let mut house = site.start();
    site.wait(5).await;
    house.heard();
    site.network.weather("wiki", Weather::Refuses);
    site.network.forget();
    site.directory.hire("new");
    site.directory.sounds(Sound::Change);
    site.wait(24 * 3600).await;
    let tries = site.network.sent("wiki").len();
    assert!(
        (3..=40).contains(&tries),
        "{tries} refused requests in a day"
    );
    let paused: Vec<bool> = house
        .heard()
        .into_iter()
        .filter_map(|event| match event {
            Event::Paused { credential, .. } => Some(credential),
            _ => None,
        })
        .collect();
    assert_eq!(paused, [true]);
    // The right credential is there, and somebody reloads.
    site.network.weather("wiki", Weather::Fair);
    assert_eq!(house.handle.reload().await, Ok(Vec::new()));
    site.wait(5).await;
    assert_eq!(site.accounts("wiki").len(), 4);
    assert_eq!(house.target("wiki").pause, None);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_cannot_be_listed_is_sent_its_leavers_all_the_same() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(6);
    let house = site.start();
    site.wait(5).await;
    let (ended, store) = house.stop().await;
    assert_eq!(ended, rollcall::daemon::Ended::Calmly);
    let mut store = store;
    for (status, leaver) in [(403, "p0002"), (500, "p0003")] {
        let status = StatusCode::from_u16(status).expect("a status");
        site.network.weather("wiki", Weather::Unlistable(status));
        site.directory.disable(leaver);
        let house = site.start_with(store);
        site.wait(90).await;
        assert_eq!(site.is_active("wiki", leaver), Some(false), "{status}");
        store = house.stop().await.1;
    }
}

/// Each request was sent so long after the one before that it was a try of its own.
fn are_tries_of_their_own(sent: &[Sent]) -> bool {
    let gaps = sent.windows(2).map(|two| two[1].at - two[0].at);
    gaps.min().is_none_or(|gap| gap >= Duration::from_secs(15))
}

#[tokio::test(start_paused = true)]
async fn an_app_that_was_absent_is_asked_once_and_all_else_waits_for_the_answer() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(40);
    let mut house = site.start();
    site.wait(5).await;
    site.network.weather("wiki", Weather::Down);
    for number in 40..60 {
        site.directory.hire(&format!("p{number:04}"));
    }
    site.directory.sounds(Sound::Change);
    // It is tried a few times to be sure.
    while house.target("wiki").pause.is_none() {
        site.wait(1).await;
    }
    site.network.forget();
    site.wait(3600).await;
    let sent = site.network.sent("wiki");
    assert!((4..10).contains(&sent.len()), "{sent:?}");
    assert!(are_tries_of_their_own(&sent), "{sent:?}");
    // So it is when it is reached, and answers nobody.
    let ill = Weather::Ill(StatusCode::SERVICE_UNAVAILABLE);
    site.network.weather("wiki", ill);
    site.network.forget();
    site.wait(3600).await;
    let sent = site.network.sent("wiki");
    assert!((3..10).contains(&sent.len()), "{sent:?}");
    assert!(are_tries_of_their_own(&sent), "{sent:?}");
    house.heard();
    site.network
        .weather("wiki", Weather::Slow(Duration::from_secs(1)));
    site.network.forget();
    site.wait(16 * 60).await;
    let sent = site.network.sent("wiki");
    let alone = sent[1].at - sent[0].at;
    assert!(alone > Duration::from_secs(1), "one has answered: {sent:?}");
    assert_eq!(site.accounts("wiki").len(), 60);
    let back = house.heard();
    let back = back.iter().filter(|one| matches!(one, Event::Resumed(_)));
    assert_eq!(back.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_nothing_is_due_for_is_asked_once_too() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(3);
    let house = site.start();
    site.wait(5).await;
    let (_, store) = house.stop().await;
    let ill = Weather::Ill(StatusCode::BAD_GATEWAY);
    site.network.weather("wiki", ill);
    site.network.forget();
    let mut house = site.start_with(store);
    while house.target("wiki").pause.is_none() {
        site.wait(1).await;
    }
    site.network.forget();
    site.wait(2 * 3600).await;
    let sent = site.network.sent("wiki");
    assert!((8..20).contains(&sent.len()), "{sent:?}");
    assert!(are_tries_of_their_own(&sent), "{sent:?}");
    assert!(house.target("wiki").pause.is_some());
    let told = house.heard().into_iter().filter(|event| {
        let of_wiki = |name: &TargetName| name.as_str() == "wiki";
        match event {
            Event::Paused { target, .. } | Event::Resumed(target) => of_wiki(target),
            _ => false,
        }
    });
    assert_eq!(told.count(), 1, "it does not come and go");
    site.network.weather("wiki", Weather::Fair);
    site.wait(16 * 60).await;
    assert_eq!(house.target("wiki").pause, None);
}

#[tokio::test(start_paused = true)]
async fn one_change_that_an_app_always_fails_at_does_not_keep_the_others() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(6);
    let house = site.start();
    site.wait(5).await;
    let (_, store) = house.stop().await;
    site.network
        .weather("wiki", Weather::Curses(StatusCode::INTERNAL_SERVER_ERROR));
    // The first of all is the one that it fails at, and its lists fail as well.
    site.directory.disable("p0000");
    site.directory.disable("p0003");
    let house = site.start_with(store);
    site.wait(10 * 60).await;
    assert_eq!(site.is_active("wiki", "p0000"), Some(true));
    assert_eq!(site.is_active("wiki", "p0003"), Some(false));
    drop(house);
}

#[tokio::test(start_paused = true)]
async fn a_leaver_does_not_wait_for_the_joiners_before() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let house = site.start();
    site.wait(5).await;
    site.network
        .weather("wiki", Weather::Slow(Duration::from_secs(5)));
    site.directory.hire_many(200);
    site.directory.sounds(Sound::Change);
    site.wait(30).await;
    site.directory.disable("ana");
    site.directory.sounds(Sound::Change);
    site.wait(70).await;
    assert_eq!(site.is_active("wiki", "ana"), Some(false));
    assert!(
        site.accounts("wiki").len() < 150,
        "the joiners are still on their way"
    );
    site.wait(3600).await;
    assert_eq!(site.accounts("wiki").len(), 201);
    assert_eq!(house.target("wiki").due, 0);
}

#[tokio::test(start_paused = true)]
async fn a_person_gets_the_turn_between_two_waves() {
    let site = Site::new(CONFIG);
    site.network
        .weather("wiki", Weather::Slow(Duration::from_secs(2)));
    site.directory.hire_many(200);
    let house = site.start();
    site.wait(20).await;
    let wiki = rollcall::core::key::TargetName::new("wiki");
    let before = site.clock.instant();
    let turn = house.handle.turns().take(&wiki).await;
    let waited = site.clock.instant().duration_since(before);
    assert!(waited < Duration::from_secs(20), "{waited:?}");
    site.wait(1).await;
    site.network.forget();
    site.wait(600).await;
    assert_eq!(
        site.network.sent("wiki").len(),
        0,
        "nobody else speaks to the app meanwhile"
    );
    drop(turn);
    site.wait(3600).await;
    assert_eq!(site.accounts("wiki").len(), 200);
}
