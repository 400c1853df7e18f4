//! Configs, good and bad, and the exact words about them.

mod monitoring;
mod policies;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{
    AuthConfig, ClientAuth, Config, FieldConfig, GrantConfig, Problems, ProxyConfig, SourceKind,
};
use super::check;
use crate::core::attribute::AttrName;
use crate::core::key::{SourceName, TargetName};
use crate::core::leaver::LeaverPolicy;
use crate::core::mapping::{Origin, WhenEmpty};
use crate::core::rules::{Adopt, Drift, GroupGone, Limit};
use crate::secret::SecretRef;

const SOURCES: &str = "sources: { hq: { file: { users: d.yaml } } }\n";

fn read(text: &str) -> Result<Config, Problems> {
    check(Path::new("/etc/rollcall/c.yaml"), text)
}

/// What is said about a config, without the file's name.
fn told(text: &str) -> Vec<String> {
    let problems = read(text).expect_err("the config is wrong");
    let lines = problems.items.iter().map(ToString::to_string);
    lines
        .map(|line| line.replace("/etc/rollcall/c.yaml:", ""))
        .collect()
}

/// A config with one target `t` whose keys are `keys`, one a line.
fn target(keys: &str) -> String {
    let keys = keys.replace('\n', "\n    ");
    format!("{SOURCES}targets:\n  t:\n    {keys}\n")
}

const PLAIN: &str = "connector: scim\nbase_url: https://a.example/scim\nauth: { bearer: { env: T } }\nassign: everyone";

/// The plain target with more keys from line 7 on.
fn with(keys: &str) -> String {
    target(&format!("{PLAIN}\n{keys}"))
}

/// The plain target of the connector `name` with more keys from line 7 on.
fn with_connector(name: &str, keys: &str) -> String {
    target(&format!(
        "{}\n{keys}",
        PLAIN.replace("scim\n", &format!("{name}\n"))
    ))
}

fn only(config: &Config) -> &super::super::TargetConfig {
    config
        .targets
        .get(&TargetName::new("t"))
        .expect("the target is there")
}

/// What is said about an `auth:` on line 6.
fn told_of_auth(auth: &str) -> Vec<String> {
    told(
        &target(&PLAIN.replace("{ bearer: { env: T } }", auth))
            .replace("connector: scim", "connector: any"),
    )
    .into_iter()
    .filter(|line| !line.contains("unknown connector"))
    .collect()
}

/// The `oauth2:` of a target, with more keys.
fn oauth2(keys: &str) -> String {
    format!("{{ oauth2: {{ token_url: https://a.example/t, client_id: {{ env: I }}, {keys} }} }}")
}

#[test]
fn ways_to_prove_who_we_are_stand_alone_and_whole() {
    for (auth, wanted) in [
        (
            "{ bearer: { env: T }, basic: { username: { env: U }, password: { env: P } } }",
            "6:33: targets.t.auth.basic: `bearer` and `basic` cannot stand together (keep one of them)",
        ),
        (
            "{ expires: 2027-01-31 }",
            "6:5: targets.t.auth: no way to prove who we are stands here (write auth: { bearer: { file: \
             PATH } } or auth: { oauth2: { … } })",
        ),
        (
            "{ bearer: [] }",
            "6:13: targets.t.auth.bearer: there is no token in this list",
        ),
        (
            "{ basic: { username: { env: U } } }",
            "6:13: targets.t.auth.basic: `password` is missing",
        ),
        (
            "{ header: { name: Host, value: { env: K } } }",
            "6:29: targets.t.auth.header.name: this is no header that can carry a secret (write the \
             header that the app reads its key from, such as X-Api-Key)",
        ),
        (
            "{ bearer: { env: T }, expires: soon }",
            "6:42: targets.t.auth.expires: this is no day (write it like 2027-01-31)",
        ),
    ] {
        assert_eq!(told_of_auth(auth), [wanted], "{auth}");
    }
}

