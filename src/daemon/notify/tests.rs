//! Notices to receivers on loopback: a webhook, and an SMTP server that plays its script.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use insta::assert_snapshot;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::config::{MailConfig, MailTls, WebhookFormat, WebhookUrl, webhook_url};
use crate::daemon::event::Events;
use crate::secret::SecretRef;
use crate::show::notice::Kind;

fn notice() -> Notice {
    Notice {
        at: "2026-11-22T09:14:03Z".parse().expect("a time"),
        kind: Kind::Held,
        subject: Some("wiki".into()),
        what: "12 changes of leavers; held until a person approves\r\nBcc: eve@evil.example".into(),
        todo: Some("rollcall approve H-1 --because \"…\"".into()),
        people: vec!["Zoë".into()],
    }
}

/// What a receiver got.
type Got = Arc<Mutex<Vec<String>>>;

/// A webhook that answers with these, the last one again and again; its address holds a secret.
async fn receiver(answers: &'static [(u16, &'static str)]) -> (String, Got) {
    let got = Got::default();
    let kept = Arc::clone(&got);
    let at = Arc::new(AtomicUsize::new(0));
    let router = Router::new().route(
        "/services/{secret}",
        post(move |body: String| async move {
            kept.lock().expect("no panic").push(body);
            let turn = at.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            let (status, wait) = answers[turn];
            let status = StatusCode::from_u16(status).expect("a status");
            (status, [("Retry-After", wait)], "thanks")
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/services/c4nary-webhook"), got)
}

fn webhook(address: &str, format: WebhookFormat) -> Box<dyn Channel> {
    let url = WebhookUrl::Open(webhook_url(address).expect("on loopback"));
    let config = ChannelConfig::Webhook { url, format };
    channel(&config, &Clock::System, &Draw::seeded(1)).expect("nothing is missing")
}

#[tokio::test]
async fn a_webhook_gets_json_or_what_slack_takes() {
    let (address, got) = receiver(&[(204, "")]).await;
    for format in [WebhookFormat::Json, WebhookFormat::Slack] {
        webhook(&address, format)
            .send(&notice())
            .await
            .expect("it is taken");
    }
    let got = got.lock().expect("no panic").join("\n");
    assert_snapshot!(got, @r#"
    {"at":"2026-11-22T09:14:03Z","from":"rollcall","kind":"held","people":["Zoë"],"subject":"wiki","text":"12 changes of leavers; held until a person approves\\r\\nBcc: eve@evil.example","todo":"rollcall approve H-1 --because \"…\""}
    {"text":"*rollcall* wiki: 12 changes of leavers; held until a person approves\\r\\nBcc: eve@evil.example\n• Zoë\n→ `rollcall approve H-1 --because \"…\"`"}
    "#);
}

#[tokio::test]
async fn a_refusal_says_whether_to_try_again_and_no_word_of_the_address() {
    let (address, _) = receiver(&[(503, "7"), (429, ""), (404, "")]).await;
    let webhook = webhook(&address, WebhookFormat::Slack);
    let mut told = Vec::new();
    for _ in 0..3 {
        let refusal = webhook.send(&notice()).await.expect_err("it is refused");
        told.push(format!("{refusal:?}"));
    }
    assert_snapshot!(told.join("\n"), @r#"
    Refusal { reason: "the answer was 503", passing: true, wait: Some(7s) }
    Refusal { reason: "the answer was 429", passing: true, wait: None }
    Refusal { reason: "the answer was 404", passing: false, wait: None }
    "#);
    let nobody = "http://127.0.0.1:9/services/c4nary-webhook";
    let refusal = self::webhook(nobody, WebhookFormat::Json)
        .send(&notice())
        .await;
    let refusal = refusal.expect_err("nobody is there");
    assert!(
        refusal.passing && !refusal.reason.contains("c4nary"),
        "{refusal:?}"
    );
    assert!(refusal.reason.starts_with("127.0.0.1:9: "), "{refusal:?}");
}

#[test]
fn an_address_that_is_kept_is_not_told_when_it_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hook");
    std::fs::write(&path, "http://chat.example.com/c4nary\n").expect("written");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, private).expect("it is ours");
    let config = ChannelConfig::Webhook {
        url: WebhookUrl::Kept(SecretRef::File(path.clone())),
        format: WebhookFormat::Json,
    };
    let problem = channel(&config, &Clock::System, &Draw::seeded(1))
        .err()
        .expect("it is http");
    assert_eq!(
        problem.to_string(),
        format!(
            "file {} holds no address of a webhook: notifications go over https only, or over http on \
             loopback",
            path.display()
        )
    );
}

/// A channel that refuses so many times.
struct Stubborn {
    refusals: Mutex<Vec<Refusal>>,
    tries: Arc<Mutex<Vec<u64>>>,
    start: tokio::time::Instant,
}

#[async_trait]
impl Channel for Stubborn {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    async fn send(&self, _: &Notice) -> Result<(), Refusal> {
        let since = self.start.elapsed().as_secs();
        self.tries.lock().expect("no panic").push(since);
        match self.refusals.lock().expect("no panic").pop() {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }
}

fn refusal(passing: bool, wait: Option<u64>) -> Refusal {
    Refusal {
        reason: "away".into(),
        passing,
        wait: wait.map(Duration::from_secs),
    }
}

/// The seconds at which such a channel is tried, and what became of the notice.
async fn tried(refusals: Vec<Refusal>) -> (Vec<u64>, String) {
    let tries = Arc::default();
    let channel = Stubborn {
        refusals: Mutex::new(refusals),
        tries: Arc::clone(&tries),
        start: tokio::time::Instant::now(),
    };
    let metrics = Metrics::new();
    let (queue, notices) = mpsc::channel(1);
    queue.send(notice()).await.expect("there is room");
    drop(queue);
    delivery::run(Box::new(channel), notices, metrics.clone(), Clock::System).await;
    let now = Clock::System.now();
    let text = metrics.print(&Board::begun(now), now);
    let line = text
        .lines()
        .find(|line| line.starts_with("rollcall_notifications_total{"));
    let tries = tries.lock().expect("no panic").clone();
    (tries, line.expect("it is counted").to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_away_is_tried_a_few_times_with_pauses() {
    let sent = "rollcall_notifications_total{channel=\"webhook\",result=\"sent\"} 1";
    let failed = "rollcall_notifications_total{channel=\"webhook\",result=\"failed\"} 1";
    assert_eq!(tried(vec![]).await, (vec![0], sent.into()));
    assert_eq!(
        tried(vec![refusal(true, None), refusal(true, Some(20))]).await,
        (vec![0, 20, 50], sent.into())
    );
    assert_eq!(
        tried(vec![refusal(true, None); 9]).await,
        (vec![0, 5, 35, 155, 755], failed.into())
    );
    assert_eq!(
        tried(vec![refusal(false, None)]).await,
        (vec![0], failed.into())
    );
}

#[tokio::test]
async fn an_event_reaches_people_and_only_those_who_may_see_them() {
    let (address, got) = receiver(&[(200, "")]).await;
    let way = NotifyConfig {
        channel: ChannelConfig::Webhook {
            url: WebhookUrl::Open(webhook_url(&address).expect("on loopback")),
            format: WebhookFormat::Slack,
        },
        per_hour: 1,
        people: false,
    };
    let clock = Clock::System;
    let events = Events::new(16);
    let (_boards, board) = watch::channel(Board::begun(clock.now()));
    let notifier = Notifier::begin(
        &[way],
        ReadyConfig::default(),
        Metrics::new(),
        clock,
        &Draw::seeded(1),
    );
    let running = tokio::spawn(notifier.run(events.subscribe(), board));
    for hold in ["H-1", "H-2"] {
        let held = Event::Held {
            target: "wiki".into(),
            hold: hold.into(),
            lane: "leavers".into(),
            changes: 12,
        };
        events.send(held).expect("somebody listens");
    }
    events.send(Event::Stopping).expect("somebody listens");
    running.await.expect("no panic");
    let got = got.lock().expect("no panic").clone();
    assert_eq!(got.len(), 1, "one an hour");
    assert!(got[0].contains("rollcall approve H-1"), "{got:?}");
}

/// A relay on loopback that takes one mail; gives what it was told, line by line.
async fn relay(hello: &'static [&'static str]) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let told = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody comes");
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read).lines();
        let mut told = Vec::new();
        let mut in_data = false;
        write
            .write_all(b"220 relay.example.com ESMTP\r\n")
            .await
            .expect("sent");
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.as_str() {
                "." => {
                    in_data = false;
                    "250 taken\r\n".to_owned()
                }
                _ if in_data => String::new(),
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n".to_owned()
                }
                "QUIT" => "221 bye\r\n".to_owned(),
                line if line.starts_with("EHLO") => hello
                    .iter()
                    .enumerate()
                    .map(|(at, word)| {
                        let joint = if at + 1 == hello.len() { ' ' } else { '-' };
                        format!("250{joint}{word}\r\n")
                    })
                    .collect::<Vec<_>>()
                    .concat(),
                line if line.starts_with("AUTH") => "235 welcome\r\n".to_owned(),
                line if line.starts_with("RCPT TO:<nobody@") => "550 no such user\r\n".to_owned(),
                _ => "250 ok\r\n".to_owned(),
            };
            told.push(line);
            write.write_all(answer.as_bytes()).await.expect("sent");
        }
        told
    });
    (port, told)
}

