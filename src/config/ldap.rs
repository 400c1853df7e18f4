//! The `ldap:` block of a source.
//!
//! Promises that no password can travel in the clear unless somebody said that it may, and that
//! addresses, names and filters are well formed. Leaves whether a server agrees to `check`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::{Host, Url};

use super::auth::resolve;
use super::expressions;
use super::findings::Findings;
use super::place::Place;
use super::raw::{RawBindBlock, RawLdap, RawLdapGroups, RawLdapUsers, RawScope};
use super::words::{RawBind, RawSecret, RawServers, Span};
use crate::core::expression::Vocabulary;
use crate::source::ldap::{
    Bind, Branch, ClientCertificate, Disabled, GroupSettings, LdapConfig, UserSettings, is_dn,
    is_filter, is_secret,
};

const PAGE: u16 = 500;
const TIMEOUT: Duration = Duration::from_secs(30);
const MANAGER: &str = "manager";
const NAME: &str = "cn";

/// Checks the block at `place`; relative paths count from `folder`.
pub fn check(
    raw: RawLdap,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<LdapConfig> {
    let servers = servers(raw.url, place, findings);
    let client = client(raw.client_cert, raw.client_key, place, folder, findings);
    let bind = bind(raw.bind, place, folder, findings);
    let users = users(raw.users, place, findings);
    let groups = raw
        .groups
        .map(|raw| groups(raw, &place.key("groups"), findings));
    let config = LdapConfig {
        servers,
        starttls: raw.starttls,
        ca: raw.ca.map(|path| folder.join(path)),
        client: client.ok()?,
        bind: bind?,
        dialect: raw.dialect.into(),
        users: users?,
        groups: groups.map_or(Some(None), |groups| groups.map(Some))?,
        page: raw.page.unwrap_or(PAGE),
        timeout: raw.timeout.map_or(TIMEOUT, |Span(span)| span),
        poll: poll(raw.poll, &place.key("poll"), findings),
        mapped: BTreeSet::new(),
    };
    lines(&config, raw.plain_text, place, findings);
    Some(config)
}

/// How often a server is asked for changes.
fn poll(raw: Option<Span>, place: &Place, findings: &mut Findings<'_>) -> Option<Duration> {
    let Span(span) = raw?;
    if span < Duration::from_secs(1) {
        let hint = "write 1s or more";
        let message = "that often, the server would do nothing else";
        findings.value(place, message, Some(hint.into()));
    }
    Some(span)
}

/// The addresses; what is wrong with one is told without quoting it.
fn servers(raw: Option<RawServers>, block: &Place, findings: &mut Findings<'_>) -> Vec<Url> {
    let place = block.key("url");
    let texts = raw.map_or_else(Vec::new, |RawServers(texts)| texts);
    if texts.is_empty() {
        let hint = "write url: ldaps://ldap.example.com".to_owned();
        if findings.stands(&place) && !findings.suspect(&place) {
            findings.key(&place, "`url` names no server", Some(hint));
        } else {
            findings.lacks(block, "url", "`url` is missing", Some(hint));
        }
    }
    let is_list = texts.len() > 1;
    let mut servers = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match server(text) {
            Ok(url) => servers.push(url),
            Err((message, hint)) => {
                let item = place.index(index);
                let place = if is_list { &item } else { &place };
                findings.value(place, message, Some(hint.into()));
            }
        }
    }
    servers
}

fn server(text: &str) -> Result<Url, (String, &'static str)> {
    let like = "write it like ldaps://ldap.example.com";
    let url = Url::parse(text).map_err(|error| (format!("this is no URL: {error}"), like))?;
    if !url.username().is_empty() || url.password().is_some() {
        let hint = "take it out of the URL; `bind:` says who rollcall is";
        return Err(("a user name or password stands in this URL".into(), hint));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        let hint = "end the URL after the host and port; `users.base` says where to search";
        return Err(("this URL goes on after the host".into(), hint));
    }
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    match url.scheme() {
        "ldap" | "ldaps" | "ldapi" if has_host => Ok(url),
        "ldapi" => Err((
            "this URL names no socket".into(),
            "write it like ldapi://%2Frun%2Fslapd%2Fldapi",
        )),
        "ldap" | "ldaps" => Err(("this URL names no host".into(), like)),
        other => Err((format!("`{other}` is no way to speak LDAP"), like)),
    }
}