#[test]
fn a_grant_has_what_it_needs_and_nothing_else() {
    for (keys, wanted) in [
        (
            "scopes: []",
            "6:13: targets.t.auth.oauth2: `client_secret` is missing",
        ),
        (
            "grant: pasword",
            "6:85: targets.t.auth.oauth2.grant: `pasword` is no grant that is known (did you mean \
             `password`?)",
        ),
        (
            "grant: password, username: { env: U }",
            "6:13: targets.t.auth.oauth2: the grant `password` needs `password`",
        ),
        (
            "grant: refresh_token",
            "6:13: targets.t.auth.oauth2: the grant `refresh_token` needs `refresh_token`",
        ),
        (
            "grant: authorization_code",
            "6:13: targets.t.auth.oauth2: the grant `authorization_code` needs `authorize_url`",
        ),
        (
            "client_secret: { env: S }, refresh_token: { env: R }",
            "6:105: targets.t.auth.oauth2.refresh_token: `refresh_token` is for the grant \
             `refresh_token`, not for `client_credentials` (write grant: refresh_token, or put it under \
             `extra:`)",
        ),
    ] {
        assert_eq!(told_of_auth(&oauth2(keys)), [wanted], "{keys}");
    }
    let text = with("tests: []").replace(
        "{ bearer: { env: T } }",
        &oauth2("grant: account_credentials, extra: { account_id: { file: a }, x: 7 }"),
    );
    let config = read(&text).expect("it is right");
    let AuthConfig::Oauth2(client) = &only(&config).auth else {
        panic!("another way")
    };
    assert_eq!(
        client.grant,
        GrantConfig::Vendor("account_credentials".into())
    );
    let secret = FieldConfig::Secret(SecretRef::File("/etc/rollcall/a".into()));
    assert_eq!(client.extra["account_id"], secret);
    assert_eq!(client.extra["x"], FieldConfig::Text("7".into()));
}

#[test]
fn certificates_come_with_keys_and_proxies_without_passwords() {
    for (keys, wanted) in [
        (
            "tls: { client_cert: c.pem }",
            "8:5: targets.t.tls: a client certificate needs its key (write beside it: client_key: { file: \
             PATH })",
        ),
        (
            "proxy: http://me:hunter2@proxy.corp:3128",
            "8:12: targets.t.proxy: this is not known here (write `none`, or a block: { url: http://… })",
        ),
        (
            "proxy: { url: http://me:hunter2@proxy.corp:3128 }",
            "8:19: targets.t.proxy.url: this is no address of a proxy that speaks HTTP (write it like \
             http://proxy.example.com:3128; user name and password stand beside it)",
        ),
        (
            "proxy: { url: http://proxy.corp:3128, username: { env: U } }",
            "8:5: targets.t.proxy: `password` is missing",
        ),
    ] {
        assert_eq!(told(&with(keys)), [wanted], "{keys}");
    }
    let good = read(&with(
        "proxy: none\ntls: { client_cert: c.pem, client_key: { env: K } }",
    ));
    let good = good.expect("it is right");
    assert_eq!(only(&good).proxy, ProxyConfig::Direct);
    let client = only(&good).tls.client.clone();
    let wanted = ("/etc/rollcall/c.pem".into(), SecretRef::Env("K".into()));
    assert_eq!(client, Some(wanted));
}

#[test]
fn the_shipped_example_is_a_config() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml");
    let config = super::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.state, path.with_file_name("rollcall-state"));
    assert_eq!(config.targets.len(), 2);
    let tracktik = &config.targets[&TargetName::new("tracktik")];
    assert_eq!(tracktik.rules.profile.rates.buckets[0].limit, 5);
    assert!(tracktik.rules.push.matches("guards-east"));
    assert_eq!(
        tracktik.sandbox_accounts,
        Some(path.with_file_name("examples/apps/tracktik.json"))
    );
    let trotto = &config.targets[&TargetName::new("trotto")];
    let rule = &trotto.rules.mapping.attributes[&AttrName::new("displayName")];
    assert_eq!(rule.origin, Origin::Config);
    let rule = &trotto.rules.mapping.attributes[&AttrName::new("userName")];
    assert_eq!(rule.origin, Origin::Profile);
    assert_eq!(
        trotto.origins.get("users.delete").map(String::as_str),
        Some("trotto")
    );
}

const WHOLE: &str = "state: { dir: state }
sources:
  hq: { file: { users: u.csv, groups: g.csv, key: id, group_key: gid, disabled: off, manager: boss, label: mail }, absent_for: 1h }
  ldif: { file: { users: /srv/d.LDIF } }
