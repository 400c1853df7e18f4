//! Who is at the other end of the socket, or at the command line.
//!
//! Promises a number that the system vouches for wherever it does, and says so where it does not; and a
//! name that nobody can borrow: it is the system's, or, of root and of the daemon's own user, who could
//! write the state anyway, the one that `sudo` was called by. Leaves what they may do to the mode of the
//! socket.
//!
//! In a user name space of its own (`PrivateUsers=yes`, systemd.exec(5)) a process sees the users of that
//! space alone, root and its own; the system shows it every other as one and the same number. Of such a
//! peer there is only what it says of itself, and the journal says that, too.

use std::io;

use nix::unistd::{Uid, User};
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;

/// The number that stands for every user who is not of our name space (`user_namespaces(7)`).
const STRANGER: u32 = 65_534;
/// How many users there are; a map of all of them hides nobody.
const ALL: u32 = u32::MAX;

/// Who wants something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The system vouches for this number.
    Seen(u32),
    /// The system hides who it is.
    Hidden,
}

/// Who somebody says they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Their number.
    pub uid: u32,
    /// Who called `sudo`, if somebody did.
    pub sudo: Option<String>,
}

impl Caller {
    /// Whoever runs this process.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            uid: Uid::effective().as_raw(),
            sudo: std::env::var("SUDO_USER").ok(),
        }
    }
}

impl Peer {
    /// Who is at the other end, by `SO_PEERCRED`.
    pub(super) fn of(stream: &UnixStream) -> io::Result<Self> {
        let uid = stream.peer_cred()?.uid();
        // Where it cannot be read, nobody vouches.
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        Ok(Self::shown_as(uid, &map))
    }

    /// Who runs this process.
    #[must_use]
    pub fn ours() -> Self {
        Self::Seen(Uid::effective().as_raw())
    }

    /// Who it is whom a process with this map of users (`/proc/PID/uid_map`) is shown as `uid`.
    fn shown_as(uid: u32, map: &str) -> Self {
        if uid == STRANGER && !is_of_all(map) {
            Self::Hidden
        } else {
            Self::Seen(uid)
        }
    }

    /// As the journal names them. What they say of themselves counts as far as nobody else could say
    /// it, or is named as what they say.
    #[must_use]
    pub fn named(self, says: &Caller) -> String {
        match self {
            Self::Seen(uid) => {
                let may_say = uid == 0 || self == Self::ours();
                let sudo = says.sudo.as_deref();
                let name = sudo
                    .filter(|name| may_say && is_name(name))
                    .map_or_else(|| name(uid), ToOwned::to_owned);
                format!("{name} (uid {uid})")
            }
            // These two would be seen.
            Self::Hidden if says.uid == 0 || Self::Seen(says.uid) == Self::ours() => {
                format!("unknown (says to be uid {}, and is not)", says.uid)
            }
            Self::Hidden => format!("{} (says to be uid {})", name(says.uid), says.uid),
        }
    }
}

/// Is it a map of every user there is?
fn is_of_all(map: &str) -> bool {
    let counts = map
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2));
    counts
        .filter_map(|count| count.parse().ok())
        .any(|count: u32| count == ALL)
}

fn name(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid));
    user.ok()
        .flatten()
        .map_or_else(|| "unknown".into(), |user| user.name)
}

/// Is it a name that a line of the journal can hold?
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 64 && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY_KNOWS: u32 = 3_999_999_999;

    fn says(uid: u32, sudo: Option<&str>) -> Caller {
        Caller {
            uid,
            sudo: sudo.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn a_name_cannot_be_borrowed() {
        let root = Peer::Seen(0);
        assert_eq!(root.named(&says(0, Some("ana"))), "ana (uid 0)");
        assert_eq!(
            root.named(&says(0, Some("a\nb"))),
            root.named(&says(0, None))
        );
        let stranger = Peer::Seen(NOBODY_KNOWS);
        for says in [says(0, Some("ana")), says(NOBODY_KNOWS, None)] {
            assert_eq!(stranger.named(&says), "unknown (uid 3999999999)");
        }
    }

    #[test]
    fn whom_the_system_hides_is_named_as_they_say_and_not_as_root() {
        let name = |uid, sudo| Peer::Hidden.named(&says(uid, sudo));
        assert_eq!(
            name(NOBODY_KNOWS, Some("ana")),
            "unknown (says to be uid 3999999999)"
        );
        assert_eq!(
            name(0, Some("ana")),
            "unknown (says to be uid 0, and is not)"
        );
        let ours = Caller::ours().uid;
        assert_eq!(
            name(ours, None),
            format!("unknown (says to be uid {ours}, and is not)")
        );
    }

    #[test]
    fn only_a_space_of_its_own_hides_somebody() {
        let everybody = "         0          0 4294967295\n";
        let service = "0 0 1\n61184 61184 1\n";
        for (uid, map, peer) in [
            (1000, everybody, Peer::Seen(1000)),
            (65_534, everybody, Peer::Seen(65_534)),
            (61_184, service, Peer::Seen(61_184)),
            (0, service, Peer::Seen(0)),
            (65_534, service, Peer::Hidden),
            (65_534, "", Peer::Hidden),
        ] {
            assert_eq!(Peer::shown_as(uid, map), peer, "{uid} {map}");
        }
    }
}
