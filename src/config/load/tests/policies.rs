//! What a target may do, does not do, and what may delete.

use super::{PLAIN, only, read, target, told, with, with_connector};
use crate::config::remarks;
use crate::core::features::Feature;
use crate::core::leaver::LeaveCause;
use crate::core::profile::{Deactivation, Known, Reactivation};

/// The text and the hint of every remark about the target.
fn remarked(text: &str) -> Vec<String> {
    let config = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    remarks(only(&config))
        .into_iter()
        .map(|remark| format!("{} ({})", remark.text, remark.hint))
        .collect()
}

#[test]
fn what_is_off_is_off_and_the_rest_is_on() {
    let config = read(&with("features: { delete: false, groups: false }")).expect("it is right");
    let features = &only(&config).rules.features;
    for feature in Feature::ALL {
        let is_off = matches!(feature, Feature::Delete | Feature::Groups);
        assert_eq!(features.has(feature), !is_off, "{feature:?}");
    }
    assert_eq!(
        told(&with(
            "features: { creat: false, update: maybe }\nreactivate: new"
        )),
        [
            "8:17: targets.t.features.creat: unknown key `creat` (did you mean `create`?)",
            "8:39: targets.t.features.update: expected true or false, found a text",
            "9:17: targets.t.reactivate: `new` is not known here (write one of: create, link, refuse)",
        ]
    );
}

#[test]
fn a_return_is_what_the_site_says_if_the_app_can_do_it() {
    let config = read(&with("reactivate: link")).expect("it is right");
    assert_eq!(only(&config).rules.reactivation(), Reactivation::Activate);
    let freed =
        "override: { users: { reactivate: create, deactivate: { effect: frees_user_name } } }";
    let config = read(&with(&format!("{freed}\nreactivate: link"))).expect("it is right");
    assert_eq!(only(&config).rules.reactivation(), Reactivation::Activate);
    assert_eq!(
        told(&with("reactivate: create")),
        [
            "8:17: targets.t.reactivate: the connector `scim` keeps the user name of an account that is off (a new account could not have it: write `link`)"
        ]
    );
    let refused = "override: { users: { reactivate: refuse } }\nreactivate: link";
    assert_eq!(
        told(&with(refused)),
        [
            "9:17: targets.t.reactivate: the connector `scim` says that an account which is off stays off (if the app does switch one on again, write override: { users: { reactivate: activate } })"
        ]
    );
}

const ACME: &str = "extends: scim
title: Acme
base_url: https://{tenant}.acme.example/scim/v2
sources: { forum: { page: A forum, checked: 2026-11-22, evidence: inferred } }
quirks: { users.delete: forum, users.deactivate: forum, groups.delete: forum }
";

/// A config whose connector `acme` says `more`.
fn acme(more: &str, keys: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("acme.yaml"), format!("{ACME}{more}")).expect("written");
    let text = with_connector("acme", keys).replace("a.example", "a.acme.example");
    let text = format!("connectors: {}\n{text}", folder.path().display());
    (folder, text.replace("/acme\n", "/scim/v2\n"))
}

#[test]
fn a_guess_about_one_key_deletes_nothing() {
    let keys = "groups: { push: [a], gone: delete }\nleavers: { deleted: delete }";
    let (_folder, text) = acme("evidence: documented\n", keys);
    assert_eq!(
        told(&text),
        [
            "9:32: targets.t.groups.gone: nobody has looked whether the connector `acme` deletes groups as it should (try it, then write override: { groups: { delete: true } })",
            "10:25: targets.t.leavers.deleted: nobody has looked whether the connector `acme` deletes accounts as it should (try it, then write override: { users: { delete: hard } })",
        ]
    );
    let looked = "override: { users: { delete: hard }, groups: { delete: true } }";
    let (_folder, text) = acme("evidence: documented\n", &format!("{keys}\n{looked}"));
    assert!(read(&text).is_ok(), "what the site says has been looked at");
    let probed = "override: { evidence: probed }";
    let (_folder, text) = acme("evidence: documented\n", &format!("{keys}\n{probed}"));
    assert_eq!(told(&text).len(), 2, "a source that is unsure stays so");
}

#[test]
fn a_delete_that_is_only_guessed_to_switch_off_may_delete() {
    let by = |by: &str, more: &str| {
        let deactivate = format!("users: {{ delete: soft, deactivate: {{ by: {by} }} }}\n");
        let (_folder, text) = acme(&deactivate, more);
        let config = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
        let rules = only(&config).rules.clone();
        let effect = rules.profile.users.deactivate.effect;
        (effect, rules.destroys_unasked(LeaveCause::Disabled))
    };
    assert_eq!(by("active", ""), (Deactivation::Suspends, false));
    assert_eq!(by("delete", ""), (Deactivation::Unknown, true));
    let looked = "override: { users: { deactivate: { effect: suspends } } }";
    assert_eq!(by("delete", looked), (Deactivation::Suspends, false));
}

