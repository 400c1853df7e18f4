//! What an app's refusals mean where its profile says so, before the meanings of the RFCs.
//!
//! Promises that the first rule that fits counts, that a rule is compiled once, and that no rule turns
//! a success into a refusal. Leaves what the RFCs say to [`super::answer`], and what follows to the
//! engine.

use jiff::Timestamp;
use regex::bytes::{Regex, RegexBuilder};

use super::Answer;
use super::answer::{LONGEST_ERROR, classify, detail, is_page};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::profile::{ErrorRule, Meaning};

/// The rules of one profile about refusals, compiled.
#[derive(Clone, Debug, Default)]
pub struct Rulings(Vec<Ruling>);

#[derive(Clone, Debug)]
struct Ruling {
    status: Option<u16>,
    says: Option<Regex>,
    means: Meaning,
}

impl Ruling {
    /// `None`: its pattern is no regular expression, so it fits nothing; the config has said so.
    fn of(rule: &ErrorRule) -> Option<Self> {
        let says = match &rule.says {
            None => None,
            Some(pattern) => Some(
                RegexBuilder::new(pattern)
                    .case_insensitive(true)
                    .build()
                    .ok()?,
            ),
        };
        Some(Self {
            status: rule.status,
            says,
            means: rule.means,
        })
    }

    fn fits(&self, status: u16, body: &[u8]) -> bool {
        self.status.is_none_or(|wanted| wanted == status)
            && self.says.as_ref().is_none_or(|says| says.is_match(body))
    }
}

impl Rulings {
    /// The rules, ready to be asked.
    #[must_use]
    pub fn of(rules: &[ErrorRule]) -> Self {
        Self(rules.iter().filter_map(Ruling::of).collect())
    }

    /// What the first rule that fits makes of a refusal of that status and body.
    #[must_use]
    pub fn meaning(&self, status: u16, body: &[u8]) -> Option<Meaning> {
        let body = &body[..body.len().min(LONGEST_ERROR)];
        let fitting = self.0.iter().find(|ruling| ruling.fits(status, body));
        fitting.map(|ruling| ruling.means)
    }

    /// Says whether an answer is good: by these rules, else as [`classify`] does.
    ///
    /// # Errors
    /// The fault that the answer stands for.
    pub fn judge(&self, answer: &Answer, now: Timestamp) -> Result<(), Fault> {
        classify(answer, now).map_err(|fault| self.corrected(fault, answer))
    }

    fn corrected(&self, fault: Fault, answer: &Answer) -> Fault {
        let status = fault.status.unwrap_or_default();
        if status < 400 {
            return fault;
        }
        let Some(meaning) = self.meaning(status, &answer.body) else {
            return fault;
        };
        let kind = kind_of(meaning);
        Fault {
            kind,
            effect: effect_of(kind, status),
            detail: if is_page(answer) {
                "an HTML page".into()
            } else {
                detail(&answer.body)
            },
            ..fault
        }
    }
}

fn kind_of(meaning: Meaning) -> FaultKind {
    match meaning {
        Meaning::Conflict => FaultKind::Conflict,
        Meaning::Invalid => FaultKind::Rejected,
        Meaning::Missing => FaultKind::Missing,
        Meaning::Forbidden => FaultKind::Forbidden,
        Meaning::Throttled => FaultKind::Throttled,
        Meaning::Unavailable => FaultKind::Unavailable,
        Meaning::Paused => FaultKind::Paused,
        Meaning::NoSeat => FaultKind::NoSeat,
        Meaning::Guarded => FaultKind::Guarded,
        Meaning::Unsupported => FaultKind::Unsupported,
        Meaning::Misdirected => FaultKind::Misdirected,
    }
}

/// A server that only says it is not able may have acted; every other meaning is a clear no.
fn effect_of(kind: FaultKind, status: u16) -> Effect {
    if kind == FaultKind::Unavailable && matches!(status, 408 | 425 | 500..) {
        Effect::Unknown
    } else {
        Effect::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::script::answer;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn rule(status: Option<u16>, says: Option<&str>, means: Meaning) -> ErrorRule {
        ErrorRule {
            status,
            says: says.map(str::to_owned),
            means,
        }
    }

    fn rulings() -> Rulings {
        Rulings::of(&[
            rule(Some(409), Some("REQUIRED_FIELD"), Meaning::Invalid),
            rule(
                Some(403),
                Some("licen[cs]e limit|no seats?"),
                Meaning::NoSeat,
            ),
            rule(Some(403), Some("paused"), Meaning::Paused),
            rule(None, Some("last owner"), Meaning::Guarded),
            rule(Some(412), None, Meaning::Conflict),
            rule(Some(500), Some("duplicate key"), Meaning::Conflict),
            rule(Some(400), Some("slow down"), Meaning::Throttled),
            rule(Some(418), None, Meaning::Unavailable),
            rule(Some(503), Some("migrating"), Meaning::Unavailable),
            rule(Some(422), Some("("), Meaning::Missing),
        ])
    }

    fn told(status: u16, body: &str) -> String {
        let fault = rulings()
            .judge(&answer(status, &[], body), NOW)
            .expect_err("a fault");
        format!("{:?} {:?}", fault.kind, fault.effect)
    }

    #[test]
    fn the_first_rule_that_fits_counts_and_else_the_rfc() {
        for (status, body, expected) in [
            (
                409,
                r#"{"detail":"REQUIRED_FIELD_MISSING"}"#,
                "Rejected None",
            ),
            (409, r#"{"detail":"userName is taken"}"#, "Conflict None"),
            (
                403,
                r#"{"message":"License Limit exceeded"}"#,
                "NoSeat None",
            ),
            (
                403,
                r#"{"Errors":[{"description":"no seat"}]}"#,
                "NoSeat None",
            ),
            (403, "<html>SCIM is PAUSED</html>", "Paused None"),
            (403, "{}", "Forbidden None"),
            (
                400,
                r#"{"error_description":"the Last Owner"}"#,
                "Guarded None",
            ),
            (412, "", "Conflict None"),
            (500, "duplicate key value", "Conflict None"),
            (500, "", "Unavailable Unknown"),
            (
                400,
                r#"{"errors":[{"detail":"slow down"}]}"#,
                "Throttled None",
            ),
            (418, "", "Unavailable None"),
            (503, "migrating", "Unavailable Unknown"),
            (422, "(", "Rejected None"),
        ] {
            assert_eq!(told(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_success_stays_one_whatever_its_body_says() {
        let shown = answer(200, &[], r#"{"title":"last owner"}"#);
        assert_eq!(rulings().judge(&shown, NOW), Ok(()));
        let page = answer(200, &[], "<html>last owner</html>");
        let fault = rulings().judge(&page, NOW).expect_err("a fault");
        assert_eq!(fault.kind, FaultKind::Misdirected);
    }

    #[test]
    fn a_refusal_in_the_body_of_a_success_is_judged_by_its_own_status() {
        for status in [r#""409""#, "409"] {
            let body = format!(
                r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":{status},"detail":"REQUIRED_FIELD_MISSING"}}"#
            );
            assert_eq!(told(200, &body), "Rejected None");
        }
    }

    #[test]
    fn the_apps_own_words_are_kept_without_its_secrets() {
        let body = r#"{"message":"no seat left for Bearer s3cret-token"}"#;
        let fault = rulings()
            .judge(&answer(403, &[], body), NOW)
            .expect_err("a fault");
        assert_eq!(
            fault.to_string(),
            "the app has no seat left (403): no seat left for Bearer [secret]"
        );
    }
}
