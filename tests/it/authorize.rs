//! A person consents to an app, once and again.
//!
//! Promises that neither code nor token is printed, and that nobody but our own request is answered.
//! The browser is played by hand.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;

use insta::assert_snapshot;
use rollcall::sandbox::{IN_PROCESS, authorize_url};

use super::daemon::process::eventually;
use super::program::{Folder, Served};
use super::wiki::{PEOPLE, with};

const AUTH: &str = "{ oauth2: { grant: authorization_code, token_url: https://login.example.com/token, \
                    authorize_url: https://login.example.com/authorize, client_id: { env: ID } } }";

fn site() -> (Folder, Served) {
    let folder = with("{ bearer: { file: token } }", AUTH);
    let served = folder.serve("config.yaml");
    (folder, served)
}

/// What GET of an address gives: its head and its body.
fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("somebody listens");
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The person opens the page, logs in and consents: where the browser is sent back to.
fn consent(page: &str) -> String {
    let answer = get(page);
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    line.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Reads what the command says up to the address to open.
fn page(child: &mut Child) -> (String, BufReader<std::process::ChildStdout>) {
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).expect("text") == 0 {
            let mut errors = String::new();
            let mut stderr = child.stderr.take().expect("a pipe");
            stderr.read_to_string(&mut errors).expect("text");
            panic!("no address: {errors}");
        }
        if line.starts_with("http") {
            return (line.trim().to_owned(), output);
        }
    }
}

fn rest(mut output: BufReader<std::process::ChildStdout>) -> String {
    let mut text = String::new();
    output.read_to_string(&mut text).expect("text");
    text
}

#[test]
fn consent_is_asked_for_kept_used_and_given_again() {
    let (folder, served) = site();
    let flags = format!("--config config.yaml --sandbox={}", served.root);
    let before = folder.rollcall(&format!("sync {flags}"));
    assert_snapshot!(before.told(), @r#"
    hq  2 users, 1 group

    wiki  not planned: nothing was changed in this app
    error: the target cannot be used: nobody has given consent yet; run: rollcall authorize wiki
      hint: set that right, and run it again

    -- exit 1
    "#);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let mut child = folder.start(&format!("authorize wiki {flags}"));
        let (page, output) = page(&mut child);
        let back = consent(&page);
        // Somebody else's answer changes nothing.
        let address = back.split('?').next().expect("an address");
        let foreign = get(&format!("{address}?code=theirs&state=theirs"));
        assert!(foreign.starts_with("HTTP/1.1 400 "), "{foreign}");
        let thanks = get(&back);
        assert!(thanks.contains("You can close this page"), "{thanks}");
        let said = rest(output);
        assert!(child.wait().expect("it ends").success(), "{said}");
        assert!(
            said.contains("done: the refresh token is kept in the state"),
            "{said}"
        );
        assert!(
            !said.contains("code=sandbox") && !said.contains("sandbox-refresh"),
            "{said}"
        );
        let kept = std::fs::read_to_string(folder.path("state/tokens.sandbox"));
        tokens.push(kept.expect("it is kept"));
    }
    assert_ne!(tokens[0], tokens[1]);
    let synced = folder.rollcall(&format!("sync {flags}")).told();
    assert!(synced.contains("2 done, 0 not"), "{synced}");
    let again = folder.rollcall(&format!("sync {flags}")).told();
    assert!(again.ends_with("-- exit 0\n"), "{again}");
}

/// A person consents.
fn authorize(folder: &Folder, flags: &str) {
    let mut child = folder.start(&format!("authorize wiki {flags}"));
    let (page, output) = page(&mut child);
    get(&consent(&page));
    let said = rest(output);
    let ended = folder.ended(child);
    assert_eq!(ended.code, Some(0), "{said}{}", ended.told());
}

