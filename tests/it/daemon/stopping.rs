//! The end, in the middle of things, and what comes after.

use std::time::Duration;

use rollcall::daemon::Ended;
use rollcall::daemon::event::Event;

use super::house::{CONFIG, House, Site, Weather};

/// Nothing is left to do, and nothing is asked for to find that out.
async fn is_in_line(site: &Site, house: &House) {
    for target in ["wiki", "chat"] {
        assert_eq!(house.target(target).due, 0, "{target}");
    }
    site.network.forget();
    site.wait(3600).await;
    let writes = |target| {
        let sent = site.network.sent(target);
        sent.iter()
            .filter(|one| !one.line.starts_with("GET"))
            .count()
    };
    assert_eq!((writes("wiki"), writes("chat")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_end_in_the_middle_of_many_joiners_loses_nobody() {
    let site = Site::new(CONFIG);
    site.network
        .weather("wiki", Weather::Slow(Duration::from_secs(2)));
    site.directory.hire_many(200);
    let mut house = site.start();
    site.wait(31).await;
    house.heard();
    let begun = site.clock.instant();
    let mut events = house.handle.events();
    let (ended, store) = house.stop().await;
    let took = site.clock.instant().duration_since(begun);
    assert_eq!(ended, Ended::Calmly);
    assert!(
        took < Duration::from_secs(4),
        "what is on its way takes 2 s, not {took:?}"
    );
    let mut outcomes = Vec::new();
    while let Ok(event) = events.try_recv() {
        match event {
            Event::Stopping => outcomes.push("stopping".to_owned()),
            Event::Cycle { outcome, .. } => outcomes.push(outcome),
            _ => {}
        }
    }
    assert_eq!(outcomes, ["stopping", "stopped"]);
    let made = site.accounts("wiki").len();
    assert!((10..190).contains(&made), "{made}");
    site.network.forget();
    site.wait(600).await;
    assert_eq!(
        site.network.sent("wiki").len(),
        0,
        "nothing is sent after the end"
    );

    site.network.weather("wiki", Weather::Fair);
    let house = site.start_with(store);
    site.wait(120).await;
    assert_eq!(site.accounts("wiki").len(), 200);
    is_in_line(&site, &house).await;
}

#[tokio::test(start_paused = true)]
async fn an_app_that_does_not_answer_holds_the_end_up_for_ten_seconds() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let house = site.start();
    site.wait(5).await;
    site.network
        .weather("wiki", Weather::Slow(Duration::from_secs(40)));
    site.directory.hire_many(20);
    site.directory.sounds(super::house::Sound::Change);
    site.wait(5).await;
    let begun = site.clock.instant();
    let (ended, store) = house.stop().await;
    assert_eq!(ended, Ended::Abruptly);
    assert_eq!(
        site.clock.instant().duration_since(begun),
        Duration::from_secs(10)
    );
    // What was on its way may have arrived: it is looked up before it is sent again.
    site.network.weather("wiki", Weather::Fair);
    let house = site.start_with(store);
    site.wait(120).await;
    assert_eq!(site.accounts("wiki").len(), 21);
    is_in_line(&site, &house).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_slow_reading() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(3);
    site.network
        .weather("wiki", Weather::Slow(Duration::from_hours(1)));
    let house = site.start();
    site.wait(5).await;
    let begun = site.clock.instant();
    let (ended, _) = house.stop().await;
    assert_eq!(ended, Ended::Calmly);
    assert!(site.clock.instant().duration_since(begun) < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn whenever_the_process_dies_the_next_one_goes_on() {
    for moment in [1, 3, 7, 13, 29] {
        let site = Site::new(CONFIG);
        site.network
            .weather("wiki", Weather::Slow(Duration::from_secs(1)));
        site.directory.hire_many(60);
        let house = site.start();
        site.wait(moment).await;
        let store = house.kill().await;
        site.network.weather("wiki", Weather::Fair);
        let house = site.start_with(store);
        site.wait(60).await;
        assert_eq!(site.accounts("wiki").len(), 60, "killed after {moment} s");
        is_in_line(&site, &house).await;
    }
}
