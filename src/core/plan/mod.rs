//! The plan of one target: what has to change so that the app holds what it should.
//!
//! Promises the same plan for the same input, byte for byte, in the order in which it is carried
//! out: adoptions, leavers, joiners (managers first), movers, groups. Leaves to [`super::guard`]
//! what of it is too much, and to the engine doing it.
//!
//! ```text
//! user is        link        account      →  change
//! active         –           –               create
//! active         –           one fits        adopt, and update or reactivate
//! active         –           several fit     parked
//! active         yes         active          update, if anything differs
//! active         yes         inactive        reactivate (or create, or parked: target and profile say)
//! active         yes         gone            create again, under the guard
//! out            –           fits, disabled  adopt and deactivate
//! out            –           fits, other     reported
//! out            yes         active          deactivate, then delete, as `leavers:` says
//! unclear        any         any             parked; access stays as it is
//! missing        yes         any             waits until the absence is sure
//! –              –           any             orphan: reported, never touched
//! ```

mod attributes;
mod content;
mod dependence;
pub mod evenness;
mod followed;
mod groups;
pub mod inventory;
mod leavers;
mod pinned;
mod pushed;
mod references;
mod relearn;
pub mod reversal;
mod skipped;
mod standing;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::account::{Account, AppGroup};
use super::attribute::AttrName;
use super::change::{ActionKind, Change, Reason, Subject};
use super::correlate::{Known, Match, correlate, recover, was_made_with};
use super::desired::{Desired, Wanted};
use super::fingerprint::FingerprintKey;
use super::hex;
use super::key::{GroupKey, RemoteId, TargetName, UserKey};
use super::link::{GroupLink, JobState, Link};
use super::memory::{TargetState, Verdict};
use super::pin::{Pin, Pinned};
use super::profile::{Profile, Reactivation, UpdateForm};
use super::reading::{Absence, Reading};
use super::rules::Rules;
use super::settle::{Pending, existence};

pub use content::content;
pub use dependence::{creates, may_make, moves, referred};
pub(crate) use dependence::{leaver, returns, without_accounts, without_removals};
pub(crate) use groups::name_attribute;
pub use pinned::Spared;
pub(crate) use pushed::is_managed;
pub use skipped::Skipped;
pub use users::mapped_prints;

/// All that a plan is made of.
pub struct Input<'a> {
    /// What decides about the target.
    pub rules: &'a Rules,
    /// What everybody should have, sorted by user.
    pub desired: &'a [Desired],
    /// What the sources hold.
    pub readings: &'a [Reading],
    /// What we remember.
    pub state: &'a TargetState,
    /// What the app holds, if it was read.
    pub observed: Option<&'a Observed>,
    /// Linked users whom no reading holds.
    pub absent: &'a BTreeMap<UserKey, Absence>,
    /// The key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// The time of the plan.
    pub now: Timestamp,
}

impl Input<'_> {
    /// Does the app say that it does not have this account or group any more?
    fn is_gone(&self, id: &RemoteId) -> bool {
        self.observed
            .is_some_and(|observed| observed.gone.contains(id))
    }
}

/// What the app holds.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Every account it lists, and those it does not list but shows when asked for by id.
    pub accounts: Vec<Account>,
    /// Every group it lists.
    pub groups: Vec<AppGroup>,
    /// Linked accounts and groups that it says it does not have.
    pub gone: BTreeSet<RemoteId>,
    /// Those that it does not have yet: made so lately that it need not show them.
    pub unseen: BTreeSet<RemoteId>,
}

impl Observed {
    /// What was made a short while ago and is not shown yet is not gone.
    pub fn settle(&mut self, profile: &Profile, state: &TargetState, now: Timestamp) {
        let links = state
            .links
            .values()
            .filter(|link| link.pending(&existence(), profile, now).is_some())
            .map(|link| &link.id);
        let groups = state
            .groups
            .values()
            .filter(|link| link.pending(profile, now).is_some())
            .map(|link| &link.id);
        for id in links.chain(groups) {
            if self.gone.remove(id) {
                self.unseen.insert(id.clone());
            }
        }
    }
}

