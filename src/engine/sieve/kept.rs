//! Who is kept besides those who differ: whoever is tied to one of them.
//!
//! Promises that whoever is kept is even no more. Leaves the order of the steps to [`super::sift`].

use std::collections::BTreeSet;

use super::Sieve;
use crate::core::attribute::{AttrName, Value};
use crate::core::correlate::key_print;
use crate::core::desired::Desired;
use crate::core::fingerprint::Fingerprint;
use crate::core::key::UserKey;
use crate::core::link::{GroupLink, Link};
use crate::core::profile::Verification;
use crate::store::StoreError;

impl<'a> Sieve<'a> {
    /// Keeps those who refer to somebody who differs.
    pub(super) async fn keep_dependents(&mut self) -> Result<(), StoreError> {
        let edges = std::mem::take(&mut self.edges);
        let depend = edges
            .iter()
            .filter(|(_, other)| self.uneven.contains(other));
        let users: BTreeSet<UserKey> = depend
            .filter_map(|(place, _)| self.crowd.key(*place as usize))
            .collect();
        self.recall(users).await
    }

    /// Keeps the people whose links stand under another key of theirs.
    pub(super) async fn keep_joined(&mut self) -> Result<(), StoreError> {
        let links = self.state.links.keys();
        let people = links.filter_map(|user| self.roster.aliases.get(user));
        let people = people.cloned().collect();
        self.recall(people).await
    }

    /// Keeps whoever may be somebody who is missing, and those who have the same values.
    pub(super) async fn keep_rekeyed(&mut self) -> Result<(), StoreError> {
        let vanished = self.roster.vanished(&self.state);
        let lost: BTreeSet<(AttrName, Fingerprint)> = vanished
            .keys()
            .filter_map(|user| self.state.links.get(user))
            .flat_map(|link| self.prints(link))
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        let claims = self.claims(&lost);
        if claims.is_empty() {
            return Ok(());
        }
        let crowd = self.crowd.clone();
        let mut after: Option<UserKey> = None;
        let mut holders = BTreeSet::new();
        for mark in crowd.marks() {
            let links = self.links(after.as_ref(), Some(&mark)).await?;
            let holds = |link: &Link| self.prints(link).any(|print| claims.contains(&print));
            let found = links.into_values().filter(holds);
            holders.extend(found.map(|link| link.user));
            after = Some(mark);
        }
        self.recall(holders).await
    }

    /// Keeps those without an account who have a value that was `lost`, and gives all values of theirs
    /// and of the others who are new.
    fn claims(
        &mut self,
        lost: &BTreeSet<(AttrName, Fingerprint)>,
    ) -> BTreeSet<(AttrName, Fingerprint)> {
        let mut claims = BTreeSet::new();
        let crowd = self.crowd.clone();
        for person in crowd.portions().flatten() {
            let user = &person.user.key;
            if self.even.holds(user) || self.state.links.contains_key(user) {
                continue;
            }
            let (user, Some(desired)) = self.wanted(person) else {
                continue;
            };
            let prints: Vec<(AttrName, Fingerprint)> = self.values(&desired).collect();
            if prints.iter().any(|print| lost.contains(print)) {
                claims.extend(prints);
                self.keep(&user, Some(desired), None);
            }
        }
        claims
    }

    /// The values by which an account is found, as they were sent.
    fn prints<'l>(
        &self,
        link: &'l Link,
    ) -> impl Iterator<Item = (AttrName, Fingerprint)> + use<'a, 'l> {
        let names = self.rules.profile.users.matching.iter();
        names.filter_map(|name| Some((name.clone(), *link.sent.get(name)?)))
    }

    /// The same of what somebody should have, in both forms that they may have been sent in.
    fn values<'d>(
        &self,
        desired: &'d Desired,
    ) -> impl Iterator<Item = (AttrName, Fingerprint)> + use<'a, 'd> {
        let (profile, key) = (&self.rules.profile, self.world.key);
        desired.keys.iter().flat_map(move |(name, value)| {
            let shown = key_print(profile, key, name, value);
            let sent = key.of(name, &Value::text(value));
            [(name.clone(), shown), (name.clone(), sent)]
        })
    }

    /// Keeps all members of groups that change where the app's word is not enough: whoever it loses on
    /// the way has to be known.
    pub(super) async fn keep_verified(&mut self) -> Result<(), StoreError> {
        if self.rules.profile.groups.verify != Verification::Count {
            return Ok(());
        }
        let changing = self.pushed().filter_map(|(group, link)| {
            let link = link?;
            (link.members != group.members || !link.in_doubt.is_empty()).then_some(link)
        });
        let members = changing.flat_map(GroupLink::possible).collect();
        self.recall(members).await
    }

    /// Keeps those to whom the others refer, and those to whom they refer.
    pub(super) async fn keep_referred(&mut self) -> Result<(), StoreError> {
        let mut new: BTreeSet<UserKey> = self
            .desired
            .values()
            .flat_map(Desired::referred)
            .cloned()
            .collect();
        while !new.is_empty() {
            new.retain(|user| self.even.holds(user));
            self.recall(new.clone()).await?;
            let kept = new.iter().filter_map(|user| self.desired.get(user));
            new = kept.flat_map(Desired::referred).cloned().collect();
        }
        Ok(())
    }

    /// Keeps these of those who are even.
    async fn recall(&mut self, mut users: BTreeSet<UserKey>) -> Result<(), StoreError> {
        users.retain(|user| self.even.holds(user));
        if users.is_empty() {
            return Ok(());
        }
        let target = &self.rules.target;
        let mut links = self.world.store.links_of(target, &users).await?;
        let crowd = self.crowd.clone();
        for person in crowd.people(&users) {
            let (user, desired) = self.wanted(person);
            let link = links.remove(&user);
            if let Some(link) = &link {
                self.even.remove(&user, &link.id);
            }
            self.keep(&user, desired, link);
        }
        Ok(())
    }
}
