//! What was made, when the app does not show it: a 201 without a body, or with one that says nothing.
//!
//! Promises that a resource is given only with its id, and that every failure from here on leaves
//! the create in doubt: the app has said yes. Leaves the second try to the engine, which looks first.

use super::decode::{self, Unreadable};
use super::{ScimConnector, lookup};
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::Attributes;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::{About, Answer};

/// The account that `answer` says was made: the one its `Location` leads to, else the one that
/// holds the first of the match keys by which exactly one is found.
///
/// # Errors
/// [`FaultKind::Garbled`], in doubt, when it cannot be found out.
pub async fn account(
    app: &ScimConnector,
    answer: &Answer,
    attributes: &Attributes,
) -> Result<Account, Fault> {
    let path = &app.profile.users.path;
    if let Some(shown) = located(app, path, answer, About::User).await
        && let Some(account) = decode::shown(&shown.body, &app.profile)
    {
        return Ok(account);
    }
    for name in &app.profile.users.matching {
        let Some(value) = attributes.get(name) else {
            continue;
        };
        let keys = [(name.clone(), value.to_string())];
        let found = lookup::accounts(app, &keys)
            .await
            .map_err(|fault| in_doubt(answer, &fault))?;
        if let Ok([account]) = <[Account; 1]>::try_from(found) {
            return Ok(account);
        }
    }
    Err(unfound(answer))
}

/// The group that `answer` says was made, found likewise.
///
/// # Errors
/// [`FaultKind::Garbled`], in doubt, when it cannot be found out.
pub async fn group(
    app: &ScimConnector,
    answer: &Answer,
    name: &str,
    external_id: Option<&str>,
) -> Result<AppGroup, Fault> {
    let path = &app.profile.groups.path;
    if let Some(shown) = located(app, path, answer, About::Group).await
        && let Ok(group) = read(app, &shown)
    {
        return Ok(group);
    }
    let found = lookup::groups(app, name, external_id)
        .await
        .map_err(|fault| in_doubt(answer, &fault))?;
    match <[AppGroup; 1]>::try_from(found) {
        Ok([group]) => Ok(group),
        Err(_) => Err(unfound(answer)),
    }
}

/// The group in an answer.
///
/// # Errors
/// Why there is none.
pub fn read(app: &ScimConnector, answer: &Answer) -> Result<AppGroup, Unreadable> {
    decode::group(&decode::object(&answer.body)?, &app.profile.groups)
}

async fn located(app: &ScimConnector, path: &str, answer: &Answer, about: About) -> Option<Answer> {
    let location = answer.headers.get(http::header::LOCATION)?.to_str().ok()?;
    // A Location that leads nowhere is not the end: the look-up follows.
    app.exchange.follow(path, location, about).await.ok()?
}

fn in_doubt(answer: &Answer, fault: &Fault) -> Fault {
    let detail = format!("it was made but not shown, and the look-up failed: {fault}");
    Fault {
        retry_after: fault.retry_after,
        ..doubt(answer, &detail)
    }
}

fn unfound(answer: &Answer) -> Fault {
    doubt(
        answer,
        "it was made but not shown, and not exactly one was found that holds the same values",
    )
}

fn doubt(answer: &Answer, detail: &str) -> Fault {
    Fault {
        status: Some(answer.status.as_u16()),
        ..Fault::new(
            FaultKind::Garbled,
            Effect::Unknown,
            detail.chars().take(300).collect::<String>(),
        )
    }
}