/// What a plan rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The app was read.
    Observed,
    /// The links were trusted.
    Remembered,
}

/// The changes of one target, with what a person should know besides.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which target.
    pub target: TargetName,
    /// What it rests on.
    pub basis: Basis,
    /// In the order in which they are carried out.
    pub changes: Vec<Change>,
    /// What the target's `features:` keep from being done.
    pub skipped: Vec<Skipped>,
    /// What an undo has pinned.
    pub pinned: Vec<Spared>,
    /// What waits for a person.
    pub parked: Vec<Parked>,
    /// What waits for a point in time. Not a change.
    pub waiting: Vec<Waiting>,
    /// Accounts that no link explains.
    pub orphans: Vec<Orphan>,
    /// Accounts of users who are not assigned, without a link.
    pub unassigned: Vec<Orphan>,
    /// Names in `assign:` and `groups:` that no source knows.
    pub unknown: Vec<String>,
    /// What was left out.
    pub warnings: Vec<String>,
    /// Accounts that were not compared: the key of the fingerprints was lost, and nobody looked.
    pub unread: usize,
    /// What was learned without a request.
    pub notes: Vec<Note>,
}

/// A change that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// About whom.
    pub subject: Subject,
    /// What a person calls them.
    pub label: Arc<str>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// A change that waits for a point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// About whom.
    pub subject: Subject,
    /// What a person calls them.
    pub label: Arc<str>,
    /// What it is.
    pub what: WaitingFor,
    /// Until when.
    pub until: Timestamp,
}

/// What waits for a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// The user is missing from the source; at this point it counts.
    Absence,
    /// The account will be switched off.
    Deactivation,
    /// The account will be deleted.
    Deletion,
    /// A value that the app did not take is sent again.
    AnotherTry,
    /// A change that failed is tried again.
    Retry,
    /// A write that the app has acknowledged is not seen yet; at this point it counts as not done.
    Sight {
        /// When it was acknowledged.
        since: Timestamp,
    },
}

/// An account that is shown and left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Which account.
    pub id: RemoteId,
    /// What a person calls it.
    pub label: Arc<str>,
    /// May it be used?
    pub active: bool,
}

/// What was learned without a request: kept when the plan is committed, never by a dry run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The link is this now.
    Link(Link),
    /// The account is gone and not wanted any more.
    ForgetUser(UserKey),
    /// The group link is this now.
    Group(GroupLink),
    /// The group is not ours any more.
    ForgetGroup(GroupKey),
    /// The facts of a pin are known now.
    Pin(Pinned, Pin),
    /// The facts have changed since it was pinned.
    Unpin(Pinned),
}

impl Plan {
    /// A plan with nothing in it.
    pub(crate) fn empty(input: &Input<'_>) -> Self {
        Self {
            target: input.rules.target.clone(),
            basis: input
                .observed
                .map_or(Basis::Remembered, |_| Basis::Observed),
            changes: Vec::new(),
            skipped: Vec::new(),
            pinned: Vec::new(),
            parked: Vec::new(),
            waiting: Vec::new(),
            orphans: Vec::new(),
            unassigned: Vec::new(),
            unknown: Vec::new(),
            warnings: Vec::new(),
            unread: 0,
            notes: Vec::new(),
        }
    }

    /// Somebody waits until a write is seen; said once for each, with the latest time.
    fn wait_for_sight(&mut self, subject: Subject, label: &Arc<str>, pending: Pending) {
        let known = self.waiting.iter_mut().find(|waiting| {
            waiting.subject == subject && matches!(waiting.what, WaitingFor::Sight { .. })
        });
        match known {
            Some(waiting) => waiting.until = waiting.until.max(pending.until),
            None => self.waiting.push(Waiting {
                subject,
                label: Arc::clone(label),
                what: WaitingFor::Sight {
                    since: pending.since,
                },
                until: pending.until,
            }),
        }
    }

