//! Who is at the other end of the socket, or at the command line.
//!
//! Promises a number that the system vouches for, and a name that nobody can borrow: it is the
//! system's, or, of root and of the daemon's own user, who could write the state anyway, the one that
//! `sudo` was called by. Leaves what they may do to the mode of the socket.

use std::io;

use nix::unistd::{Uid, User};
use tokio::net::UnixStream;

/// Who wants something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    uid: u32,
}

impl Peer {
    /// Who is at the other end, by `SO_PEERCRED`.
    pub(super) fn of(stream: &UnixStream) -> io::Result<Self> {
        let uid = stream.peer_cred()?.uid();
        Ok(Self { uid })
    }

    /// Who runs this process.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            uid: Uid::effective().as_raw(),
        }
    }

    /// As the journal names them; `sudo` is who they say has called it.
    #[must_use]
    pub fn named(self, sudo: Option<&str>) -> String {
        let may_say = self.uid == 0 || self == Self::ours();
        let name = sudo
            .filter(|name| may_say && is_name(name))
            .map_or_else(|| self.name(), ToOwned::to_owned);
        format!("{name} (uid {})", self.uid)
    }

    fn name(self) -> String {
        let user = User::from_uid(Uid::from_raw(self.uid));
        user.ok()
            .flatten()
            .map_or_else(|| "unknown".into(), |user| user.name)
    }
}

/// Is it a name that a line of the journal can hold?
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 64 && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_be_borrowed() {
        let root = Peer { uid: 0 };
        assert_eq!(root.named(Some("ana")), "ana (uid 0)");
        assert_eq!(root.named(Some("a\nb")), root.named(None));
        let stranger = Peer { uid: 3_999_999_999 };
        assert_eq!(stranger.named(Some("ana")), "unknown (uid 3999999999)");
        assert_eq!(stranger.named(None), "unknown (uid 3999999999)");
    }
}
