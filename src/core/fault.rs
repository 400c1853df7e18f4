//! What went wrong with a request, and the pure decision of what follows.
//!
//! Promises that one function, [`dispose`], decides about every failure within a run, and another,
//! [`afterwards`], about the record when the run has given it up; and that a fault says whether the
//! app may have acted. Leaves sending, waiting and remembering to others.

use std::fmt;
use std::time::Duration;

use super::backoff;
use super::profile::RetryPolicy;

/// A request that did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Fault {
    /// What kind of failure.
    pub kind: FaultKind,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What the app or the system said, one line, without secrets, at most 300 characters.
    pub detail: String,
    /// Could the app have done what was asked?
    pub effect: Effect,
    /// How long the app asked us to wait.
    pub retry_after: Option<Duration>,
}

/// The kinds of failure that are treated differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// No connection: name, address, refused, reset.
    Unreachable,
    /// The certificate is not trusted, or TLS failed otherwise.
    Untrusted,
    /// No answer in time.
    TimedOut,
    /// 429, or 503 with `Retry-After`.
    Throttled,
    /// 408, 425, 5xx.
    Unavailable,
    /// 401, or the token endpoint refused us.
    Unauthenticated,
    /// 403.
    Forbidden,
    /// 404 or 410 for a resource that we know.
    Missing,
    /// 409, or 400 with `uniqueness`.
    Conflict,
    /// 400, 413, 422 and every other 4xx: this request will never work.
    Rejected,
    /// 501: the app cannot do this at all.
    Unsupported,
    /// An answer that is no SCIM: a login page, a proxy's page, a redirect.
    Misdirected,
    /// A 2xx whose body cannot be understood.
    Garbled,
    /// Something on our side is missing (a secret, a CA): nothing was sent.
    Unready,
    /// There is no seat left for another account (a rule of the profile says so).
    NoSeat,
    /// The app guards this account, and lets nobody like us change it (a rule says so).
    Guarded,
    /// Provisioning is switched off in the app (a rule says so): nobody is at fault.
    Paused,
}

/// Whether the app may have done what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Surely not: it never got the request, or said no.
    None,
    /// Nobody knows: the answer was lost.
    Unknown,
}

impl Fault {
    /// A fault without an answer.
    #[must_use]
    pub fn new(kind: FaultKind, effect: Effect, detail: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            detail: detail.into(),
            effect,
            retry_after: None,
        }
    }

    fn sentence(&self) -> String {
        let what = self.kind.to_string();
        let status = self
            .status
            .map(|code| format!(" ({code})"))
            .unwrap_or_default();
        if self.detail.is_empty() {
            format!("{what}{status}")
        } else {
            format!("{what}{status}: {}", self.detail)
        }
    }
}

/// What a kind of failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    /// Nobody is there, or nobody who has time for us.
    Absence,
    /// The target as a whole cannot be used as it is.
    Target,
    /// The app has looked at this request, and it is this one that it does not carry out.
    Request,
    /// Nobody knows what the answer means.
    Answer,
    /// There is no room for one more account.
    Seats,
}

impl FaultKind {
    fn blame(self) -> Blame {
        match self {
            Self::Unreachable | Self::TimedOut | Self::Throttled | Self::Unavailable => {
                Blame::Absence
            }
            Self::Untrusted
            | Self::Unauthenticated
            | Self::Misdirected
            | Self::Unready
            | Self::Paused => Blame::Target,
            Self::Forbidden
            | Self::Missing
            | Self::Conflict
            | Self::Rejected
            | Self::Unsupported
            | Self::Guarded => Blame::Request,
            Self::Garbled => Blame::Answer,
            Self::NoSeat => Blame::Seats,
        }
    }

    /// Is nobody there, or nobody who has time for us? It says nothing about what was asked.
    #[must_use]
    pub fn is_absence(self) -> bool {
        self.blame() == Blame::Absence
    }

    /// Would anything else fail in the same way until something is set right?
    #[must_use]
    pub fn stops_target(self) -> bool {
        self.blame() == Blame::Target
    }

    /// Has somebody looked at what was asked, and said no to it?
    #[must_use]
    pub fn is_refusal(self) -> bool {
        self.blame() == Blame::Request
    }

    /// Does the app say that it does not do what was asked, or does not know it?
    #[must_use]
    pub fn is_inability(self) -> bool {
        matches!(self, Self::Missing | Self::Rejected | Self::Unsupported)
    }

