//! How a command ends: one code a meaning, and which meaning wins.

use std::process::ExitCode;

/// The exit codes of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: in line, or done.
    InLine,
    /// 1: it could not be done.
    Error,
    /// 2: a dry run found changes.
    Changes,
    /// 3: something is held, or a reading was refused.
    Held,
    /// 4: something is parked or failed, or a row of a source is broken.
    Unfinished,
    /// 64: the command line makes no sense (`EX_USAGE`).
    Usage,
}

impl Exit {
    /// Every way.
    pub const ALL: [Self; 6] = [
        Self::InLine,
        Self::Error,
        Self::Changes,
        Self::Held,
        Self::Unfinished,
        Self::Usage,
    ];

    /// The way that ends with this number.
    #[must_use]
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// The stronger of two endings: 1 before 3 before 4 before 2.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.rank() >= other.rank() {
            self
        } else {
            other
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::InLine => 0,
            Self::Changes => 1,
            Self::Unfinished => 2,
            Self::Held => 3,
            Self::Error => 4,
            Self::Usage => 5,
        }
    }

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::InLine => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Held => 3,
            Self::Unfinished => 4,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_ending_wins() {
        assert_eq!(Exit::Changes.or(Exit::Unfinished), Exit::Unfinished);
        assert_eq!(Exit::Held.or(Exit::Unfinished), Exit::Held);
        assert_eq!(Exit::Held.or(Exit::Error), Exit::Error);
        assert_eq!(Exit::InLine.or(Exit::Changes), Exit::Changes);
    }

    #[test]
    fn a_number_names_its_ending() {
        for exit in Exit::ALL {
            assert_eq!(Exit::of(exit.code()), Some(exit));
        }
        assert_eq!(Exit::of(5), None);
    }
}
