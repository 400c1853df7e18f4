//! When the daemon reads and sends: what is heard, what is due, what the clocks say.

use std::num::NonZeroU32;
use std::time::Duration;

use rollcall::core::key::{RemoteId, TargetName};
use rollcall::daemon::board::Ear;
use rollcall::daemon::event::Event;

use super::house::{CONFIG, Site, Sound, Weather, break_off, hang, reads};

#[tokio::test(start_paused = true)]
async fn what_is_heard_is_in_every_app_within_a_second() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let mut house = site.start();
    site.wait(5).await;
    assert_eq!(site.is_active("wiki", "ana"), Some(true));
    house.heard();
    let whole = reads(&site.directory).0;

    site.directory.hire("bob");
    site.directory.disable("ana");
    for _ in 0..20 {
        site.directory.sounds(Sound::Change);
    }
    site.wait(1).await;
    for target in ["wiki", "chat"] {
        assert_eq!(site.is_active(target, "ana"), Some(false), "{target}");
        assert_eq!(site.is_active(target, "bob"), Some(true), "{target}");
    }
    let cycles: Vec<Duration> = house
        .heard()
        .into_iter()
        .filter_map(|event| match event {
            Event::Cycle { latency, .. } => latency,
            _ => None,
        })
        .collect();
    assert_eq!(cycles.len(), 2, "one cycle each for twenty sounds");
    assert!(
        cycles
            .iter()
            .all(|latency| *latency < Duration::from_millis(200)),
        "after quiet, nothing is waited for: {cycles:?}"
    );
    assert_eq!(
        reads(&site.directory),
        (whole, 1),
        "nothing was read as a whole for that"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_sound_everything_is_compared_every_quarter_of_an_hour() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let _house = site.start();
    site.wait(5).await;
    site.directory.hire("bob");
    site.wait(14 * 60).await;
    assert_eq!(site.is_active("wiki", "bob"), None);
    site.wait(2 * 60).await;
    assert_eq!(site.is_active("wiki", "bob"), Some(true));
    assert_eq!(site.is_active("chat", "bob"), Some(true));
    // A quiet day: one reading a quarter for both targets, one as a whole every six hours.
    let (whole, followed) = reads(&site.directory);
    site.network.forget();
    site.wait(24 * 3600).await;
    let (more, heard) = reads(&site.directory);
    assert!(
        (94..=98).contains(&(heard + more - followed - whole)),
        "{heard} {more}"
    );
    assert_eq!(more - whole, 4);
    assert_eq!(
        site.network.sent("wiki").len(),
        0,
        "nothing is asked of an app in vain"
    );
}

#[tokio::test(start_paused = true)]
async fn a_quiet_year_is_not_written_into_the_journal() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let house = site.start();
    site.wait(30).await;
    let lines = house.store.verify().expect("a sound journal");
    site.wait(2 * 24 * 3600).await;
    assert_eq!(house.store.verify().expect("a sound journal"), lines);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_is_missing_is_looked_for_a_second_time_by_itself() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(8);
    let house = site.start();
    site.wait(5).await;
    site.directory.remove("p0003");
    site.directory.sounds(Sound::Change);
    site.wait(9 * 60).await;
    assert_eq!(site.is_active("wiki", "p0003"), Some(true));
    site.wait(70).await;
    assert_eq!(site.is_active("wiki", "p0003"), Some(false));
    assert_eq!(site.is_active("chat", "p0003"), Some(false));
    drop(house);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_makes_nobody_a_leaver() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(8);
    let _house = site.start();
    site.wait(5).await;
    site.directory.remove("p0003");
    site.directory.sounds(Sound::Change);
    site.wait(10).await;
    for jump in [3600, -7200, 86_400] {
        site.clock.set_by(jump);
        site.directory.sounds(Sound::Change);
        site.wait(5).await;
        site.directory.sounds(Sound::Change);
        site.wait(5).await;
        assert_eq!(
            site.is_active("wiki", "p0003"),
            Some(true),
            "after {jump} s"
        );
    }
    // Counted anew from the last jump on, in true minutes.
    site.wait(9 * 60).await;
    assert_eq!(site.is_active("wiki", "p0003"), Some(true));
    site.wait(80).await;
    assert_eq!(site.is_active("wiki", "p0003"), Some(false));
}

