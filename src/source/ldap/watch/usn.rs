//! Asking a domain controller what it has changed since, by its update sequence numbers (MS-ADTS,
//! 3.1.1.1.9).
//!
//! One question about the root tells whether anything has changed at all, and wants no right but to
//! read; the `DirSync` control would want the right to replicate the directory. What has changed is then
//! read alone, and kept in the copy. Where the controller says by itself that something has changed, it is
//! asked at once ([`super::nudge`]).
//! Promises that a controller is compared with itself alone: another one, or one that was restored, is
//! read anew; that whoever leaves the base or the filter is heard like whoever changes, also where a
//! whole branch is moved; that whoever comes into it comes with the groups that name them; that an
//! account which ends at its time is heard then; and that a log-in or a new password is no change.
//! Deleted people are heard where the bind name may read them; where not, who is still there is compared
//! every few minutes. Leaves what a change means to whoever reads it, and what is not heard (changed
//! rights, values that the server works out) to whole readings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::controller::{Controller, highest, highest_again};
use super::domain::{self, Catch, Touched};
use super::inquiry::{Ask, Told};
use super::message::Uuid;
use super::mirror::{Delta, Held, Live, Mirror};
use super::nudge::{self, Nudge};
use super::part::Kind;
use super::tidy::tidy;
use crate::core::duration;
use crate::core::newest::{Scale, number};
use crate::source::ReadError;
use crate::source::ldap::csn::HIGHEST;
use crate::source::ldap::dialect::Dialect;
use crate::source::ldap::session::Session;
use crate::source::ldap::settings::LdapConfig;
use crate::source::ldap::{LdapSource, follow};

/// How often is asked where nobody says it.
const PAUSE: Duration = Duration::from_secs(2);
/// Where deletions are hidden, who is there is compared so often, if anything has changed.
const COMPARE: Duration = Duration::from_mins(5);
/// More who come at once are not worth asking for one by one.
const MANY: usize = 500;

/// Are deleted people heard?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::ldap) enum Deletions {
    /// As soon as anything else.
    Heard,
    /// The bind name may not read them.
    Hidden,
}

/// What a controller lets hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::ldap) struct Offer {
    /// Are deleted people heard?
    pub(super) deletions: Deletions,
    /// Does it say by itself that something has changed?
    nudges: bool,
}

/// What is known of the controller that was asked last.
#[derive(Debug, Default)]
pub(super) struct Usn {
    seen: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    controller: Controller,
    highest: u64,
    /// When accounts end by themselves, in seconds from 1970.
    ends: BTreeMap<Uuid, i64>,
    at: Timestamp,
    /// When it was last known who is there.
    compared: Instant,
    /// The number of the last change then.
    compared_to: u64,
    /// Is there somebody who cannot be kept?
    is_short: bool,
}

/// An ear at a controller.
pub(super) struct Ear<'s> {
    usn: &'s mut Usn,
    source: &'s LdapSource,
    deletions: Deletions,
    controller: Controller,
    live: Option<Live<'s>>,
    nudge: Nudge,
}

/// Does the server number its changes?
///
/// # Errors
/// When it does not answer.
pub(super) async fn is_possible(
    session: &mut Session,
    config: &LdapConfig,
) -> Result<Option<Offer>, ReadError> {
    if session.dialect != Dialect::Ad || highest(session).await?.is_none() {
        return Ok(None);
    }
    let deletions = if domain::shows_deleted(session, config).await? {
        Deletions::Heard
    } else {
        Deletions::Hidden
    };
    let nudges = nudge::is_offered(session);
    Ok(Some(Offer { deletions, nudges }))
}

/// What an admin is told of it.
pub(super) fn told(offer: Offer, config: &LdapConfig) -> String {
    let pause = duration::print(pause(config));
    let asking = if offer.nudges {
        format!("by asking for {HIGHEST} as soon as the controller notifies us, and every {pause}")
    } else {
        format!("by asking for {HIGHEST} every {pause}")
    };
    match offer.deletions {
        Deletions::Heard => asking,
        Deletions::Hidden => format!(
            "{asking}; deletions every {}, unless the bind name may read CN=Deleted Objects",
            duration::print(COMPARE)
        ),
    }
}

fn pause(config: &LdapConfig) -> Duration {
    config.poll.unwrap_or(PAUSE)
}

