//! The writes of one piece of work, as they were sent: for the journal.
//!
//! Promises method, path and status of every write within [`traced`], in order, and neither queries
//! nor bodies. Leaves sending to the connectors.

use std::cell::RefCell;
use std::future::Future;

use http::Method;
use url::Url;

use crate::core::deed::Sent;

tokio::task_local! {
    static WRITES: RefCell<Vec<Sent>>;
}

/// Does the work, and gives what it wrote to the app beside what came of it.
pub async fn traced<T>(work: impl Future<Output = T>) -> (T, Vec<Sent>) {
    let watched = async {
        let done = work.await;
        (done, WRITES.with(RefCell::take))
    };
    WRITES.scope(RefCell::default(), watched).await
}

/// A request to `url` below `base` was sent, with this answer. Reads are not kept, nor is what nobody
/// asked about.
pub(super) fn note(method: &Method, base: &Url, url: &Url, status: Option<u16>) {
    if method == Method::GET {
        return;
    }
    let root = base.path().trim_end_matches('/');
    let path = url.path().strip_prefix(root).unwrap_or(url.path());
    let sent = Sent {
        method: method.to_string(),
        path: path.to_owned(),
        status,
        times: 1,
    };
    // Outside of `traced` there is nobody to tell.
    let _ = WRITES.try_with(|writes| sent.add(&mut writes.borrow_mut()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writes_are_kept_and_reads_and_queries_are_not() {
        let base = Url::parse("https://app.example.com/scim/v2").expect("an address");
        let url = |path: &str| Url::parse(&format!("{base}{path}")).expect("an address");
        let work = async {
            note(&Method::GET, &base, &url("/Users?filter=x"), Some(200));
            note(&Method::POST, &base, &url("/Users?secret=1"), Some(201));
            tokio::task::yield_now().await;
            note(&Method::PATCH, &base, &url("/Users/7"), None);
            7
        };
        let (done, sent) = traced(work).await;
        assert_eq!(done, 7);
        let told: Vec<String> = sent.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["POST /Users 201", "PATCH /Users/7 unanswered"]);
        note(&Method::PATCH, &base, &url("/Users/7"), None);
    }

    #[tokio::test]
    async fn work_side_by_side_is_kept_apart() {
        let base = Url::parse("https://app.example.com/").expect("an address");
        let one = |path: &'static str| {
            let base = base.clone();
            traced(async move {
                let url = base.join(path).expect("a path");
                tokio::task::yield_now().await;
                note(&Method::PUT, &base, &url, Some(200));
            })
        };
        let (((), first), ((), second)) = futures_util::join!(one("/a"), one("/b"));
        assert_eq!((&*first[0].path, first.len()), ("/a", 1));
        assert_eq!((&*second[0].path, second.len()), ("/b", 1));
    }
}
