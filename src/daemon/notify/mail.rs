//! Notices by mail, through a relay.
//!
//! Promises TLS before anything is said unless the config switches it off, and that a server which
//! does not offer it gets neither mail nor password. Leaves SMTP (RFC 5321) to the crate lettre.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Channel, ChannelError, Refusal};
use crate::clock::Clock;
use crate::config::{MailConfig, MailTls};
use crate::draw::Draw;
use crate::show::notice::{Notice, foreign, text, title};

/// Each command, at most.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A subject of more characters is cut.
const LONGEST_SUBJECT: usize = 120;

/// One relay with its mailboxes.
pub(super) struct Mail {
    relay: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    clock: Clock,
    draw: Draw,
}

/// `Auto-Submitted: auto-generated` (RFC 3834, 5): no out-of-office note answers.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

impl Mail {
    /// A relay, with its password where that is kept.
    ///
    /// # Errors
    /// When a secret or a certificate cannot be had.
    pub(super) fn new(config: &MailConfig, clock: Clock, draw: Draw) -> Result<Self, ChannelError> {
        let mut relay = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .timeout(Some(TIMEOUT))
            .tls(match config.tls {
                MailTls::Starttls => Tls::Required(tls(config)?),
                MailTls::Wrapped => Tls::Wrapper(tls(config)?),
                MailTls::None => Tls::None,
            });
        if let Some((username, password)) = &config.login {
            relay = relay.credentials(Credentials::new(
                username.resolve()?.expose().to_owned(),
                password.resolve()?.expose().to_owned(),
            ));
        }
        let mailbox = |text: &String| text.parse().expect("the config was checked");
        Ok(Self {
            relay: relay.build(),
            from: mailbox(&config.from),
            to: config.to.iter().map(mailbox).collect(),
            clock,
            draw,
        })
    }

    fn message(&self, notice: &Notice) -> Result<Message, lettre::error::Error> {
        let subject: String = title(notice).chars().take(LONGEST_SUBJECT).collect();
        let domain = self.from.email.domain();
        let id = format!(
            "<{:016x}{:016x}@{domain}>",
            self.draw.next(),
            self.draw.next()
        );
        let mut message = Message::builder()
            .from(self.from.clone())
            .date(self.clock.now().into())
            .message_id(Some(id))
            .header(AutoSubmitted)
            .header(lettre::message::header::ContentType::TEXT_PLAIN)
            .subject(format!("rollcall: {subject}"));
        for to in &self.to {
            message = message.to(to.clone());
        }
        message.body(text(notice))
    }
}

fn tls(config: &MailConfig) -> Result<TlsParameters, ChannelError> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca {
        let pem = std::fs::read(path).map_err(|cause| ChannelError::Unreadable {
            path: path.clone(),
            cause,
        })?;
        let ca = Certificate::from_pem(&pem).map_err(ChannelError::Tls)?;
        parameters = parameters.add_root_certificate(ca);
    }
    parameters.build_rustls().map_err(ChannelError::Tls)
}

#[async_trait]
impl Channel for Mail {
    fn kind(&self) -> &'static str {
        "mail"
    }

    async fn send(&self, notice: &Notice) -> Result<(), Refusal> {
        let message = self.message(notice).map_err(|error| Refusal {
            reason: error.to_string(),
            passing: false,
            wait: None,
        })?;
        match self.relay.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal {
                passing: !error.is_permanent(),
                reason: reason(&error),
                wait: None,
            }),
        }
    }
}

/// The error and its causes in one line. They hold what the relay said, never what we said to it.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    foreign(&text)
}