impl<'s> Ear<'s> {
    /// An ear that goes on from what is known, if that is of the same controller.
    ///
    /// # Errors
    /// When the line breaks.
    pub(super) async fn open(
        session: &mut Session,
        usn: &'s mut Usn,
        deletions: Deletions,
        source: &'s LdapSource,
    ) -> Result<Self, ReadError> {
        Ok(Self {
            usn,
            source,
            deletions,
            controller: Controller::of(session).await?,
            live: None,
            nudge: Nudge::begin(session, &source.config).await,
        })
    }

    fn mirror(&self) -> &'s Mirror {
        &self.source.mirror
    }

    /// Takes in everything there is.
    async fn begin(
        &mut self,
        session: &mut Session,
        highest: u64,
        why: Option<String>,
    ) -> Result<Told, ReadError> {
        // Until it is known what there is, nothing is.
        self.live = None;
        self.usn.seen = None;
        if why.is_some() {
            self.mirror().forget();
        }
        let at = self.source.clock.now();
        let (is_change, found) = fill(session, self.source).await?;
        self.usn.seen = Some(Seen {
            controller: self.controller.clone(),
            highest,
            ends: found.ends,
            at,
            compared: self.source.clock.instant(),
            compared_to: highest,
            is_short: found.is_short,
        });
        self.rise(session);
        Ok(match why {
            Some(why) => Told::Anew(why),
            None if is_change => Told::Change,
            None => Told::Nothing,
        })
    }

    /// The copy is as the controller is, unless somebody cannot be kept.
    fn rise(&mut self, session: &Session) {
        let is_short = self.usn.seen.as_ref().is_none_or(|seen| seen.is_short);
        if let Some(seen) = &self.usn.seen {
            let (origin, at) = (seen.controller.origin(), number(seen.highest));
            self.mirror().reach(Scale::Here, &origin, at);
        }
        if is_short || !follow::is_possible(&self.source.config) {
            self.live = None;
        } else if self.live.is_none() {
            self.live = Some(self.mirror().rise(session.dialect));
        }
    }
}

impl Ask for Ear<'_> {
    fn pause(&self) -> Duration {
        pause(&self.source.config)
    }

    async fn nudged(&mut self) {
        self.nudge.heard(&self.source.clock).await;
    }

    async fn look(&mut self, session: &mut Session) -> Result<Told, ReadError> {
        // Asked before everything else: what changes meanwhile is heard twice, and never missed.
        let highest = highest_again(session).await?;
        let Some(seen) = &mut self.usn.seen else {
            return self.begin(session, highest, None).await;
        };
        let before = seen.highest;
        if let Some(why) = seen.controller.refuse(before, &self.controller, highest) {
            let why = format!("{}: {why}", session.server);
            return self.begin(session, highest, Some(why)).await;
        }
        if self.source.mirror.is_doubted() {
            return self.begin(session, highest, None).await;
        }
        let is_change = seen
            .go_on(session, self.source, self.deletions, highest)
            .await?;
        self.rise(session);
        Ok(if is_change {
            Told::Change
        } else {
            Told::Nothing
        })
    }
}

impl Seen {
    /// Takes in what has changed up to the number `highest`; is anything another than before?
    async fn go_on(
        &mut self,
        session: &mut Session,
        source: &LdapSource,
        deletions: Deletions,
        highest: u64,
    ) -> Result<bool, ReadError> {
        let now = source.clock.now();
        let mut is_change = has_ended(&self.ends, self.at, now);
        if highest > self.highest {
            is_change |= self.catch_up(session, source).await?;
            self.highest = highest;
        }
        if deletions == Deletions::Hidden {
            is_change |= self.compare(session, source).await?;
        }
        let (config, mirror) = (&source.config, &source.mirror);
        is_change |= tidy(session, config, mirror, source.clock.instant()).await?;
        self.at = now;
        Ok(is_change)
    }

    async fn catch_up(
        &mut self,
        session: &mut Session,
        source: &LdapSource,
    ) -> Result<bool, ReadError> {
        let (config, mirror) = (&*source.config, &*source.mirror);
        let since = domain::since(self.highest + 1);
        // Asked first: who comes in between is found by what follows, and not taken for gone.
        let touched = domain::touched(session, config, &since).await?;
        if touched.all.is_empty() {
            return Ok(false);
        }
        let mut users = domain::find(session, config, Kind::Users, Some(&since)).await?;
        let mut groups = domain::find(session, config, Kind::Groups, Some(&since)).await?;
        // What users are told of their groups is not told of by a number of theirs.
        let is_told = !follow::is_possible(config) && !groups.held.is_empty();
        let arrived = arrived(mirror, &users, &groups);
        if touched.is_place || arrived.len() > MANY {
            let (is_change, found) = fill(session, source).await?;
            self.ends = found.ends;
            self.is_short = found.is_short;
            return Ok(is_change || is_told);
        }
        if !arrived.is_empty() {
            let managed = domain::naming(session, config, Kind::Users, &arrived).await?;
            users.join(managed);
            let joined = domain::naming(session, config, Kind::Groups, &arrived).await?;
            groups.join(joined);
        }
        self.is_short |= users.is_short || groups.is_short;
        self.ends.retain(|uuid, _| !touched.all.contains(uuid));
        self.ends.append(&mut users.ends);
        let now = source.clock.instant();
        let mut is_change = is_told;
        for (kind, catch) in [(Kind::Users, users), (Kind::Groups, groups)] {
            is_change |= mirror.take(kind, delta(&touched, catch), now);
        }
        Ok(is_change)
    }

