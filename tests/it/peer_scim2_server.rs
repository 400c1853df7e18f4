//! The real program against scim2-server, a strict SCIM server that nobody here wrote.
//!
//! Promises that the standard changes of a directory reach a server that does all that the RFCs ask
//! for. `tests/run` installs the server and names it in `ROLLCALL_TEST_SCIM2_SERVER`. Leaves the changes
//! to [`crate::peer`] and quirks to the profiles.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use rollcall::clock::Clock;
use serde_json::Value as Json;

use crate::company::Company;
use crate::peer::{Peer, Story};
use crate::served::{Leashed, get};

const CONFIG: &str = r#"
sources:
  hq: { file: { users: users.csv, groups: groups.csv }, absent_for: 0s }
targets:
  peer:
    connector: scim
    base_url: ROOT/v2
    auth: { bearer: { file: token } }
    assign: everyone
    groups: { push: ["Team *"], gone: delete }
    leavers: { deleted: delete }
    override: { rates: { buckets: [] } }
"#;

/// The same with what a probe has found out.
const PROBED: &str = r#"
connectors: connectors
sources:
  hq: { file: { users: users.csv, groups: groups.csv }, absent_for: 0s }
targets:
  peer:
    connector: probed
    base_url: ROOT/v2
    auth: { bearer: { file: token } }
    assign: everyone
    groups: { push: ["Team *"], gone: delete }
    leavers: { deleted: delete }
    override: { rates: { buckets: [] } }
"#;

const TOKEN: &str = "a-token-for-a-test";

#[tokio::test]
#[ignore = "needs scim2-server: run ./tests/run"]
async fn a_server_that_nobody_here_wrote_is_kept_in_line() {
    let server = Scim2Server::start().await;
    let mut story = Story::begin(server, CONFIG, Company::of(300, 20));
    story.keep_secret("token", TOKEN);
    story.live_through_the_standard_changes();
    story.tell("scim2-server");
}

#[tokio::test]
#[ignore = "needs scim2-server: run ./tests/run"]
async fn a_probe_gives_the_connector_it_is_kept_in_line_with() {
    let server = Scim2Server::start().await;
    let mut story = Story::begin(server, PROBED, Company::of(300, 20));
    story.keep_secret("token", TOKEN);
    let connector = story.probe("/v2", &[]);
    for line in [
        "extends: scim",
        "evidence: probed",
        "  etags: send  # seen twice",
    ] {
        assert!(connector.contains(line), "{connector}");
    }
    story.live_through_the_standard_changes();
    story.tell("scim2-server, as probed");
}

struct Scim2Server {
    root: String,
    _process: Leashed,
}

impl Scim2Server {
    async fn start() -> Self {
        let server = std::env::var("ROLLCALL_TEST_SCIM2_SERVER")
            .expect("ROLLCALL_TEST_SCIM2_SERVER says where scim2-server is; ./tests/run sets it");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let child = Command::new(server)
            .args(["--hostname", "127.0.0.1", "--bearer-token", TOKEN])
            .args(["--port", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Self {
            root: format!("http://{address}"),
            _process: Leashed(child.expect("scim2-server starts")),
        };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&self) {
        for _ in 0..300 {
            let path = "/v2/ServiceProviderConfig";
            if let Ok((200, _)) = get(&self.root, path, Some(TOKEN)) {
                return;
            }
            Clock::System.sleep(Duration::from_millis(100)).await;
        }
        panic!("scim2-server does not answer at {} after 30 s", self.root);
    }
}

impl Peer for Scim2Server {
    /// Page by page, as it likes.
    fn list(&self, kind: &str) -> Vec<Json> {
        let mut all = Vec::new();
        loop {
            let path = format!("/v2/{kind}?startIndex={}&count=100", all.len() + 1);
            let (status, page) = get(&self.root, &path, Some(TOKEN)).expect("it answers");
            assert_eq!(status, 200, "{page}");
            let rows = page["Resources"].as_array().cloned().unwrap_or_default();
            if rows.is_empty() {
                return all;
            }
            all.extend(rows);
        }
    }

    fn root(&self) -> &str {
        &self.root
    }
}
