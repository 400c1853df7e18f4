//! Log, listener, readiness and notifications of a config.

use std::time::Duration;

use insta::assert_snapshot;

use super::{PLAIN, read, target, told};
use crate::config::{
    ChannelConfig, Config, LogFormat, LogLevel, MailTls, ReadyConfig, WebhookFormat, WebhookUrl,
};
use crate::secret::SecretRef;

fn plain(keys: &str) -> String {
    format!("{keys}\n{}", target(PLAIN))
}

fn right(keys: &str) -> Config {
    read(&plain(keys)).unwrap_or_else(|problems| panic!("{problems}"))
}

fn wrong(keys: &str) -> String {
    told(&plain(keys)).join("\n")
}

#[test]
fn without_a_word_nobody_listens_and_nobody_is_told() {
    let config = right("");
    assert_eq!((config.listen, config.notify.len()), (None, 0));
    assert_eq!(
        (config.log.format, config.log.level),
        (None, LogLevel::Info)
    );
    assert!(!config.log.people);
    let day = Duration::from_hours(24);
    let bounds = ReadyConfig {
        reading: day,
        success: day,
    };
    assert_eq!(config.ready, bounds);
}

#[test]
fn every_key_of_monitoring_is_read() {
    let config = right(
        "log: { format: json, level: debug, people: true }\nready: { reading: 7h, success: 30m }\n\
         listen: { address: '[::]:9464', beyond_loopback: true }",
    );
    assert_eq!(config.log.format, Some(LogFormat::Json));
    assert_eq!(
        (config.log.level, config.log.people),
        (LogLevel::Debug, true)
    );
    assert_eq!(config.ready.reading, Duration::from_hours(7));
    assert_eq!(config.ready.success, Duration::from_mins(30));
    assert_eq!(
        config.listen,
        Some("[::]:9464".parse().expect("an address"))
    );
    assert!(right("listen: 127.0.0.1:9464").listen.is_some());
}

#[test]
fn nobody_listens_beyond_this_machine_by_a_slip() {
    assert_snapshot!(wrong("listen: 0.0.0.0:9464"), @r#"1:9: listen: other machines can reach this address (write 127.0.0.1:9464; or, if they shall read it without a password, listen: { address: "0.0.0.0:9464", beyond_loopback: true })"#);
    assert_snapshot!(wrong("listen: { address: '10.0.0.5:9464' }"), @r#"1:20: listen.address: other machines can reach this address (write 127.0.0.1:9464; or, if they shall read it without a password, listen: { address: "10.0.0.5:9464", beyond_loopback: true })"#);
    assert_snapshot!(wrong("listen: localhost"), @"1:9: listen: this is no address with a port (write it like 127.0.0.1:9464 or [::1]:9464)");
    assert_snapshot!(wrong("listen: { beyond_loopback: true }"), @"1:1: listen: `address` is missing");
}

#[test]
fn a_way_to_tell_people_is_read() {
    let config = right(
        "notify:\n- { webhook: { url: { file: hook }, format: slack }, per_hour: 3, people: true }\n\
         - webhook: { url: 'https://chat.example.com/hooks/it' }\n\
         - mail: { relay: mail.example.com, from: r@example.com, to: [it@example.com], tls: wrapped,\n    \
         ca: ca.pem, username: { env: U }, password: { env: P } }\n",
    );
    let [slack, json, mail] = &config.notify[..] else {
        panic!("{:?}", config.notify)
    };
    assert_eq!((slack.per_hour, slack.people), (3, true));
    let kept = WebhookUrl::Kept(SecretRef::File("/etc/rollcall/hook".into()));
    let format = WebhookFormat::Slack;
    assert_eq!(slack.channel, ChannelConfig::Webhook { url: kept, format });
    assert_eq!((json.per_hour, json.people), (10, false));
    let ChannelConfig::Mail(mail) = &mail.channel else {
        panic!("{mail:?}")
    };
    assert_eq!((mail.host.as_str(), mail.port), ("mail.example.com", 465));
    assert_eq!(mail.tls, MailTls::Wrapped);
    assert_eq!(mail.ca.as_deref(), Some("/etc/rollcall/ca.pem".as_ref()));
    assert!(mail.login.is_some());
}

#[test]
fn a_way_that_cannot_be_gone_is_told() {
    assert_snapshot!(wrong("notify: [{ people: true }]"), @"1:10: notify[0]: this item has no way (write webhook: { url: … } or mail: { relay: …, from: …, to: […] })");
    assert_snapshot!(wrong("notify: [{ webhook: {} }]"), @"1:12: notify[0].webhook: `url` is missing (write url: { file: PATH }, or the address itself where it is no secret)");
    assert_snapshot!(wrong("notify: [{ webhook: { url: 'http://chat.example.com/c4nary' } }]"), @"1:28: notify[0].webhook.url: notifications go over https only, or over http on loopback (write it like https://chat.example.com/hooks/it, or { file: PATH } where it is a secret)");
    assert_snapshot!(wrong("notify: [{ mail: { from: r@example.com } }]"), @r"
    1:12: notify[0].mail: `relay` is missing
    1:12: notify[0].mail: `to` is missing
    ");
    assert_snapshot!(
        wrong("notify: [{ mail: { relay: 'a b', from: r@example.com, to: [it@example.com] } }]"),
        @"1:27: notify[0].mail.relay: this is no host (write it like mail.example.com or mail.example.com:587)"
    );
    assert_snapshot!(
        wrong("notify: [{ mail: { relay: a.example, from: r@example.com, to: [it] } }]"),
        @"1:64: notify[0].mail.to[0]: this is no mail address (write it like it@example.com)"
    );
    assert_snapshot!(
        wrong(
            "notify: [{ mail: { relay: a.example, from: r@example.com, to: [it@example.com], tls: none, \
             username: { env: U }, password: { env: P } } }]"
        ),
        @"1:86: notify[0].mail.tls: without TLS the password could be read on the way (write tls: starttls or tls: wrapped, or take username and password out)"
    );
    assert_snapshot!(
        wrong("notify: [{ mail: { relay: a.example, from: r@a.example, to: [i@a.example], password: hunter2 } }]"),
        @"1:86: notify[0].mail.password: a secret stands here in the clear (keep it elsewhere and write where: { file: PATH }, a file that only its owner may read, { credential: NAME } under systemd, or { env: NAME }; and have it replaced, since it was in this file)"
    );
}
