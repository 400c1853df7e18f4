//! The `ldap:` block: what is wrong with it is told at its place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{SourceKind, load};
use super::*;
use crate::core::key::SourceName;
use crate::secret::SecretRef;
use crate::source::ldap::{Depth, Dialect, Form};

const TARGET: &str = "targets: { t: { connector: scim, base_url: https://t.example/scim, \
                      auth: { bearer: { env: T } }, assign: { when: user.?room.hasValue() } } }\n";

fn read(block: &str) -> Result<LdapConfig, Vec<String>> {
    let text = format!("sources: {{ hq: {{ ldap: {{\n{block}\n}} }} }}\n{TARGET}");
    match load::check(Path::new("/etc/rollcall/c.yaml"), &text) {
        Ok(config) => match &config.sources[&SourceName::new("hq")].kind {
            SourceKind::Ldap(ldap) => Ok((**ldap).clone()),
            SourceKind::File(file) => panic!("{file:?}"),
        },
        Err(problems) => Err(problems
            .items
            .iter()
            .map(|item| {
                let told = item.to_string();
                let (_, told) = told.split_once("sources.hq.ldap").unwrap_or(("", &told));
                told.trim_start_matches('.').to_owned()
            })
            .collect()),
    }
}

/// What is wrong with a block of which one thing is replaced.
fn told(old: &str, new: &str) -> Vec<String> {
    assert!(LEAST.contains(old), "{old}");
    read(&LEAST.replace(old, new)).err().unwrap_or_default()
}

const LEAST: &str = "url: ldaps://a.example, bind: { dn: cn=r, password: { file: pw } }, \
                     users: { base: \"ou=people,dc=x\" }";

#[test]
fn the_least_that_is_needed_has_the_defaults() {
    let config = read(LEAST).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(config.servers[0].as_str(), "ldaps://a.example");
    let password = SecretRef::File("/etc/rollcall/pw".into());
    let dn = "cn=r".to_owned();
    assert_eq!(config.bind, Bind::Simple { dn, password });
    assert_eq!(
        (config.dialect, config.groups, config.ca),
        (None, None, None)
    );
    assert_eq!(
        (config.page, config.timeout),
        (500, Duration::from_secs(30))
    );
    assert_eq!(config.poll, None, "as the way of listening has it");
    let users = &config.users;
    assert_eq!(
        (&*users.manager, &users.disabled),
        ("manager", &Disabled::Dialect)
    );
    assert_eq!(
        (&users.key, &users.label, &users.branch.filter),
        (&None, &None, &None)
    );
    assert!(config.mapped.contains("room"), "what expressions ask for");
    assert!(
        config.mapped.contains("mail"),
        "what the connector asks for"
    );
}

#[test]
fn every_key_is_taken() {
    let config = read(
        "url: [ldap://a, ldap://b:3389], starttls: true, ca: ca.pem, client_cert: c.pem,\n\
         client_key: { credential: k }, bind: external, dialect: freeipa, page: 0, timeout: 2m, poll: 1m,\n\
         users: { base: dc=x, filter: (uid=*), scope: one, key: uidNumber, label: cn,\n\
         manager: boss, disabled: 'user.?off.orValue(\"\") == \"y\"', attributes: [title] },\n\
         groups: { base: dc=y, filter: (cn=*), scope: base, key: gidNumber, name: ou,\n\
         member: owner, form: member_of }",
    )
    .unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(config.servers.len(), 2);
    assert!(config.starttls);
    let client = config.client.expect("a certificate");
    assert_eq!(client.certificate, PathBuf::from("/etc/rollcall/c.pem"));
    assert_eq!(config.dialect, Some(Dialect::FreeIpa));
    assert_eq!((config.page, config.timeout), (0, Duration::from_mins(2)));
    assert_eq!(config.poll, Some(Duration::from_mins(1)));
    let users = config.users;
    assert_eq!(users.branch.scope, Depth::One);
    assert_eq!(users.key.as_deref(), Some("uidNumber"));
    assert_eq!(users.attributes, BTreeSet::from(["title".to_owned()]));
    assert!(matches!(users.disabled, Disabled::Expression(_)));
    let groups = config.groups.expect("groups");
    assert_eq!(
        (groups.form, groups.branch.scope),
        (Form::MemberOf, Depth::Base)
    );
    assert_eq!(
        (&*groups.name, groups.member.as_deref()),
        ("ou", Some("owner"))
    );
}

#[test]
fn a_server_is_not_asked_more_than_once_a_second() {
    assert_eq!(
        told("url:", "poll: 500ms, url:"),
        ["poll: that often, the server would do nothing else (write 1s or more)"]
    );
}

#[test]
fn a_bare_name_is_an_attribute_and_anything_else_an_expression() {
    let disabled = |text: &str| {
        let users = format!("users: {{ disabled: {text}, ");
        let config = read(&LEAST.replace("users: { ", &users));
        config
            .unwrap_or_else(|problems| panic!("{problems:?}"))
            .users
            .disabled
    };
    assert_eq!(
        disabled("loginDisabled"),
        Disabled::Attribute("loginDisabled".into())
    );
    for text in ["false", "'user.title == \"x\"'"] {
        assert!(matches!(disabled(text), Disabled::Expression(_)), "{text}");
    }
}