targets:
  t:
    connector: scim
    base_url: http://127.0.0.1:9/scim
    auth:
      oauth2:
        token_url: https://a.example/token
        client_id: { credential: id }
        client_secret: { file: secrets/s }
        client_auth: post
        scopes: [a, b]
        audience: aud
        extra: { resource: r }
    assign:
      everyone: true
      groups: [g]
      users: [u]
      when: 'true'
      except: { groups: [x], users: [y] }
      rules: [{ groups: [ca], set: { locale: '\"fr_CA\"' } }]
    mapping:
      title: user.role
      nickName: { value: user.nick, when_empty: keep }
    groups: { push: ['eng-*'], gone: delete }
    leavers: { unassigned: keep, disabled: { deactivate: now, delete: 30d }, deleted: delete }
    guard: { leavers: 1%, members: { count: 3 }, updates: { percent: 7 %, count: 8 } }
    adopt: ask
    unassigned_unlinked: deactivate
    drift: report
    protected: [root]
    tls: { ca: ca.pem }
    override: { users: { page: 7 }, mapping: { timezone: user.tz } }
    sandbox: { accounts: a.json }
    tests:
      - { user: u, expect: { title: X, locale: null } }
";

#[test]
fn every_key_is_read() {
    let config = read(WHOLE).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.state, PathBuf::from("/etc/rollcall/state"));
    let hq = &config.sources[&SourceName::new("hq")];
    assert_eq!(hq.absent_for, Duration::from_hours(1));
    let SourceKind::File(file) = &hq.kind else {
        panic!("a file");
    };
    assert_eq!(file.users, PathBuf::from("/etc/rollcall/u.csv"));
    assert_eq!(file.groups, Some(PathBuf::from("/etc/rollcall/g.csv")));
    let words = [
        &file.user_key,
        &file.group_key,
        &file.disabled,
        &file.manager,
        &file.label,
    ];
    assert_eq!(words, ["id", "gid", "off", "boss", "mail"]);
    let SourceKind::File(ldif) = &config.sources[&SourceName::new("ldif")].kind else {
        panic!("a file");
    };
    assert_eq!(
        (ldif.users.as_path(), ldif.user_key.as_str()),
        (Path::new("/srv/d.LDIF"), "entryUUID")
    );

    let target = only(&config);
    let AuthConfig::Oauth2(oauth2) = &target.auth else {
        panic!("{:?}", target.auth)
    };
    assert_eq!(
        oauth2.client_secret,
        Some(SecretRef::File("/etc/rollcall/secrets/s".into()))
    );
    assert_eq!(
        (oauth2.client_auth, oauth2.scopes.len()),
        (ClientAuth::Post, 2)
    );
    let rules = &target.rules;
    assert!(rules.assignment.everyone && rules.assignment.when.is_some());
    assert_eq!(rules.assignment.rules.len(), 1);
    let nick = &rules.mapping.attributes[&AttrName::new("nickName")];
    assert_eq!(
        (nick.when_empty, nick.origin),
        (WhenEmpty::Keep, Origin::Config)
    );
    assert_eq!(
        rules.mapping.attributes[&AttrName::new("timezone")].origin,
        Origin::Config
    );
    assert_eq!(rules.push.gone, GroupGone::Delete);
    assert_eq!(rules.leavers.unassigned, LeaverPolicy::KEEP);
    assert_eq!(
        rules.leavers.disabled.delete,
        Some(Duration::from_hours(720))
    );
    assert_eq!(rules.leavers.deleted.delete, Some(Duration::ZERO));
    assert_eq!(
        rules.limits.leavers,
        Limit {
            count: 10,
            percent: 1
        }
    );
    assert_eq!(
        rules.limits.members,
        Limit {
            count: 3,
            percent: 30
        }
    );
    assert_eq!(
        rules.limits.updates,
        Limit {
            count: 8,
            percent: 7
        }
    );
    assert_eq!((rules.adopt, rules.drift), (Adopt::Ask, Drift::Report));
    assert_eq!(rules.profile.users.page, 7);
    assert_eq!(target.origins["users.page"], "override");
    assert_eq!(target.tls.ca, Some(PathBuf::from("/etc/rollcall/ca.pem")));
    assert_eq!(target.tests[0].line, 39);
    assert_eq!(target.tests[0].expect["locale"], serde_json::Value::Null);
}

