//! Credentials that are refused, doubled, of other kinds, or near their end.
//!
//! Promises that refused credentials rest from one run to the next, and that a person reads which
//! token is in use and what is about to end. Leaves consent to [`super::authorize`].

use insta::assert_snapshot;
use rollcall::core::key::TargetName;
use rollcall::sandbox::credentials;

use super::program::{Folder, Served};
use super::wiki::{CONFIG, PEOPLE};

/// The wiki, served, with `auth` as the way to prove who we are. The file `right` holds what opens it.
struct Site {
    folder: Folder,
    served: Served,
}

impl Site {
    fn new(auth: &str) -> Self {
        let folder = Folder::new();
        folder.write("people.yaml", PEOPLE);
        let known = credentials(&TargetName::new("wiki"));
        folder.keep("right", known.token.expose());
        folder.keep("wrong", "t0ken-that-was-revoked");
        folder.keep("user", &known.username);
        folder.keep("word", known.password.expose());
        folder.keep("id", &known.client_id);
        folder.keep("client", known.client_secret.expose());
        let takes = "connector: scim\n    override: { auth: [bearer, basic, header, oauth2] }";
        let config = |auth: &str| {
            CONFIG
                .replace("connector: scim", takes)
                .replace("{ bearer: { file: token } }", auth)
        };
        let kind = auth.replace("TOKEN_URL", "https://a.example/token");
        folder.write("served.yaml", &config(&kind));
        let served = folder.serve("served.yaml");
        let token_url = format!("{}/wiki/oauth2/token", served.root);
        let config = config(&auth.replace("TOKEN_URL", &token_url))
            .replace("http://127.0.0.1:9/", &format!("{}/wiki/", served.root));
        folder.write("config.yaml", &config);
        Self { folder, served }
    }

    fn told(&self, command: &str) -> String {
        let ended = self
            .folder
            .rollcall(&format!("{command} --config config.yaml"));
        assert!(!ended.told().contains("t0ken"), "{}", ended.told());
        ended.told()
    }

    /// Requests that were refused, and requests for a token.
    fn refused_and_tokens(&self) -> (usize, u64) {
        let log = self.served.ask("/_sandbox/wiki/requests");
        let lines = log["requests"].as_array().expect("a list");
        let refused = lines
            .iter()
            .filter(|line| line["status"] == 401 || line["status"] == 400);
        let tokens = log["counts"]["token"].as_u64().expect("a number");
        (refused.count(), tokens)
    }
}

