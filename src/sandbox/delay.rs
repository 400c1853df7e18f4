//! An app that shows its writes only after a while, as some real ones do for up to an hour.
//!
//! Promises that readers see each resource as it was so long ago, look-ups included, while writers work
//! on the present one. Leaves what is written to the app.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::records::{Record, Records};

/// What readers see.
#[derive(Debug)]
pub(super) struct Delay {
    after: Duration,
    users: Records,
    groups: Records,
    coming: VecDeque<Coming>,
}

/// A resource that will be seen.
#[derive(Debug)]
struct Coming {
    at: Timestamp,
    kind: Kind,
    number: u64,
    record: Option<Record>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    User,
    Group,
}

impl Delay {
    /// Everything there is can be seen; what comes can be so long after.
    pub(super) fn new(after: Duration, users: &Records, groups: &Records) -> Self {
        Self {
            after,
            users: users.clone(),
            groups: groups.clone(),
            coming: VecDeque::new(),
        }
    }

    /// Notes what was written since the last time.
    pub(super) fn note(&mut self, users: &mut Records, groups: &mut Records, now: Timestamp) {
        let at = now.saturating_add(self.after).unwrap_or(now);
        for (kind, records) in [(Kind::User, users), (Kind::Group, groups)] {
            for number in records.take_touched() {
                let record = records.get(number).cloned();
                self.coming.push_back(Coming {
                    at,
                    kind,
                    number,
                    record,
                });
            }
        }
    }

    /// Puts what readers see at `now` in the place of what is there, or back.
    pub(super) fn swap(&mut self, users: &mut Records, groups: &mut Records, now: Timestamp) {
        while let Some(due) = self.coming.pop_front_if(|coming| coming.at <= now) {
            match due.kind {
                Kind::User => self.users.place(due.number, due.record),
                Kind::Group => self.groups.place(due.number, due.record),
            }
        }
        std::mem::swap(users, &mut self.users);
        std::mem::swap(groups, &mut self.groups);
    }
}
