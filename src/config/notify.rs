//! Who is told when something needs a person.
//!
//! Promises for each way exactly one kind, and that no password travels in the clear beyond this
//! machine. Leaves fetching secrets and sending to the daemon.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use url::{Host, Url};

use super::auth::resolve;
use super::findings::Findings;
use super::place::Place;
use super::words::{RawField, RawSecret};
use crate::secret::SecretRef;

/// One way to tell people.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [{ "required": ["webhook"] }, { "required": ["mail"] }]))]
pub struct RawNotify {
    /// A POST to an address.
    pub webhook: Option<RawWebhook>,
    /// A mail through a relay.
    pub mail: Option<RawMail>,
    /// So many an hour at most; the rest is summed up in one. `10` unless said otherwise.
    pub per_hour: Option<u16>,
    /// Name the people it is about; `false` unless said otherwise.
    pub people: bool,
}

/// A POST to an address.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["url"]))]
pub struct RawWebhook {
    /// The address; where it is itself a secret, as with Slack, a reference to it.
    #[schemars(required)]
    pub url: Option<RawField>,
    /// What is sent; `json` unless said otherwise.
    pub format: WebhookFormat,
}

/// A mail through a relay.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["relay", "from", "to"]))]
pub struct RawMail {
    /// The relay: `mail.example.com`, or with a port.
    #[schemars(required)]
    pub relay: Option<String>,
    /// Who it comes from.
    #[schemars(required)]
    pub from: Option<String>,
    /// Who gets it.
    #[schemars(required)]
    pub to: Vec<String>,
    /// How the line is secured; `starttls` unless said otherwise.
    pub tls: MailTls,
    /// A private CA to trust besides the system's: a PEM file.
    pub ca: Option<PathBuf>,
    /// Who we are to the relay.
    pub username: Option<RawSecret>,
    /// The password for it.
    pub password: Option<RawSecret>,
}

/// What a webhook is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFormat {
    /// An object with fields of our own.
    #[default]
    Json,
    /// `{ "text": … }`, as Slack, Mattermost and others take it.
    Slack,
}

/// How the line to a relay is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// The line turns to TLS before anything is said (RFC 3207); port 587.
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314); port 465.
    Wrapped,
    /// Not at all; port 25.
    None,
}

/// One way to tell people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyConfig {
    /// What kind, with its settings.
    pub channel: ChannelConfig,
    /// So many an hour at most.
    pub per_hour: u16,
    /// Are people named?
    pub people: bool,
}

/// The kinds of way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelConfig {
    /// A POST.
    Webhook {
        /// Where to.
        url: WebhookUrl,
        /// What is sent.
        format: WebhookFormat,
    },
    /// A mail.
    Mail(MailConfig),
}

/// The address of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookUrl {
    /// It is no secret.
    Open(Url),
    /// It is kept there.
    Kept(SecretRef),
}

/// A mail through a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// The relay.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who it comes from.
    pub from: String,
    /// Who gets it, at least one.
    pub to: Vec<String>,
    /// How the line is secured.
    pub tls: MailTls,
    /// A private CA to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// User name and password for the relay.
    pub login: Option<(SecretRef, SecretRef)>,
}

/// Reads the address of a webhook: https, or http on loopback.
///
/// # Errors
/// What is wrong, without quoting it: it may be a secret.
pub fn webhook_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "this is no URL")?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err("this URL names no host"),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback => Ok(url),
        _ => Err("notifications go over https only, or over http on loopback"),
    }
}