    /// Its id: the hash of its changes, twelve characters.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.target.as_str());
        for change in &self.changes {
            hash.update(format!("\n{:?} {:?}", change.subject, change.action));
        }
        hex::encode(&hash.finalize()[..6])
    }

    /// Does something wait that has failed?
    #[must_use]
    pub fn waits_to_retry(&self) -> bool {
        self.waiting
            .iter()
            .any(|waiting| waiting.what == WaitingFor::Retry)
    }

    /// How many changes of each kind; members are counted one by one.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<ActionKind, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts.entry(change.action.kind()).or_default() += change.action.size();
        }
        counts
    }
}

/// Plans one target.
#[must_use]
pub fn plan(input: &Input<'_>) -> Plan {
    let mut plan = Plan {
        unknown: unknown_names(input),
        ..Plan::empty(input)
    };
    let view = View::new(input);
    let standings = standing::stand(&view, &mut plan);
    users::plan_users(&view, &standings, &mut plan);
    references::order(&mut plan.changes);
    without_late_references(input.rules, &mut plan);
    groups::plan_groups(&view, &standings, &mut plan);
    skipped::skip(&view, &mut plan);
    pinned::pin(&view, &mut plan);
    set_aside(&view, &mut plan);
    plan
}

/// Where nothing changes after the create, a reference that closes a circle is never made.
fn without_late_references(rules: &Rules, plan: &mut Plan) {
    if rules.profile.users.update != UpdateForm::None {
        return;
    }
    let warnings = &mut plan.warnings;
    plan.changes.retain(|change| {
        let is_late = change.reason == Reason::LateReference;
        if is_late {
            warnings.push(format!(
                "{}: refers to somebody who refers back, and this app changes nothing of an account \
                 after its create",
                change.label
            ));
        }
        !is_late
    });
}

/// The input, indexed.
pub(crate) struct View<'a> {
    input: &'a Input<'a>,
    accounts: BTreeMap<&'a RemoteId, &'a Account>,
    matches: BTreeMap<UserKey, Match>,
}

impl<'a> View<'a> {
    fn new(input: &'a Input<'a>) -> Self {
        let (accounts, matches) = match input.observed {
            None => (BTreeMap::new(), BTreeMap::new()),
            Some(observed) => (
                observed
                    .accounts
                    .iter()
                    .map(|account| (&account.id, account))
                    .collect(),
                matches(input, observed),
            ),
        };
        Self {
            input,
            accounts,
            matches,
        }
    }

    fn is_protected(&self, account: &Account) -> bool {
        is_protected(self.input, account)
    }

    /// Is the account of this user never to be touched, as far as can be told without its name?
    fn is_left_alone(&self, user: &UserKey) -> bool {
        let Some(link) = self.input.state.links.get(user) else {
            return false;
        };
        let names = [&*user.id, link.id.as_str()];
        self.input.state.ignores_user(user)
            || self.is_passed_over(user)
            || self.input.state.ignores_account(&link.id)
            || names
                .iter()
                .any(|name| self.input.rules.protected.contains(*name))
            || self
                .accounts
                .get(&link.id)
                .is_some_and(|account| self.is_protected(account))
    }

    /// Is it a user of a reading of whom nothing is wanted, since nobody may touch the account?
    pub(crate) fn is_passed_over(&self, user: &UserKey) -> bool {
        let mut readings = self.input.readings.iter();
        let is_read = readings.any(|read| read.source == user.source && read.holds(user));
        is_read && self.desired(user).is_none()
    }

