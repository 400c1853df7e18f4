//! Conversations about groups: made, renamed, their members moved, and what an app may answer.

use std::collections::BTreeSet;

use super::{PATCH, id, profile, putting};
use crate::connector::scim::script::{Script, connector};
use crate::connector::{Apply, Direction, GroupMember, Observe};
use crate::core::fault::{Effect, FaultKind};
use crate::core::profile::{ErrorRule, GroupModel, Meaning, Profile, UpdateForm};

const SHOWN: &str =
    r#"{"id":"g1","displayName":"Staff","members":[{"value":"7","x": 1.0}],"meta":{}}"#;

fn member(id: &str) -> GroupMember {
    GroupMember {
        id: id.into(),
        display: format!("{id}@x").into(),
    }
}

#[tokio::test]
async fn groups_are_listed_and_found_by_name() {
    let body = r#"{"totalResults":2,"Resources":[{"id":"g1","displayName":"Staff","members":[{"value":"7"}]},{"id":"g2","displayName":"Staffing"}]}"#;
    let script = Script::of(&[(200, body), (200, body)]);
    let app = connector(&script, profile());
    assert_eq!(app.groups().await.expect("groups").len(), 2);
    let found = app.find_groups("staff", None).await.expect("groups");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].members, Some(BTreeSet::from([id("7")])));
    assert_eq!(
        script.lines(),
        [
            "GET /scim/v2/Groups?startIndex=1&count=100",
            "GET /scim/v2/Groups?filter=displayName%20eq%20%22staff%22&startIndex=1&count=100",
        ]
    );
}

#[tokio::test]
async fn groups_that_cannot_be_filtered_are_listed() {
    let body = r#"{"totalResults":1,"Resources":[{"id":"g1","displayName":"Staff"}]}"#;
    for status in [400, 501] {
        let script = Script::of(&[(status, ""), (200, body)]);
        let found = connector(&script, profile())
            .find_groups("Staff", None)
            .await
            .expect("groups");
        assert_eq!(found.len(), 1);
        assert_eq!(
            script.lines()[1],
            "GET /scim/v2/Groups?startIndex=1&count=100"
        );
    }
    let script = Script::of(&[(404, "{}")]);
    assert!(
        connector(&script, profile())
            .find_groups("Staff", None)
            .await
            .expect("none")
            .is_empty()
    );
}