#[tokio::test(start_paused = true)]
async fn the_app_is_read_once_a_week_slowly_and_what_drifted_is_set_right() {
    let config = CONFIG.replace(
        "    assign: everyone",
        "    assign: everyone\n    every: 1d\n    audit: { every: 7d, budget: 2/m }",
    );
    let site = Site::new(&config);
    site.directory.hire_many(250);
    let _house = site.start();
    site.wait(60).await;
    site.network.forget();
    let wiki = TargetName::new("wiki");
    let dump = site.sandbox.dump(&wiki);
    let id = RemoteId::new(dump["users"][7]["id"].as_str().expect("an id"));
    site.sandbox.set_active(&wiki, &id, false);
    site.wait(6 * 24 * 3600).await;
    assert_eq!(site.network.sent("wiki").len(), 0);
    site.wait(24 * 3600 + 600).await;
    let user = site.sandbox.user(&wiki, &id).expect("there");
    assert_eq!(user["active"], true, "{user}");
    let reads = site.network.sent("wiki");
    let reads: Vec<_> = reads
        .iter()
        .filter(|one| one.line.starts_with("GET"))
        .collect();
    assert!(reads.len() >= 3, "{}", reads.len());
    for pair in reads.windows(2) {
        let gap = pair[1].at.duration_since(pair[0].at);
        assert!(
            gap >= Duration::from_secs(29),
            "{gap:?}: {} {}",
            pair[0].line,
            pair[1].line
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reading_of_an_app_makes_room_for_a_leaver_and_is_done_all_the_same() {
    let config = CONFIG.replace(
        "    assign: everyone",
        "    assign: everyone\n    every: 1d\n    audit: { every: 1d, budget: 20/h }",
    );
    let site = Site::new(&config);
    site.directory.hire_many(250);
    let house = site.start();
    site.wait(24 * 3600 + 90).await;
    assert!(house.target("wiki").next.is_some());
    let before = site.network.sent("wiki").len();
    site.directory.disable("p0004");
    site.directory.sounds(Sound::Change);
    site.wait(8).await;
    assert_eq!(
        site.is_active("wiki", "p0004"),
        Some(false),
        "a leaver waits for no audit"
    );
    assert!(site.network.sent("wiki").len() > before);
    // A sound every minute: the third try is not disturbed.
    for _ in 0..25 {
        site.directory.sounds(Sound::Change);
        site.wait(60).await;
    }
    let lists = site.network.sent("wiki");
    let lists = lists
        .iter()
        .filter(|one| one.line.starts_with("GET") && one.line.contains("Users"));
    let last = lists.map(|one| one.at).next_back().expect("it was read");
    let quiet = site.clock.instant().duration_since(last);
    assert!(quiet > Duration::from_mins(8), "still reading: {quiet:?}");
}

#[tokio::test(start_paused = true)]
async fn a_doubted_reading_is_held_told_once_and_held_up_by_no_slow_target() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(20);
    let mut house = site.start();
    site.wait(5).await;
    house.heard();
    // wiki is busy for an hour with somebody's change.
    site.network
        .weather("wiki", Weather::Slow(Duration::from_hours(1)));
    site.directory.hire("new");
    site.directory.sounds(Sound::Change);
    site.wait(5).await;
    for number in 0..10 {
        site.directory.remove(&format!("p{number:04}"));
    }
    site.directory.sounds(Sound::Change);
    site.wait(60).await;
    for _ in 0..10 {
        site.directory.sounds(Sound::Change);
        site.wait(5).await;
    }
    let held: Vec<(String, String)> = house
        .heard()
        .into_iter()
        .filter_map(|event| match event {
            Event::Held { target, lane, .. } => Some((target.to_string(), lane)),
            _ => None,
        })
        .collect();
    assert_eq!(held, [("chat".to_owned(), "reading:hq".to_owned())]);
    assert_eq!(house.target("chat").holds, 1);
    // The people are back: nothing is held any more, though wiki has still not answered.
    site.directory.hire_many(10);
    site.directory.sounds(Sound::Change);
    site.wait(5).await;
    assert_eq!(house.target("chat").holds, 0);
    assert!(site.accounts("chat").values().all(|active| *active));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_be_read_is_told_once_and_changes_nobody() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(4);
    let mut house = site.start();
    site.wait(5).await;
    house.heard();
    break_off(&site.directory, Some("the file is cut off"));
    site.directory.sounds(Sound::Change);
    site.wait(3600).await;
    let hq = house
        .board()
        .sources
        .into_values()
        .next()
        .expect("a source");
    let trouble = hq.trouble.expect("it is on the board");
    assert_eq!(
        trouble.problem,
        "error: the file is cut off\n  hint: mend it"
    );
    let failed = |events: &[Event]| {
        let failed = events
            .iter()
            .filter(|one| matches!(one, Event::SourceFailed { .. }));
        failed.count()
    };
    assert_eq!(failed(&house.heard()), 1);
    assert!(site.accounts("wiki").values().all(|active| *active));
    break_off(&site.directory, None);
    site.directory.disable("p0001");
    site.wait(11 * 60).await;
    assert_eq!(
        site.is_active("wiki", "p0001"),
        Some(false),
        "it is tried again by itself"
    );
    assert!(
        house
            .heard()
            .iter()
            .any(|event| matches!(event, Event::SourceBack(_)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_go_on_is_read_as_a_whole_once_and_nothing_is_sent() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(20);
    let _house = site.start();
    site.wait(5).await;
    let (whole, followed) = reads(&site.directory);
    site.network.forget();
    site.directory.sounds(Sound::Anew);
    site.wait(600).await;
    assert_eq!(reads(&site.directory), (whole + 1, followed));
    for target in ["wiki", "chat"] {
        let sent = site.network.sent(target);
        assert!(sent.is_empty(), "{target}: {sent:?}");
    }
    // What is heard afterwards is followed again.
    site.directory.disable("p0003");
    site.directory.sounds(Sound::Change);
    site.wait(5).await;
    assert_eq!(site.is_active("wiki", "p0003"), Some(false));
    assert_eq!(reads(&site.directory), (whole + 1, followed + 1));
}

#[tokio::test(start_paused = true)]
async fn an_ear_that_is_lost_makes_the_readings_whole_again() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let house = site.start();
    site.wait(5).await;
    let ear = |house: &super::house::House| {
        let sources = house.board().sources;
        sources.into_values().next().expect("a source").ear
    };
    assert_eq!(ear(&house), Ear::On);
    let (_, followed) = reads(&site.directory);
    site.directory.sounds(Sound::Lost);
    site.wait(3600).await;
    assert!(matches!(ear(&house), Ear::Lost(_)));
    assert_eq!(
        reads(&site.directory).1,
        followed,
        "nothing can be followed"
    );
    site.directory.sounds(Sound::Back);
    site.wait(5).await;
    site.directory.sounds(Sound::Change);
    site.wait(5).await;
    assert_eq!(ear(&house), Ear::On);
    assert_eq!(reads(&site.directory).1, followed + 1);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_in_one_step_is_stuck_and_who_waits_is_not() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let house = site.start();
    let minute = Duration::from_mins(1);
    for _ in 0..40 {
        site.wait(301).await;
        assert_eq!(house.handle.stuck(minute), [""; 0]);
    }
    hang(&site.directory, true);
    site.wait(16 * 60).await;
    site.wait(61).await;
    assert_eq!(house.handle.stuck(minute), ["the sources"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_the_sending_and_is_noticed_when_there_is_room_again() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let mut house = site.start();
    site.wait(5).await;
    house.heard();
    house.store.limit_pages(NonZeroU32::MIN).expect("a limit");
    site.network.forget();
    site.directory.hire_many(100);
    site.directory.sounds(Sound::Change);
    site.wait(3600).await;
    let made = site.accounts("wiki").len();
    assert!(made < 101, "{made}");
    house.store.limit_pages(NonZeroU32::MAX).expect("room");
    site.wait(16 * 60).await;
    for target in ["wiki", "chat"] {
        assert_eq!(site.accounts(target).len(), 101, "{target}");
        assert_eq!(house.target(target).pause, None);
    }
}