/// Checks the `notify:`.
pub(super) fn check(
    raw: Vec<RawNotify>,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Vec<NotifyConfig> {
    let place = Place::top().key("notify");
    let ways = raw.into_iter().enumerate();
    ways.filter_map(|(index, raw)| one(raw, &place.index(index), folder, findings))
        .collect()
}

fn one(
    raw: RawNotify,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<NotifyConfig> {
    let channel = match (raw.webhook, raw.mail) {
        (Some(raw), None) => webhook(raw, &place.key("webhook"), folder, findings)?,
        (None, Some(raw)) => mail(&raw, &place.key("mail"), folder, findings)?,
        (Some(_), Some(_)) => {
            let hint = "give each an item of its own";
            findings.key(place, "this item has two ways", Some(hint.into()));
            return None;
        }
        (None, None) => {
            if !findings.suspect(place) {
                let hint = "write webhook: { url: … } or mail: { relay: …, from: …, to: […] }";
                findings.key(place, "this item has no way", Some(hint.into()));
            }
            return None;
        }
    };
    Some(NotifyConfig {
        channel,
        per_hour: raw.per_hour.unwrap_or(10).max(1),
        people: raw.people,
    })
}

fn webhook(
    raw: RawWebhook,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<ChannelConfig> {
    let at = place.key("url");
    let url = match raw.url {
        None => {
            let hint = "write url: { file: PATH }, or the address itself where it is no secret";
            findings.lacks(place, "url", "`url` is missing", Some(hint.into()));
            return None;
        }
        Some(RawField::Secret(secret)) => WebhookUrl::Kept(resolve(RawSecret(secret), folder)),
        Some(RawField::Text(text)) => match webhook_url(&text) {
            Ok(url) => WebhookUrl::Open(url),
            Err(message) => {
                let hint = "write it like https://chat.example.com/hooks/it, or { file: PATH } where \
                            it is a secret";
                findings.value(&at, message, Some(hint.into()));
                return None;
            }
        },
    };
    Some(ChannelConfig::Webhook {
        url,
        format: raw.format,
    })
}

fn mail(
    raw: &RawMail,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<ChannelConfig> {
    let (Some(relay), Some(from), false) = (&raw.relay, &raw.from, raw.to.is_empty()) else {
        for (key, there) in [
            ("relay", raw.relay.is_some()),
            ("from", raw.from.is_some()),
            ("to", !raw.to.is_empty()),
        ] {
            if !there {
                findings.lacks(place, key, format!("`{key}` is missing"), None);
            }
        }
        return None;
    };
    let (host, port) = relay_address(relay, raw.tls, &place.key("relay"), findings)?;
    let all = std::iter::once((place.key("from"), from)).chain(
        raw.to
            .iter()
            .enumerate()
            .map(|(index, to)| (place.key("to").index(index), to)),
    );
    for (at, address) in all {
        if address.parse::<lettre::message::Mailbox>().is_err() {
            let hint = "write it like it@example.com";
            findings.value(&at, "this is no mail address", Some(hint.into()));
            return None;
        }
    }
    Some(ChannelConfig::Mail(MailConfig {
        login: login(raw, &host, place, folder, findings)?,
        host,
        port,
        from: from.clone(),
        to: raw.to.clone(),
        tls: raw.tls,
        ca: raw.ca.as_ref().map(|path| folder.join(path)),
    }))
}

fn relay_address(
    text: &str,
    tls: MailTls,
    place: &Place,
    findings: &mut Findings<'_>,
) -> Option<(String, u16)> {
    let usual = match tls {
        MailTls::Starttls => 587,
        MailTls::Wrapped => 465,
        MailTls::None => 25,
    };
    let (host, port) = match text.rsplit_once(':') {
        None => (text, Some(usual)),
        Some((host, port)) => (host, port.parse().ok()),
    };
    if let (Ok(host), Some(port)) = (Host::parse(host), port) {
        return Some((host.to_string(), port));
    }
    let hint = "write it like mail.example.com or mail.example.com:587";
    findings.value(place, "this is no host", Some(hint.into()));
    None
}

/// The login of a relay, if it has one; `None` when it is wrong.
#[expect(
    clippy::option_option,
    reason = "no login is right, and a wrong one was told"
)]
fn login(
    raw: &RawMail,
    host: &str,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<Option<(SecretRef, SecretRef)>> {
    let login = match (&raw.username, &raw.password) {
        (None, None) => return Some(None),
        (Some(username), Some(password)) => (username, password),
        (Some(_), None) => {
            findings.lacks(place, "password", "`password` is missing", None);
            return None;
        }
        (None, Some(_)) => {
            findings.lacks(place, "username", "`username` is missing", None);
            return None;
        }
    };
    if raw.tls == MailTls::None && !matches!(host, "localhost" | "127.0.0.1" | "::1") {
        let hint = "write tls: starttls or tls: wrapped, or take username and password out";
        let message = "without TLS the password could be read on the way";
        findings.value(&place.key("tls"), message, Some(hint.into()));
        return None;
    }
    let kept = |RawSecret(secret): &RawSecret| resolve(RawSecret(secret.clone()), folder);
    Some(Some((kept(login.0), kept(login.1))))
}