#[tokio::test]
async fn a_group_is_made_empty() {
    const MADE: &str = r#"POST /scim/v2/Groups {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Staff","externalId":"hq-1"}"#;
    let shown = r#"{"id":"g1","displayName":"Staff"}"#;
    let script = Script::of(&[(201, shown)]);
    let group = connector(&script, profile())
        .create_group("Staff", "hq-1", &[])
        .await
        .expect("made");
    assert_eq!(group.id.as_str(), "g1");
    assert_eq!(script.lines(), [MADE]);

    let mut plain = profile();
    plain.groups.external_id = false;
    let script = Script::of(&[
        (201, ""),
        (
            200,
            &format!(r#"{{"totalResults":1,"Resources":[{shown}]}}"#),
        ),
    ]);
    let group = connector(&script, plain)
        .create_group("Staff", "hq-1", &[])
        .await
        .expect("made");
    assert_eq!(group.id.as_str(), "g1");
    assert_eq!(
        script.lines()[0],
        MADE.replace(r#","externalId":"hq-1""#, "")
    );

    let script = Script::of(&[(201, ""), (200, shown)]).head("location", "/scim/v2/Groups/g1");
    connector(&script, profile())
        .create_group("Staff", "hq-1", &[])
        .await
        .expect("made");
    assert_eq!(script.lines()[1], "GET /scim/v2/Groups/g1");

    let script = Script::of(&[(201, "{}"), (200, r#"{"totalResults":0}"#)]);
    let fault = connector(&script, profile())
        .create_group("Staff", "", &[])
        .await
        .expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Garbled, Effect::Unknown)
    );
}

#[tokio::test]
async fn a_group_is_renamed_by_id_and_keeps_its_members() {
    let script = Script::of(&[(204, "")]);
    connector(&script, profile())
        .rename_group(&id("g1"), "Crew")
        .await
        .expect("renamed");
    assert_eq!(
        script.lines(),
        [format!(
            r#"PATCH /scim/v2/Groups/g1 {PATCH}[{{"op":"replace","path":"displayName","value":"Crew"}}]}}"#
        )]
    );
    let script = Script::of(&[
        (
            200,
            r#"{"id":"g1","displayName":"Staff","members":[{"value":"7","x": 1.0}],"meta":{}}"#,
        ),
        (200, "{}"),
    ]);
    connector(&script, putting())
        .rename_group(&id("g1"), "Crew")
        .await
        .expect("renamed");
    assert_eq!(
        script.lines()[1],
        r#"PUT /scim/v2/Groups/g1 {"id":"g1","displayName":"Crew","members":[{"value":"7","x": 1.0}]}"#
    );
}

#[tokio::test]
async fn a_rename_that_would_empty_the_group_is_not_sent() {
    let mut profile = putting();
    profile.groups.members_readable = false;
    let script = Script::of(&[]);
    let fault = connector(&script, profile)
        .rename_group(&id("g1"), "Crew")
        .await
        .expect_err("a fault");
    assert_eq!(
        fault.to_string(),
        "the app cannot do this: it takes only PUT for groups and does not show all members, so that \
         a PUT would take the others out; nothing was sent: change the group in the app"
    );
}

#[tokio::test]
async fn an_app_without_groups_is_not_asked_for_them() {
    let mut profile = profile();
    profile.groups.model = GroupModel::None;
    let script = Script::of(&[]);
    let app = connector(&script, profile);
    assert!(app.groups().await.expect("none").is_empty());
    assert!(
        app.find_groups("Staff", None)
            .await
            .expect("none")
            .is_empty()
    );
    let fault = app
        .create_group("Staff", "", &[])
        .await
        .expect_err("a fault");
    assert_eq!(
        fault.to_string(),
        "the app cannot do this: the profile says that it has no groups; nothing was sent"
    );
    assert_eq!(
        app.delete_group(&id("g1")).await.expect_err("a fault").kind,
        FaultKind::Unsupported
    );
    assert!(script.lines().is_empty());
}

#[tokio::test]
async fn members_go_in_and_out_and_no_others() {
    let script = Script::of(&[(204, ""), (200, "")]);
    let app = connector(&script, profile());
    let members = [member("7"), member("8")];
    app.move_members(&id("g1"), Direction::In, &members)
        .await
        .expect("in");
    app.move_members(&id("g1"), Direction::Out, &members)
        .await
        .expect("out");
    app.move_members(&id("g1"), Direction::In, &[])
        .await
        .expect("nothing to do");
    assert_eq!(
        script.lines(),
        [
            format!(
                r#"PATCH /scim/v2/Groups/g1 {PATCH}[{{"op":"add","path":"members","value":[{{"value":"7"}},{{"value":"8"}}]}}]}}"#
            ),
            format!(
                r#"PATCH /scim/v2/Groups/g1 {PATCH}[{{"op":"remove","path":"members[value eq \"7\"]"}},{{"op":"remove","path":"members[value eq \"8\"]"}}]}}"#
            ),
        ]
    );
}

#[tokio::test]
async fn a_group_may_bring_its_first_members_along() {
    let mut plain = profile();
    plain.groups.member_display = true;
    let script = Script::of(&[(201, SHOWN)]);
    let made = connector(&script, plain)
        .create_group("Staff", "hq-1", &[member("7")])
        .await
        .expect("made");
    assert_eq!(made.members, Some(BTreeSet::from([id("7")])));
    assert_eq!(
        script.lines(),
        [
            r#"POST /scim/v2/Groups {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Staff","externalId":"hq-1","members":[{"value":"7","display":"7@x"}]}"#
        ]
    );
}

#[tokio::test]
async fn an_app_of_put_alone_gets_the_whole_group_with_what_is_foreign_in_it() {
    let script = Script::of(&[(200, SHOWN), (200, "{}"), (200, SHOWN), (200, "{}")]);
    let app = connector(&script, putting());
    for direction in [Direction::In, Direction::Out] {
        let members = match direction {
            Direction::In => [member("7"), member("8")],
            Direction::Out => [member("7"), member("9")],
        };
        app.move_members(&id("g1"), direction, &members)
            .await
            .expect("moved");
    }
    assert_eq!(
        script.lines(),
        [
            "GET /scim/v2/Groups/g1",
            r#"PUT /scim/v2/Groups/g1 {"id":"g1","displayName":"Staff","members":[{"value":"7","x": 1.0},{"value":"8"}]}"#,
            "GET /scim/v2/Groups/g1",
            r#"PUT /scim/v2/Groups/g1 {"id":"g1","displayName":"Staff","members":[]}"#,
        ]
    );
    assert_eq!(
        app.portion(Direction::In, &[member("7"), member("8")]),
        2,
        "a whole group is not cut"
    );
}

#[tokio::test]
async fn a_put_that_changes_nothing_is_not_sent() {
    let script = Script::of(&[(200, SHOWN)]);
    connector(&script, putting())
        .move_members(&id("g1"), Direction::In, &[member("7")])
        .await
        .expect("in already");
    assert_eq!(script.lines(), ["GET /scim/v2/Groups/g1"]);
}

#[tokio::test]
async fn a_501_to_a_patch_is_followed_by_put_and_remembered() {
    let script = Script::of(&[
        (501, ""),
        (200, SHOWN),
        (200, "{}"),
        (200, SHOWN),
        (200, "{}"),
    ]);
    let app = connector(&script, profile());
    app.move_members(&id("g1"), Direction::In, &[member("8")])
        .await
        .expect("in");
    app.rename_group(&id("g1"), "Crew").await.expect("renamed");
    let methods: Vec<String> = script
        .requests()
        .iter()
        .map(|request| request.method.to_string())
        .collect();
    assert_eq!(methods, ["PATCH", "GET", "PUT", "GET", "PUT"]);
}

#[tokio::test]
async fn a_501_stands_where_a_put_would_take_members_out() {
    for hide in [
        (|profile: &mut Profile| profile.groups.members_readable = false) as fn(&mut Profile),
        |profile| profile.groups.hides_inactive = true,
    ] {
        let mut profile = profile();
        hide(&mut profile);
        let script = Script::of(&[(501, r#"{"detail":"no PATCH here"}"#)]);
        let fault = connector(&script, profile)
            .move_members(&id("g1"), Direction::In, &[member("8")])
            .await
            .expect_err("a fault");
        assert_eq!(
            fault.to_string(),
            "the app cannot do this (501): no PATCH here"
        );
        assert_eq!(script.lines().len(), 1);
    }
}

#[tokio::test]
async fn an_app_that_does_not_change_groups_is_not_asked_to() {
    let mut profile = profile();
    profile.groups.update = UpdateForm::None;
    let script = Script::of(&[]);
    let fault = connector(&script, profile)
        .rename_group(&id("g1"), "Crew")
        .await
        .expect_err("a fault");
    assert_eq!(
        fault.to_string(),
        "the app cannot do this: the profile says that its groups cannot be changed; nothing was sent"
    );
    assert!(script.lines().is_empty());
}

#[tokio::test]
async fn each_refusal_of_a_group_has_its_kind_and_its_effect() {
    use Effect::{None, Unknown};
    for (status, kind, effect) in [
        (400, FaultKind::Rejected, None),
        (404, FaultKind::Missing, None),
        (409, FaultKind::Conflict, None),
        (412, FaultKind::Rejected, None),
        (413, FaultKind::Rejected, None),
        (429, FaultKind::Throttled, None),
        (500, FaultKind::Unavailable, Unknown),
        (503, FaultKind::Unavailable, Unknown),
    ] {
        let script = Script::of(&[(status, "{}"), (status, "{}"), (status, "{}")]);
        let app = connector(&script, profile());
        let moved = app
            .move_members(&id("g1"), Direction::In, &[member("8")])
            .await
            .expect_err("a fault");
        assert_eq!(
            (moved.kind, moved.effect, moved.status),
            (kind, effect, Some(status))
        );
        let made = app
            .create_group("Staff", "", &[])
            .await
            .expect_err("a fault");
        assert_eq!((made.kind, made.effect), (kind, effect));
        let deleted = app.delete_group(&id("g1")).await;
        assert_eq!(deleted.is_ok(), status == 404, "{status}");
    }
}

#[tokio::test]
async fn a_rule_of_the_profile_says_what_a_refusal_of_a_group_means() {
    let mut profile = profile();
    profile.errors.push(ErrorRule {
        status: Some(412),
        says: Some("exists".into()),
        means: Meaning::Conflict,
    });
    let script = Script::of(&[(412, r#"{"message":"a team of this name EXISTS"}"#)]);
    let fault = connector(&script, profile)
        .create_group("Staff", "", &[])
        .await
        .expect_err("a fault");
    assert_eq!(
        fault.to_string(),
        "the app has another one with the same unique value (412): a team of this name EXISTS"
    );
}

#[tokio::test]
async fn a_group_is_looked_up_by_our_key_before_its_name() {
    let row = r#"{"id":"g1","displayName":"Old","externalId":"hq-1"}"#;
    let found = format!(r#"{{"totalResults":1,"Resources":[{row}]}}"#);
    let script = Script::of(&[(200, &found)]);
    let groups = connector(&script, profile())
        .find_groups("Staff", Some("hq-1"))
        .await
        .expect("groups");
    assert_eq!(groups[0].id, id("g1"));
    assert_eq!(
        script.lines(),
        ["GET /scim/v2/Groups?filter=externalId%20eq%20%22hq-1%22&startIndex=1&count=100"]
    );
    // A filter that is ignored, then one that is refused: what comes is compared, and read whole.
    let others = r#"{"totalResults":1,"Resources":[{"id":"g9","displayName":"Staff"}]}"#;
    let script = Script::of(&[(200, others), (400, ""), (200, others)]);
    let groups = connector(&script, profile())
        .find_groups("staff", Some("hq-1"))
        .await
        .expect("groups");
    assert_eq!(groups[0].id, id("g9"));
    assert_eq!(script.lines().len(), 3);
}

#[tokio::test]
async fn a_group_is_read_by_its_id() {
    let script = Script::of(&[(200, SHOWN), (404, "")]);
    let app = connector(&script, profile());
    let group = app.group(&id("g1")).await.expect("read").expect("there");
    assert_eq!(group.members, Some(BTreeSet::from([id("7")])));
    assert_eq!(app.group(&id("g2")).await.expect("read"), None);
}
