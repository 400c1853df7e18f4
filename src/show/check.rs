//! What `check` found, for people: what is good, and what is not with what to do.

use super::problem::{Trouble, trouble};
use super::words::count;
use super::{BOLD, MINUS, PLUS, TILDE, styled};
use crate::connector::Greeting;
use crate::core::reading::Reading;

/// One thing that was looked at.
pub struct Finding {
    about: String,
    verdict: Result<String, Trouble>,
    is_warning: bool,
}

impl Finding {
    /// It is good.
    #[must_use]
    pub fn good(about: impl Into<String>, text: String) -> Self {
        Self {
            about: about.into(),
            verdict: Ok(text),
            is_warning: false,
        }
    }

    /// It is good for now.
    #[must_use]
    pub fn warning(about: impl Into<String>, text: String) -> Self {
        Self {
            is_warning: true,
            ..Self::good(about, text)
        }
    }

    /// It is not.
    #[must_use]
    pub fn bad(about: impl Into<String>, trouble: Trouble) -> Self {
        Self {
            about: about.into(),
            verdict: Err(trouble),
            is_warning: false,
        }
    }

    /// Is it good?
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.verdict.is_ok()
    }
}

/// All findings, in order.
#[must_use]
pub fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        match &finding.verdict {
            Ok(good) => {
                let mark = if finding.is_warning {
                    styled(TILDE, " !")
                } else {
                    styled(PLUS, "ok")
                };
                text.push_str(&format!(
                    "{mark} {}  {good}\n",
                    styled(BOLD, &finding.about)
                ));
            }
            Err(bad) => {
                text.push_str(&format!(
                    "{} {}\n{}",
                    styled(MINUS, "!!"),
                    styled(BOLD, &finding.about),
                    trouble(bad)
                ));
            }
        }
    }
    let bad = findings.iter().filter(|finding| !finding.is_good()).count();
    text.push_str(&match bad {
        0 => format!("{}\n", styled(PLUS, "everything is as it should be")),
        bad => format!("{}\n", styled(MINUS, count(bad, "problem"))),
    });
    text
}

/// The config's size.
#[must_use]
pub fn config(sources: usize, targets: usize) -> String {
    format!("{}, {}", count(sources, "source"), count(targets, "target"))
}

/// What a source holds.
#[must_use]
pub fn reading(reading: &Reading) -> String {
    let mut text = format!(
        "{}, {}",
        count(reading.users.len(), "user"),
        count(reading.groups.len(), "group")
    );
    for note in &reading.notes {
        text.push_str(&format!("\n     · {note}"));
    }
    text
}

/// What an app said of itself, and what there is to know about our credentials there.
#[must_use]
pub fn greeting(greeting: &Greeting, notes: &[String]) -> String {
    let mut text = match greeting.accounts {
        Some(number) => format!(
            "answers, and has {}",
            count(usize::try_from(number).unwrap_or(usize::MAX), "account")
        ),
        None => "answers".into(),
    };
    for line in greeting.contradictions.iter().chain(notes) {
        text.push_str(&format!("\n     · {line}"));
    }
    text
}

/// Tests of the mapping that hold.
#[must_use]
pub fn tests(number: usize) -> String {
    format!("{} of the mapping hold", count(number, "test"))
}
