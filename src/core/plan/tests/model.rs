//! A model of an app that does what it is asked, and of an engine that hears every answer.
//!
//! Promises that after [`obey`] the app holds what the plan says and the state remembers it. Leaves
//! everything that can go wrong to the simulated installation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::core::account::{Account, AppGroup};
use crate::core::attribute::{AttrChange, Attributes, Value};
use crate::core::change::{Action, Change, Subject};
use crate::core::fingerprint::Fingerprints;
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::{GroupLink, Link};
use crate::core::members::Members;
use crate::core::plan::scene::{Scene, account, key};
use crate::core::plan::{Note, creates, name_attribute};

/// The scene after its own plan was carried out.
pub(super) fn obey(scene: &Scene) -> Scene {
    let plan = scene.plan();
    let mut after = scene.clone();
    for note in plan.notes {
        remember(&mut after, note);
    }
    let links = &after.state.links;
    after.state.jobs.retain(|job| match &job.subject {
        Subject::User(user) => !links.contains_key(user),
        Subject::Group(_) => false,
    });
    let mut pending: VecDeque<Change> = plan.changes.into();
    let mut number = 0;
    while let Some(change) = pending.pop_front() {
        number += 1;
        if waits(&change, &pending) {
            pending.push_back(change);
        } else {
            carry_out(&mut after, number, change);
        }
    }
    after
}

/// Does the change refer to an account that is still to be made?
fn waits(change: &Change, pending: &VecDeque<Change>) -> bool {
    let unmade: BTreeSet<&UserKey> = pending.iter().filter_map(creates).collect();
    let refers = |value: &Value| value.account().is_some_and(|user| unmade.contains(user));
    match &change.action {
        Action::Create { attributes } => attributes.values().any(refers),
        Action::Update { attributes } | Action::Reactivate { attributes } => attributes
            .iter()
            .filter_map(|change| change.new.as_ref())
            .any(refers),
        _ => false,
    }
}

/// What was learned without a request is kept.
pub(super) fn remember(scene: &mut Scene, note: Note) {
    let state = &mut scene.state;
    match note {
        Note::Link(link) => {
            state.links.insert(link.user.clone(), link);
        }
        Note::ForgetUser(user) => {
            state.links.remove(&user);
        }
        Note::Group(link) => {
            state.groups.insert(link.group.clone(), link);
        }
        Note::ForgetGroup(group) => {
            state.groups.remove(&group);
        }
        Note::Pin(pinned, pin) => {
            state.pins.insert(pinned, pin);
        }
        Note::Unpin(pinned) => {
            state.pins.remove(&pinned);
        }
    }
}

fn carry_out(scene: &mut Scene, number: usize, change: Change) {
    match change.subject {
        Subject::User(user) => carry_out_user(scene, number, &user, change.action),
        Subject::Group(group) => carry_out_group(scene, number, &group, change.action),
    }
}

fn carry_out_user(scene: &mut Scene, number: usize, user: &UserKey, action: Action) {
    match action {
        Action::Create { attributes } => create(scene, number, user, attributes),
        Action::Update { attributes } => update(scene, user, attributes),
        Action::Reactivate { attributes } => {
            update(scene, user, attributes);
            activate(scene, user, true);
        }
        Action::Deactivate => activate(scene, user, false),
        Action::Delete => delete(scene, user),
        Action::Adopt { id, .. } => assert_eq!(scene.state.links[user].id, id),
        Action::AdoptGroup { .. }
        | Action::Rekey { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::AddMembers { .. }
        | Action::RemoveMembers { .. } => panic!("{action:?} is nothing for a user"),
    }
}

fn create(scene: &mut Scene, number: usize, user: &UserKey, attributes: Attributes) {
    let mut made = account(&format!("new-{number}"), &user.id, true, &[]);
    let mut prints = Fingerprints::new();
    for (name, value) in attributes {
        let value = resolved(scene, value);
        prints.insert(name.clone(), key().of(&name, &value));
        made.attributes.insert(name, value);
    }
    let link = Link {
        user: user.clone(),
        id: made.id.clone(),
        ours: true,
        active: true,
        sent: prints.clone(),
        held: prints,
        refused: BTreeMap::new(),
        left: None,
        unseen: BTreeMap::new(),
    };
    scene.state.links.insert(user.clone(), link);
    let observed = scene.observed.as_mut().expect("the app was read");
    observed.accounts.push(made);
}

/// A reference is sent as the account's id: the order of the plan sees to it that there is one.
fn resolved(scene: &Scene, value: Value) -> Value {
    match value {
        Value::Account(user) => Value::text(scene.state.links[&user].id.as_str()),
        value => value,
    }
}

fn update(scene: &mut Scene, user: &UserKey, changes: Vec<AttrChange>) {
    for change in changes {
        let name = change.name;
        let value = change.new.map(|value| resolved(scene, value));
        let link = scene.state.links.get_mut(user).expect("it is linked");
        link.refused.remove(&name);
        if let Some(value) = &value {
            let print = key().of(&name, value);
            link.sent.insert(name.clone(), print);
            link.held.insert(name.clone(), print);
        } else {
            link.sent.remove(&name);
            link.held.remove(&name);
        }
        let attributes = &mut own_account(scene, user).attributes;
        match value {
            Some(value) => attributes.insert(name, value),
            None => attributes.remove(&name),
        };
    }
}

fn own_account<'s>(scene: &'s mut Scene, user: &UserKey) -> &'s mut Account {
    let id = &scene.state.links[user].id;
    let observed = scene.observed.as_mut().expect("the app was read");
    let mut accounts = observed.accounts.iter_mut();
    accounts
        .find(|account| account.id == *id)
        .expect("nothing is asked of an account that is not there")
}

