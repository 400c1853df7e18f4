//! Which troubles are open, and what people are to be told of them.
//!
//! Promises that a trouble is told once, and its end once, however often it is heard of. Leaves how
//! many notices an hour people bear to [`super::budget`]. What is open is not kept on disk: what
//! still stands after a start is told again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::ReadyConfig;
use crate::core::credential::Ending;
use crate::core::key::{SourceName, TargetName};
use crate::core::text::quoted;
use crate::daemon::board::{Board, SourceBoard, TargetBoard};
use crate::daemon::event::Event;
use crate::daemon::health::{age, stale};
use crate::show::credential;
use crate::show::notice::{Kind, Notice, foreign};
use crate::show::words::{approve, count, time};

/// A pause or a source that fails is told of after so long; most end by themselves before.
const PATIENCE: Duration = Duration::from_hours(1);

/// Something that is wrong until it is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Held(TargetName, Option<String>),
    Parked(TargetName),
    Refused(TargetName),
    Ends(TargetName, Date, Rung),
    Stale(SourceName),
    Paused(TargetName),
    Config,
}

/// How soon a credential ends: people are told at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rung {
    Month,
    Week,
    Day,
    Passed,
}

impl Rung {
    fn of(ending: Ending) -> Self {
        match ending {
            Ending::Passed => Self::Passed,
            Ending::Soon(..=1) => Self::Day,
            Ending::Soon(2..=7) => Self::Week,
            Ending::Soon(_) => Self::Month,
        }
    }
}

/// Whom a parked change is about, and what is known of it.
type Person = (String, String);

/// The open troubles.
#[derive(Debug, Default)]
pub struct Ledger {
    open: BTreeSet<Trouble>,
    /// Parked changes that nobody was told of yet: they come in dozens, and are told at once.
    fresh: BTreeMap<TargetName, Vec<Person>>,
    /// People who were told of, so that a change which is parked again is not told again.
    known: BTreeSet<(TargetName, String)>,
}

impl Ledger {
    /// Takes in what happened; gives what people are to be told at once.
    pub fn hear(&mut self, event: &Event, now: Timestamp) -> Option<Notice> {
        match event {
            Event::Held {
                target,
                hold,
                lane,
                changes,
            } => {
                let is_new = self
                    .open
                    .insert(Trouble::Held(target.clone(), Some(hold.clone())));
                self.open.remove(&Trouble::Held(target.clone(), None));
                is_new.then(|| held(target, hold, lane, *changes, now))
            }
            Event::Parked {
                target,
                label,
                reason,
                hint,
            } => {
                if self.known.insert((target.clone(), label.clone())) {
                    let fresh = self.fresh.entry(target.clone()).or_default();
                    fresh.push((label.clone(), format!("{reason}; {hint}")));
                }
                None
            }
            Event::Paused {
                target,
                reason,
                credential: true,
                ..
            } => {
                let is_new = self.open.insert(Trouble::Refused(target.clone()));
                is_new.then(|| refused(target, reason, now))
            }
            Event::ReloadRefused(problems) => self
                .open
                .insert(Trouble::Config)
                .then(|| config(problems, now)),
            Event::Paused { .. }
            | Event::Read { .. }
            | Event::SourceFailed { .. }
            | Event::SourceBack(_)
            | Event::Cycle { .. }
            | Event::Resumed(_)
            | Event::Expiring { .. }
            | Event::Reloaded(_)
            | Event::Stopping => None,
        }
    }

    /// Looks at how things stand, once a minute or so; gives what people are to be told.
    pub fn look(&mut self, board: &Board, bounds: ReadyConfig, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (name, source) in &board.sources {
            notices.extend(self.look_at_source(name, source, board.since, bounds, now));
        }
        for (name, target) in &board.targets {
            notices.extend(self.look_at_holds(name, target, now));
            notices.extend(self.look_at_parked(name, target, now));
            notices.extend(self.look_at_pause(name, target, now));
            notices.extend(self.look_at_credential(name, target, now));
        }
        if board.refused.is_none() && self.open.remove(&Trouble::Config) {
            notices.push(recovered(
                None,
                "the config in force is the newest again",
                now,
            ));
        }
        self.forget_strangers(board);
        notices
    }

