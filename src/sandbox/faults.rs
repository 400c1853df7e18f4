//! Faults on demand: small wrappers around any [`Transport`], each with a name.
//!
//! Promises that a script alone decides which request is hit, so that a test fails the same way every
//! time, and that [`Faulty::heal`] ends it. Leaves the engine to survive it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::object::Object;
use super::records::is_active;
use super::refusal::Refusal;
use super::reply;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::{Answer, Request, Transport};

/// What happens to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultInjection {
    /// The request never arrives.
    DropBefore,
    /// The request is carried out, and the answer is lost.
    DropAfter,
    /// 429; the request is not carried out.
    Throttle(RetryAfter),
    /// 502 with a proxy's HTML page.
    ErrorPage(Commit),
    /// 500, 503 or another error of the server, as a SCIM error.
    ServerError(u16, Commit),
    /// 401; the request is not carried out.
    ExpiredToken,
    /// 204 to a write that is not carried out.
    NotDone,
    /// The answer breaks off in the middle of its body.
    TruncatedBody,
    /// A read gives what the same address gave last time.
    StaleRead,
    /// The first row of a list is there a second time, at its end.
    DuplicateRow,
    /// Inactive users are not in a list.
    HiddenInactive,
    /// Every page but the first begins one row too late, as when somebody deletes between two pages.
    PageDrift,
}

/// Whether a request that failed was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It was.
    Done,
    /// It was not.
    Not,
}

/// How long a throttled client is asked to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds.
    Seconds(u64),
    /// Until then, written in one of the three ways of RFC 9110, 5.6.7.
    Date(Timestamp, DateForm),
    /// Nobody says.
    Silent,
}

/// The three ways to write a date (RFC 9110, 5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// `Sun, 22 Nov 2026 10:00:00 GMT`
    Fixed,
    /// `Sunday, 22-Nov-26 10:00:00 GMT`
    Rfc850,
    /// `Sun Nov 22 10:00:00 2026`
    Asctime,
}

/// Decides what happens to the request of that number; the first is 1.
pub type Plan = Box<dyn Fn(u64, &Request) -> Option<FaultInjection> + Send + Sync>;

/// A transport that fails by plan.
pub struct Faulty<T> {
    inner: T,
    plan: Plan,
    healed: AtomicBool,
    seen: AtomicU64,
    injected: AtomicU64,
    /// The last honest answer of each address that was read.
    memory: Mutex<BTreeMap<String, Answer>>,
}

impl<T: Transport> Faulty<T> {
    /// Asks `plan` about every request.
    pub fn new(inner: T, plan: Plan) -> Self {
        Self {
            inner,
            plan,
            healed: AtomicBool::new(false),
            seen: AtomicU64::new(0),
            injected: AtomicU64::new(0),
            memory: Mutex::new(BTreeMap::new()),
        }
    }

    /// Hits the request number `nth` alone; the first is 1.
    pub fn once(inner: T, nth: u64, injection: FaultInjection) -> Self {
        let plan = move |number, _: &Request| (number == nth).then(|| injection.clone());
        Self::new(inner, Box::new(plan))
    }

    /// Ends all faults, for good.
    pub fn heal(&self) {
        self.healed.store(true, Ordering::SeqCst);
    }

    /// How many requests were hit.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.injected.load(Ordering::SeqCst)
    }

    /// What is behind it.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    fn decide(&self, request: &Request) -> Option<FaultInjection> {
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if self.healed.load(Ordering::SeqCst) {
            return None;
        }
        let injection = (self.plan)(number, request);
        if injection.is_some() {
            self.injected.fetch_add(1, Ordering::SeqCst);
        }
        injection
    }

    async fn honest(&self, request: Request) -> Result<Answer, Fault> {
        let read = (request.method == Method::GET).then(|| request.url.to_string());
        let answer = self.inner.send(request).await?;
        if let Some(address) = read.filter(|_| answer.status.is_success()) {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.insert(address, answer.clone());
        }
        Ok(answer)
    }

    fn remembered(&self, request: &Request) -> Option<Answer> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory
            .get(request.url.as_str())
            .filter(|_| request.method == Method::GET)
            .cloned()
    }

    async fn commit(&self, request: Request, commit: Commit) -> Result<(), Fault> {
        match commit {
            Commit::Done => self.inner.send(request).await.map(drop),
            Commit::Not => Ok(()),
        }
    }

    async fn hit(&self, injection: FaultInjection, request: Request) -> Result<Answer, Fault> {
        match injection {
            FaultInjection::DropBefore => Err(Fault::new(
                FaultKind::Unreachable,
                Effect::None,
                "connection refused (injected)",
            )),
            FaultInjection::DropAfter => {
                self.commit(request, Commit::Done).await?;
                let detail = "the connection was lost (injected)";
                Err(Fault::new(FaultKind::TimedOut, Effect::Unknown, detail))
            }
            FaultInjection::Throttle(wait) => Ok(throttled(wait)),
            FaultInjection::ErrorPage(commit) => {
                self.commit(request, commit).await?;
                Ok(error_page())
            }
            FaultInjection::ServerError(status, commit) => {
                self.commit(request, commit).await?;
                Ok(server_error(status))
            }
            FaultInjection::ExpiredToken => {
                let refusal = Refusal::plain(StatusCode::UNAUTHORIZED, "the token has expired");
                Ok(refusal.answer())
            }
            FaultInjection::NotDone => Ok(reply::nothing()),
            FaultInjection::TruncatedBody => Ok(truncated(self.honest(request).await?)),
            FaultInjection::StaleRead => match self.remembered(&request) {
                Some(answer) => Ok(answer),
                None => self.honest(request).await,
            },
            FaultInjection::DuplicateRow => Ok(changed(self.honest(request).await?, repeat_row)),
            FaultInjection::HiddenInactive => {
                Ok(changed(self.honest(request).await?, hide_inactive))
            }
            FaultInjection::PageDrift => self.inner.send(drifted(request)).await,
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for Faulty<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        match self.decide(&request) {
            None => self.honest(request).await,
            Some(injection) => self.hit(injection, request).await,
        }
    }
}