#[test]
fn a_typo_in_the_yaml_says_where_and_what() {
    assert_eq!(
        told("targets:\n\tt: 1\n"),
        [
            "2:2: this is no YAML: tabs disallowed within this context (block indentation) (indent with spaces, never with tabs)"
        ]
    );
    assert_eq!(
        told("state: { dir: \"x }\nsources: 1\n"),
        ["1:15: this is no YAML: unclosed quote (close it, or double it inside the text)"]
    );
}

#[test]
fn an_empty_file_lacks_sources_and_targets() {
    assert_eq!(
        told(""),
        [
            "1:1: sources: no sources: nobody says who is there (write sources: { hq: { file: { users: directory.yaml } } })",
            "1:1: targets: no targets: there is nothing to keep in line (write targets: { NAME: { connector: …, base_url: …, auth: …, assign: … } })",
        ]
    );
}

#[test]
fn a_missing_file_is_told() {
    let problems = super::load(Path::new("/nowhere/c.yaml")).expect_err("it is not there");
    assert_eq!(
        problems.to_string(),
        "/nowhere/c.yaml: the file cannot be read: No such file or directory (os error 2) (name the config with --config FILE or in $ROLLCALL_CONFIG)"
    );
}

#[test]
fn everything_a_target_needs_is_asked_for() {
    assert_eq!(
        told(&target("adopt: ask")),
        [
            "3:3: targets.t: `assign` is missing: nobody says who gets an account (write `assign: everyone`, or `assign: { groups: [ … ] }`)",
            "3:3: targets.t: `auth` is missing (write auth: { bearer: { file: PATH } } or auth: { oauth2: { … } })",
            "3:3: targets.t: `base_url` is missing (write base_url: https://app.example.com/scim/v2)",
            "3:3: targets.t: `connector` is missing (`rollcall connectors` lists all 42; `scim` is any plain SCIM 2.0 app)",
        ]
    );
}

#[test]
fn unknown_keys_are_told_with_the_nearest_known_one() {
    let text =
        target(&PLAIN.replace("connector", "conector")).replace("hq: {", "hq: { absent: 1m,");
    assert_eq!(
        told(&format!("stat: {{}}\n{text}")),
        [
            "1:1: stat: unknown key `stat` (did you mean `state`?)",
            "2:18: sources.hq.absent: unknown key `absent` (the keys here are: file, ldap, absent_for, watch, full_read_every)",
            "5:5: targets.t.conector: unknown key `conector` (did you mean `connector`?)",
        ]
    );
    assert_eq!(
        told(&with(
            "mappping: {}\ncolour: red\noverride: { users: { pgae: 3 } }"
        )),
        [
            "8:5: targets.t.mappping: unknown key `mappping` (did you mean `mapping`?)",
            "9:5: targets.t.colour: unknown key `colour` (the keys here are: connector, base_url, auth, assign, mapping, features, groups, leavers, reactivate, guard, adopt, unassigned_unlinked, drift, protected, every, audit, tls, proxy, override, sandbox, tests)",
            "10:26: targets.t.override.users.pgae: unknown key `pgae` (did you mean `page`?)",
        ]
    );
}

#[test]
fn a_kind_of_source_that_is_not_there_is_told() {
    assert_eq!(
        told(&target(PLAIN).replace("file: {", "fiel: {")),
        ["1:18: sources.hq.fiel: unknown key `fiel` (did you mean `file`?)"]
    );
    assert_eq!(
        told(&target(PLAIN).replace("{ file: { users: d.yaml } }", "{ absent_for: soon }")),
        [
            "1:30: sources.hq.absent_for: `soon` is no span of time (write it like 30s, 10m, 6h or 30d)"
        ]
    );
    assert_eq!(
        told(&target(PLAIN).replace("{ file: { users: d.yaml } }", "{ file: { groups: g } }")),
        ["1:18: sources.hq.file: `users` is missing (name the file that holds the users)"]
    );
}

#[test]
fn an_unknown_connector_is_told_with_the_nearest() {
    assert_eq!(
        told(&with_connector("troto", "adopt: never")),
        ["4:16: targets.t.connector: unknown connector `troto` (did you mean `trotto`?)"]
    );
    assert_eq!(
        told(&with_connector("payroll", "adopt: never")),
        [
            "4:16: targets.t.connector: unknown connector `payroll` (`rollcall connectors` lists all 42; `scim` is any plain SCIM 2.0 app)"
        ]
    );
}