fn mail(port: u16, tls: MailTls, to: &str) -> Box<dyn Channel> {
    let config = ChannelConfig::Mail(MailConfig {
        host: "127.0.0.1".into(),
        port,
        from: "rollcall@example.com".into(),
        to: vec![to.into()],
        tls,
        ca: None,
        login: None,
    });
    let clock = Clock::System;
    channel(&config, &clock, &Draw::seeded(1)).expect("nothing is missing")
}

#[tokio::test]
async fn a_mail_reaches_the_relay_and_no_value_adds_a_header() {
    let (port, told) = relay(&["relay.example.com", "8BITMIME"]).await;
    let mail = mail(port, MailTls::None, "it@example.com");
    mail.send(&notice()).await.expect("it is taken");
    drop(mail);
    let told = told.await.expect("no panic").join("\n");
    let date = regex::Regex::new(r"Date: .*").expect("a pattern");
    assert_snapshot!(date.replace(&told, "Date: WHEN"), @r#"
    EHLO [127.0.0.1]
    MAIL FROM:<rollcall@example.com>
    RCPT TO:<it@example.com>
    DATA
    From: rollcall@example.com
    Date: WHEN
    Message-ID: <910a2dec89025cc1beeb8da1658eec67@example.com>
    Auto-Submitted: auto-generated
    Content-Type: text/plain; charset=utf-8
    Subject: rollcall: wiki: 12 changes of leavers; held until a person
     approves\r\nBcc: eve@evil.example
    To: it@example.com
    Content-Transfer-Encoding: quoted-printable

    wiki: 12 changes of leavers; held until a person approves\r\nBcc: eve@evil.=
    example
      Zo=C3=AB
      =E2=86=92 rollcall approve H-1 --because "=E2=80=A6"

    rollcall, 2026-11-22 09:14 UTC

    .
    QUIT
    "#);
    assert!(!told.lines().any(|line| line.starts_with("Bcc:")), "{told}");
}

#[tokio::test]
async fn a_relay_without_tls_gets_neither_mail_nor_address() {
    let (port, told) = relay(&["relay.example.com", "8BITMIME"]).await;
    let mail = mail(port, MailTls::Starttls, "it@example.com");
    let refusal = mail
        .send(&notice())
        .await
        .expect_err("it offers no STARTTLS");
    assert_snapshot!(refusal.reason, @"internal client error: STARTTLS is not supported on this server");
    drop(mail);
    let told = told.await.expect("no panic");
    assert!(
        told.iter()
            .all(|line| line.starts_with("EHLO") || line == "QUIT"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_is_no_reason_to_try_again() {
    let (port, _told) = relay(&["relay.example.com", "8BITMIME"]).await;
    let mail = mail(port, MailTls::None, "nobody@example.com");
    let refusal = mail.send(&notice()).await.expect_err("550");
    assert_eq!(
        refusal,
        Refusal {
            reason: "permanent error (550): no such user".into(),
            passing: false,
            wait: None
        }
    );
}
