//! What there is to know about the credentials of a target, for people.

use jiff::civil::Date;
use url::Url;

use super::words::count;
use super::{BOLD, PLUS, TILDE, styled};
use crate::core::credential::{Ending, Remark};
use crate::core::key::TargetName;

/// A remark in one line.
#[must_use]
pub fn remark(remark: &Remark) -> String {
    match remark {
        Remark::InUse { name, refused } if refused.is_empty() => {
            format!("the token of {name} is in use")
        }
        Remark::InUse { name, refused } => format!(
            "the token of {name} is in use; that of {} was refused: renew it, or take it out of `auth:`",
            refused.join(" and that of ")
        ),
        Remark::Unkept { reason } => format!(
            "what is to be remembered of our credentials could not be kept for the next run: {reason}"
        ),
    }
}

/// The end of a credential in one line.
#[must_use]
pub fn ending(last: Date, ending: Ending) -> String {
    let when = match ending {
        Ending::Passed => {
            return format!(
                "our credential ended on {last}: renew it, and write the new day into `expires:`"
            );
        }
        Ending::Soon(0) => "today".to_owned(),
        Ending::Soon(days) => format!("in {}", count(usize::try_from(days).unwrap_or(0), "day")),
    };
    format!(
        "our credential ends on {last}, {when}: renew it, and write the new day into `expires:`"
    )
}

/// Lines beside a plan.
#[must_use]
pub fn notes(target: &TargetName, lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&format!(
            "{}  {}\n",
            styled(BOLD, target),
            styled(TILDE, line)
        ));
    }
    text
}

/// How a person gives consent.
#[must_use]
pub fn consent(target: &TargetName, url: &Url, waits: &Waits) -> String {
    let then = match waits {
        Waits::Listening(address) => {
            format!("waiting for the answer at {address}; stop with Ctrl-C")
        }
        Waits::Pasting => "the browser then ends at an address that may not load; paste that \
                           address here, and press Enter:"
            .to_owned(),
    };
    format!(
        "{}  open this address, log in and consent:\n\n{url}\n\n{then}\n",
        styled(BOLD, target)
    )
}

/// How the answer comes.
#[derive(Debug)]
pub enum Waits {
    /// To a listener there.
    Listening(Url),
    /// Through standard input.
    Pasting,
}

/// Consent was given.
#[must_use]
pub fn consented(target: &TargetName) -> String {
    format!(
        "{}  {} the refresh token is kept in the state; try it with: rollcall check\n",
        styled(BOLD, target),
        styled(PLUS, "done:")
    )
}
