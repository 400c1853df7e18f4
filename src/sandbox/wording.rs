//! How an app words a refusal, where its profile has a rule for what it means.
//!
//! Promises the status of the rule and a text that its pattern finds, so that whoever reads refusals
//! only by the RFCs misreads this app. Leaves to the callers when to refuse.

use http::StatusCode;
use regex::{Regex, RegexBuilder};

use super::refusal::Refusal;
use crate::core::profile::{ErrorRule, Meaning, Profile};

/// The refusal in the words of the app.
pub(super) fn worded(refusal: Refusal, profile: &Profile) -> Refusal {
    let means = refusal.means;
    let rule = profile.errors.iter().find(|rule| Some(rule.means) == means);
    match rule {
        Some(rule) => by(rule, refusal),
        None => refusal,
    }
}

fn by(rule: &ErrorRule, refusal: Refusal) -> Refusal {
    let status = rule.status.and_then(|code| StatusCode::from_u16(code).ok());
    let phrase = rule.says.as_deref().and_then(phrase);
    Refusal {
        status: status.unwrap_or(refusal.status),
        kind: None,
        detail: match phrase {
            Some(phrase) => format!("{phrase}: {}", refusal.detail),
            None => refusal.detail,
        },
        ..refusal
    }
}

/// A text in which the pattern is found: one of its alternatives without its signs.
fn phrase(pattern: &str) -> Option<String> {
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(true)
        .build()
        .ok()?;
    let signs = Regex::new(r"\\s[+*]?|\.[+*]").expect("it is a regular expression");
    let plain = signs.replace_all(pattern, " ");
    let plain = plain.replace("\\b", "").replace("(?:", "(");
    let candidates = plain.split('|').map(|part| {
        part.chars()
            .filter(|sign| !r"\()^$?[]".contains(*sign))
            .collect::<String>()
    });
    candidates.into_iter().find(|text| regex.is_match(text))
}

/// The refusal of somebody who has no seat, unless the profile words it otherwise.
pub(super) fn no_seat() -> Refusal {
    Refusal::meaning(
        StatusCode::FORBIDDEN,
        Meaning::NoSeat,
        "every seat is taken",
    )
}

/// The refusal while provisioning is switched off.
pub(super) fn paused() -> Refusal {
    let detail = "an administrator has switched provisioning off";
    Refusal::meaning(StatusCode::FORBIDDEN, Meaning::Paused, detail)
}

/// The refusal to touch an account that the app guards.
pub(super) fn guarded() -> Refusal {
    let detail = "this account cannot be changed from outside";
    Refusal::meaning(StatusCode::FORBIDDEN, Meaning::Guarded, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_by_its_own_pattern() {
        for (pattern, expected) in [
            ("LicenseLimitExceeded", Some("LicenseLimitExceeded")),
            ("seat|licen[cs]e limit", Some("seat")),
            (r"no\s+seats? left", Some("no seats left")),
            (r"\bpaused\b", Some("paused")),
            ("(?:last|only) owner", Some("only owner")),
            ("[0-9]{3}", None),
            ("(", None),
        ] {
            assert_eq!(phrase(pattern).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn a_refusal_takes_the_status_and_the_words_of_its_rule() {
        let mut profile = Profile::default();
        assert_eq!(worded(no_seat(), &profile), no_seat());
        profile.errors.push(ErrorRule {
            status: Some(412),
            says: Some("taken already".into()),
            means: Meaning::Conflict,
        });
        let told = worded(Refusal::taken("another user has this userName"), &profile);
        assert_eq!(told.status, 412);
        assert_eq!(told.kind, None);
        assert_eq!(told.detail, "taken already: another user has this userName");
    }
}