    /// The link of a user, if the account it names is the one that counts.
    fn link(&self, user: &UserKey) -> Option<&'a Link> {
        let link = self.input.state.links.get(user)?;
        (!self.input.is_gone(&link.id) && !self.is_recovered(user)).then_some(link)
    }

    /// Is there an account of this user that a create whose answer was lost has made?
    fn is_recovered(&self, user: &UserKey) -> bool {
        matches!(self.matches.get(user), Some(Match::Recovered { .. }))
    }

    /// Accounts of links that do not count any more, since a request made another one, with whose they
    /// were.
    fn former(&self) -> impl Iterator<Item = (&'a RemoteId, &'a UserKey)> {
        let links = self.input.state.links.values();
        links
            .filter(|link| self.is_recovered(&link.user) && !self.input.is_gone(&link.id))
            .map(|link| (&link.id, &link.user))
    }

    /// What a user of the readings should have.
    fn desired(&self, user: &UserKey) -> Option<&'a Desired> {
        let desired = self.input.desired;
        let at = desired.binary_search_by(|desired| desired.user.cmp(user));
        desired.get(at.ok()?)
    }

    /// Does this user have an account as it should be, so that nothing else of it is kept here?
    fn is_even(&self, user: &UserKey) -> bool {
        self.input.state.even.holds(user)
    }

    /// Do we know that this user should have no active account?
    fn is_out(&self, user: &UserKey) -> bool {
        match self.desired(user) {
            Some(desired) => matches!(desired.wanted, Wanted::Out(_)),
            None => self.input.absent.get(user).is_some_and(Absence::is_known),
        }
    }

    /// What the app shows and what it has acknowledged may differ for so long.
    fn pending(&self, link: &Link, name: &AttrName) -> Option<Pending> {
        link.pending(name, &self.input.rules.profile, self.input.now)
    }

    /// Is an account or group so new that the app does not show it yet?
    fn is_unseen(&self, id: &RemoteId) -> bool {
        self.input
            .observed
            .is_some_and(|observed| observed.unseen.contains(id))
    }
}

fn is_protected(input: &Input<'_>, account: &Account) -> bool {
    input.rules.protects(account) || input.state.ignores_account(&account.id)
}

fn matches(input: &Input<'_>, observed: &Observed) -> BTreeMap<UserKey, Match> {
    let is_free = |user: &UserKey| {
        input
            .state
            .links
            .get(user)
            .is_none_or(|link| observed.gone.contains(&link.id))
    };
    let links = input.state.links.values();
    let mut taken: BTreeMap<&RemoteId, &UserKey> =
        links.map(|link| (&link.id, &link.user)).collect();
    let recovered = recovered(input, observed, &taken);
    taken.extend(
        recovered
            .iter()
            .map(|(user, (account, _))| (&account.id, *user)),
    );
    let unlinked: Vec<&Desired> = input
        .desired
        .iter()
        .filter(|desired| is_free(&desired.user) && !recovered.contains_key(&desired.user))
        .collect();
    let known = Known {
        taken,
        apart: apart(input),
    };
    let mut matches = correlate(
        &input.rules.profile,
        input.rules.reactivation(),
        &unlinked,
        &observed.accounts,
        &known,
    );
    matches.extend(recovered.into_iter().map(|(user, (account, by))| {
        let id = account.id.clone();
        (user.clone(), Match::Recovered { id, by })
    }));
    matches
}

/// Whose a person has said that an account is not.
fn apart<'a>(input: &Input<'a>) -> BTreeSet<(&'a UserKey, &'a RemoteId)> {
    let verdicts = input.state.verdicts.iter();
    verdicts
        .filter_map(|verdict| match verdict {
            Verdict::Apart(user, id) => Some((user, id)),
            Verdict::IgnoredAccount(_) | Verdict::IgnoredUser(_) => None,
        })
        .collect()
}

/// Accounts of creates whose answers were lost, found by what they were sent with: the person may
/// be called otherwise now, or be gone. One that fits two of them is neither's.
fn recovered<'a>(
    input: &Input<'a>,
    observed: &'a Observed,
    taken: &BTreeMap<&RemoteId, &UserKey>,
) -> BTreeMap<&'a UserKey, (&'a Account, AttrName)> {
    let old_ones_count = input.rules.reactivation() != Reactivation::Create;
    let free: Vec<&Account> = observed
        .accounts
        .iter()
        .filter(|account| !taken.contains_key(&account.id))
        .filter(|account| account.active || old_ones_count)
        .filter(|account| !is_protected(input, account))
        .collect();
    let mut found: BTreeMap<&UserKey, (&Account, AttrName)> = BTreeMap::new();
    let mut claims: BTreeMap<&RemoteId, usize> = BTreeMap::new();
    for (user, job) in input.state.doubtful_creates() {
        let revives = job.action == ActionKind::Reactivate;
        if found.contains_key(user) || revives && is_back(input, observed, user) {
            continue;
        }
        let profile = &input.rules.profile;
        // Of somebody who has an account, another one may have been there all the time.
        let fits =
            |account: &&&Account| !revives || was_made_with(profile, input.key, &job.keys, account);
        let free: Vec<&Account> = free.iter().filter(fits).copied().collect();
        if let Some((account, by)) = recover(profile, input.key, &job.keys, &free) {
            *claims.entry(&account.id).or_default() += 1;
            found.insert(user, (account, by));
        }
    }
    found.retain(|_, (account, _)| claims[&account.id] == 1);
    found
}