#[test]
fn an_app_that_deletes_by_switching_off_can_be_told_that_it_is_meant() {
    let app = "override: { users: { delete: none, deactivate: { effect: unknown } } }";
    assert!(read(&with(&format!("{app}\nleavers: {{ disabled: delete }}"))).is_ok());
    let later = "leavers: { disabled: { deactivate: now, delete: 30d } }";
    assert_eq!(
        told(&with(&format!("{app}\n{later}"))),
        [
            "9:53: targets.t.leavers.disabled.delete: the connector `scim` cannot delete accounts (write `deactivate`)"
        ]
    );
    let (_folder, text) = acme(
        "users: { delete: none, deactivate: { effect: deletes } }\n",
        "leavers: { disabled: delete }",
    );
    assert_eq!(
        told(&text),
        [
            "9:26: targets.t.leavers.disabled: nobody has looked whether the connector `acme` deletes accounts as it should (try it, then write override: { users: { deactivate: { effect: … } } })"
        ]
    );
}

#[test]
fn what_may_delete_is_remarked_until_the_site_has_chosen() {
    let contradicts = "evidence: documented\nusers: { deactivate: { effect: unknown } }\n";
    let (_folder, text) = acme(contradicts, "leavers: { disabled: keep }");
    assert_eq!(
        remarked(&text),
        [
            "switching an account off may delete it in this app: the vendor contradicts itself, or nobody has looked; each such leaver (unassigned, deleted) is held until a person approves (say what it does, override: { users: { deactivate: { effect: suspends } } }, or that deleting is meant, leavers: { unassigned: delete, deleted: delete })"
        ]
    );
    for chosen in [
        "override: { users: { deactivate: { effect: unknown } } }",
        "override: { users: { delete: hard } }\nleavers: { unassigned: delete, disabled: delete, deleted: delete }",
    ] {
        let (_folder, text) = acme(contradicts, chosen);
        assert_eq!(remarked(&text), [""; 0], "{chosen}");
    }
}

#[test]
fn the_form_of_a_base_url_is_shown_where_one_is_missing_or_odd() {
    let (_folder, text) = acme("", "adopt: ask");
    assert_eq!(remarked(&text), [""; 0]);
    let form = "Acme's looks like https://{tenant}.acme.example/scim/v2";
    let line = "    base_url: https://a.acme.example/scim/v2\n";
    assert_eq!(
        told(&text.replace(line, "")),
        [format!(
            "4:3: targets.t: `base_url` is missing (write base_url: …; {form})"
        )]
    );
    assert_eq!(
        told(&text.replace("https://a.acme", "a.acme")),
        [format!(
            "6:15: targets.t.base_url: this is no URL: relative URL without a base (write it like https://app.example.com/scim/v2; {form})"
        )]
    );
    assert_eq!(
        remarked(&text.replace("a.acme.example/scim/v2\n", "a.acme.example/scim\n")),
        [format!(
            "`base_url` does not look like the others of this connector ({form}; if yours is right, leave it)"
        )]
    );
}

#[test]
fn a_base_url_that_every_app_of_a_kind_has_need_not_be_said() {
    let fixed = ACME.replace("{tenant}", "api");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("acme.yaml"), fixed).expect("written");
    let keys = PLAIN.replace("scim\nbase_url: https://a.example/scim\n", "acme\n");
    let text = format!("connectors: {}\n{}", folder.path().display(), target(&keys));
    let config = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let url = only(&config).base_url.as_str();
    assert_eq!(url, "https://api.acme.example/scim/v2");
    let other = text.replace(
        "acme\n",
        "acme\n    base_url: https://eu.acme.example/scim/v2\n",
    );
    assert_eq!(
        remarked(&other),
        [
            "`base_url` does not look like the others of this connector (Acme's is https://api.acme.example/scim/v2; if yours is right, leave it)"
        ]
    );
}

#[test]
fn a_mail_that_the_site_has_switched_off_is_none() {
    let config = read(&with("override: { users: { mail_on_create: no } }"));
    let told = config.map(|config| only(&config).rules.profile.users.mail_on_create);
    assert_eq!(told.expect("it is right"), Known::No);
}

#[test]
fn the_rhythm_of_a_target_is_a_span_and_a_rate() {
    let minutes = std::time::Duration::from_mins;
    let config = read(&target(PLAIN)).expect("it is right");
    let usual = only(&config).rhythm;
    assert_eq!(
        (usual.every, usual.audit_every),
        (minutes(15), minutes(7 * 24 * 60))
    );
    let config = read(&with("every: 5m\naudit: { every: 1d, budget: 30/m }")).expect("it is right");
    let own = only(&config).rhythm;
    assert_eq!((own.every, own.audit_every), (minutes(5), minutes(24 * 60)));
    assert_eq!(own.audit_pause.as_secs(), 2);
    assert_eq!(
        told(&with("every: 10ms\naudit: { every: 5s }")),
        [
            "8:12: targets.t.every: this is too often: 1s at least",
            "9:21: targets.t.audit.every: this is too often: 1m at least",
        ]
    );
    assert_eq!(
        told(&with("audit: { budget: 0/s }")),
        ["8:22: targets.t.audit.budget: `0/s` is no rate (write it like 1/s, 30/m or 500/h)"]
    );
}