#[test]
fn the_second_token_is_in_use_when_the_first_is_refused() {
    let site = Site::new("{ bearer: [{ file: wrong }, { file: right }] }");
    let first = site.told("sync");
    let note = "wiki  the token of file right is in use; that of file wrong was refused: renew it, or \
                take it out of `auth:`\n";
    let place = "file FOLDER/";
    assert!(first.replace(place, "file ").contains(note), "{first}");
    assert!(first.contains("2 done, 0 not"), "{first}");
    // The refused one rests: it is not tried again.
    let again = site.told("sync --dry-run");
    assert!(again.replace(place, "file ").contains(note), "{again}");
    assert_eq!(site.refused_and_tokens().0, 1);
    assert_snapshot!(site.told("check").replace(place, "file "), @r#"
    ok config  1 source, 1 target
    ok hq  2 users, 1 group
    ok wiki  answers, and has 2 accounts
         · the token of file right is in use; that of file wrong was refused: renew it, or take it out of `auth:`
    everything is as it should be
    -- exit 0
    "#);
    let json = site
        .folder
        .rollcall("sync --format json --config config.yaml")
        .json();
    let warning = json["targets"][0]["warnings"][0]
        .as_str()
        .expect("a warning");
    assert!(warning.contains("is in use"), "{json}");
}

#[test]
fn a_refused_token_rests_from_run_to_run_until_a_person_asks() {
    let site = Site::new("{ bearer: { file: wrong } }");
    assert_snapshot!(site.told("sync"), @r#"
    hq  2 users, 1 group

    wiki  not planned: nothing was changed in this app
    error: the app refused our credentials (401): the token is not the right one
      hint: check the target's `auth:`, and in the app whether it was revoked; then: rollcall check

    -- exit 1
    "#);
    for command in ["sync", "sync --dry-run", "sync --quick", "explain ana wiki"] {
        site.told(command);
    }
    assert_eq!(site.refused_and_tokens().0, 1);
    assert_snapshot!(site.told("sync"), @r#"
    hq  2 users, 1 group

    wiki  not planned: nothing was changed in this app
    error: the app refused our credentials: not sent: the app has refused these credentials once, and more tries could get us locked out; the next try is at HH:MM UTC, or as soon as they are others
      hint: check the target's `auth:`, and in the app whether it was revoked; then: rollcall check

    -- exit 1
    "#);
    for _ in 0..8 {
        site.told("check");
    }
    assert_eq!(
        site.refused_and_tokens().0,
        5,
        "a person gets five tries in ten minutes"
    );
    let state = std::fs::read_to_string(site.folder.path("state/tokens")).expect("it is kept");
    assert!(!state.contains("t0ken"), "{state}");
    site.folder.keep(
        "wrong",
        credentials(&TargetName::new("wiki")).token.expose(),
    );
    let mended = site.told("sync");
    assert!(mended.contains("2 done, 0 not"), "{mended}");
}

#[test]
fn a_refused_client_is_tried_once_however_often_a_sync_begins() {
    let site = Site::new(
        "{ oauth2: { token_url: TOKEN_URL, client_id: { file: id }, client_secret: { file: wrong } } }",
    );
    for _ in 0..6 {
        let told = site.told("sync");
        assert!(told.contains("the app refused our credentials"), "{told}");
    }
    assert_eq!(site.refused_and_tokens(), (1, 1));
}

#[test]
fn each_way_to_prove_who_we_are_opens_its_app() {
    for auth in [
        "{ basic: { username: { file: user }, password: { file: word } } }",
        "{ header: { name: X-Api-Key, value: { file: right } } }",
        "{ oauth2: { token_url: TOKEN_URL, grant: password, client_id: { file: id }, client_secret: \
         { file: client }, username: { file: user }, password: { file: word } } }",
    ] {
        let site = Site::new(auth);
        let told = site.told("sync");
        assert!(told.contains("2 done, 0 not"), "{auth}:\n{told}");
        let copies = site.told("sync --sandbox --state copies");
        assert!(copies.contains("2 done, 0 not"), "{auth}:\n{copies}");
    }
}

#[test]
fn a_dry_run_keeps_the_refresh_token_that_it_was_given() {
    let site = Site::new(
        "{ oauth2: { token_url: TOKEN_URL, grant: password, client_id: { file: id }, client_secret: \
         { file: client }, username: { file: user }, password: { file: word } } }",
    );
    let kept = || std::fs::read_to_string(site.folder.path("state/tokens")).expect("it is kept");
    site.told("sync --dry-run");
    let first = kept();
    assert!(
        !site.folder.path("state/state.db").exists(),
        "a dry run makes no state"
    );
    // The password is not needed any more.
    site.folder.keep("word", "t0ken");
    let told = site.told("sync --dry-run");
    assert!(told.contains("to do: 2 create"), "{told}");
    assert_ne!(kept(), first, "the old one is void");
    assert_eq!(site.refused_and_tokens(), (0, 2));
}

#[test]
fn the_end_of_a_credential_is_told_in_good_time() {
    let now = rollcall::clock::Clock::System.now();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |days: i64| {
        let span = jiff::Span::new().days(days);
        today.checked_add(span).expect("a day").to_string()
    };
    let said = |days: i64, command: &str| {
        let site = Site::new(&format!(
            "{{ bearer: {{ file: right }}, expires: {} }}",
            day(days)
        ));
        let ended = site
            .folder
            .rollcall(&format!("{command} --config config.yaml"));
        (ended.code, ended.told().replace(&day(days), "THE-DAY"))
    };
    let soon = "our credential ends on THE-DAY, in 12 days: renew it, and write the new day into `expires:`";
    let (code, told) = said(12, "check");
    assert!(told.contains(&format!(" ! wiki  {soon}\n")), "{told}");
    assert_eq!(code, Some(0));
    let (code, told) = said(12, "sync --dry-run");
    assert!(told.contains(&format!("wiki  {soon}\n")), "{told}");
    assert_eq!(code, Some(2));
    let (code, told) = said(-3, "check");
    let over = "our credential ended on THE-DAY: renew it, and write the new day into `expires:`";
    assert!(
        told.contains(&format!("!! wiki\nerror: {over}\n")),
        "{told}"
    );
    assert_eq!(code, Some(1));
    assert!(!said(31, "check --offline").1.contains("our credential"));
}