#[test]
fn what_is_missing_is_told_at_once() {
    assert_eq!(
        read("page: 5").err().unwrap_or_default(),
        [
            ": `bind` is missing (write bind: { dn: \"cn=rollcall,…\", password: { file: PATH } }, or \
             bind: anonymous)",
            ": `url` is missing (write url: ldaps://ldap.example.com)",
            ": `users` is missing (write users: { base: \"ou=people,dc=example,dc=com\" })",
        ]
    );
    assert_eq!(
        told(
            "{ base: \"ou=people,dc=x\" }",
            "{ }, groups: { }, client_cert: c"
        ),
        [
            ": `client_key` is missing (a certificate and its key belong together)",
            "users: `base` is missing (write base: \"ou=people,dc=example,dc=com\")",
            "groups: `base` is missing (write base: \"ou=people,dc=example,dc=com\")",
        ]
    );
}

#[test]
fn what_is_wrong_is_told_with_what_to_write() {
    let url = "url: ldaps://a.example";
    for (old, new, wanted) in [
        (
            url,
            "url: https://a",
            "url: `https` is no way to speak LDAP (write it like ldaps://ldap.example.com)",
        ),
        (
            url,
            "url: ldaps://a/dc=x",
            "url: this URL goes on after the host (end the URL after the host and port; `users.base` says where to search)",
        ),
        (
            url,
            "url: \"ldaps://me:pw@a\"",
            "url: a user name or password stands in this URL (take it out of the URL; `bind:` says who rollcall is)",
        ),
        (
            url,
            "url: \"ldapi:///\"",
            "url: this URL names no socket (write it like ldapi://%2Frun%2Fslapd%2Fldapi)",
        ),
        (
            url,
            "url: \"ldaps://[::1]\"",
            "url: a certificate cannot be compared with an IPv6 address here (write the name that stands in its certificate)",
        ),
        (
            url,
            "url: []",
            "url: `url` names no server (write url: ldaps://ldap.example.com)",
        ),
        (
            url,
            "url: [ldaps://a, ftp://b]",
            "url[1]: `ftp` is no way to speak LDAP (write it like ldaps://ldap.example.com)",
        ),
        (
            url,
            "url: ldap://a",
            "url: over this line the password could be read on the way (write ldaps:// or `starttls: true`; where the line itself is safe, write `plain_text: true`)",
        ),
        (
            "{ dn: cn=r, password: { file: pw } }",
            "external",
            "bind: there is nothing by which the server could know us (name `client_cert` and `client_key`, or use an ldapi:// socket)",
        ),
        (
            "{ file: pw }",
            "hunter2",
            "bind.password: a secret stands here in the clear (keep it elsewhere and write where: { file: PATH }, a file that only its owner may read, { credential: NAME } under systemd, or { env: NAME }; and have it replaced, since it was in this file)",
        ),
        (
            "dn: cn=r",
            "dn: \"\"",
            "bind.dn: `dn` is empty (a name without text binds as nobody; write bind: anonymous if that is meant)",
        ),
        (
            "ou=people,dc=x",
            "people",
            "users.base: this is no distinguished name (write it like ou=people,dc=example,dc=com)",
        ),
        (
            "users: { ",
            "users: { filter: (uid=*, ",
            "users.filter: this is no LDAP filter (RFC 4515) (write it like (&(objectClass=person)(!(title=Contractor))), every bracket closed)",
        ),
        (
            "users: { ",
            "users: { key: my key, ",
            "users.key: this is no name of an attribute (a name is made of letters, digits and hyphens, as givenName)",
        ),
        (
            "users: { ",
            "users: { attributes: [userPassword], ",
            "users.attributes[0]: `userPassword` is never read (what proves who somebody is has no business in an app)",
        ),
        (
            "users: { ",
            "users: { disabled: user.title, ",
            "users.disabled: a condition must be true or false, and this is a text (compare it, as `user.title == \"Chief\"`)",
        ),
    ] {
        assert_eq!(told(old, new), [wanted], "{new}");
    }
}

#[test]
fn a_password_may_go_in_the_clear_only_where_somebody_said_so() {
    for line in [
        "url: ldap://a, plain_text: true",
        "url: ldap://a, starttls: true",
        "url: \"ldapi://%2Fs\"",
    ] {
        assert_eq!(told("url: ldaps://a.example", line), [""; 0], "{line}");
    }
}

#[test]
fn pages_and_mappings_do_not_change_what_is_read() {
    let config = |text: &str| read(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let (one, two) = (
        config(LEAST),
        config(&format!("{LEAST}, page: 7, timeout: 5s")),
    );
    assert_eq!(one.decisive(), two.decisive());
    let other = config(&LEAST.replace("ou=people", "ou=staff"));
    assert_ne!(one.decisive(), other.decisive());
}
