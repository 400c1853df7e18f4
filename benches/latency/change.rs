//! What happens in the directory, turn by turn, and how it is found again among the requests of an app.
//!
//! Promises that no account and no group is changed twice within two minutes, so that the first request
//! about it after a change belongs to that change.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::directory::{GROUPS, PEOPLE, STEADY, login, team};

/// Something that happens in the directory.
#[derive(Clone, Debug)]
pub enum Change {
    /// Somebody gets another title.
    Title { person: usize, title: String },
    /// Somebody comes into a group, or goes.
    Member {
        group: usize,
        person: usize,
        joins: bool,
    },
    /// Somebody may not log in any more, or may again.
    Login { person: usize, may: bool },
    /// Somebody new.
    Hire { person: usize },
}

/// A request that an app was sent.
pub struct Request {
    pub method: String,
    pub path: String,
    pub is_accepted: bool,
    pub at: Timestamp,
}

/// A change that came to the app.
pub struct Landed {
    pub kind: &'static str,
    pub took: Duration,
}

impl Change {
    /// Of ten turns five are titles, three members, one is a leaver, and one a joiner.
    pub fn of_turn(turn: usize) -> Self {
        let (ten, one) = (turn / 10, turn % 10);
        match one {
            3 => Self::Hire {
                person: PEOPLE + ten,
            },
            7 => {
                let those = PEOPLE - STEADY;
                Self::Login {
                    person: STEADY + ten % those,
                    may: (ten / those) % 2 == 1,
                }
            }
            1 | 5 | 9 => {
                let number = ten * 3 + one / 4;
                let group = number % GROUPS;
                Self::Member {
                    group,
                    person: (group + 1) % GROUPS,
                    joins: (number / GROUPS).is_multiple_of(2),
                }
            }
            _ => Self::Title {
                person: (ten * 5 + one / 2) % STEADY,
                title: format!("Title of turn {turn}"),
            },
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Title { .. } => "titles",
            Self::Member { .. } => "members",
            Self::Login { may: false, .. } => "leavers",
            Self::Login { may: true, .. } => "those back",
            Self::Hire { .. } => "joiners",
        }
    }
}

/// Finds the request of each change; the second are those that have none yet. `ids`: of the accounts and
/// groups by their names; `logins`: of the accounts, in the order in which they were made.
pub fn trace<'c>(
    changes: &'c [(Change, Timestamp)],
    ids: &BTreeMap<String, String>,
    requests: &[Request],
    logins: &[String],
) -> (Vec<Landed>, Vec<&'c Change>) {
    let mut about: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for request in requests
        .iter()
        .filter(|request| request.method == "PATCH" && request.is_accepted)
    {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        about.entry(id).or_default().push(request.at);
    }
    let first_after = |name: &str, begun: Timestamp| {
        let times = about.get(ids.get(name)?.as_str())?;
        times.iter().copied().find(|at| *at >= begun)
    };
    let made = requests.iter().filter(|request| {
        request.method == "POST" && request.path.ends_with("/Users") && request.is_accepted
    });
    let made: BTreeMap<&str, Timestamp> = logins
        .iter()
        .zip(made)
        .map(|(login, request)| (login.as_str(), request.at))
        .collect();
    let (mut landed, mut lost) = (Vec::new(), Vec::new());
    for (change, begun) in changes {
        let at = match change {
            Change::Title { person, .. } | Change::Login { person, .. } => {
                first_after(&login(*person), *begun)
            }
            Change::Member { group, .. } => first_after(&team(*group), *begun),
            Change::Hire { person } => made.get(login(*person).as_str()).copied(),
        };
        match at.and_then(|at| Duration::try_from(at.duration_since(*begun)).ok()) {
            Some(took) => landed.push(Landed {
                kind: change.kind(),
                took,
            }),
            None => lost.push(change),
        }
    }
    (landed, lost)
}