    /// Can the failure be about this record? An app that is away or busy says nothing about it; one that
    /// takes too long, or breaks, may do so for this very record.
    fn blames_the_record(self) -> bool {
        match self.blame() {
            Blame::Request | Blame::Answer => true,
            Blame::Absence => matches!(self, Self::TimedOut | Self::Unavailable),
            Blame::Target | Blame::Seats => false,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "the app cannot be reached",
            Self::Untrusted => "the app's certificate is not trusted",
            Self::TimedOut => "the app did not answer in time",
            Self::Throttled => "the app asked us to slow down",
            Self::Unavailable => "the app is not able to answer now",
            Self::Unauthenticated => "the app refused our credentials",
            Self::Forbidden => "the app does not allow us to do this",
            Self::Missing => "the app does not have this any more",
            Self::Conflict => "the app has another one with the same unique value",
            Self::Rejected => "the app refused the request",
            Self::Unsupported => "the app cannot do this",
            Self::Misdirected => "the answer did not come from a SCIM service",
            Self::Garbled => "the app's answer cannot be understood",
            Self::Unready => "the target cannot be used",
            Self::NoSeat => "the app has no seat left",
            Self::Guarded => "the app guards this account",
            Self::Paused => "provisioning is switched off in the app",
        })
    }
}

/// What follows a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Send again after the pause.
    Retry(Duration),
    /// The app may have acted: look first, after the pause, and send again only if nothing is there.
    LookFirst(Duration),
    /// Another account holds a unique value: look up every match key.
    LookUpConflict,
    /// The account we know is not there: find it again by its match keys.
    FindAgain,
    /// Nothing more to this target in this run.
    StopTarget,
    /// This change waits for a person.
    Park,
    /// Enough for this run; due again in the next.
    GiveUpForNow,
    /// No account is made here any more in this run; everything else goes on, and leavers free seats.
    HoldCreates,
}

/// Decides what follows `fault` after the try number `attempt` (the first is 1). `draw` in
/// `0.0..1.0` is the jitter.
#[must_use]
pub fn dispose(fault: &Fault, attempt: u32, policy: &RetryPolicy, draw: f64) -> Disposition {
    match fault.kind {
        // It has changed since it was read (RFC 7644, 3.14): the next run compares again.
        FaultKind::Rejected if fault.status == Some(412) => Disposition::GiveUpForNow,
        FaultKind::Unreachable
        | FaultKind::TimedOut
        | FaultKind::Throttled
        | FaultKind::Unavailable
        | FaultKind::Garbled => again(fault, attempt, policy, draw),
        FaultKind::Unauthenticated
        | FaultKind::Untrusted
        | FaultKind::Misdirected
        | FaultKind::Unready
        | FaultKind::Paused => Disposition::StopTarget,
        FaultKind::Conflict => Disposition::LookUpConflict,
        FaultKind::Missing => Disposition::FindAgain,
        FaultKind::NoSeat => Disposition::HoldCreates,
        FaultKind::Forbidden
        | FaultKind::Rejected
        | FaultKind::Unsupported
        | FaultKind::Guarded => Disposition::Park,
    }
}

fn again(fault: &Fault, attempt: u32, policy: &RetryPolicy, draw: f64) -> Disposition {
    let asked = fault.retry_after.unwrap_or_default();
    if asked > policy.patience {
        return Disposition::StopTarget;
    }
    if attempt >= policy.attempts {
        return Disposition::GiveUpForNow;
    }
    let pause = backoff::pause(attempt, policy, draw).max(asked);
    match fault.effect {
        Effect::None => Disposition::Retry(pause),
        Effect::Unknown => Disposition::LookFirst(pause),
    }
}

/// What becomes of one record when a run has given it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// A later run tries it again, not before this pause is over.
    Rest(Duration),
    /// It waits for a person.
    Park,
}

/// Runs in which a record may fail before it waits for a person: about a day, with the pauses between.
pub const RUNS: u32 = 12;

/// A change that sees somebody out rests no longer than this: nobody keeps access for hours because a
/// few requests failed.
const LONGEST_LEAVING: Duration = Duration::from_mins(10);

/// What hangs on a record that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stake {
    /// It sees somebody out: it is tried for as long as it takes.
    Leaving,
    /// It may have made something that nobody knows of: it is looked for, and never parked, since a
    /// person would have to know that it is to be looked for.
    Doubt,
    /// Anything else.
    Change,
}

/// Decides what becomes of a record after `attempts` tries in all, the last of which ended in `fault`.
/// `draw` in `0.0..1.0` is the jitter.
#[must_use]
pub fn afterwards(
    fault: &Fault,
    attempts: u32,
    policy: &RetryPolicy,
    stake: Stake,
    draw: f64,
) -> Afterwards {
    let runs = attempts.div_ceil(policy.attempts.max(1)).max(1);
    let longest = match stake {
        Stake::Change if runs >= RUNS && fault.kind.blames_the_record() => return Afterwards::Park,
        Stake::Leaving => LONGEST_LEAVING,
        Stake::Change | Stake::Doubt => backoff::LONGEST_REST,
    };
    Afterwards::Rest(backoff::rest(runs, longest, draw))
}

#[cfg(test)]
mod tests;
