//! What Prometheus reads, whole.

use insta::assert_snapshot;

use super::*;
use crate::core::fault::Fault;
use crate::core::key::SourceName;
use crate::daemon::board::{Ear, Ended, Pause, Phase, SourceBoard, TargetBoard, Trouble};
use crate::http::{About, Answer, Request, Transport};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn board(now: Timestamp) -> Board {
    let mut board = Board::begun(now);
    board.sources.insert(
        SourceName::new("hq"),
        SourceBoard {
            whole: Some(at("2026-11-22T08:00:00Z")),
            last: Some(at("2026-11-22T08:59:00Z")),
            users: 40,
            groups: 8,
            ear: Ear::Lost(Trouble {
                since: now,
                problem: "the line broke".into(),
            }),
            ..SourceBoard::default()
        },
    );
    board.targets.insert(
        TargetName::new("wiki"),
        TargetBoard {
            phase: Phase::Idle,
            last: Some(Ended {
                at: now,
                run: "r1".into(),
                outcome: "held".into(),
                took: Duration::from_secs(2),
            }),
            success: Some(at("2026-11-22T08:30:00Z")),
            next: None,
            pause: Some(Pause {
                since: now,
                until: None,
                reason: "refused".into(),
            }),
            due: 3,
            oldest_due: Some(at("2026-11-22T08:59:30Z")),
            leavers_due: 1,
            holds: 1,
            parked: 2,
            links: 38,
            expires: Some("2026-11-22".parse().expect("a day")),
        },
    );
    board
}

fn cycle() -> Event {
    Event::Cycle {
        target: TargetName::new("wiki"),
        run: "r1".into(),
        outcome: "held".into(),
        done: BTreeMap::from([("create".to_owned(), 2), ("deactivate".to_owned(), 1)]),
        failed: 1,
        took: Duration::from_secs(2),
        latency: Some(Duration::from_millis(800)),
    }
}

#[test]
fn a_day_in_numbers() {
    let now = at("2026-11-22T09:00:00Z");
    let metrics = Metrics::new();
    metrics.count(&cycle());
    metrics.count(&Event::Read {
        source: SourceName::new("hq"),
        whole: true,
        took: Duration::from_secs(1),
        users: 40,
    });
    metrics.count(&Event::ReloadRefused("no".into()));
    metrics.deliver("webhook", Delivery::Sent);
    let text = metrics.print(&board(now), now);
    let mut text: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("_bucket{"))
        .collect();
    // The library keeps no order of labels.
    text.sort_unstable();
    assert_snapshot!(text.join("\n"), @r#"
    rollcall_build_info{version="0.1.0"} 1
    rollcall_change_failures_total{target="wiki"} 1
    rollcall_changes_total{target="wiki",action="create"} 2
    rollcall_changes_total{target="wiki",action="deactivate"} 1
    rollcall_config_refused 0.0
    rollcall_config_reload_failures_total 1
    rollcall_config_reloads_total 0
    rollcall_cycle_duration_seconds_count{target="wiki"} 1
    rollcall_cycle_duration_seconds_sum{target="wiki"} 2.0
    rollcall_cycles_total{target="wiki",outcome="held"} 1
    rollcall_events_missed_total 0
    rollcall_notifications_total{channel="webhook",result="sent"} 1
    rollcall_source_age_seconds{source="hq"} 3600.0
    rollcall_source_groups{source="hq"} 8.0
    rollcall_source_reads_total{source="hq",how="whole"} 1
    rollcall_source_to_app_seconds_count{target="wiki"} 1
    rollcall_source_to_app_seconds_sum{target="wiki"} 0.8
    rollcall_source_up{source="hq"} 1.0
    rollcall_source_users{source="hq"} 40.0
    rollcall_source_watched{source="hq"} 0.0
    rollcall_target_credential_expiry_seconds{target="wiki"} 54000.0
    rollcall_target_due{target="wiki"} 3.0
    rollcall_target_holds{target="wiki"} 1.0
    rollcall_target_leavers_due{target="wiki"} 1.0
    rollcall_target_links{target="wiki"} 38.0
    rollcall_target_oldest_due_seconds{target="wiki"} 30.0
    rollcall_target_parked{target="wiki"} 2.0
    rollcall_target_paused{target="wiki"} 1.0
    rollcall_target_success_age_seconds{target="wiki"} 1800.0
    "#);
}

#[test]
fn what_is_gone_has_no_gauges() {
    let now = at("2026-11-22T09:00:00Z");
    let metrics = Metrics::new();
    assert!(
        metrics
            .print(&board(now), now)
            .contains("rollcall_target_due{target=\"wiki\"} 3.0")
    );
    let text = metrics.print(&Board::begun(now), now);
    assert!(!text.contains("{target=\"wiki\"}"), "{text}");
}

#[test]
fn a_status_that_is_none_makes_no_series_of_its_own() {
    assert_eq!(status(Some(404)), "404");
    assert_eq!(status(None), "none");
    assert_eq!(status(Some(999)), "other");
}

/// An app that says yes.
struct Yes;

#[async_trait::async_trait]
impl Transport for Yes {
    async fn send(&self, _: Request) -> Result<Answer, Fault> {
        Ok(Answer {
            status: http::StatusCode::OK,
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        })
    }
}

fn request() -> Request {
    Request {
        method: http::Method::GET,
        url: "http://127.0.0.1/Users".parse().expect("an address"),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
        timeout: Duration::from_secs(1),
        about: About::User,
    }
}

#[tokio::test]
async fn requests_of_a_connection_before_a_reload_still_count() {
    let metrics = Metrics::new();
    let wiki = TargetName::new("wiki");
    let now = at("2026-11-22T09:00:00Z");
    for _ in 0..2 {
        let counter = count::Counter::new();
        let transport = count::Counted::new(Yes, counter.clone());
        for _ in 0..2 {
            metrics.take_up(&wiki, &counter, &Waits::default());
        }
        let sent = transport.send(request()).await;
        sent.expect("an answer");
        metrics.take_up(&wiki, &counter, &Waits::default());
    }
    let text = metrics.print(&Board::begun(now), now);
    let line = "rollcall_requests_total{target=\"wiki\",method=\"GET\",status=\"200\"} 2";
    assert!(text.contains(line), "{text}");
    assert_eq!(
        metrics.print(&Board::begun(now), now),
        text,
        "nothing is counted twice"
    );
}
