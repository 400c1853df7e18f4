//! Notices by mail over TLS: after STARTTLS, and from the first byte on.
//!
//! Promises a relay on loopback whose certificate is signed by a CA of the test's own. Leaves what a mail
//! says to the channel's own tests.

use std::path::Path;

use rollcall::clock::Clock;
use rollcall::config::{ChannelConfig, MailConfig, MailTls};
use rollcall::daemon::notify::{Refusal, channel};
use rollcall::draw::Draw;
use rollcall::secret::SecretRef;
use rollcall::show::notice::{Kind, Notice};

use super::program::Folder;
use super::relay::{Relay, Tie, Tls};
use super::slapd::certify;

const PASSWORD: &str = "c4nary-of-the-relay";

fn notice() -> Notice {
    Notice {
        at: "2026-11-22T09:14:03Z".parse().expect("a time"),
        kind: Kind::Held,
        subject: Some("wiki".into()),
        what: "12 changes of leavers; held until a person approves".into(),
        todo: None,
        people: Vec::new(),
    }
}

/// Sends one mail to a relay, trusting this CA.
async fn send(relay: &Relay, tls: MailTls, folder: &Folder, ca: &Path) -> Result<(), Refusal> {
    folder.keep("name", "rollcall");
    folder.keep("password", PASSWORD);
    let secret = |name: &str| SecretRef::File(folder.path(name));
    let config = ChannelConfig::Mail(MailConfig {
        host: "127.0.0.1".into(),
        port: relay.port,
        from: "rollcall@example.com".into(),
        to: vec!["it@example.com".into()],
        tls,
        ca: Some(ca.into()),
        login: Some((secret("name"), secret("password"))),
    });
    let mail = channel(&config, &Clock::System, &Draw::seeded(1)).expect("nothing is missing");
    mail.send(&notice()).await
}

#[tokio::test]
async fn a_mail_and_its_password_go_over_tls_alone() {
    for (tls, how) in [
        (Tls::Starttls, MailTls::Starttls),
        (Tls::Wrapped, MailTls::Wrapped),
    ] {
        let folder = Folder::new();
        certify(&folder.path("."), "127.0.0.1");
        let relay = Relay::start(&folder.path("."), tls);
        let sent = send(&relay, how, &folder, &folder.path("ca.pem")).await;
        assert_eq!(sent, Ok(()), "{tls:?}");
        let open = relay.told(Tie::Open);
        let said = open
            .iter()
            .all(|line| line.starts_with("EHLO") || line == "STARTTLS");
        assert!(said && open.is_empty() == (tls == Tls::Wrapped), "{open:?}");
        let private = relay.told(Tie::Private);
        assert!(
            private.iter().any(|line| line.starts_with("AUTH PLAIN ")),
            "{private:?}"
        );
        assert!(
            relay
                .mails()
                .contains("Subject: rollcall: wiki: 12 changes of leavers")
        );
        assert!(!relay.mails().contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_relay_that_another_authority_vouches_for_gets_nothing() {
    for (tls, how) in [
        (Tls::Starttls, MailTls::Starttls),
        (Tls::Wrapped, MailTls::Wrapped),
    ] {
        let (folder, other) = (Folder::new(), Folder::new());
        certify(&folder.path("."), "127.0.0.1");
        certify(&other.path("."), "127.0.0.1");
        let relay = Relay::start(&folder.path("."), tls);
        let sent = send(&relay, how, &folder, &other.path("ca.pem")).await;
        let refusal = sent.expect_err("it is not trusted");
        assert!(refusal.reason.contains("certificate"), "{refusal:?}");
        assert_eq!(relay.told(Tie::Private), Vec::<String>::new());
    }
}