fn throttled(wait: RetryAfter) -> Answer {
    let mut answer = Refusal::plain(StatusCode::TOO_MANY_REQUESTS, "too many requests").answer();
    let text = match wait {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(at, form) => written(at, form),
        RetryAfter::Silent => return answer,
    };
    let value = HeaderValue::from_str(&text).expect("digits, letters and signs of ASCII");
    answer.headers.insert(RETRY_AFTER, value);
    answer
}

fn written(at: Timestamp, form: DateForm) -> String {
    let form = match form {
        DateForm::Fixed => "%a, %d %b %Y %H:%M:%S GMT",
        DateForm::Rfc850 => "%A, %d-%b-%y %H:%M:%S GMT",
        DateForm::Asctime => "%a %b %e %H:%M:%S %Y",
    };
    at.strftime(form).to_string()
}

fn error_page() -> Answer {
    let page = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\
                <body><h1>502 Bad Gateway</h1></body></html>\n";
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    Answer {
        status: StatusCode::BAD_GATEWAY,
        headers,
        body: Bytes::from_static(page.as_bytes()),
    }
}

fn server_error(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Refusal::plain(status, "something went wrong in the app").answer()
}

fn truncated(mut answer: Answer) -> Answer {
    let half = answer.body.len() / 2;
    answer.body.truncate(half);
    answer
}

/// A list answer with other rows; anything else stays as it is.
fn changed(mut answer: Answer, change: fn(&mut Vec<Json>) -> i64) -> Answer {
    let Ok(Json::Object(mut list)) = serde_json::from_slice::<Json>(&answer.body) else {
        return answer;
    };
    let Some(rows) = list.get_mut("Resources").and_then(Json::as_array_mut) else {
        return answer;
    };
    let hidden = change(rows);
    let rows = rows.len();
    list.insert("itemsPerPage".into(), rows.into());
    let total = list
        .get("totalResults")
        .and_then(Json::as_i64)
        .unwrap_or_default();
    list.insert("totalResults".into(), (total - hidden).into());
    answer.body = Bytes::from(Json::Object(list).to_string());
    answer
}

/// Gives how many resources the total no longer counts.
fn repeat_row(rows: &mut Vec<Json>) -> i64 {
    rows.extend(rows.first().cloned());
    0
}

fn hide_inactive(rows: &mut Vec<Json>) -> i64 {
    let before = rows.len();
    rows.retain(|row| row.as_object().is_none_or(|row: &Object| is_active(row)));
    i64::try_from(before - rows.len()).unwrap_or_default()
}

