//! Changes worded as PUT (RFC 7644, 3.5.1): the present resource with ours replaced in it.
//!
//! Promises that everything foreign goes back byte for byte, without what no client may write.
//! Leaves reading the present resource to the connector.

use std::collections::BTreeSet;

use super::decode::Unreadable;
use super::due::Due;
use super::members;
use super::node::{Node, Object};
use super::resource;
use crate::connector::{Direction, GroupMember};
use crate::core::account::Account;
use crate::core::fault::Fault;
use crate::core::profile::{GroupRules, Profile};

/// The account with these changes made, and with `activate` switched on.
///
/// # Errors
/// When a value names an account that is not known yet.
pub fn changed(
    present: &Account,
    due: &[Due<'_>],
    activate: bool,
    profile: &Profile,
) -> Result<Object, Fault> {
    let mut resource = writable(present, profile)?;
    for due in due {
        due.apply(&mut resource)?;
        resource::declare(&mut resource, &due.place);
    }
    if activate {
        resource.set("active", Node::Bool(true));
    }
    Ok(resource)
}

/// The account switched on or off, and nothing else changed.
///
/// # Errors
/// When the present resource is none.
pub fn switched(present: &Account, on: bool, profile: &Profile) -> Result<Object, Fault> {
    Ok(writable(present, profile)?.with("active", Node::Bool(on)))
}

/// A group under another name; its members stay as they were read.
pub fn renamed(mut present: Object, name: &str) -> Object {
    present.remove("meta");
    present.with("displayName", Node::text(name))
}

/// A group with members put in, or taken out; whoever else is in it stays as it was read. `None`: it
/// holds the members already, or none of them.
pub fn moved(
    mut present: Object,
    direction: Direction,
    moving: &[GroupMember],
    rules: &GroupRules,
) -> Option<Object> {
    let mut items = present
        .get("members")
        .map(Node::to_items)
        .unwrap_or_default();
    let before = items.len();
    match direction {
        Direction::In => {
            let held: BTreeSet<String> = items.iter().filter_map(id_of).collect();
            let new = moving.iter().filter(|one| !held.contains(one.id.as_str()));
            items.extend(new.map(|one| members::item(one, rules)));
        }
        Direction::Out => {
            let out: BTreeSet<&str> = moving.iter().map(|one| one.id.as_str()).collect();
            items.retain(|item| id_of(item).is_none_or(|id| !out.contains(id.as_str())));
        }
    }
    if items.len() == before {
        return None;
    }
    present.remove("meta");
    present.set("members", Node::List(items));
    Some(present)
}

/// The id in an item of `members`; some apps show the id alone.
fn id_of(item: &Node) -> Option<String> {
    let value = item
        .to_object()
        .and_then(|item| item.get("value")?.scalar());
    value.or_else(|| item.scalar())?.into_text()
}

/// The resource without `meta` and `groups`, which are the app's alone (RFC 7643, 3.1 and 4.1.2),
/// and without what is never shown, since what came in its place is not the value.
fn writable(present: &Account, profile: &Profile) -> Result<Object, Fault> {
    let mut resource = Object::of(&present.raw).ok_or_else(|| Unreadable::NotAnObject.fault())?;
    resource.remove("meta");
    resource.remove("groups");
    for (name, _) in profile
        .attributes
        .iter()
        .filter(|(_, rule)| rule.write_only)
    {
        if name.schema().is_none() && name.sub().is_none() {
            resource.remove(name.head());
        }
    }
    Ok(resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::scim::{decode, due};
    use crate::core::attribute::{AttrChange, Value};
    use crate::core::profile::{AttributeRule, Clearing, Element, ValueKind};

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    const PRESENT: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:x:User"],"id":"1","meta":{"version":"W/1"},"userName":"ana","title":"x","active":false,"emails":[{"value":"h","type":"home","n": 1.50},{"value":"a","type":"work"}],"groups":[{"value":"g"}],"pin":"****","urn:x:User":{"big":12345678901234567890123}}"#;

    fn profile() -> Profile {
        let mut profile = Profile::default();
        let work = Element {
            kind: "work".into(),
            primary: true,
            only: false,
        };
        for (name, rule) in [
            (
                "emails",
                AttributeRule {
                    element: Some(work),
                    ..AttributeRule::default()
                },
            ),
            ("title", AttributeRule::default()),
            (
                "nick",
                AttributeRule {
                    clear: Clearing::Null,
                    ..AttributeRule::default()
                },
            ),
            (
                "pin",
                AttributeRule {
                    write_only: true,
                    ..AttributeRule::default()
                },
            ),
        ] {
            profile.attributes.insert(name.into(), rule);
        }
        let manager = AttributeRule {
            kind: ValueKind::Account,
            ..AttributeRule::default()
        };
        profile
            .attributes
            .insert(format!("{ENTERPRISE}:manager").as_str().into(), manager);
        profile
    }

    fn present(profile: &Profile) -> Account {
        decode::account(
            decode::object(PRESENT.as_bytes()).expect("an object"),
            profile,
        )
        .expect("an account")
    }

    fn put(changes: &[(&str, Option<&str>)], activate: bool) -> String {
        let profile = profile();
        let present = present(&profile);
        let changes: Vec<AttrChange> = changes
            .iter()
            .map(|(name, new)| AttrChange {
                name: (*name).into(),
                old: None,
                new: new.map(Value::text),
            })
            .collect();
        let due = due::due(&changes, &profile, Some(&present));
        let body = changed(&present, &due, activate, &profile).expect("a body");
        String::from_utf8(body.to_bytes()).expect("text")
    }

    #[test]
    fn ours_is_replaced_and_the_rest_goes_back_byte_for_byte() {
        assert_eq!(
            put(&[("emails", Some("b")), ("title", None)], true),
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:x:User"],"id":"1","userName":"ana","active":true,"emails":[{"value":"h","type":"home","n": 1.50},{"value":"b","type":"work"}],"urn:x:User":{"big":12345678901234567890123}}"#
        );
    }

    #[test]
    fn a_new_extension_is_declared_and_a_new_secret_is_sent() {
        let manager = format!("{ENTERPRISE}:manager");
        assert_eq!(
            put(&[("pin", Some("1234")), (&manager, Some("m1"))], false),
            format!(
                r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:x:User","{ENTERPRISE}"],"id":"1","userName":"ana","title":"x","active":false,"emails":[{{"value":"h","type":"home","n": 1.50}},{{"value":"a","type":"work"}}],"urn:x:User":{{"big":12345678901234567890123}},"pin":"1234","{ENTERPRISE}":{{"manager":{{"value":"m1"}}}}}}"#
            )
        );
    }

    const GROUP: &str = r#"{"id":"g","displayName":"Staff","x":{"n": 1.0},"members":[{"value":"7","since":2020},{"value":"8"}],"meta":{}}"#;

    fn moved_group(direction: Direction, ids: &[&str]) -> Option<String> {
        let raw = decode::object(GROUP.as_bytes()).expect("an object");
        let present = Object::of(&raw).expect("an object");
        let members: Vec<GroupMember> = ids
            .iter()
            .map(|id| GroupMember {
                id: (*id).into(),
                display: "Ana".into(),
            })
            .collect();
        let body = moved(present, direction, &members, &GroupRules::default())?;
        Some(String::from_utf8(body.to_bytes()).expect("text"))
    }

    #[test]
    fn a_group_goes_back_whole_with_its_foreign_members_and_fields() {
        assert_eq!(
            moved_group(Direction::In, &["8", "9"]).expect("a body"),
            r#"{"id":"g","displayName":"Staff","x":{"n": 1.0},"members":[{"value":"7","since":2020},{"value":"8"},{"value":"9"}]}"#
        );
        assert_eq!(
            moved_group(Direction::Out, &["8", "9"]).expect("a body"),
            r#"{"id":"g","displayName":"Staff","x":{"n": 1.0},"members":[{"value":"7","since":2020}]}"#
        );
        assert_eq!(moved_group(Direction::In, &["7"]), None);
        assert_eq!(moved_group(Direction::Out, &["9"]), None);
    }

    #[test]
    fn a_deactivation_changes_nothing_but_active() {
        let profile = profile();
        let body = switched(&present(&profile), false, &profile).expect("a body");
        assert_eq!(
            String::from_utf8(body.to_bytes()).expect("text"),
            PRESENT
                .replace(r#""meta":{"version":"W/1"},"#, "")
                .replace(r#""groups":[{"value":"g"}],"#, "")
                .replace(r#""pin":"****","#, "")
        );
    }
}
