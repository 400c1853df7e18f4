//! Members of groups, put in and taken out (RFC 7644, 3.5.2).
//!
//! Promises that only the members named are touched: a list is never emptied and filled again.
//! Leaves chunks to the engine, and cuts only what is larger than the profile allows.

use std::collections::BTreeSet;

use super::filter;
use super::node::{Node, Object};
use super::operation::{Op, Operation, bodies};
use crate::core::key::RemoteId;
use crate::core::profile::{MemberRemoval, PatchForm, Profile};

/// The requests that put members into a group.
pub fn added(members: &BTreeSet<RemoteId>, profile: &Profile) -> Vec<Object> {
    lists(members, profile, Op::Add)
}

/// The requests that take members out of a group.
pub fn removed(members: &BTreeSet<RemoteId>, profile: &Profile) -> Vec<Object> {
    match profile.groups.remove {
        MemberRemoval::List | MemberRemoval::Object => lists(members, profile, Op::Remove),
        MemberRemoval::Filter => {
            let operations: Vec<Operation> = members.iter().map(one_out).collect();
            let most = profile.users.patch.max_operations.min(profile.groups.chunk);
            bodies(&operations, most)
        }
    }
}

/// The operation that renames a group.
pub fn rename(name: &str, form: PatchForm) -> Operation {
    match form {
        PatchForm::Path => Operation::at(Op::Replace, "displayName", Some(Node::text(name))),
        PatchForm::Object | PatchForm::ObjectEach => {
            Operation::without_path(Object::default().with("displayName", Node::text(name)))
        }
    }
}

fn one_out(member: &RemoteId) -> Operation {
    let path = format!("members[{}]", filter::equals("value", member.as_str()));
    Operation::at(Op::Remove, path, None)
}

fn lists(members: &BTreeSet<RemoteId>, profile: &Profile, op: Op) -> Vec<Object> {
    let members: Vec<&RemoteId> = members.iter().collect();
    members
        .chunks(profile.groups.chunk.max(1))
        .flat_map(|chunk| {
            let values = chunk.iter().map(|id| {
                Object::default()
                    .with("value", Node::text(id.as_str()))
                    .into()
            });
            let value = Node::List(values.collect());
            bodies(&[Operation::at(op, "members", Some(value))], 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":"#;

    fn ids(ids: &[&str]) -> BTreeSet<RemoteId> {
        ids.iter().map(RemoteId::new).collect()
    }

    fn shown(bodies: &[Object]) -> Vec<String> {
        bodies
            .iter()
            .map(|body| String::from_utf8(body.to_bytes()).expect("text"))
            .map(|text| text.strip_prefix(HEAD).expect("a PATCH").to_owned())
            .collect()
    }

    fn profile(remove: MemberRemoval, chunk: usize, most: usize) -> Profile {
        let mut profile = Profile::default();
        profile.groups.remove = remove;
        profile.groups.chunk = chunk;
        profile.users.patch.max_operations = most;
        profile
    }

    #[test]
    fn members_are_added_in_one_operation() {
        let profile = profile(MemberRemoval::Filter, 2, 1);
        assert_eq!(
            shown(&added(&ids(&["a", "b", "c"]), &profile)),
            [
                r#"[{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}]}"#,
                r#"[{"op":"add","path":"members","value":[{"value":"c"}]}]}"#,
            ]
        );
        assert!(added(&BTreeSet::new(), &profile).is_empty());
    }

    #[test]
    fn members_are_taken_out_one_by_one_or_by_a_list() {
        assert_eq!(
            shown(&removed(
                &ids(&["a", "b\"", "c"]),
                &profile(MemberRemoval::Filter, 100, 2)
            )),
            [
                r#"[{"op":"remove","path":"members[value eq \"a\"]"},{"op":"remove","path":"members[value eq \"b\\\"\"]"}]}"#,
                r#"[{"op":"remove","path":"members[value eq \"c\"]"}]}"#,
            ]
        );
        assert_eq!(
            shown(&removed(
                &ids(&["a", "b"]),
                &profile(MemberRemoval::List, 100, 1)
            )),
            [r#"[{"op":"remove","path":"members","value":[{"value":"a"},{"value":"b"}]}]}"#]
        );
    }
}