#[test]
fn several_mistakes_in_several_blocks_are_told_at_once() {
    let text = with(
        "adopt: sometimes\nguard: { leavers: 5, members: 130% }\nleavers: { disabled: later }\nprotected: root",
    ) + "  u: { connector: [scim], base_url: 7, auth: bearer, assign: staff, drift: reprot, tests: [{ user: a, expect: { naem: 1 } }] }\n";
    assert_eq!(
        told(&text),
        [
            "8:12: targets.t.adopt: `sometimes` is not known here (write one of: unique, ask, never)",
            "9:23: targets.t.guard.leavers: `5` is no share (write it like 5%, from 0% to 100%)",
            "9:35: targets.t.guard.members: `130%` is no share (write it like 5%, from 0% to 100%)",
            "10:26: targets.t.leavers.disabled: `later` is not known here (write `keep`, `deactivate`, `delete`, or a block: { deactivate: now, delete: 30d })",
            "11:16: targets.t.protected: expected a list, found a text (write it as a list: [ … ])",
            "12:8: targets.u.connector: expected a text, found a list",
            "12:37: targets.u.base_url: this is no URL: relative URL without a base (write it like https://app.example.com/scim/v2)",
            "12:46: targets.u.auth: expected a block, found a text (the keys here are: bearer, basic, header, oauth2, expires)",
            "12:62: targets.u.assign: `staff` is not known here (write `everyone`, or a block: { groups: [staff] })",
            "12:76: targets.u.drift: `reprot` is not known here (did you mean `report`?)",
        ]
    );
}

#[test]
fn a_key_that_stands_twice_is_told() {
    assert_eq!(
        told(&with("adopt: ask\nadopt: never")),
        [
            "9:5: targets.t.adopt: the key `adopt` stands here twice (the first is on line 8; keep one of them)"
        ]
    );
}

#[test]
fn a_secret_in_the_clear_is_told_and_never_shown() {
    let clear = "a secret stands here in the clear (keep it elsewhere and write where: { file: PATH }, a file \
                 that only its owner may read, { credential: NAME } under systemd, or { env: NAME }; and \
                 have it replaced, since it was in this file)";
    let reference = "this must say where the secret is kept (write one of: { credential: NAME }, { file: PATH }, { env: NAME })";
    for (auth, wanted) in [
        (
            "{ bearer: hunter2 }",
            format!("6:21: targets.t.auth.bearer: {clear}"),
        ),
        (
            "{ bearer: 4711 }",
            format!("6:21: targets.t.auth.bearer: {clear}"),
        ),
        (
            "{ bearer: [hunter2] }",
            format!("6:22: targets.t.auth.bearer[0]: {clear}"),
        ),
        (
            "{ bearer: { token: hunter2 } }",
            format!("6:13: targets.t.auth.bearer: {reference}"),
        ),
        (
            "{ bearer: { hunter2 } }",
            format!("6:13: targets.t.auth.bearer: {reference}"),
        ),
        (
            "{ bearer: { env: A, file: b } }",
            format!("6:13: targets.t.auth.bearer: {reference}"),
        ),
        (
            "{ bearer: }",
            format!("6:13: targets.t.auth.bearer: {reference}"),
        ),
        (
            "{ oauth2: { token_url: https://a.example/t, client_id: { env: I }, client_secret: hunter2 } }",
            format!("6:93: targets.t.auth.oauth2.client_secret: {clear}"),
        ),
    ] {
        let text = target(PLAIN).replace("{ bearer: { env: T } }", auth);
        assert_eq!(told(&text), [wanted], "{auth}");
        let problems = read(&text).expect_err("it is wrong");
        assert!(
            !format!("{problems:?}").contains("hunter2"),
            "{auth}: {problems:?}"
        );
    }
}

#[test]
fn the_text_for_snippets_marks_the_secret() {
    let text = target(PLAIN).replace("{ env: T }", "hunter2");
    let problems = read(&text).expect_err("it is wrong");
    let item = &problems.items[0];
    let shown = &problems.sources[&item.file];
    assert_eq!(&shown[item.span.clone()], "«secret»");
    assert!(
        shown.contains("auth: { bearer: «secret» }\n    assign: everyone\n"),
        "{shown}"
    );
}

