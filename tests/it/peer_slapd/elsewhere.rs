//! What is on another server, and what comes too late.
//!
//! Promises that nobody whom this server refers to is contacted, and that neither a part which is
//! elsewhere nor an answer that a limit of time has cut takes anybody away. Leaves every other
//! limit to [`super`].

use std::io::ErrorKind;
use std::net::TcpListener;

use super::{Story, words};
use crate::slapd::{BIND, person};

/// A part of the users that is on another server (RFC 3296).
const PART: &str = "ou=far,ou=people,dc=example,dc=com";

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn what_is_elsewhere_and_what_comes_too_late_hurts_nobody() {
    let mut story = Story::begin(20, 10).await;
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    other.set_nonblocking(true).expect("it can be asked");
    let address = other.local_addr().expect("it is bound");
    story.server.change(&format!(
        "dn: {PART}\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\n\
         ou: far\nref: ldap://{address}/{PART}\n"
    ));
    story.is_quiet();
    for number in [4, 5, 6] {
        let dn = person(number);
        story
            .server
            .change(&format!("dn: {dn}\nchangetype: delete\n"));
    }
    story.hurts_nobody("rollcall.yaml", 0, words::ELSEWHERE);
    let status = format!(
        "status --config rollcall.yaml --sandbox={}",
        story.served.root
    );
    let status = story.folder.rollcall(&status).told();
    assert!(
        status.starts_with(
            "source hq  read HH:MM UTC, AGE ago, 17 users, read in part: nobody counts as \
             missing\n"
        ),
        "{status}"
    );
    story
        .server
        .change(&format!("dn: {PART}\nchangetype: delete\n"));
    story.takes("all parts are here again", 3 + 3);
    assert_eq!(story.active(), 17);
    let knocked = other.accept().map_err(|error| error.kind());
    assert!(matches!(knocked, Err(ErrorKind::WouldBlock)), "{knocked:?}");

    story.server.shut_down();
    story.server.reconfigure(slow);
    story.server.start().await;
    story.is_quiet();
    let dn = person(12);
    story.server.change(&format!(
        "dn: {dn}\nchangetype: modify\nadd: objectClass\nobjectClass: errAuxObject\n-\n\
         add: errOp\nerrOp: search\n-\nadd: errCode\nerrCode: 0\n-\n\
         add: errSleepTime\nerrSleepTime: 7\n"
    ));
    story.hurts_nobody("rollcall.yaml", 3, words::TOO_LATE);
    story.server.change(&format!(
        "dn: {dn}\nchangetype: modify\nreplace: errSleepTime\nerrSleepTime: 0\n"
    ));
    story.is_quiet();
}

/// A search may take five seconds, and sleeps at an entry that says so: by the overlay that slapd has for
/// tests of clients, slapo-retcode(5). It looks at the entry that is bound as, too.
fn slow(text: &str) -> String {
    text.replace(
        "moduleload memberof\n",
        "moduleload memberof\nmoduleload retcode\n",
    )
    .replace("size.prtotal=unlimited\naccess", "size.prtotal=unlimited time=5\naccess")
    .replacen(
        "\naccess to ",
        &format!("\naccess to dn.base=\"{BIND}\" attrs=entry,objectClass by * read\naccess to "),
        1,
    )
    .replacen(
        "overlay memberof\n",
        "overlay retcode\nretcode-parent \"ou=codes,dc=example,dc=com\"\nretcode-indir\noverlay memberof\n",
        1,
    )
}