/// Is the account of a user's link on? Then a POST that was to bring it back has done so, and made none
/// beside it.
fn is_back(input: &Input<'_>, observed: &Observed, user: &UserKey) -> bool {
    let Some(link) = input.state.links.get(user) else {
        return false;
    };
    let mut accounts = observed.accounts.iter();
    accounts.any(|account| account.id == link.id && account.active)
}

/// Names in `assign:` that no source knows.
fn unknown_names(input: &Input<'_>) -> Vec<String> {
    let assignment = &input.rules.assignment;
    let mut groups: BTreeSet<&str> = assignment.group_names().map(|name| &**name).collect();
    let mut users: BTreeSet<&str> = assignment.user_names().map(|name| &**name).collect();
    for reading in input.readings {
        for group in &reading.groups {
            groups.remove(&*group.name);
        }
        for row in reading.broken.iter().filter_map(|row| row.user.as_ref()) {
            users.remove(&*row.id);
        }
        if users.is_empty() {
            continue;
        }
        for user in reading.users.iter() {
            users.remove(&*user.label);
            users.remove(&*user.key.id);
        }
    }
    let mut warnings: Vec<String> = groups
        .into_iter()
        .map(|name| format!("assign: no source has a group `{name}`"))
        .chain(
            users
                .into_iter()
                .map(|name| format!("assign: no source has a user `{name}`")),
        )
        .collect();
    warnings.sort();
    warnings.dedup();
    warnings
}

/// Changes that a person has not yet dealt with are shown as parked, and those that failed a short
/// while ago as waiting; neither is tried again, unless something else is to be sent now.
fn set_aside(view: &View<'_>, plan: &mut Plan) {
    let changes = std::mem::take(&mut plan.changes);
    let mut unmade = BTreeSet::new();
    let users = &view.input.rules.profile.users;
    for change in changes {
        let job = view.input.state.job(&change.subject, change.action.kind());
        match job.map(|job| (&job.state, job.content)) {
            Some((JobState::Parked { reason, hint, .. }, parked))
                if !change.action.sees_out()
                    && parked == content(view.input.key, &change, &view.input.state.links) =>
            {
                unmade.extend(may_make(users, &change).cloned());
                plan.parked.push(Parked {
                    subject: change.subject,
                    label: change.label,
                    reason: reason.clone(),
                    hint: hint.clone(),
                });
            }
            Some((JobState::Due(at) | JobState::InDoubt(at), failed))
                if *at > view.input.now
                    && failed == content(view.input.key, &change, &view.input.state.links) =>
            {
                unmade.extend(may_make(users, &change).cloned());
                plan.waiting.push(Waiting {
                    subject: change.subject,
                    label: change.label,
                    what: WaitingFor::Retry,
                    until: *at,
                });
            }
            _ => plan.changes.push(change),
        }
    }
    without_accounts(&mut plan.changes, &unmade);
    plan.parked
        .sort_by(|one, other| one.subject.cmp(&other.subject));
}

/// Where a user stands with the app, before anything is compared.
pub(crate) enum Standing<'a> {
    /// Has a link, and the account is there as far as we know.
    Linked(&'a Link),
    /// Has none, but this account fits.
    Matched {
        /// Which account.
        account: &'a Account,
        /// By which attribute.
        by: AttrName,
    },
    /// Will get a new account.
    New,
}

/// Everybody who should be active and can be, by user.
pub(crate) type Standings<'a> = BTreeMap<&'a UserKey, Standing<'a>>;

#[cfg(test)]
pub(crate) mod scene;
#[cfg(test)]
mod tests;