/// Something is wrong, and was told.
struct Told;

fn client(
    certificate: Option<PathBuf>,
    key: Option<RawSecret>,
    block: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Result<Option<ClientCertificate>, Told> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(ClientCertificate {
            certificate: folder.join(certificate),
            key: resolve(key, folder),
        })),
        (there, _) => {
            let lacks = if there.is_some() {
                "client_key"
            } else {
                "client_cert"
            };
            let message = format!("`{lacks}` is missing");
            let hint = "a certificate and its key belong together";
            findings.lacks(block, lacks, message, Some(hint.into()));
            Err(Told)
        }
    }
}

fn bind(
    raw: Option<RawBind>,
    block: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<Bind> {
    let place = block.key("bind");
    match raw {
        Some(RawBind::External) => Some(Bind::External),
        Some(RawBind::Anonymous) => Some(Bind::Anonymous),
        Some(RawBind::Simple(raw)) => simple(raw, &place, folder, findings),
        None => {
            let hint = "write bind: { dn: \"cn=rollcall,…\", password: { file: PATH } }, or \
                        bind: anonymous";
            findings.lacks(block, "bind", "`bind` is missing", Some(hint.into()));
            None
        }
    }
}

fn simple(
    raw: RawBindBlock,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<Bind> {
    for (key, there) in [
        ("dn", raw.dn.is_some()),
        ("password", raw.password.is_some()),
    ] {
        if !there {
            findings.lacks(place, key, format!("`{key}` is missing"), None);
        }
    }
    if raw.dn.as_deref().is_some_and(|dn| dn.trim().is_empty()) {
        let hint = "a name without text binds as nobody; write bind: anonymous if that is meant";
        findings.value(&place.key("dn"), "`dn` is empty", Some(hint.into()));
    }
    Some(Bind::Simple {
        dn: raw.dn?,
        password: resolve(raw.password?, folder),
    })
}

/// What may be said over which line.
fn lines(config: &LdapConfig, plain_text: bool, block: &Place, findings: &mut Findings<'_>) {
    let place = block.key("url");
    let open = config.servers.iter().find(|server| !config.hides(server));
    let is_unix = |server: &Url| server.scheme() == "ldapi";
    match &config.bind {
        Bind::Simple { .. } if open.is_some() && !plain_text => {
            let hint = "write ldaps:// or `starttls: true`; where the line itself is safe, write \
                        `plain_text: true`";
            let message = "over this line the password could be read on the way";
            findings.value(&place, message, Some(hint.into()));
        }
        Bind::External if config.client.is_none() && !config.servers.iter().all(is_unix) => {
            let hint = "name `client_cert` and `client_key`, or use an ldapi:// socket";
            let message = "there is nothing by which the server could know us";
            findings.value(&block.key("bind"), message, Some(hint.into()));
        }
        Bind::External if open.is_some() => {
            let hint = "write ldaps:// or `starttls: true`";
            let message = "a certificate is shown over TLS only";
            findings.value(&place, message, Some(hint.into()));
        }
        Bind::Simple { .. } | Bind::External | Bind::Anonymous => {}
    }
    let by_number = config.servers.iter().any(|server| {
        let number = server.host_str().is_some_and(|host| host.starts_with('['));
        (number || matches!(server.host(), Some(Host::Ipv6(_)))) && config.hides(server)
    });
    if by_number {
        let hint = "write the name that stands in its certificate";
        let message = "a certificate cannot be compared with an IPv6 address here";
        findings.value(&place, message, Some(hint.into()));
    }
}

fn users(
    raw: Option<RawLdapUsers>,
    block: &Place,
    findings: &mut Findings<'_>,
) -> Option<UserSettings> {
    let place = block.key("users");
    let Some(raw) = raw else {
        let hint = "write users: { base: \"ou=people,dc=example,dc=com\" }";
        findings.lacks(block, "users", "`users` is missing", Some(hint.into()));
        return None;
    };
    let named = [
        ("key", raw.key.as_deref()),
        ("label", raw.label.as_deref()),
        ("manager", raw.manager.as_deref()),
    ];
    names(&named, &place, findings);
    for (index, name) in raw.attributes.iter().enumerate() {
        name_of(name, &place.key("attributes").index(index), findings);
    }
    let branch = branch(raw.base, raw.filter, raw.scope, &place, findings);
    let disabled = disabled(raw.disabled, &place.key("disabled"), findings);
    Some(UserSettings {
        branch: branch?,
        key: raw.key,
        label: raw.label,
        manager: raw.manager.unwrap_or_else(|| MANAGER.into()),
        disabled: disabled?,
        attributes: raw.attributes.into_iter().collect(),
    })
}

fn groups(raw: RawLdapGroups, place: &Place, findings: &mut Findings<'_>) -> Option<GroupSettings> {
    let named = [
        ("key", raw.key.as_deref()),
        ("name", raw.name.as_deref()),
        ("member", raw.member.as_deref()),
    ];
    names(&named, place, findings);
    let branch = branch(raw.base, raw.filter, raw.scope, place, findings);
    Some(GroupSettings {
        branch: branch?,
        key: raw.key,
        name: raw.name.unwrap_or_else(|| NAME.into()),
        member: raw.member,
        form: raw.form.into(),
    })
}

fn branch(
    base: Option<String>,
    filter: Option<String>,
    scope: RawScope,
    place: &Place,
    findings: &mut Findings<'_>,
) -> Option<Branch> {
    if base.is_none() {
        let hint = "write base: \"ou=people,dc=example,dc=com\"";
        findings.lacks(place, "base", "`base` is missing", Some(hint.into()));
    }
    if base.as_deref().is_some_and(|base| !is_dn(base)) {
        let hint = "write it like ou=people,dc=example,dc=com";
        let message = "this is no distinguished name";
        findings.value(&place.key("base"), message, Some(hint.into()));
    }
    if filter.as_deref().is_some_and(|filter| !is_filter(filter)) {
        let hint =
            "write it like (&(objectClass=person)(!(title=Contractor))), every bracket closed";
        let message = "this is no LDAP filter (RFC 4515)";
        findings.value(&place.key("filter"), message, Some(hint.into()));
    }
    Some(Branch {
        base: base?,
        filter,
        scope: scope.into(),
    })
}

/// A bare name is an attribute, anything else an expression.
fn disabled(raw: Option<String>, place: &Place, findings: &mut Findings<'_>) -> Option<Disabled> {
    let Some(text) = raw else {
        return Some(Disabled::Dialect);
    };
    if is_name(&text) && !matches!(&*text, "true" | "false") {
        name_of(&text, place, findings);
        return Some(Disabled::Attribute(text));
    }
    let vocabulary = Vocabulary::default();
    let program = expressions::compile_condition(&text, place, &vocabulary, findings)?;
    Some(Disabled::Expression(program))
}

fn names(named: &[(&str, Option<&str>)], place: &Place, findings: &mut Findings<'_>) {
    for (key, name) in named {
        if let Some(name) = name {
            name_of(name, &place.key(key), findings);
        }
    }
}

/// The name of an attribute that may be read.
fn name_of(name: &str, place: &Place, findings: &mut Findings<'_>) {
    if !is_name(name) {
        let hint = "a name is made of letters, digits and hyphens, as givenName";
        let message = "this is no name of an attribute";
        findings.value(place, message, Some(hint.into()));
    } else if is_secret(name) {
        let hint = "what proves who somebody is has no business in an app";
        findings.value(place, format!("`{name}` is never read"), Some(hint.into()));
    }
}

/// An attribute description (RFC 4512, 2.5): a name or an object id, with options.
fn is_name(text: &str) -> bool {
    let (plain, options) = text.split_once(';').unwrap_or((text, ""));
    let is_of = |text: &str, more: &[u8]| {
        let mut bytes = text.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let is_id = plain
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_word =
        plain.starts_with(|first: char| first.is_ascii_alphabetic()) && is_of(plain, b"-");
    !plain.is_empty() && (is_id || is_word) && is_of(options, b"-;")
}

#[cfg(test)]
mod tests;