#[test]
fn addresses_are_checked() {
    for (url, wanted) in [
        (
            "http://a.example",
            "5:15: targets.t.base_url: over http the token could be read on the way (write https://; http is for loopback and sandbox addresses)",
        ),
        (
            "https://me:hunter2@a.example",
            "5:15: targets.t.base_url: a user name or password stands in this URL (take it out of the URL; `auth:` says how rollcall proves who it is)",
        ),
    ] {
        let text = target(PLAIN).replace("https://a.example/scim", url);
        assert_eq!(told(&text), [wanted]);
        assert!(!format!("{:?}", read(&text)).contains("hunter2"));
    }
    let text = target(PLAIN)
        + "  s:\n    "
        + &PLAIN.replace('\n', "\n    ").replace("/scim\n", "/scim/\n")
        + "\n";
    assert_eq!(
        told(&text),
        [
            "10:15: targets.s.base_url: the target `t` has the same `base_url` (two targets at one address would undo each other's work; keep one)"
        ]
    );
}

#[test]
fn attributes_must_exist_at_the_app() {
    assert_eq!(
        told(&with_connector(
            "trotto",
            "mapping: { displayname: user.cn, title: user.title }\ntests: [{ user: a, expect: { emial: x } }]\noverride: { attributes: { nick: {} }, mapping: { nikc: user.n } }"
        )),
        [
            "8:16: targets.t.mapping.displayname: the connector `trotto` has no attribute `displayname` (did you mean `displayName`?)",
            "8:38: targets.t.mapping.title: the connector `trotto` has no attribute `title` (the attributes are: displayName, emails, name.familyName, name.givenName, nick, userName)",
            "9:34: targets.t.tests[0].expect.emial: the connector `trotto` has no attribute `emial` (did you mean `emails`?)",
            "10:60: targets.t.override.mapping.nikc: there is no attribute `nikc` in `attributes` (did you mean `nick`?)",
        ]
    );
    let rules = with("").replace(
        "assign: everyone",
        "assign: { groups: [a], rules: [{ groups: [b], set: { locle: '1' } }, { set: {} }] }",
    );
    assert_eq!(
        told(&rules),
        [
            "7:58: targets.t.assign.rules[0].set.locle: the connector `scim` has no attribute `locle` (did you mean `locale`?)",
            "7:74: targets.t.assign.rules[1]: a rule needs `groups`",
            "7:74: targets.t.assign.rules[1]: a rule needs `set`",
        ]
    );
}

#[test]
fn an_app_is_not_asked_for_what_it_cannot_do() {
    let keys = "groups: { push: [a] }\nleavers: { unassigned: delete, disabled: { delete: 30d } }\nauth: { oauth2: { token_url: https://a.example/t, client_id: { env: I }, client_secret: { env: S } } }";
    let text = with_connector("trotto", keys).replace("    auth: { bearer: { env: T } }\n", "");
    assert_eq!(
        told(&text),
        [
            "7:15: targets.t.groups.push: the connector `trotto` has no groups (take `groups` out)",
            "8:28: targets.t.leavers.unassigned: the connector `trotto` cannot delete accounts (write `deactivate`)",
            "8:56: targets.t.leavers.disabled.delete: the connector `trotto` cannot delete accounts (write `deactivate`)",
            "9:13: targets.t.auth.oauth2: the connector `trotto` does not take `oauth2` (it takes: bearer)",
        ]
    );
    assert_eq!(
        told(&with(
            "override: { evidence: inferred }\ngroups: { push: [a], gone: delete }\nleavers: { deleted: { deactivate: 2d, delete: 1d } }"
        )),
        [
            "9:32: targets.t.groups.gone: nobody has looked whether the connector `scim` deletes groups as it should (try it, then write override: { groups: { delete: true } })",
            "10:51: targets.t.leavers.deleted.delete: nobody has looked whether the connector `scim` deletes accounts as it should (try it, then write override: { users: { delete: hard } })",
            "10:51: targets.t.leavers.deleted.delete: the account would be deleted before it is switched off (let `delete` be the longer span)",
        ]
    );
}