    /// Where deletions are hidden: finds out from time to time who is not there any more.
    async fn compare(
        &mut self,
        session: &mut Session,
        source: &LdapSource,
    ) -> Result<bool, ReadError> {
        let now = source.clock.instant();
        if now < self.compared + COMPARE || self.highest == self.compared_to {
            return Ok(false);
        }
        let mut is_change = false;
        for kind in [Kind::Users, Kind::Groups] {
            if let Some(all) = domain::keys(session, &source.config, kind).await? {
                let delta = Delta {
                    all: Some(all),
                    ..Delta::default()
                };
                is_change |= source.mirror.take(kind, delta, now);
            }
        }
        (self.compared, self.compared_to) = (now, self.highest);
        Ok(is_change)
    }
}

/// Has an account come to its end between these points?
fn has_ended(ends: &BTreeMap<Uuid, i64>, before: Timestamp, now: Timestamp) -> bool {
    let span = before.as_second() + 1..=now.as_second();
    ends.values().any(|end| span.contains(end))
}

/// Takes in everything there is; is anything another than before? Also gives the ends of accounts.
async fn fill(session: &mut Session, source: &LdapSource) -> Result<(bool, Catch), ReadError> {
    let (config, mirror) = (&*source.config, &*source.mirror);
    mirror.begin(&session.server);
    let mut users = domain::find(session, config, Kind::Users, None).await?;
    let mut groups = domain::find(session, config, Kind::Groups, None).await?;
    let now = source.clock.instant();
    let mut is_change = false;
    for (kind, catch) in [(Kind::Users, &mut users), (Kind::Groups, &mut groups)] {
        let delta = Delta {
            put: std::mem::take(&mut catch.held),
            all: Some(BTreeSet::new()),
            ..Delta::default()
        };
        is_change |= mirror.take(kind, delta, now);
    }
    users.join(groups);
    Ok((is_change, users))
}

/// The names of those who are not in the copy yet. Whoever was moved to us, or was changed so that the
/// filter takes them, is named by groups and users whose own numbers stay as they were.
fn arrived(mirror: &Mirror, users: &Catch, groups: &Catch) -> Vec<String> {
    let caught = [(Kind::Users, users), (Kind::Groups, groups)].into_iter();
    let new = caught.flat_map(|(kind, caught)| {
        let held = caught.held.iter();
        held.filter(move |(uuid, _)| !mirror.holds(kind, uuid))
    });
    new.filter_map(|(_, held)| match held {
        Held::Entry(packed) => Some(packed.dn()),
        Held::Reference => None,
    })
    .collect()
}

/// Whoever was touched and not found is gone, for us.
fn delta(touched: &Touched, catch: Catch) -> Delta {
    let gone = touched.all.iter();
    let gone = gone.filter(|uuid| !catch.held.contains_key(*uuid));
    Delta {
        gone: gone.copied().collect(),
        put: catch.held,
        ..Delta::default()
    }
}

#[cfg(test)]
impl Ear<'_> {
    /// The next look also compares who is there.
    pub(super) fn compare_now(&mut self) {
        if let Some(seen) = &mut self.usn.seen {
            seen.compared = self.source.clock.instant() - COMPARE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_heard_once_when_it_comes() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        for (end, now, heard) in [
            (None, 2000, false),
            (Some(1000), 1002, false),
            (Some(1001), 1002, true),
            (Some(1002), 1002, true),
            (Some(1003), 1002, false),
            (Some(1003), 900, false),
        ] {
            let ends = end.map(|end| ([7; 16], end)).into_iter().collect();
            assert_eq!(has_ended(&ends, at(1000), at(now)), heard, "{end:?} {now}");
        }
    }
}
