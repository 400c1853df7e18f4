//! Limits against a scripted app, in virtual time.

use futures_util::future::join_all;
use http::Method;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::core::profile::Bucket;
use crate::http::script::{Script, answer, request};

fn rates(concurrency: usize, buckets: Vec<Bucket>) -> Rates {
    Rates {
        concurrency,
        buckets,
        headers: None,
        retry: RetryPolicy::default(),
    }
}

fn a_second(limit: u32) -> Bucket {
    Bucket {
        methods: Vec::new(),
        resource: None,
        larger_than: None,
        limit,
        per: Duration::from_secs(1),
        burst: 1,
    }
}

fn limited(script: Script, rates: &Rates) -> (Limited<Arc<Script>>, Arc<Script>, Arc<Limiter>) {
    let script = Arc::new(script);
    let limits = Arc::new(Limiter::new(rates, Clock::System));
    (
        Limited::new(Arc::clone(&script), Arc::clone(&limits)),
        script,
        limits,
    )
}

async fn send(limited: &Limited<Arc<Script>>) -> Result<Answer, Fault> {
    limited.send(request(Method::GET, About::User)).await
}

#[tokio::test(start_paused = true)]
async fn a_hundred_requests_keep_to_ten_a_second() {
    let (limited, script, _) = limited(
        Script::new(|_| Ok(answer(200, &[], ""))),
        &rates(50, vec![a_second(10)]),
    );
    let start = Clock::System.instant();
    join_all((0..100).map(|_| send(&limited))).await;
    assert!(
        start.elapsed() >= Duration::from_millis(9_900),
        "{:?}",
        start.elapsed()
    );
    assert!(
        start.elapsed() <= Duration::from_millis(10_200),
        "{:?}",
        start.elapsed()
    );
    let instants = script.instants();
    for (place, from) in instants.iter().enumerate() {
        let end = *from + Duration::from_secs(1);
        let within = instants[place..]
            .iter()
            .filter(|instant| **instant < end)
            .count();
        assert!(within <= 10, "{within} in one second");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_are_on_their_way_than_the_cap() {
    let script = Script::new(|_| Ok(answer(200, &[], ""))).taking(Duration::from_millis(70));
    let (limited, script, _) = limited(script, &rates(3, Vec::new()));
    join_all((0..30).map(|_| send(&limited))).await;
    assert_eq!(script.most_in_flight(), 3);
    assert_eq!(script.seen().len(), 30);
}

#[tokio::test(start_paused = true)]
async fn push_back_halves_once_for_all_on_their_way_and_successes_bring_it_back() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let refuse = count.fetch_add(1, Ordering::SeqCst) < 8;
        Ok(answer(if refuse { 503 } else { 200 }, &[], ""))
    })
    .taking(Duration::from_millis(10));
    let (limited, script, limits) = limited(script, &rates(8, Vec::new()));
    join_all((0..8).map(|_| send(&limited))).await;
    assert_eq!((script.most_in_flight(), limits.concurrency()), (8, 4));
    join_all((0..9).map(|_| send(&limited))).await;
    assert_eq!((script.most_in_flight(), limits.concurrency()), (4, 4));
    join_all((0..100).map(|_| send(&limited))).await;
    assert_eq!((script.most_in_flight(), limits.concurrency()), (8, 8));
}

#[tokio::test(start_paused = true)]
async fn slots_in_use_when_the_pace_falls_are_closed_as_they_come_back() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(answer(if first { 503 } else { 200 }, &[], ""))
    })
    .taking(Duration::from_secs(1));
    let (limited, script, limits) = limited(script, &rates(4, Vec::new()));
    join_all((0..4).map(|_| send(&limited))).await;
    assert_eq!(limits.concurrency(), 2);
    script.most_in_flight();
    join_all((0..6).map(|_| send(&limited))).await;
    assert_eq!(script.most_in_flight(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_cell_yields_its_slot_to_a_falling_pace() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(answer(if first { 503 } else { 200 }, &[], ""))
    })
    .taking(Duration::from_secs(3));
    let mut slow = a_second(1);
    slow.per = Duration::from_secs(2);
    let (limited, script, _) = limited(script, &rates(3, vec![slow]));
    let start = Clock::System.instant();
    join_all((0..3).map(|_| send(&limited))).await;
    let sent: Vec<u64> = script
        .instants()
        .iter()
        .map(|instant| (*instant - start).as_secs())
        .collect();
    assert_eq!(
        sent,
        [0, 2, 5],
        "at 3 s only one is allowed, and the second takes until 5 s"
    );
}

#[tokio::test(start_paused = true)]
async fn retry_after_pauses_the_whole_target_tokens_too() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let status = if first { 429 } else { 200 };
        Ok(answer(status, &[("retry-after", "30")], ""))
    });
    let (limited, script, limits) = limited(script, &rates(4, Vec::new()));
    let start = Clock::System.instant();
    let refused = send(&limited).await.expect("an answer");
    assert_eq!(refused.status, 429);
    assert_eq!(limits.pause(), Some(Duration::from_secs(30)));
    let token = limited.send(request(Method::POST, About::Token));
    let (token, user) = tokio::join!(token, send(&limited));
    assert!(token.is_ok() && user.is_ok());
    for instant in &script.instants()[1..] {
        assert_eq!(*instant - start, Duration::from_secs(30));
    }
    assert_eq!(limits.pause(), None);
}

