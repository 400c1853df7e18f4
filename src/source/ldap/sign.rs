//! The attributes by which servers say that somebody may not log in.
//!
//! Promises that a value which cannot be understood is an error and neither yes nor no, and that a
//! lock which comes of wrong passwords and goes by itself switches nobody off: else whoever fails to
//! log in as somebody else would take their accounts away. Leaves which server uses which to
//! [`super::dialect`].

use jiff::Timestamp;

use crate::source::value::switch;

/// An attribute that may say: off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// `pwdAccountLockedTime`: `000001010000Z` is a lock for good, any other time one that the server
    /// set after wrong passwords (draft-behera-ldap-password-policy-10, 5.3.3).
    LockedTime,
    /// `nsAccountLock`: `true`.
    AccountLock,
    /// `userAccountControl`: bit 2, `ADS_UF_ACCOUNTDISABLE` (MS-ADTS, 2.2.16).
    AccountControl,
    /// `accountExpires`: 100 ns since 1601; 0 and the largest number are never (MS-ADA1, 2.1).
    AccountExpires,
    /// `shadowExpire`: days since 1970, -1 is never (shadow(5)).
    ShadowExpire,
}

/// The lock for good.
const FOR_GOOD: &str = "000001010000Z";
/// Bit 2 of `userAccountControl`.
const ACCOUNT_DISABLE: i64 = 0x2;
/// 100 ns in a second.
const TICKS: i64 = 10_000_000;
/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;
/// Seconds in a day.
const DAY: i64 = 86_400;

impl Sign {
    /// What the attribute is called.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::LockedTime => "pwdAccountLockedTime",
            Self::AccountLock => "nsAccountLock",
            Self::AccountControl => "userAccountControl",
            Self::AccountExpires => "accountExpires",
            Self::ShadowExpire => "shadowExpire",
        }
    }

    /// Has every account a value of it? Then one that shows none hides it from us.
    pub(super) fn is_always_there(self) -> bool {
        match self {
            Self::AccountControl => true,
            Self::LockedTime | Self::AccountLock | Self::AccountExpires | Self::ShadowExpire => {
                false
            }
        }
    }

    /// Does this value say that the user may not log in at this time?
    ///
    /// # Errors
    /// When it is not what the attribute should hold.
    pub(super) fn is_off(self, value: &str, now: Timestamp) -> Result<bool, String> {
        let seconds = now.as_second();
        match self {
            Self::LockedTime => Ok(value == FOR_GOOD),
            Self::AccountLock => switch(value).ok_or_else(|| self.odd(value, "true or false")),
            Self::AccountControl => Ok(self.number(value)? & ACCOUNT_DISABLE != 0),
            Self::AccountExpires => match self.number(value)? {
                0 | i64::MAX => Ok(false),
                ticks => Ok(end(ticks) <= seconds),
            },
            Self::ShadowExpire => match self.number(value)? {
                ..0 => Ok(false),
                days => Ok(days <= seconds.div_euclid(DAY)),
            },
        }
    }

    fn number(self, value: &str) -> Result<i64, String> {
        value.parse().map_err(|_| self.odd(value, "a whole number"))
    }

    fn odd(self, value: &str, wanted: &str) -> String {
        format!("`{}` is “{value}”, not {wanted}", self.attribute())
    }
}

/// Seconds from 1970 to an `accountExpires`.
fn end(ticks: i64) -> i64 {
    ticks / TICKS - EPOCH
}

/// When an account ends by itself, by its `accountExpires`, in seconds from 1970; `None`: never, or
/// nobody can tell.
pub(super) fn ends(value: &str) -> Option<i64> {
    match value.parse().ok()? {
        0 | i64::MAX => None,
        ticks => Some(end(ticks)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_is_read_as_its_server_means_it() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a time");
        for (sign, value, off) in [
            (Sign::LockedTime, "000001010000Z", Ok(true)),
            (Sign::LockedTime, "20261122115900Z", Ok(false)),
            (Sign::AccountLock, "TRUE", Ok(true)),
            (Sign::AccountLock, "false", Ok(false)),
            (
                Sign::AccountLock,
                "maybe",
                Err("`nsAccountLock` is “maybe”, not true or false"),
            ),
            (Sign::AccountControl, "514", Ok(true)),
            (Sign::AccountControl, "512", Ok(false)),
            (Sign::AccountControl, "66050", Ok(true)),
            (Sign::AccountControl, "-2147483134", Ok(true)),
            (
                Sign::AccountControl,
                "",
                Err("`userAccountControl` is “”, not a whole number"),
            ),
            (Sign::AccountExpires, "0", Ok(false)),
            (Sign::AccountExpires, "9223372036854775807", Ok(false)),
            // 2026-11-22T12:00:00Z, and one second later.
            (Sign::AccountExpires, "134398224000000000", Ok(true)),
            (Sign::AccountExpires, "134398224010000000", Ok(false)),
            (Sign::ShadowExpire, "-1", Ok(false)),
            (Sign::ShadowExpire, "0", Ok(true)),
            (Sign::ShadowExpire, "20779", Ok(true)),
            (Sign::ShadowExpire, "20780", Ok(false)),
        ] {
            let told = sign.is_off(value, now);
            assert_eq!(told, off.map_err(str::to_owned), "{sign:?} {value}");
        }
    }
}
