//! What `check` found, for people: what is good, what is worth a look, and what is not good, with what
//! to do.

use super::problem::{Trouble, trouble};
use super::words::count;
use super::{BOLD, MINUS, PLUS, TILDE, styled};
use crate::connector::Greeting;
use crate::core::attribute::Attributes;
use crate::core::features::Feature;
use crate::core::reading::Reading;

/// One thing that was looked at.
pub struct Finding {
    about: String,
    verdict: Verdict,
}

/// What came of looking.
enum Verdict {
    /// It is good.
    Good(String),
    /// It is worth a look.
    Doubtful { text: String, hint: Option<String> },
    /// It is not good.
    Bad(Trouble),
}

impl Finding {
    /// It is good.
    #[must_use]
    pub fn good(about: impl Into<String>, text: String) -> Self {
        Self {
            about: about.into(),
            verdict: Verdict::Good(text),
        }
    }

    /// It is not.
    #[must_use]
    pub fn bad(about: impl Into<String>, trouble: Trouble) -> Self {
        Self {
            about: about.into(),
            verdict: Verdict::Bad(trouble),
        }
    }

    /// It is worth a look, and no problem.
    #[must_use]
    pub fn doubtful(about: impl Into<String>, text: String, hint: Option<String>) -> Self {
        Self {
            about: about.into(),
            verdict: Verdict::Doubtful { text, hint },
        }
    }

    /// Is it no problem?
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self.verdict {
            Verdict::Good(_) | Verdict::Doubtful { .. } => true,
            Verdict::Bad(_) => false,
        }
    }

    fn is_doubtful(&self) -> bool {
        matches!(self.verdict, Verdict::Doubtful { .. })
    }
}

/// All findings, in order.
#[must_use]
pub fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        match &finding.verdict {
            Verdict::Good(good) => {
                text.push_str(&format!(
                    "{} {}  {good}\n",
                    styled(PLUS, "ok"),
                    styled(BOLD, &finding.about)
                ));
            }
            Verdict::Doubtful { text: doubt, hint } => {
                text.push_str(&format!(
                    "{} {}  {doubt}\n",
                    styled(TILDE, " !"),
                    styled(BOLD, &finding.about),
                ));
                if let Some(hint) = hint {
                    text.push_str(&format!("  {} {hint}\n", styled(BOLD, "hint:")));
                }
            }
            Verdict::Bad(bad) => {
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
    let doubtful = findings.iter().filter(|finding| finding.is_doubtful());
    text.push_str(&match (bad, doubtful.count()) {
        (0, 0) => format!("{}\n", styled(PLUS, "everything is as it should be")),
        (0, doubtful) => format!(
            "{}\n",
            styled(
                TILDE,
                format!("no problem; {} to look at", count(doubtful, "thing"))
            )
        ),
        (bad, _) => format!("{}\n", styled(MINUS, count(bad, "problem"))),
    });
    text
}

/// The config's size.
#[must_use]
pub fn config(sources: usize, targets: usize) -> String {
    format!("{}, {}", count(sources, "source"), count(targets, "target"))
}

/// What a source holds; `server` is what it says of itself, if it is one.
#[must_use]
pub fn reading(reading: &Reading, server: &[String]) -> String {
    let mut text = format!(
        "{}, {}",
        count(reading.users.len(), "user"),
        count(reading.groups.len(), "group")
    );
    for line in server {
        text.push_str(&format!("\n     · {line}"));
    }
    if !server.is_empty() {
        text.push_str(&firsts(reading));
    }
    for note in &reading.notes {
        text.push_str(&format!("\n     · {note}"));
    }
    text
}

/// One of each, so that an admin sees whether these are the entries that were meant.
fn firsts(reading: &Reading) -> String {
    let mut text = String::new();
    if let Some(user) = reading.users.first() {
        let values: Vec<String> = user
            .attributes
            .iter()
            .map(|(name, values)| format!("{name} {}", short(&values.join(", "))))
            .collect();
        text.push_str(&format!(
            "\n     · the first user is {}: {}",
            user.label,
            values.join(" · ")
        ));
    }
    if let Some(group) = reading.groups.first() {
        let members = count(group.members.len(), "member");
        text.push_str(&format!(
            "\n     · the first group is {}: {members}",
            group.name
        ));
    }
    text
}

/// The beginning of a long value.
fn short(value: &str) -> String {
    const LONGEST: usize = 60;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    value.chars().take(LONGEST).chain(['…']).collect()
}

/// A server that was left alone.
#[must_use]
pub fn not_asked() -> String {
    "a directory server, not asked offline".into()
}

/// What an account of this person would hold.
#[must_use]
pub fn sample(label: &str, attributes: &Attributes) -> String {
    let values: Vec<String> = attributes
        .iter()
        .map(|(name, value)| format!("{} {}", name.short(), short(&value.to_string())))
        .collect();
    format!("for {label} it would hold: {}", values.join(" · "))
}

/// Whether a group is pushed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate<'r> {
    /// It is, by this pattern.
    Pushed(&'r str),
    /// No pattern fits its name.
    NotNamed,
    /// The app manages it itself.
    Managed,
    /// The switch for groups is off.
    Off(Feature),
    /// The app has none.
    NoGroups,
}

impl Fate<'_> {
    /// Is it pushed?
    #[must_use]
    pub fn is_pushed(&self) -> bool {
        match self {
            Self::Pushed(_) => true,
            Self::NotNamed | Self::Managed | Self::Off(_) | Self::NoGroups => false,
        }
    }
}

/// What becomes of a group with so many members, of whom so many have an account.
#[must_use]
pub fn group(name: &str, fate: &Fate<'_>, held: usize, members: usize) -> String {
    let why = match fate {
        Fate::Pushed(pattern) => {
            let members = if held == members {
                count(members, "member")
            } else {
                format!("{held} of {}", count(members, "member"))
            };
            return format!(
                "for the group {name} it would hold: displayName {name} · {members} (pushed by \
                 `{pattern}`)"
            );
        }
        Fate::NotNamed => "`groups: { push }` names none like it".to_owned(),
        Fate::Managed => "the app manages it itself".to_owned(),
        Fate::Off(feature) => format!("`features.{}` is off", feature.word()),
        Fate::NoGroups => "this app has no groups".to_owned(),
    };
    format!("the group {name} is not pushed: {why}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_a_group_is_said_with_its_reason() {
        for (fate, held, told) in [
            (
                Fate::Pushed("team-*"),
                3,
                "for the group team-1 it would hold: displayName team-1 · 3 members (pushed by `team-*`)",
            ),
            (
                Fate::Pushed("team-*"),
                1,
                "for the group team-1 it would hold: displayName team-1 · 1 of 3 members (pushed by \
                 `team-*`)",
            ),
            (
                Fate::NotNamed,
                3,
                "the group team-1 is not pushed: `groups: { push }` names none like it",
            ),
            (
                Fate::Managed,
                3,
                "the group team-1 is not pushed: the app manages it itself",
            ),
            (
                Fate::Off(Feature::Groups),
                3,
                "the group team-1 is not pushed: `features.groups` is off",
            ),
            (
                Fate::NoGroups,
                3,
                "the group team-1 is not pushed: this app has no groups",
            ),
        ] {
            assert_eq!(group("team-1", &fate, held, 3), told);
        }
    }
}