fn drifted(mut request: Request) -> Request {
    let pairs: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
    let later = |text: &str| match text.parse::<u64>() {
        Ok(start) if start > 1 => (start + 1).to_string(),
        Ok(_) | Err(_) => text.to_owned(),
    };
    if pairs.iter().any(|(name, _)| name == "startIndex") {
        let mut query = request.url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            let value = if name == "startIndex" {
                later(value)
            } else {
                value.clone()
            };
            query.append_pair(name, &value);
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Sandbox;
    use super::super::fixture::{json_of, new_user, profile, request, sandbox, target};
    use super::*;

    fn faulty(plan: Vec<(u64, FaultInjection)>) -> Faulty<Sandbox> {
        let plan = move |number: u64, _: &Request| {
            let hit = plan.iter().find(|(nth, _)| *nth == number);
            hit.map(|(_, injection)| injection.clone())
        };
        Faulty::new(sandbox(profile()), Box::new(plan))
    }

    async fn create(faulty: &Faulty<Sandbox>, name: &str) -> Result<u16, Fault> {
        let answer = faulty
            .send(request("POST", "/Users", Some(&new_user(name))))
            .await?;
        Ok(answer.status.as_u16())
    }

    async fn names(faulty: &Faulty<Sandbox>, path: &str) -> Json {
        let answer = faulty
            .send(request("GET", path, None))
            .await
            .expect("an answer");
        let list = json_of(&answer);
        let rows = list["Resources"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["userName"].clone()).collect()
    }

    #[tokio::test]
    async fn a_lost_request_changes_nothing_and_a_lost_answer_does() {
        let faulty = faulty(vec![
            (1, FaultInjection::DropBefore),
            (2, FaultInjection::DropAfter),
            (3, FaultInjection::ServerError(503, Commit::Not)),
            (4, FaultInjection::ServerError(500, Commit::Done)),
        ]);
        let lost = create(&faulty, "a").await.expect_err("lost");
        assert_eq!(
            (lost.kind, lost.effect),
            (FaultKind::Unreachable, Effect::None)
        );
        let lost = create(&faulty, "b").await.expect_err("lost");
        assert_eq!(
            (lost.kind, lost.effect),
            (FaultKind::TimedOut, Effect::Unknown)
        );
        assert_eq!(create(&faulty, "c").await, Ok(503));
        assert_eq!(create(&faulty, "d").await, Ok(500));
        assert_eq!(names(&faulty, "/Users").await, json!(["b", "d"]));
        assert_eq!(faulty.injected(), 4);
        assert_eq!(faulty.inner().counts(&target()).write, 2);
    }

    #[tokio::test]
    async fn the_three_dates_and_seconds_of_retry_after() {
        let at = "2026-11-02T10:00:00Z".parse().expect("a time");
        for (wait, wanted) in [
            (RetryAfter::Seconds(7), Some("7")),
            (
                RetryAfter::Date(at, DateForm::Fixed),
                Some("Mon, 02 Nov 2026 10:00:00 GMT"),
            ),
            (
                RetryAfter::Date(at, DateForm::Rfc850),
                Some("Monday, 02-Nov-26 10:00:00 GMT"),
            ),
            (
                RetryAfter::Date(at, DateForm::Asctime),
                Some("Mon Nov  2 10:00:00 2026"),
            ),
            (RetryAfter::Silent, None),
        ] {
            let faulty = faulty(vec![(1, FaultInjection::Throttle(wait))]);
            let answer = faulty
                .send(request("GET", "/Users", None))
                .await
                .expect("an answer");
            assert_eq!(answer.status, 429);
            let header = answer.headers.get(RETRY_AFTER);
            assert_eq!(header.map(|value| value.to_str().expect("a text")), wanted);
        }
    }

    #[tokio::test]
    async fn reads_can_be_stale_doubled_hidden_drifted_and_cut() {
        let faulty = faulty(vec![
            (4, FaultInjection::StaleRead),
            (5, FaultInjection::DuplicateRow),
            (6, FaultInjection::HiddenInactive),
            (7, FaultInjection::PageDrift),
            (8, FaultInjection::TruncatedBody),
        ]);
        assert_eq!(create(&faulty, "a").await, Ok(201));
        assert_eq!(names(&faulty, "/Users").await, json!(["a"]));
        assert_eq!(create(&faulty, "b").await, Ok(201));
        assert_eq!(names(&faulty, "/Users").await, json!(["a"]));
        assert_eq!(names(&faulty, "/Users").await, json!(["a", "b", "a"]));
        faulty
            .inner()
            .set_active(&target(), &"u-000001".into(), false);
        assert_eq!(names(&faulty, "/Users").await, json!(["b"]));
        assert_eq!(
            names(&faulty, "/Users?startIndex=2&count=1").await,
            json!([])
        );
        let cut = faulty
            .send(request("GET", "/Users", None))
            .await
            .expect("an answer");
        assert_eq!(cut.status, 200);
        assert!(serde_json::from_slice::<Json>(&cut.body).is_err());
    }

    #[tokio::test]
    async fn pages_and_tokens_fail_until_it_is_healed() {
        let faulty = Faulty::new(
            sandbox(profile()),
            Box::new(|number, _| match number {
                1 => Some(FaultInjection::ErrorPage(Commit::Not)),
                _ => Some(FaultInjection::ExpiredToken),
            }),
        );
        let page = faulty
            .send(request("GET", "/Users", None))
            .await
            .expect("an answer");
        assert_eq!(page.status, 502);
        assert!(page.body.starts_with(b"<!DOCTYPE html>"));
        assert_eq!(create(&faulty, "a").await, Ok(401));
        faulty.heal();
        assert_eq!(create(&faulty, "a").await, Ok(201));
    }

    #[tokio::test]
    async fn one_request_alone_can_be_hit() {
        let faulty = Faulty::once(sandbox(profile()), 2, FaultInjection::ExpiredToken);
        assert_eq!(create(&faulty, "a").await, Ok(201));
        assert_eq!(create(&faulty, "b").await, Ok(401));
        assert_eq!(create(&faulty, "b").await, Ok(201));
    }
}