    fn look_at_source(
        &mut self,
        name: &SourceName,
        source: &SourceBoard,
        begun: Timestamp,
        bounds: ReadyConfig,
        now: Timestamp,
    ) -> Option<Notice> {
        let trouble = Trouble::Stale(name.clone());
        let failing = source
            .trouble
            .as_ref()
            .filter(|trouble| age(trouble.since, now) > PATIENCE);
        let never = source.whole.is_none() && age(begun, now) <= bounds.reading;
        let old = stale(source, bounds, now).filter(|_| !never);
        if failing.is_none() && old.is_none() {
            let is_over = source.trouble.is_none() && source.whole.is_some();
            return (is_over && self.open.remove(&trouble))
                .then(|| recovered(Some(name.as_str()), "the source is read again", now));
        }
        if !self.open.insert(trouble) {
            return None;
        }
        let what = match (failing, old) {
            (Some(failing), _) => format!(
                "the source cannot be read since {}, so it changes nobody: {}",
                time(failing.since, now),
                foreign(&failing.problem)
            ),
            (None, old) => format!("the source {}", old.unwrap_or_default()),
        };
        Some(Notice {
            at: now,
            kind: Kind::SourceStale,
            subject: Some(name.to_string()),
            what,
            todo: Some("rollcall check".into()),
            people: Vec::new(),
        })
    }

    fn look_at_holds(
        &mut self,
        name: &TargetName,
        target: &TargetBoard,
        now: Timestamp,
    ) -> Option<Notice> {
        let known: Vec<Trouble> = self
            .open
            .iter()
            .filter(|trouble| matches!(trouble, Trouble::Held(of, _) if of == name))
            .cloned()
            .collect();
        if target.holds > 0 && known.is_empty() {
            self.open.insert(Trouble::Held(name.clone(), None));
            return Some(Notice {
                at: now,
                kind: Kind::Held,
                subject: Some(name.to_string()),
                what: format!(
                    "{} of the guard waits for a person; nothing of it is sent until then",
                    count(target.holds, "hold")
                ),
                todo: Some("rollcall status".into()),
                people: Vec::new(),
            });
        }
        if target.holds > 0 || known.is_empty() || target.last.is_none() {
            return None;
        }
        for trouble in &known {
            self.open.remove(trouble);
        }
        Some(recovered(
            Some(name.as_str()),
            "nothing is held any more",
            now,
        ))
    }

    fn look_at_parked(
        &mut self,
        name: &TargetName,
        target: &TargetBoard,
        now: Timestamp,
    ) -> Option<Notice> {
        let trouble = Trouble::Parked(name.clone());
        let fresh = self.fresh.remove(name).unwrap_or_default();
        let is_new = target.parked > 0 && !self.open.contains(&trouble);
        if !fresh.is_empty() || is_new {
            self.open.insert(trouble);
            return Some(parked(name, &fresh, target.parked, now));
        }
        if target.parked > 0 || target.last.is_none() || !self.open.remove(&trouble) {
            return None;
        }
        self.known.retain(|(of, _)| of != name);
        Some(recovered(
            Some(name.as_str()),
            "no change waits for a person any more",
            now,
        ))
    }

    fn look_at_pause(
        &mut self,
        name: &TargetName,
        target: &TargetBoard,
        now: Timestamp,
    ) -> Option<Notice> {
        let (paused, refused) = (
            Trouble::Paused(name.clone()),
            Trouble::Refused(name.clone()),
        );
        let Some(pause) = &target.pause else {
            // Before the first cycle nobody knows.
            target.last.as_ref()?;
            let was_open = self.open.remove(&paused) | self.open.remove(&refused);
            return was_open.then(|| recovered(Some(name.as_str()), "changes are sent again", now));
        };
        let told = self.open.contains(&refused);
        if told || age(pause.since, now) <= PATIENCE || !self.open.insert(paused) {
            return None;
        }
        let until = pause
            .until
            .map_or_else(|| "a person acts".to_owned(), |until| time(until, now));
        Some(Notice {
            at: now,
            kind: Kind::TargetPaused,
            subject: Some(name.to_string()),
            what: format!(
                "nothing is sent since {}, until {until}: {}",
                time(pause.since, now),
                foreign(&pause.reason)
            ),
            todo: Some("rollcall status".into()),
            people: Vec::new(),
        })
    }

