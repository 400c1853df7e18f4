//! The real program against scimmy, whose lists never get past their first twenty rows.
//!
//! Promises that a server which shows the same page for ever is either read whole by another way or
//! not touched at all: nobody gets a second account, and nobody is taken for gone. `tests/run` installs
//! the packages and names their folder in `ROLLCALL_TEST_NODE_PEERS`. Leaves the changes to
//! [`crate::peer`].

use std::fs;

use serde_json::{Value as Json, json};

use crate::company::Company;
use crate::node::OnNode;
use crate::peer::{Peer, Story};
use crate::served::ask;

/// Filters on anything but these find nobody, without a word.
const CONFIG: &str = r#"
sources:
  hq: { file: { users: users.csv, groups: groups.csv }, absent_for: 0s }
targets:
  peer:
    connector: scim
    base_url: ROOT/scim/v2
    auth: { bearer: { file: token } }
    assign: everyone
    groups: { push: ["Team *"], gone: delete }
    leavers: { deleted: delete }
    override:
      rates: { buckets: [] }
      users: { page: 20, filters: [externalId] }
      groups: { page: 20 }
"#;

/// The same with what a probe has found out.
const PROBED: &str = r#"
connectors: connectors
sources:
  hq: { file: { users: users.csv, groups: groups.csv }, absent_for: 0s }
targets:
  peer:
    connector: probed
    base_url: ROOT/scim/v2
    auth: { bearer: { file: token } }
    assign: everyone
    groups: { push: ["Team *"], gone: delete }
    leavers: { deleted: delete }
    override: { rates: { buckets: [] } }
"#;

const TOKEN: &str = "a-token-for-a-test";

#[test]
#[ignore = "needs scimmy: run ./tests/run"]
fn a_server_whose_pages_repeat_is_kept_in_line() {
    let mut story = begin(&[], Company::of(300, 22));
    story.live_through_the_standard_changes();
    story.tell("scimmy");
}

#[test]
#[ignore = "needs scimmy: run ./tests/run"]
fn a_probe_gives_the_connector_it_is_kept_in_line_with() {
    let server = OnNode::start("scimmy.mjs", &[("BEARER", TOKEN)]);
    let mut story = Story::begin(server, PROBED, Company::of(300, 22));
    story.keep_secret("token", TOKEN);
    let few = story.probe("/scim/v2", &[]);
    assert!(
        few.contains("# users.paging: index  # contradictory"),
        "{few}"
    );
    let more = story.probe("/scim/v2", &["--chunk-users", "20"]);
    assert!(more.contains("  page: 20  # seen once"), "{more}");
    assert!(more.contains("Its pages repeat"), "{more}");
    story.live_through_the_standard_changes();
    story.tell("scimmy, as probed");
}

#[test]
#[ignore = "needs scimmy: run ./tests/run"]
fn an_account_beyond_the_first_page_is_found_and_not_made_again() {
    let mut story = begin(&[], Company::of(45, 1));
    for (key, person) in &story.company.people {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("{}@old.example.com", person.uid),
            "externalId": key,
        });
        send(&story, "POST", "/Users", &user);
    }
    let ran = story.sync();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(story.peer.list("Users").len(), 45);
    assert_eq!(story.user("p-0045")["userName"], "user0045");
    story.is_quiet("adoption");
}

#[test]
#[ignore = "needs scimmy: run ./tests/run"]
fn a_member_that_is_there_twice_is_one_member() {
    let mut story = begin(&[], Company::of(6, 6));
    story.step("onboarding", 18, |_| ());
    let group = story.group("Team 3").expect("it was made");
    let member = json!({"value": story.user("p-0003")["id"]});
    let again = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "members", "value": [member]}],
    });
    let path = format!("/Groups/{}", group["id"].as_str().expect("a text"));
    send(&story, "PATCH", &path, &again);
    assert_eq!(story.members("Team 3").len(), 2);
    story.is_quiet("the second copy");
    story.step("somebody leaves a group", 1, |company| {
        company.group("g-03").members.remove("p-0003");
    });
    assert_eq!(story.members("Team 3"), [] as [Json; 0]);
}

#[test]
#[ignore = "needs scimmy: run ./tests/run"]
fn what_it_does_otherwise_is_told_by_a_check() {
    let mut story = begin(&[("FILTERS", "externalId eq")], Company::of(2, 1));
    let told = |story: &Story<OnNode>| {
        let checked = story.home.run("check", &[]);
        assert_eq!((checked.code, &*checked.err), (Some(0), ""), "{checked:?}");
        checked.out.replace(story.peer.root(), "ROOT")
    };
    story.step("onboarding", 4, |_| ());
    insta::assert_snapshot!(told(&story), @r"
    ok config  1 source, 1 target
    ok hq  2 users, 1 group
    ok peer  answers, and has 2 accounts
         · the app ignores startIndex: every page is the first one; lists are read by `id gt` and `sortBy=id`, or not at all
    everything is as it should be
    ");
    let config = fs::read_to_string(story.home.config()).expect("it is there");
    let config = config.replace("[externalId]", "[externalId, userName]");
    fs::write(story.home.config(), config).expect("it is ours");
    insta::assert_snapshot!(told(&story), @r"
    ok config  1 source, 1 target
    ok hq  2 users, 1 group
    ok peer  answers, and has 2 accounts
         · a filter on userName does not find an account that has the value; the profile says that the app takes it, and is followed: write `users: { filters: […] }` without it into the target's `override:`
         · the app ignores startIndex: every page is the first one; lists are read by `id gt` and `sortBy=id`, or not at all
    everything is as it should be
    ");
}

#[test]
#[ignore = "needs scimmy: run ./tests/run"]
fn a_server_that_cannot_be_read_whole_is_left_alone() {
    let mut story = begin(&[("FILTERS", " eq ")], Company::of(20, 1));
    story.step("onboarding", 22, |_| ());
    let stranger = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "somebody.else",
    });
    send(&story, "POST", "/Users", &stranger);
    let before = story.peer.list("Users");

    story.company.hire(21);
    story.company.person("p-0001").title = None;
    story.company.remove("p-0002");
    story.company.write(story.home.path());
    for _ in 0..3 {
        let asked = story.peer.seen(|_| true);
        let ran = story.sync();
        assert_eq!((ran.code, ran.writes()), (Some(1), 0), "{ran:?}");
        assert_eq!(story.peer.seen(|_| true), asked + 5, "{ran:?}");
    }
    let told = story.home.run("sync", &[]);
    assert_eq!(told.err, "");
    insta::assert_snapshot!(told.out, @r"
    hq  20 users, 1 group

    peer  not planned: nothing was changed in this app
    error: the app cannot do this: it sends the same page again, whatever the startIndex, and does not list by id; it says that it has 21, and 20 were seen
      hint: the app is not as its connector says; write what differs into the target's `override:`
    ");
    assert_eq!(story.peer.list("Users"), before);
}

fn begin(settings: &[(&str, &str)], company: Company) -> Story<OnNode> {
    let settings = [settings, &[("BEARER", TOKEN)]].concat();
    let story = Story::begin(OnNode::start("scimmy.mjs", &settings), CONFIG, company);
    story.keep_secret("token", TOKEN);
    story
}

/// A request of somebody else's.
fn send(story: &Story<OnNode>, method: &str, path: &str, body: &Json) {
    let path = format!("/scim/v2{path}");
    let root = story.peer.root();
    let (status, said) = ask(method, root, &path, Some(TOKEN), Some(body)).expect("it answers");
    assert!(matches!(status, 200 | 201), "{status} {said}");
}
