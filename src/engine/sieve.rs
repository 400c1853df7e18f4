//! Sifting: who of all the people a plan that trusts the links has to know.
//!
//! Promises that a plan of those who are kept is the plan of everybody, and that no more than a portion
//! of the others is in memory at a time. Whoever may matter is kept: whoever differs, is spoken of by
//! the outbox, a pin or a verdict, is missing or protected; those whom they refer to, and those who
//! refer to them. Leaves comparing to [`crate::core::plan::evenness`].

mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::World;
use super::propose::window_start;
use super::roster::Roster;
use crate::core::crowd::{Crowd, Person};
use crate::core::desired::{Desired, Judge};
use crate::core::even::Even;
use crate::core::key::{RemoteId, UserKey};
use crate::core::link::{GroupLink, Link};
use crate::core::memory::{TargetState, Verdict};
use crate::core::pin::Pinned;
use crate::core::plan::evenness::{Evenness, evenness};
use crate::core::rules::Rules;
use crate::core::user::Group;
use crate::store::{Span, StoreError};

/// So many accounts of people who are referred to are remembered.
const ACCOUNTS: usize = 16 * 1024;

/// What is remembered of a target, and what is wanted of those who are kept, sorted by user.
pub(super) type Sifted = (TargetState, Vec<Desired>);

/// Sifts everybody; those whom `named` names are kept.
///
/// # Errors
/// When the state cannot be read.
pub(super) async fn sift(
    rules: &Rules,
    roster: &Roster,
    named: &BTreeSet<UserKey>,
    world: World<'_>,
) -> Result<Sifted, StoreError> {
    let since = window_start(world.clock.now());
    let state = world.store.outline(&rules.target, since).await?;
    let mut sieve = Sieve::new(rules, roster, state, named, world);
    sieve.take_everybody().await?;
    sieve.keep_dependents().await?;
    sieve.keep_joined().await?;
    sieve.keep_rekeyed().await?;
    sieve.keep_verified().await?;
    sieve.keep_referred().await?;
    Ok(sieve.finish())
}

/// Those of a target who are kept so far.
struct Sieve<'a> {
    rules: &'a Rules,
    roster: &'a Roster,
    world: World<'a>,
    crowd: Crowd<'a>,
    judge: Judge<'a>,
    /// What is remembered; the links are those that are kept.
    state: TargetState,
    even: Even,
    desired: BTreeMap<UserKey, Desired>,
    /// Of whom something else speaks.
    named: BTreeSet<UserKey>,
    /// The places of those who differ.
    uneven: BTreeSet<u32>,
    /// Who is even as long as whom they refer to is: places.
    edges: Vec<(u32, u32)>,
    accounts: BTreeMap<UserKey, Option<RemoteId>>,
}

impl<'a> Sieve<'a> {
    fn new(
        rules: &'a Rules,
        roster: &'a Roster,
        state: TargetState,
        named: &BTreeSet<UserKey>,
        world: World<'a>,
    ) -> Self {
        Self {
            rules,
            roster,
            world,
            crowd: Crowd::of(&roster.readings).in_portions_of(roster.portion()),
            judge: Judge::new(rules, &roster.readings),
            named: named.iter().cloned().chain(spoken_of(&state)).collect(),
            state,
            even: Even::among(&roster.readings),
            desired: BTreeMap::new(),
            uneven: BTreeSet::new(),
            edges: Vec::new(),
            accounts: BTreeMap::new(),
        }
    }

    /// Goes once along people and links, side by side.
    async fn take_everybody(&mut self) -> Result<(), StoreError> {
        let crowd = self.crowd.clone();
        let mut after: Option<UserKey> = None;
        for portion in crowd.portions() {
            let upto = portion.last().map(|person| person.user.key.clone());
            let links = self.links(after.as_ref(), upto.as_ref()).await?;
            self.take(portion, links).await?;
            after = upto;
        }
        let missing = self.links(after.as_ref(), None).await?;
        self.state.links.extend(missing);
        Ok(())
    }

    async fn links(
        &self,
        after: Option<&UserKey>,
        upto: Option<&UserKey>,
    ) -> Result<BTreeMap<UserKey, Link>, StoreError> {
        let span = Span { after, upto };
        self.world.store.links(&self.rules.target, span).await
    }

    /// Takes people and the links of the same span; links of nobody who is there are kept.
    async fn take(
        &mut self,
        portion: Vec<Person>,
        mut links: BTreeMap<UserKey, Link>,
    ) -> Result<(), StoreError> {
        let moving = self.moving(&portion);
        let desired: Vec<(UserKey, Option<Desired>)> = portion
            .into_iter()
            .map(|person| self.wanted(person))
            .collect();
        self.look_up(&desired, &links).await?;
        for (user, desired) in desired {
            let link = links.remove(&user);
            self.sort(&user, desired, link, moving.contains(&user));
        }
        self.state.links.extend(links);
        Ok(())
    }

    fn wanted(&self, person: Person) -> (UserKey, Option<Desired>) {
        let desired = self.judge.judge(&person);
        let user = person.user.key;
        let desired = desired.filter(|_| !self.state.ignores_user(&user));
        (user, desired)
    }

