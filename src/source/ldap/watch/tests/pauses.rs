//! How long a server is left alone whose lines break.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::*;

/// Waits for what comes over a socket, while the simulated clock stands: it moves on by itself only when
/// everybody waits.
async fn while_time_stands(what: &str, is_so: impl Fn() -> bool) {
    let begun = Clock::System.now();
    while !is_so() {
        let waited = Clock::System.now().duration_since(begun);
        assert!(waited.as_secs() < 60, "{what}: it does not come");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cuts_every_line_is_tried_after_longer_and_longer_pauses() {
    let clock = Clock::simulated("2026-11-22T07:00:00Z".parse().expect("a point in time"));
    let binds: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let times = || -> Vec<Instant> {
        let binds = binds.lock().unwrap_or_else(PoisonError::into_inner);
        binds.clone()
    };
    let (kept, watch) = (Arc::clone(&binds), clock.clone());
    let server = Server::doing(Box::new(move |_: &Asked| {
        let mut binds = kept.lock().unwrap_or_else(PoisonError::into_inner);
        binds.push(watch.instant());
        Vec::new()
    }))
    .await;
    let source = LdapSource {
        draw: Draw::seeded(1),
        ..LdapSource::new("hq".into(), config(&[&server.address]), clock)
    };
    let news: Arc<News> = Arc::default();
    let _line = tokio::spawn(listen(source, Arc::clone(&news)));

    // The longest pause of each try, in seconds; how much of it is waited is drawn.
    let longest = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
    let draw = Draw::seeded(1);
    // A clock of whole milliseconds comes to the end of a pause a moment later.
    let moment = Duration::from_millis(2);
    let mut pauses = Vec::new();
    for (tries, longest) in (1_u32..).zip(longest) {
        while_time_stands("the line is lost", || news.failures() == tries).await;
        let pause = Duration::from_secs(longest).mul_f64(draw.unit());
        tokio::time::advance(pause.mul_f64(0.9)).await;
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(times().len(), tries as usize, "too soon after {pauses:?}");
        tokio::time::advance(pause.mul_f64(0.1) + moment).await;
        while_time_stands("it is tried again", || times().len() > tries as usize).await;
        pauses.push(pause);
    }
    let times = times();
    let gaps = times.windows(2).map(|two| two[1] - two[0]);
    for (gap, pause) in gaps.zip(&pauses) {
        assert!(
            gap >= *pause && gap <= *pause + 2 * moment,
            "{gap:?} {pause:?}"
        );
    }
}