#[tokio::test(start_paused = true)]
async fn a_429_that_does_not_say_pauses_longer_each_time() {
    let (limited, _, limits) = limited(
        Script::new(|_| Ok(answer(429, &[], ""))),
        &rates(1, Vec::new()),
    );
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let refused = send(&limited).await.expect("an answer");
        assert_eq!(refused.status, 429);
        assert_eq!(limits.pause(), Some(Duration::from_secs(seconds)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shorter_pause_does_not_end_a_longer_one() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let seconds = ["60", "1"][count.fetch_add(1, Ordering::SeqCst) % 2];
        Ok(answer(429, &[("retry-after", seconds)], ""))
    })
    .taking(Duration::from_millis(10));
    let (limited, _, limits) = limited(script, &rates(2, Vec::new()));
    let later = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        send(&limited).await
    };
    let (first, second) = tokio::join!(send(&limited), later);
    assert!(first.is_ok() && second.is_ok());
    let rest = Duration::from_mins(1) - Duration::from_millis(5);
    assert_eq!(limits.pause(), Some(rest));
}

#[tokio::test(start_paused = true)]
async fn tokens_take_no_cells() {
    let (limited, _, _) = limited(
        Script::new(|_| Ok(answer(200, &[], ""))),
        &rates(1, vec![a_second(1)]),
    );
    let start = Clock::System.instant();
    for _ in 0..5 {
        let sent = limited.send(request(Method::POST, About::Token)).await;
        assert!(sent.is_ok());
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_gives_its_slot_back() {
    let script = Script::new(|_| Ok(answer(200, &[], ""))).taking(Duration::from_mins(1));
    let (limited, _, _) = limited(script, &rates(1, Vec::new()));
    let waited = tokio::time::timeout(Duration::from_secs(1), send(&limited)).await;
    assert!(waited.is_err());
    assert!(send(&limited).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_twice() {
    let (limited, script, limits) = limited(
        Script::new(|_| Err(crate::http::script::lost())),
        &rates(4, Vec::new()),
    );
    assert_eq!(
        send(&limited).await.expect_err("a fault"),
        crate::http::script::lost()
    );
    assert_eq!((script.seen().len(), limits.concurrency()), (1, 4));
}

/// Answers once with these headers, then plainly; gives when the second request went out, in seconds.
async fn second_after(headers: &'static [(&'static str, &'static str)], rates: &Rates) -> u64 {
    let first = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let headers = match first.fetch_add(1, Ordering::SeqCst) {
            0 => headers,
            _ => &[],
        };
        Ok(answer(200, headers, ""))
    });
    let (limited, script, _) = limited(script, rates);
    for _ in 0..2 {
        send(&limited).await.expect("an answer");
    }
    let instants = script.instants();
    instants[1].duration_since(instants[0]).as_secs()
}

#[tokio::test(start_paused = true)]
async fn an_app_that_says_that_nothing_is_left_is_left_alone_until_the_reset() {
    let mut rates = rates(4, Vec::new());
    let spent = &[("x-left", "0"), ("x-again", "30")];
    assert_eq!(second_after(spent, &rates).await, 0, "nobody reads them");
    rates.headers = Some(crate::core::profile::RateHeaders {
        remaining: "X-Left".into(),
        reset: "X-Again".into(),
    });
    assert_eq!(second_after(spent, &rates).await, 30);
    assert_eq!(
        second_after(&[("x-left", "1"), ("x-again", "30")], &rates).await,
        0
    );
    let dated = &[
        ("x-left", "0"),
        ("x-again", "1795348845"),
        ("date", "Sun, 22 Nov 2026 12:00:00 GMT"),
    ];
    assert_eq!(second_after(dated, &rates).await, 45);
    // A reset in a day is more likely a mistake: no longer than a run waits.
    assert_eq!(
        second_after(&[("x-left", "0"), ("x-again", "86400")], &rates).await,
        300
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_the_profile_calls_a_throttle_slows_down() {
    let refuse = || Script::new(|_| Ok(answer(400, &[], "calm down")));
    let (plain, _, limits) = limited(refuse(), &rates(4, Vec::new()));
    send(&plain).await.expect("an answer");
    assert_eq!((limits.concurrency(), limits.pause()), (4, None));
    let rule = crate::core::profile::ErrorRule {
        status: Some(400),
        says: Some("calm".into()),
        means: Meaning::Throttled,
    };
    let limits = Limiter::new(&rates(4, Vec::new()), Clock::System);
    let limits = Arc::new(limits.ruled_by(Rulings::of(&[rule])));
    let limited = Limited::new(Arc::new(refuse()), Arc::clone(&limits));
    send(&limited).await.expect("an answer");
    assert_eq!(limits.concurrency(), 2);
    assert!(limits.pause().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_requests_wait_for_a_rate_is_counted() {
    let (limited, _, limits) = limited(
        Script::new(|_| Ok(answer(200, &[], ""))),
        &rates(1, vec![a_second(1)]),
    );
    send(&limited).await.expect("an answer");
    assert_eq!(limits.waits().count(), 0);
    send(&limited).await.expect("an answer");
    let waits = limits.waits();
    assert_eq!((waits.count(), waits.total()), (1, Duration::from_secs(1)));
}
