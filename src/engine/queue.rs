//! The changes of a run that are still to be done, and which of them may go now.
//!
//! Promises leavers first, then joiners, movers and groups; one change in flight a subject; and that
//! what refers to something waits until that is there and has the id that it keeps. Leaves sending to
//! [`super::apply`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::perform::Look;
use crate::core::change::{Action, ActionKind, Change, Subject};
use crate::core::deed::Sent;
use crate::core::key::UserKey;
use crate::core::plan::{creates, moves, referred};
use crate::core::profile::UserRules;

/// A change that is to be done.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub change: Change,
    /// Tries so far, of this run and those before it.
    pub attempts: u32,
    /// Tries of this run.
    pub tries: u32,
    /// Not before this.
    pub due: Instant,
    /// Why to look before sending a create, if there is a reason.
    pub look_first: Option<Look>,
    /// A person released it.
    pub approved: bool,
    /// The writes of the last try, as far as no line of the journal has them.
    pub sent: Vec<Sent>,
    /// Members who are in doubt only since this run tried it.
    pub doubted: BTreeSet<UserKey>,
    /// Users whose accounts the request names besides those that the change refers to: what an account
    /// holds goes back with a PUT.
    pub carried: BTreeSet<UserKey>,
}

impl Task {
    /// One that nobody has tried, due at that time.
    pub fn new(change: Change, due: Instant) -> Self {
        Self {
            change,
            attempts: 0,
            tries: 0,
            due,
            look_first: None,
            approved: false,
            sent: Vec::new(),
            doubted: BTreeSet::new(),
            carried: BTreeSet::new(),
        }
    }

    /// May a request of it have left already?
    pub fn is_in_doubt(&self) -> bool {
        self.look_first == Some(Look::InDoubt)
    }
}

/// Changes in the order of the plan.
#[derive(Debug, Default)]
pub(super) struct Queue {
    tasks: VecDeque<Task>,
    /// Users whose creates are not finished: what refers to them waits.
    creates: BTreeSet<UserKey>,
    /// Users whose accounts a change that is not finished may give another id, with its rank: what
    /// refers to them goes before it or after it.
    moves: BTreeMap<UserKey, u8>,
    /// What this kind of app does with users.
    users: UserRules,
}

/// The rank of an action: lower ranks go first.
fn rank(kind: ActionKind) -> u8 {
    match kind {
        ActionKind::Adopt | ActionKind::Rekey | ActionKind::AdoptGroup => 0,
        ActionKind::Deactivate | ActionKind::Delete => 1,
        ActionKind::Create | ActionKind::Reactivate => 2,
        ActionKind::Update => 3,
        ActionKind::CreateGroup | ActionKind::RenameGroup | ActionKind::DeleteGroup => 4,
        ActionKind::RemoveMembers => 5,
        ActionKind::AddMembers => 6,
    }
}

impl Queue {
    /// All tasks at once, in order.
    pub fn fill(mut tasks: Vec<Task>, users: &UserRules) -> Self {
        tasks.sort_by_key(|task| rank(task.change.action.kind()));
        let creates = tasks
            .iter()
            .filter_map(|task| creates(&task.change))
            .cloned()
            .collect();
        let moved = |task: &Task| {
            let user = moves(users, &task.change)?;
            Some((user.clone(), rank(task.change.action.kind())))
        };
        Self {
            creates,
            moves: tasks.iter().filter_map(moved).collect(),
            users: users.clone(),
            tasks: tasks.into(),
        }
    }

    /// Puts a task that is to be tried again behind the others of its rank. What it was to do may be
    /// done, so nothing that refers to its account goes before it any more.
    pub fn put_back(&mut self, task: Task) {
        let at = rank(task.change.action.kind());
        if let Some(user) = moves(&self.users, &task.change) {
            self.moves.insert(user.clone(), 0);
        }
        let place = self
            .tasks
            .partition_point(|other| rank(other.change.action.kind()) <= at);
        self.tasks.insert(place, task);
    }

