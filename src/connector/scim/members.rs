//! Members of groups, put in and taken out by PATCH (RFC 7644, 3.5.2).
//!
//! Promises that only the members named are touched: a list is never emptied and filled again; and
//! that a portion fits the profile's sizes. Leaves cutting into portions to the engine.

use super::filter;
use super::node::{Node, Object};
use super::operation::{Op, Operation, bodies};
use crate::connector::{Direction, GroupMember};
use crate::core::profile::{GroupRules, MemberAddition, MemberRemoval, PatchForm, Profile};

/// The body that moves members, in one request.
pub fn moved(direction: Direction, members: &[GroupMember], profile: &Profile) -> Object {
    let operations = match direction {
        Direction::In => vec![addition(members, &profile.groups)],
        Direction::Out => removals(members, &profile.groups),
    };
    request(&operations)
}

/// The body that renames a group.
pub fn renamed(name: &str, form: PatchForm) -> Object {
    request(&[match form {
        PatchForm::Path => Operation::at(Op::Replace, "displayName", Some(Node::text(name))),
        PatchForm::Object | PatchForm::ObjectEach => {
            Operation::without_path(Object::default().with("displayName", Node::text(name)))
        }
    }])
}

/// The members as a list.
pub fn list(members: &[GroupMember], rules: &GroupRules) -> Node {
    Node::List(members.iter().map(|one| item(one, rules)).collect())
}

/// A member as an element of a list.
pub fn item(member: &GroupMember, rules: &GroupRules) -> Node {
    let item = Object::default().with("value", Node::text(member.id.as_str()));
    if rules.member_display {
        item.with("display", Node::text(&*member.display)).into()
    } else {
        item.into()
    }
}

/// How many members, from the first on, fit into one request: at least one.
pub fn portion(direction: Direction, members: &[GroupMember], profile: &Profile) -> usize {
    let rules = &profile.groups;
    let most = match (direction, rules.remove) {
        (Direction::Out, MemberRemoval::Filter) => {
            rules.chunk.min(profile.users.patch.max_operations)
        }
        (Direction::In, _) | (Direction::Out, MemberRemoval::List | MemberRemoval::Object) => {
            rules.chunk
        }
    };
    let most = most.clamp(1, members.len().max(1));
    let Some(bytes) = profile.http.max_body else {
        return most;
    };
    let fits = |count: usize| {
        moved(direction, &members[..count], profile)
            .to_bytes()
            .len()
            <= bytes
    };
    let (mut fitting, mut beyond) = (1, most + 1);
    while beyond - fitting > 1 {
        let middle = fitting.midpoint(beyond);
        if fits(middle.min(members.len())) {
            fitting = middle;
        } else {
            beyond = middle;
        }
    }
    fitting
}

fn request(operations: &[Operation]) -> Object {
    let mut bodies = bodies(operations, operations.len());
    bodies.pop().unwrap_or_default()
}

fn addition(members: &[GroupMember], rules: &GroupRules) -> Operation {
    let list = list(members, rules);
    match rules.add {
        MemberAddition::List => Operation::at(Op::Add, "members", Some(list)),
        MemberAddition::Object => Operation {
            op: Op::Add,
            path: None,
            value: Some(Object::default().with("members", list).into()),
        },
    }
}

fn removals(members: &[GroupMember], rules: &GroupRules) -> Vec<Operation> {
    let plain = || {
        let values = members.iter().map(|member| {
            let id = Node::text(member.id.as_str());
            Object::default().with("value", id).into()
        });
        Node::List(values.collect())
    };
    match rules.remove {
        MemberRemoval::Filter => members.iter().map(one_out).collect(),
        MemberRemoval::List => vec![Operation::at(Op::Remove, "members", Some(plain()))],
        MemberRemoval::Object => {
            let object = Object::default().with("members", plain());
            vec![Operation::at(Op::Remove, "members", Some(object.into()))]
        }
    }
}

fn one_out(member: &GroupMember) -> Operation {
    let path = format!("members[{}]", filter::equals("value", member.id.as_str()));
    Operation::at(Op::Remove, path, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":"#;

    fn members(ids: &[&str]) -> Vec<GroupMember> {
        ids.iter()
            .map(|id| GroupMember {
                id: (*id).into(),
                display: format!("{id}@x").into(),
            })
            .collect()
    }

    fn shown(direction: Direction, ids: &[&str], change: impl FnOnce(&mut GroupRules)) -> String {
        let mut profile = Profile::default();
        change(&mut profile.groups);
        let body = moved(direction, &members(ids), &profile).to_bytes();
        let text = String::from_utf8(body).expect("text");
        text.strip_prefix(HEAD).expect("a PATCH").to_owned()
    }

    #[test]
    fn members_are_added_in_one_operation_in_the_form_that_the_profile_says() {
        assert_eq!(
            shown(Direction::In, &["a", "b"], |_| ()),
            r#"[{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}]}"#
        );
        assert_eq!(
            shown(Direction::In, &["a"], |rules| {
                rules.add = MemberAddition::Object;
                rules.member_display = true;
            }),
            r#"[{"op":"add","value":{"members":[{"value":"a","display":"a@x"}]}}]}"#
        );
    }

    #[test]
    fn members_are_taken_out_one_by_one_or_by_a_list_or_an_object() {
        assert_eq!(
            shown(Direction::Out, &["a", "b\""], |rules| rules
                .member_display =
                true),
            r#"[{"op":"remove","path":"members[value eq \"a\"]"},{"op":"remove","path":"members[value eq \"b\\\"\"]"}]}"#
        );
        assert_eq!(
            shown(Direction::Out, &["a", "b"], |rules| rules.remove =
                MemberRemoval::List),
            r#"[{"op":"remove","path":"members","value":[{"value":"a"},{"value":"b"}]}]}"#
        );
        assert_eq!(
            shown(Direction::Out, &["a"], |rules| rules.remove =
                MemberRemoval::Object),
            r#"[{"op":"remove","path":"members","value":{"members":[{"value":"a"}]}}]}"#
        );
    }

    #[test]
    fn a_portion_is_cut_by_count_and_by_bytes() {
        let ids = members(&["a", "b", "c", "d", "e"]);
        let mut profile = Profile::default();
        let count = |direction, profile: &Profile| portion(direction, &ids, profile);
        assert_eq!(count(Direction::In, &profile), 5);
        profile.groups.chunk = 4;
        profile.users.patch.max_operations = 3;
        assert_eq!(count(Direction::In, &profile), 4);
        assert_eq!(count(Direction::Out, &profile), 3);
        profile.groups.remove = MemberRemoval::List;
        assert_eq!(count(Direction::Out, &profile), 4);
        let size = |count: usize| {
            moved(Direction::In, &ids[..count], &profile)
                .to_bytes()
                .len()
        };
        for (bytes, expected) in [
            (size(2), 2),
            (size(2) - 1, 1),
            (size(3) - 1, 2),
            (size(4), 4),
            (1_000_000, 4),
            (1, 1),
        ] {
            let mut profile = profile.clone();
            profile.http.max_body = Some(bytes);
            assert_eq!(count(Direction::In, &profile), expected, "{bytes}");
        }
        assert_eq!(portion(Direction::In, &[], &profile), 1);
    }
}