    fn look_at_credential(
        &mut self,
        name: &TargetName,
        target: &TargetBoard,
        now: Timestamp,
    ) -> Option<Notice> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let ending = target
            .expires
            .and_then(|last| Some((last, Ending::of(last, today)?)));
        let Some((last, ending)) = ending else {
            let before = self.open.len();
            self.open
                .retain(|trouble| !matches!(trouble, Trouble::Ends(of, ..) if of == name));
            return (self.open.len() < before)
                .then(|| recovered(Some(name.as_str()), "the credential is renewed", now));
        };
        if !self
            .open
            .insert(Trouble::Ends(name.clone(), last, Rung::of(ending)))
        {
            return None;
        }
        Some(Notice {
            at: now,
            kind: Kind::CredentialEnds,
            subject: Some(name.to_string()),
            what: credential::ending(last, ending),
            todo: Some("rollcall check".into()),
            people: Vec::new(),
        })
    }

    /// A source or target that the config has no more has no trouble.
    fn forget_strangers(&mut self, board: &Board) {
        let is_known = |target: &TargetName| board.targets.contains_key(target);
        if board.targets.is_empty() && board.sources.is_empty() {
            return;
        }
        self.open.retain(|trouble| match trouble {
            Trouble::Held(target, _)
            | Trouble::Parked(target)
            | Trouble::Refused(target)
            | Trouble::Ends(target, ..)
            | Trouble::Paused(target) => is_known(target),
            Trouble::Stale(source) => board.sources.contains_key(source),
            Trouble::Config => true,
        });
        self.known.retain(|(target, _)| is_known(target));
        self.fresh.retain(|target, _| is_known(target));
    }
}

fn held(target: &TargetName, hold: &str, lane: &str, changes: usize, now: Timestamp) -> Notice {
    let changes = count(changes, "change");
    let what = match lane.split_once(':') {
        Some(("reading", source)) => format!(
            "the reading of {} is in doubt; {changes} wait until a person says whether it is right",
            foreign(source)
        ),
        Some(("members", group)) => format!(
            "too many members of {} would go; {changes} held until a person approves",
            foreign(group)
        ),
        Some(_) | None if lane == "destroyed" => {
            format!("{changes} may delete the account; held until a person approves")
        }
        Some(_) | None => format!(
            "{changes} of {}, more than the guard allows in 24 hours; held until a person approves",
            foreign(lane)
        ),
    };
    Notice {
        at: now,
        kind: Kind::Held,
        subject: Some(target.to_string()),
        what,
        todo: Some(approve(&quoted(hold))),
        people: Vec::new(),
    }
}

fn parked(target: &TargetName, fresh: &[Person], parked: usize, now: Timestamp) -> Notice {
    let number = fresh.len().max(if fresh.is_empty() { parked } else { 0 });
    let verb = if number == 1 { "waits" } else { "wait" };
    Notice {
        at: now,
        kind: Kind::Parked,
        subject: Some(target.to_string()),
        what: format!("{} {verb} for a person", count(number, "change")),
        todo: Some("rollcall status".into()),
        people: fresh
            .iter()
            .map(|(label, about)| format!("{}: {}", foreign(label), foreign(about)))
            .collect(),
    }
}

fn refused(target: &TargetName, reason: &str, now: Timestamp) -> Notice {
    Notice {
        at: now,
        kind: Kind::CredentialRefused,
        subject: Some(target.to_string()),
        what: format!("nothing is sent: {}", foreign(reason)),
        todo: Some("renew the credential, then: rollcall check".into()),
        people: Vec::new(),
    }
}

fn config(problems: &str, now: Timestamp) -> Notice {
    Notice {
        at: now,
        kind: Kind::ConfigRefused,
        subject: None,
        what: format!(
            "the new config was refused, the one before stays in force: {}",
            foreign(problems)
        ),
        todo: Some("rollcall check --offline".into()),
        people: Vec::new(),
    }
}

fn recovered(subject: Option<&str>, what: &str, now: Timestamp) -> Notice {
    Notice {
        at: now,
        kind: Kind::Recovered,
        subject: subject.map(ToOwned::to_owned),
        what: what.to_owned(),
        todo: None,
        people: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