    /// Passes over whoever is even, or is nothing here; keeps the others.
    fn sort(
        &mut self,
        user: &UserKey,
        desired: Option<Desired>,
        link: Option<Link>,
        is_moving: bool,
    ) {
        let accounts = &self.accounts;
        let account = |user: &UserKey| accounts.get(user).cloned().flatten();
        let is_named = self.named.contains(user)
            || self.roster.is_unsure(user)
            || link
                .as_ref()
                .is_some_and(|link| self.state.ignores_account(&link.id));
        let found = evenness(
            self.rules,
            self.world.key,
            desired.as_ref(),
            link.as_ref(),
            &account,
        );
        match (found, &link) {
            (Evenness::Even(referred), Some(link)) if !is_named && !is_moving => {
                if self.refer(user, &referred) {
                    self.even.insert(user, &link.id);
                    return;
                }
            }
            (Evenness::Nothing, _) if !is_named => return,
            (Evenness::Even(_) | Evenness::Nothing | Evenness::Uneven, _) => {}
        }
        self.uneven.extend(self.place(user));
        self.keep(user, desired, link);
    }

    fn keep(&mut self, user: &UserKey, desired: Option<Desired>, link: Option<Link>) {
        if let Some(desired) = desired {
            self.desired.insert(user.clone(), desired);
        }
        if let Some(link) = link {
            self.state.links.insert(user.clone(), link);
        }
    }

    fn place(&self, user: &UserKey) -> Option<u32> {
        u32::try_from(self.crowd.place(user)?).ok()
    }

    /// Notes whom somebody refers to; false when one of them is not there to be judged.
    fn refer(&mut self, user: &UserKey, referred: &[UserKey]) -> bool {
        let Some(place) = self.place(user) else {
            return false;
        };
        let places: Option<Vec<u32>> = referred.iter().map(|user| self.place(user)).collect();
        let Some(places) = places else {
            return false;
        };
        self.edges
            .extend(places.into_iter().map(|other| (place, other)));
        true
    }

    /// Those of a portion who are to go into a group or out of it, or may have to.
    fn moving(&self, portion: &[Person]) -> BTreeSet<UserKey> {
        let (Some(first), Some(last)) = (portion.first(), portion.last()) else {
            return BTreeSet::new();
        };
        let (first, last) = (&first.user.key, &last.user.key);
        let mut moving = BTreeSet::new();
        for (group, link) in self.pushed() {
            let wanted = group.members.range(first, last);
            let Some(link) = link else {
                moving.extend(wanted);
                continue;
            };
            let in_doubt = link.in_doubt.range::<UserKey, _>(first..=last);
            moving.extend(in_doubt.cloned());
            let acknowledged = link.members.range(first, last);
            if !wanted.clone().eq(acknowledged.clone()) {
                moving.extend(wanted.filter(|user| !link.members.contains(user)));
                moving.extend(acknowledged.filter(|user| !group.members.contains(user)));
            }
        }
        moving
    }

    /// The groups that are pushed, each with its link.
    fn pushed(&self) -> impl Iterator<Item = (&'a Group, Option<&GroupLink>)> {
        let rules = self.rules;
        let readings = self.roster.readings.iter();
        readings
            .flat_map(|reading| &reading.groups)
            .filter(|group| rules.profile.has_groups() && rules.push.matches(&group.name))
            .map(|group| (group, self.state.groups.get(&group.key)))
    }

    /// Looks up the accounts of those who are referred to.
    async fn look_up(
        &mut self,
        desired: &[(UserKey, Option<Desired>)],
        links: &BTreeMap<UserKey, Link>,
    ) -> Result<(), StoreError> {
        if self.accounts.len() > ACCOUNTS {
            self.accounts.clear();
        }
        let mut unknown: BTreeSet<UserKey> = BTreeSet::new();
        let desired = desired.iter().filter_map(|(_, desired)| desired.as_ref());
        for user in desired.flat_map(Desired::referred) {
            if let Some(link) = links.get(user) {
                self.accounts.insert(user.clone(), Some(link.id.clone()));
            } else if !self.accounts.contains_key(user) {
                unknown.insert(user.clone());
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let target = &self.rules.target;
        let mut found = self.world.store.links_of(target, &unknown).await?;
        for user in unknown {
            let account = found.remove(&user).map(|link| link.id);
            self.accounts.insert(user, account);
        }
        Ok(())
    }

    fn finish(mut self) -> Sifted {
        self.even.close();
        self.state.even = Arc::new(self.even);
        (self.state, self.desired.into_values().collect())
    }
}

/// Users of whom the outbox, a hold, a pin or a verdict speaks.
fn spoken_of(state: &TargetState) -> BTreeSet<UserKey> {
    let jobs = state.jobs.iter().map(|job| job.subject.clone());
    let holds = state.holds.iter().flat_map(|hold| &hold.changes);
    let holds = holds.map(|(subject, _)| subject.clone());
    let pins = state.pins.keys().flat_map(Pinned::subjects);
    let subjects = jobs.chain(holds).chain(pins);
    let users = subjects.filter_map(|subject| subject.user().cloned());
    let verdicts = state.verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::Apart(user, _) | Verdict::IgnoredUser(user) => Some(user.clone()),
        Verdict::IgnoredAccount(_) => None,
    });
    users.chain(verdicts).collect()
}
