//! Which groups of the directory are pushed, and what their app allows with them.
//!
//! Promises that what an app cannot do with a group is told once a plan and never sent. Leaves the
//! changes that are possible to [`super::groups`].

use std::collections::BTreeMap;

use super::Plan;
use crate::core::key::GroupKey;
use crate::core::profile::{GroupModel, GroupRules, UpdateForm};
use crate::core::reading::Reading;
use crate::core::rules::{Rules, glob};
use crate::core::user::Group;

/// The groups that `groups.push` names, without those that the app itself manages.
pub(super) fn pushed<'a>(
    rules: &Rules,
    readings: &'a [Reading],
    plan: &mut Plan,
) -> BTreeMap<&'a GroupKey, &'a Group> {
    let mut pushed = BTreeMap::new();
    let groups = readings.iter().flat_map(|reading| &reading.groups);
    for group in groups.filter(|group| rules.push.matches(&group.name)) {
        if is_managed(&rules.profile.groups, &group.name) {
            plan.warnings.push(format!(
                "{}: the app manages this group itself, so it is not pushed",
                group.name
            ));
        } else {
            pushed.insert(&group.key, group);
        }
    }
    pushed
}

/// Does the app manage groups of this name itself?
pub(crate) fn is_managed(rules: &GroupRules, name: &str) -> bool {
    let patterns = rules.managed_by_app.iter();
    patterns.into_iter().any(|pattern| glob(pattern, name))
}

/// Does the app make and delete groups for us?
pub(super) fn makes_groups(rules: &GroupRules) -> bool {
    match rules.model {
        GroupModel::Groups | GroupModel::Roles => true,
        GroupModel::None | GroupModel::Fixed => false,
    }
}

/// Does the app delete groups for us?
pub(super) fn deletes_groups(rules: &GroupRules) -> bool {
    makes_groups(rules) && rules.delete
}

/// Can a group be renamed there?
pub(super) fn renames_groups(rules: &GroupRules) -> bool {
    makes_groups(rules) && rules.rename && changes_groups(rules)
}

/// Can a group be changed there at all, once it is made?
pub(super) fn changes_groups(rules: &GroupRules) -> bool {
    match rules.update {
        UpdateForm::Patch | UpdateForm::Put => true,
        UpdateForm::None => false,
    }
}
