//! How much is too much, what is held then, and what an approval releases.

mod destroyed;
mod holds;
mod limits;
mod older;
mod rekeyed;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Doubted, DoubtedReading, Reach, Reviewed, may_move, review};
use crate::core::attribute::{AttrChange, Value};
use crate::core::change::{Action, Change, Member, Reason, Subject};
use crate::core::leaver::LeaveCause;
use crate::core::memory::{Approval, TargetState};
use crate::core::plan::Plan;
use crate::core::plan::scene::{Scene, group, hq, link, rules, start, user};
use crate::core::rules::Rules;

const NONE: [&str; 0] = [];

/// An installation and the changes that are to be reviewed.
#[derive(Clone)]
struct Case {
    rules: Rules,
    state: TargetState,
    changes: Vec<Change>,
    doubted: Doubted,
}

/// So many active links, and nothing to do.
fn links(count: usize) -> Case {
    let mut state = TargetState::default();
    for number in 0..count {
        let name = name(number);
        state.links.insert(user(&name), link(&name, &name, &[]));
    }
    Case {
        rules: rules(),
        state,
        changes: Vec::new(),
        doubted: Doubted::new(),
    }
}

fn name(number: usize) -> String {
    format!("u{number:04}")
}

fn change(number: usize, action: Action, reason: Reason) -> Change {
    Change {
        subject: Subject::User(user(&name(number))),
        label: name(number).into(),
        action,
        reason,
    }
}

fn deactivate(number: usize) -> Change {
    let cause = Reason::Left(LeaveCause::Disabled);
    change(number, Action::Deactivate, cause)
}

fn delete(number: usize) -> Change {
    let cause = Reason::Left(LeaveCause::Disabled);
    change(number, Action::Delete, cause)
}

fn title(new: Option<&str>) -> Vec<AttrChange> {
    vec![AttrChange {
        name: "title".into(),
        old: None,
        new: new.map(Value::text),
    }]
}

fn update(number: usize) -> Change {
    let attributes = title(Some("Guard"));
    change(number, Action::Update { attributes }, Reason::Changed)
}

fn create(number: usize, reason: Reason) -> Change {
    let attributes = [].into();
    change(number, Action::Create { attributes }, reason)
}

fn assigned() -> Reason {
    Reason::Assigned {
        by: "everyone".into(),
    }
}

fn of_group(name: &str, action: Action, reason: Reason) -> Change {
    Change {
        subject: Subject::Group(group(name)),
        label: name.into(),
        action,
        reason,
    }
}

fn members(numbers: std::ops::Range<usize>) -> BTreeSet<Member> {
    numbers
        .map(name)
        .map(|name| Member {
            user: user(&name),
            label: name.as_str().into(),
        })
        .collect()
}

fn add_members(name: &str, numbers: std::ops::Range<usize>) -> Change {
    let members = members(numbers);
    of_group(name, Action::AddMembers { members }, Reason::Membership)
}

fn remove_members(name: &str, count: usize) -> Change {
    let members = members(0..count);
    of_group(name, Action::RemoveMembers { members }, Reason::Membership)
}

fn delete_group(name: &str) -> Change {
    of_group(name, Action::DeleteGroup, Reason::NotPushed)
}

impl Case {
    fn changes(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.changes.extend(changes);
        self
    }

    fn leavers(self, count: usize) -> Self {
        self.changes((0..count).map(deactivate))
    }

    fn group(mut self, name: &str, size: usize) -> Self {
        let scene = Scene::new().group_linked(name, "g", &[]);
        let mut link = scene.state.groups[&group(name)].clone();
        link.members = members(0..size).into_iter().map(|m| m.user).collect();
        self.state.groups.insert(group(name), link);
        self
    }

    fn state(mut self, change: impl FnOnce(&mut TargetState)) -> Self {
        change(&mut self.state);
        self
    }

    /// The reading of the source is doubted, under the id `H-doubt`.
    fn doubted(mut self) -> Self {
        let reading = DoubtedReading {
            reach: Reach::Own,
            id: "H-doubt".into(),
            is_grave: false,
            is_approved: false,
        };
        self.doubted.insert(hq(), reading);
        self
    }

    fn doubt(mut self, change: impl FnOnce(&mut DoubtedReading)) -> Self {
        change(self.doubted.get_mut(&hq()).expect("a doubted reading"));
        self
    }

    fn review(&self) -> Reviewed {
        let plan = Plan {
            changes: self.changes.clone(),
            ..Scene::new().plan()
        };
        review(plan, &self.rules, &self.state, &self.doubted, start())
    }

    /// What is held, as `lane: changes, limit`.
    fn held(&self) -> Vec<String> {
        let held = self.review().held;
        held.iter()
            .map(|hold| {
                format!(
                    "{}: {}, limit {}",
                    hold.lane,
                    hold.changes.len(),
                    hold.limit
                )
            })
            .collect()
    }

    /// Keeps what is held as the state does, approved or not.
    fn keep(mut self, approved: bool) -> Self {
        for mut hold in self.review().held {
            hold.approved = approved.then(|| approval(start()));
            self.state.holds.push(hold);
        }
        self
    }
}

fn approval(at: Timestamp) -> Approval {
    Approval {
        at,
        by: "root".into(),
        because: "the branch office closes".into(),
    }
}

fn told(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| format!("{} {}", change.action.kind().word(), change.label))
        .collect()
}