/// An account that is deleted leaves its groups.
fn delete(scene: &mut Scene, user: &UserKey) {
    let link = scene.state.links.remove(user).expect("it is linked");
    let observed = scene.observed.as_mut().expect("the app was read");
    observed.accounts.retain(|account| account.id != link.id);
    for group in &mut observed.groups {
        let members = group.members.as_mut();
        members.expect("the app shows members").remove(&link.id);
    }
}

fn activate(scene: &mut Scene, user: &UserKey, active: bool) {
    own_account(scene, user).active = active;
    let link = scene.state.links.get_mut(user).expect("it is linked");
    link.active = active;
    if active {
        link.left = None;
    }
}

fn carry_out_group(scene: &mut Scene, number: usize, group: &GroupKey, action: Action) {
    match action {
        Action::CreateGroup { name } => create_group(scene, number, group, &name),
        Action::RenameGroup { new, .. } => {
            own_group(scene, group).name = new.to_string();
            let link = scene.state.groups.get_mut(group).expect("it is linked");
            link.name = key().of(&name_attribute(), &Value::Text(new));
        }
        Action::DeleteGroup => {
            let link = scene.state.groups.remove(group).expect("it is linked");
            let observed = scene.observed.as_mut().expect("the app was read");
            observed.groups.retain(|found| found.id != link.id);
        }
        Action::AddMembers { members } => {
            for member in members {
                let id = scene.state.links[&member.user].id.clone();
                own_members(scene, group).insert(id);
                let link = scene.state.groups.get_mut(group).expect("it is linked");
                link.members.insert(member.user);
            }
        }
        Action::RemoveMembers { members } => {
            for member in members {
                if let Some(link) = scene.state.links.get(&member.user) {
                    let id = link.id.clone();
                    own_members(scene, group).remove(&id);
                }
                let link = scene.state.groups.get_mut(group).expect("it is linked");
                link.members.remove(&member.user);
            }
        }
        Action::AdoptGroup { id } => assert_eq!(scene.state.groups[group].id, id),
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Create { .. }
        | Action::Update { .. }
        | Action::Deactivate
        | Action::Reactivate { .. }
        | Action::Delete => panic!("{action:?} is nothing for a group"),
    }
}

fn create_group(scene: &mut Scene, number: usize, group: &GroupKey, name: &str) {
    let made = AppGroup {
        id: RemoteId::new(format!("new-{number}")),
        name: name.to_owned(),
        external_id: Some(group.id.to_string()),
        members: Some(BTreeSet::new()),
    };
    let link = GroupLink {
        group: group.clone(),
        id: made.id.clone(),
        ours: true,
        name: key().of(&name_attribute(), &Value::text(name)),
        members: Members::default(),
        in_doubt: BTreeSet::new(),
        unseen: None,
    };
    scene.state.groups.insert(group.clone(), link);
    let observed = scene.observed.as_mut().expect("the app was read");
    observed.groups.push(made);
}

fn own_group<'s>(scene: &'s mut Scene, group: &GroupKey) -> &'s mut AppGroup {
    let id = &scene.state.groups[group].id;
    let observed = scene.observed.as_mut().expect("the app was read");
    let mut groups = observed.groups.iter_mut();
    groups
        .find(|found| found.id == *id)
        .expect("nothing is asked of a group that is not there")
}

fn own_members<'s>(scene: &'s mut Scene, group: &GroupKey) -> &'s mut BTreeSet<RemoteId> {
    let members = &mut own_group(scene, group).members;
    members.as_mut().expect("the app shows members")
}