#[test]
fn a_consent_beside_a_daemon_is_taken_up_by_it() {
    let (folder, served) = site();
    let root = served.root.clone();
    let flags = format!("--config config.yaml --sandbox={root}");
    let daemon = folder.daemon(&flags);
    let pause = || {
        let looked = folder.rollcall(&format!("status --format json {flags}"));
        let live = &looked.json()["targets"][0]["live"];
        live["pause"]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    eventually("nobody has consented", || {
        pause().contains("nobody has given consent yet; run: rollcall authorize wiki")
    });
    authorize(&folder, &flags);
    let accounts = |served: &Served| {
        let dump = served.ask("/_sandbox/wiki/dump");
        dump["users"].as_array().map_or(0, Vec::len)
    };
    eventually("two accounts", || accounts(&served) == 2);
    eventually("nothing is paused", || pause().is_empty());

    // The app is another one, which knows no token that it gave before.
    drop(served);
    let address = root.trim_start_matches("http://").trim_end_matches('/');
    let served = folder.serve_at("config.yaml", address);
    let more = PEOPLE
        .replace(
            "groups:",
            "- { key: p-3, uid: cat, mail: cat@example.com, givenName: Cat, sn: Fish }\ngroups:",
        )
        .replace("p-1, p-2]", "p-1, p-2, p-3]");
    folder.write("people.yaml", &more);
    eventually("the consent is void", || !pause().is_empty());
    assert_eq!(accounts(&served), 0);
    authorize(&folder, &flags);
    eventually("the third account", || accounts(&served) == 1);
    eventually("nothing is paused", || pause().is_empty());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn the_address_may_be_pasted() {
    let (folder, served) = site();
    let flags = format!("--config config.yaml --sandbox={}", served.root);
    for (spoil, code) in [(true, Some(1)), (false, Some(0))] {
        let mut child = folder.start(&format!("authorize wiki --paste {flags}"));
        let (page, output) = page(&mut child);
        let back = consent(&page);
        let text = if spoil {
            back.replace("state=", "state=x")
        } else {
            back
        };
        let mut input = child.stdin.take().expect("a pipe");
        writeln!(input, "{text}").expect("pasted");
        let said = rest(output);
        assert_eq!(child.wait().expect("it ends").code(), code, "{said}");
    }
    let synced = folder.rollcall(&format!("sync {flags}")).told();
    assert!(synced.contains("2 done, 0 not"), "{synced}");
}

#[test]
fn what_cannot_be_consented_to_is_told() {
    let folder = with("{ bearer: { file: token } }", AUTH);
    let told = |arguments: &str| {
        folder
            .rollcall(&format!("authorize {arguments} --config config.yaml"))
            .told()
    };
    assert_snapshot!(told("wiki --sandbox"), @r#"
    -- stderr
    error: a sandbox in this process ends with it, and the consent with the sandbox
      hint: serve one with `rollcall sandbox`, and name it: --sandbox=URL
    -- exit 1
    "#);
    assert_snapshot!(told("wike"), @r#"
    -- stderr
    error: there is no target `wike`
      hint: the config has: wiki
    -- exit 1
    "#);
    let open = told("wiki --listen 0.0.0.0:0 --sandbox=http://127.0.0.1:9");
    assert!(
        open.contains("--listen 0.0.0.0:0 can be reached from other machines"),
        "{open}"
    );
    let bearer = with("people.yaml", "people.yaml");
    let needless = bearer
        .rollcall("authorize wiki --config config.yaml")
        .told();
    assert!(
        needless.contains("error: wiki needs no consent: its `auth:` says otherwise"),
        "{needless}"
    );
    // Copies in the process know a consent that was given before.
    let synced = folder
        .rollcall("sync --sandbox --config config.yaml")
        .told();
    assert!(synced.contains("2 done, 0 not"), "{synced}");
    let page = authorize_url(&IN_PROCESS.parse().expect("a URL"), &"wiki".into());
    assert!(page.as_str().ends_with("/wiki/oauth2/authorize"));
}
