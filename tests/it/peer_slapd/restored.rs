//! A directory that knows less than before: restored from yesterday, or a replica that lags.

use std::fs;
use std::path::Path;

use super::{Story, words};
use crate::daemon::process::eventually;
use crate::slapd::{Slapd, hired, person, team};

/// What happens after yesterday.
fn today() -> String {
    let staff = "cn=staff,ou=groups,dc=example,dc=com";
    let modify = |dn: &str, how: &str| format!("dn: {dn}\nchangetype: modify\n{how}\n\n");
    let hired = hired(61).replacen("objectClass", "changetype: add\nobjectClass", 1);
    [
        format!("dn: {}\nchangetype: delete\n\n", person(13)),
        hired,
        modify(staff, &format!("add: member\nmember: {}", person(61))),
        modify(&person(11), "replace: title\ntitle: Chief"),
        modify(&person(12), "delete: pwdAccountLockedTime"),
        modify(&person(14), LOCK),
        modify(
            &team(15),
            &format!("delete: member\nmember: {}", person(15)),
        ),
    ]
    .concat()
}

const LOCK: &str = "add: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z";

/// Somebody is locked before yesterday is kept.
async fn yesterday() -> Story {
    let mut story = Story::begin(60, 20).await;
    let lock = format!("dn: {}\nchangetype: modify\n{LOCK}\n", person(12));
    story.server.change(&lock);
    story.takes("a lock", 2);
    story.server.shut_down();
    copy(&story.server.path("db"), &story.server.path("yesterday"));
    story.server.start().await;
    story
}

/// The server holds again what it held yesterday.
async fn restore(server: &mut Slapd) {
    server.shut_down();
    let db = server.path("db");
    fs::remove_dir_all(&db).expect("it can be removed");
    copy(&server.path("yesterday"), &db);
    server.start().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("there is room");
    for file in fs::read_dir(from).expect("it is there") {
        let file = file.expect("it can be read");
        fs::copy(file.path(), to.join(file.file_name())).expect("there is room");
    }
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_database_that_is_restored_from_yesterday_hurts_nobody_until_a_person_says_so() {
    let mut story = yesterday().await;
    story.server.change(&today());
    story.lives_on();
    restore(&mut story.server).await;
    story.does_not_believe("rollcall.yaml", words::OLDER);
    story.goes_back_when_told();
    let title = "replace: title\ntitle: Chief";
    let change = format!("dn: {}\nchangetype: modify\n{title}\n", person(11));
    story.server.change(&change);
    story.takes("a title", 1);
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_server_without_numbers_is_known_by_its_newest_entries() {
    let mut story = yesterday().await;
    let conf = story.server.path("slapd.conf");
    let text = fs::read_to_string(&conf).expect("it was written");
    let rule = "access to attrs=contextCSN by * none\naccess to attrs=userPassword";
    let text = text.replace("access to attrs=userPassword", rule);
    fs::write(&conf, text).expect("it can be written");
    restore(&mut story.server).await;
    story.is_quiet();
    story.server.change(&today());
    story.lives_on();
    restore(&mut story.server).await;
    story.does_not_believe("rollcall.yaml", words::OLDER_ENTRIES);
    story.goes_back_when_told();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_replica_that_lags_hurts_nobody() {
    let mut story = yesterday().await;
    let mut lagging = Slapd::with(60, 20).await;
    lagging.shut_down();
    fs::remove_dir_all(lagging.path("db")).expect("it can be removed");
    copy(&story.server.path("yesterday"), &lagging.path("db"));
    lagging.start().await;
    let both = [&story.server, &lagging].map(|server| {
        let ca = fs::read_to_string(server.path("ca.pem"));
        ca.expect("it was written")
    });
    story.folder.write("ca.pem", &both.concat());
    let (one, other) = (story.server.secure(), lagging.secure());
    story.config("rollcall.yaml", |text| {
        text.replace(&one, &format!("[\"{one}\", \"{other}\"]"))
    });
    story.is_quiet();
    story.server.change(&today());
    story.lives_on();
    story.server.shut_down();
    story.does_not_believe("rollcall.yaml", words::OLDER);
    story.server.start().await;
    story.is_quiet();
    assert_eq!(story.holds(), 0, "the doubt is gone with its cause");
    story.server.shut_down();
    lagging.shut_down();
    fs::remove_dir_all(lagging.path("db")).expect("it can be removed");
    copy(&story.server.path("db"), &lagging.path("db"));
    lagging.start().await;
    story.is_quiet();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_daemon_does_not_believe_yesterday_either_before_and_after_it_starts_again() {
    let mut story = yesterday().await;
    let flags = format!("--config rollcall.yaml --sandbox={}", story.served.root);
    let daemon = story.folder.daemon(&flags);
    let status = || {
        let ended = story
            .folder
            .rollcall(&format!("status {flags} --format json"));
        ended.json()
    };
    let is_at_rest = || {
        let status = status();
        let (source, target) = (&status["sources"][0]["live"], &status["targets"][0]["live"]);
        source["last"].is_string() && target["next"].is_string() && target["phase"] == "idle"
    };
    eventually("it has read, and compared it with the app", is_at_rest);
    story.server.change(&today());
    eventually("the hire is there", || story.accounts().len() == 61);
    eventually("the leaver is off", || {
        story.account("user0013")["active"] == false
    });
    eventually("the member is out", || story.members("team-015") == 2);
    eventually("everything is there", || {
        story.account("user0012")["active"] == true && story.account("user0014")["active"] == false
    });
    story.is_of_today();
    let today = story.served.ask("/_sandbox/app/dump");
    restore(&mut story.server).await;
    eventually("it is held", || story.holds() == 1);
    assert_eq!(story.served.ask("/_sandbox/app/dump"), today);
    daemon.stop();
    let daemon = story.folder.daemon(&flags);
    eventually("it has read, and compared it with the app", is_at_rest);
    assert_eq!(story.holds(), 1);
    assert_eq!(story.served.ask("/_sandbox/app/dump"), today);
    story.approve();
    eventually("it goes on", || {
        story.account("user0011")["title"] == "Title 11"
    });
    daemon.stop();
}