    /// The change is done, or will not be tried again: nothing waits for it any more.
    pub fn finish(&mut self, change: &Change) {
        if let Some(user) = creates(change) {
            self.creates.remove(user);
        }
        if let Some(user) = moves(&self.users, change) {
            self.moves.remove(user);
        }
    }

    /// Has these taken out of a group as well, beside those whom a task takes out already.
    pub fn take_out(&mut self, other: Task) {
        let Action::RemoveMembers { members: others } = &other.change.action else {
            return;
        };
        let subject = &other.change.subject;
        let known = self.tasks.iter_mut().find_map(|task| {
            match (&mut task.change.action, task.change.subject == *subject) {
                (Action::RemoveMembers { members }, true) => Some(members),
                _ => None,
            }
        });
        match known {
            Some(members) => members.extend(others.iter().cloned()),
            None => self.put_back(other),
        }
    }

    /// Takes out every create: nothing waits for them any more in this run.
    pub fn withdraw_creates(&mut self) -> Vec<Task> {
        let tasks = std::mem::take(&mut self.tasks);
        let (creates, others): (VecDeque<Task>, VecDeque<Task>) = tasks
            .into_iter()
            .partition(|task| creates(&task.change).is_some());
        self.tasks = others;
        for task in &creates {
            self.finish(&task.change);
        }
        creates.into()
    }

    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    pub fn into_rest(self) -> Vec<Task> {
        self.tasks.into()
    }

    /// Takes at most `most` tasks that may go at `now`, in order, all of one rank: requests of one wave
    /// overtake each other, and no leaver may be overtaken.
    pub fn take_ready(&mut self, now: Instant, most: usize) -> Vec<Task> {
        let mut busy: BTreeSet<Subject> = BTreeSet::new();
        let mut ready = Vec::new();
        let mut skipped = Vec::new();
        let mut lane = None;
        while ready.len() < most
            && let Some(task) = self.tasks.pop_front()
        {
            let at = rank(task.change.action.kind());
            if lane.is_some_and(|lane| lane != at) {
                skipped.push(task);
                break;
            }
            let first_of_its_subject = busy.insert(task.change.subject.clone());
            if first_of_its_subject && task.due <= now && !self.blocks(&task) {
                lane = Some(at);
                ready.push(task);
            } else {
                skipped.push(task);
            }
        }
        for task in skipped.into_iter().rev() {
            self.tasks.push_front(task);
        }
        ready
    }

    /// Takes the task that was tried least of those that may go at `now`.
    pub fn take_least_tried(&mut self, now: Instant) -> Option<Task> {
        let tasks = self.tasks.iter().enumerate();
        let may_go = tasks.filter(|(_, task)| task.due <= now && !self.blocks(task));
        let (at, _) = may_go.min_by_key(|(_, task)| task.attempts)?;
        self.tasks.remove(at)
    }

    /// How long until a task is due, if any waits for a time.
    pub fn pause(&self, now: Instant) -> Option<Duration> {
        self.tasks
            .iter()
            .map(|task| task.due)
            .filter(|due| *due > now)
            .min()
            .map(|due| due.duration_since(now))
    }

    /// The first task, whatever it waits for: nothing else can go and no time will help.
    pub fn take_first(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// Does the task refer to an account that is still to be made, or whose id may be another one at any
    /// moment? No leaver waits because of what the request carries along.
    fn blocks(&self, task: &Task) -> bool {
        let change = &task.change;
        let at = rank(change.action.kind());
        let fills = at != rank(ActionKind::RemoveMembers);
        let is_own = |user: &UserKey| matches!(&change.subject, Subject::User(own) if own == user);
        let moves = |user: &UserKey| self.moves.get(user).is_some_and(|other| *other <= at);
        if self.creates.is_empty() && self.moves.is_empty() {
            return false;
        }
        let mut carried = task.carried.iter().filter(|_| !change.action.sees_out());
        carried.any(|user| moves(user) && !is_own(user))
            || referred(&change.action).any(|user| {
                (fills && self.creates.contains(user)) || (moves(user) && !is_own(user))
            })
    }
}

#[cfg(test)]
mod tests;