#[test]
fn what_the_app_requires_must_be_mapped() {
    let over = "override:\n  attributes: { nickName: { required: create }, photos: { required: always } }\n  all_or_none: [[title, timezone]]";
    assert_eq!(
        told(&with(over)),
        [
            "3:3: targets.t.mapping: the app requires `nickName` to make an account, but nothing is mapped to it (add `nickName` to the mapping)",
            "3:3: targets.t.mapping: the app requires `photos` always, but nothing is mapped to it (add `photos` to the mapping)",
            "3:3: targets.t.mapping: the app takes `title` only together with `timezone`, which nothing is mapped to (add `timezone` to the mapping)",
        ]
    );
    let mapped =
        format!("{over}\nmapping: {{ nickName: user.n, photos: user.p, timezone: user.t }}");
    assert!(read(&with(&mapped)).is_ok());
}

#[test]
fn an_assignment_must_name_somebody() {
    for assign in ["{}", "{ except: { users: [a] } }"] {
        assert_eq!(
            told(&target(PLAIN).replace("everyone", assign)),
            [
                "7:5: targets.t.assign: this assignment names nobody (name `groups`, `users` or `when`, or write `everyone: true`)"
            ]
        );
    }
    assert_eq!(
        told(&target(PLAIN).replace("everyone", "{ groups: staff }")),
        [
            "7:23: targets.t.assign.groups: expected a list, found a text (write it as a list: [ … ])"
        ]
    );
}

#[test]
fn names_and_overrides_have_rules() {
    assert_eq!(
        told(&with("override: { extends: scim }").replace("  t:", "  my app:")),
        [
            "3:3: targets.my app: this name cannot be used (use up to 64 letters, digits, `-`, `_` and `.`, and begin with a letter or digit)",
            "8:17: targets.my app.override.extends: an override extends nothing (name another `connector`)",
        ]
    );
}

#[test]
fn a_problem_in_a_connector_is_told_in_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("acme.yaml"),
        "extends: scim\nusres: {}\n",
    )
    .expect("written");
    let text = format!(
        "connectors: {}\n{}",
        folder.path().display(),
        with_connector("acme", "adopt: ask")
    );
    let problems = read(&text).expect_err("the connector is wrong");
    let file = folder.path().join("acme.yaml");
    assert_eq!(
        problems.to_string(),
        format!(
            "{}:2:1: usres: unknown key `usres` (did you mean `users`?)",
            file.display()
        )
    );
    assert_eq!(problems.sources[&file], "extends: scim\nusres: {}\n");
    let text = format!("connectors: nowhere\n{}", target(PLAIN));
    assert_eq!(
        told(&text),
        [
            "1:13: connectors: the folder of connectors cannot be read: No such file or directory (os error 2)"
        ]
    );
}

#[test]
fn hostile_yaml_is_refused_or_read_but_never_a_crash() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f]\n";
    for text in [
        bomb.to_owned(),
        "[".repeat(5_000),
        "{a: ".repeat(5_000),
        "é: \u{0}".into(),
        "null: 1".into(),
    ] {
        assert!(read(&text).is_err());
    }
}

/// A file in every stage of being typed, with a secret in it.
#[test]
fn no_beginning_of_a_file_shows_its_secret() {
    for auth in [
        "{ bearer: hunter2hunter2 }",
        "{ bearer: \"hunter2 hunter2\" }",
        "{ bearer: { token: hunter2hunter2, file: x } }",
        "\n      oauth2:\n        client_secret: |\n          hunter2hunter2\n\n          hunter2\n        client_id: 'hunter2hunter2'",
        "\n      bearer:\n        hunter2hunter2",
        "\n      bearer: &s\n        - hunter2hunter2",
    ] {
        let text = target(PLAIN).replace("{ bearer: { env: T } }", auth);
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let said = format!("{:?}", read(&text[..cut]).expect_err("it is not whole"));
            assert!(!said.contains("hunter2"), "{}\n{said}", &text[..cut]);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_crash(text in "[a-z:{}\\[\\],'\"|>&*#!%@ \t\né-]{0,80}") {
        let _ = read(&format!("{SOURCES}{text}"));
        let _ = read(&target(&format!("{PLAIN}\nmapping: {{ title: {text} }}\n{text}")));
    }
}
