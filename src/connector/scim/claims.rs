//! What a profile says of reading an app, tried on one of its accounts.
//!
//! Promises to change nothing, and a sentence for each claim that does not hold: a filter that finds
//! nobody, without an error, would let a second account be made after a lost answer. What cannot be
//! tried says nothing. Leaves following the profile all the same to whoever reads it.

use super::decode;
use super::filter::{self, Turn};
use super::lookup;
use super::{ScimConnector, read_account};
use crate::core::account::Account;
use crate::core::attribute::{AttrName, Value};
use crate::core::fault::FaultKind;
use crate::core::key::RemoteId;
use crate::core::profile::Paging;
use crate::http::About;

/// The claims that do not hold for `account`, the first of the list, of `total` accounts.
pub async fn broken(app: &ScimConnector, account: &Account, total: Option<u64>) -> Vec<String> {
    let mut found = Vec::new();
    for name in &app.profile.users.filters {
        if let Some(value) = one_value(account, name) {
            found.extend(broken_filter(app, account, name, value).await);
        }
    }
    if total.is_some_and(|total| total > 1) && second(app).await.as_ref() == Some(&account.id) {
        found.push(
            "the app ignores startIndex: every page is the first one; lists are read by `id gt` and \
             `sortBy=id`, or not at all"
                .to_owned(),
        );
    }
    found
}

/// The value to look for, where it is one.
fn one_value(account: &Account, name: &AttrName) -> Option<String> {
    match account.attributes.get(name)? {
        Value::Text(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(_) | Value::List(_) | Value::Account(_) => None,
    }
}

async fn broken_filter(
    app: &ScimConnector,
    account: &Account,
    name: &AttrName,
    value: String,
) -> Option<String> {
    let verdict = match lookup::accounts(app, &[(name.clone(), value)]).await {
        Ok(hits) if hits.iter().any(|hit| hit.id == account.id) => return None,
        Ok(_) => "does not find an account that has the value",
        Err(fault) if matches!(fault.kind, FaultKind::Rejected | FaultKind::Unsupported) => {
            "is refused"
        }
        Err(_) => return None,
    };
    let name = name.as_str();
    Some(format!(
        "a filter on {name} {verdict}; the profile says that the app takes it, and is followed: \
         write `users: {{ filters: […] }}` without it into the target's `override:`"
    ))
}

/// The account that the app shows as its second.
async fn second(app: &ScimConnector) -> Option<RemoteId> {
    let users = &app.profile.users;
    let second = match users.paging {
        Paging::Index => 2,
        Paging::Offset => 1,
        Paging::Cursor | Paging::None => return None,
    };
    let path = filter::page(&users.path, &Turn::Row(second), 1, &users.sort, None);
    let answer = app.exchange.get(&path, About::User).await.ok()?;
    let row = decode::page(&answer.body).ok()?.rows.into_iter().next()?;
    let (id, _) = read_account(&app.profile)(row).ok()?;
    Some(id)
}

#[cfg(test)]
mod tests {
    use crate::connector::Observe;
    use crate::connector::scim::script::{Script, connector};
    use crate::core::attribute::AttrName;
    use crate::core::profile::{AttributeRule, Profile};

    const ANA: &str = r#"{"totalResults":2,"Resources":[{"id":"1","userName":"ana"}]}"#;
    const BOB: &str = r#"{"totalResults":2,"Resources":[{"id":"2","userName":"bob"}]}"#;
    const FOUND: &str = r#"{"totalResults":1,"Resources":[{"id":"1","userName":"ana"}]}"#;
    const OTHER: &str = r#"{"totalResults":1,"Resources":[{"id":"2","userName":"bob"}]}"#;
    const NOBODY: &str = r#"{"totalResults":0,"Resources":[]}"#;

    /// What a test says when the look for ana and for the second account are answered so.
    async fn said(filtered: (u16, &str), second: (u16, &str)) -> (Vec<String>, Vec<String>) {
        let mut profile = Profile::default();
        let user_name = AttrName::from("userName");
        profile
            .attributes
            .insert(user_name.clone(), AttributeRule::default());
        profile.users.filters = vec!["externalId".into(), user_name];
        let script = Script::of(&[(200, ANA), (404, ""), filtered, second]);
        let greeting = connector(&script, profile).test().await;
        (
            greeting.expect("a greeting").contradictions,
            script.lines().split_off(2),
        )
    }

    #[tokio::test]
    async fn a_claim_that_holds_is_not_spoken_of() {
        for fine in [(200, FOUND), (500, ""), (200, "<html>")] {
            let (said, asked) = said(fine, (200, BOB)).await;
            assert!(said.is_empty(), "{said:?}");
            assert_eq!(
                asked,
                [
                    "GET /scim/v2/Users?filter=userName%20eq%20%22ana%22&startIndex=1&count=100",
                    "GET /scim/v2/Users?startIndex=2&count=1",
                ]
            );
        }
    }

    #[tokio::test]
    async fn a_filter_that_finds_nobody_is_told() {
        let advice = "; the profile says that the app takes it, and is followed: write \
                      `users: { filters: […] }` without it into the target's `override:`";
        for (answer, verdict) in [
            ((200, NOBODY), "does not find an account that has the value"),
            ((200, OTHER), "does not find an account that has the value"),
            ((404, ""), "does not find an account that has the value"),
            ((400, "{}"), "is refused"),
            ((501, ""), "is refused"),
        ] {
            let (said, _) = said(answer, (200, BOB)).await;
            assert_eq!(said, [format!("a filter on userName {verdict}{advice}")]);
        }
    }

    #[tokio::test]
    async fn a_list_that_begins_anew_is_told() {
        let (said, _) = said((200, FOUND), (200, ANA)).await;
        assert_eq!(
            said,
            [
                "the app ignores startIndex: every page is the first one; lists are read by `id gt` and \
             `sortBy=id`, or not at all"
            ]
        );
    }
}
