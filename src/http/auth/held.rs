//! The access token in hand, and the way to the next one.
//!
//! Promises that a token is fetched once for all who wait for one. Leaves fetching to
//! [`crate::http::token`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Clock;
use crate::core::fault::Fault;
use crate::http::token::{Oauth2Client, Token};

/// A token endpoint and what it gave us.
pub(super) struct TokenDesk {
    pub(super) client: Oauth2Client,
    pub(super) held: tokio::sync::Mutex<Held>,
    /// Visits so far; who waited for `held` sees by it whether somebody else went.
    visits: AtomicU64,
}

impl TokenDesk {
    pub(super) fn new(client: Oauth2Client) -> Self {
        Self {
            client,
            held: tokio::sync::Mutex::default(),
            visits: AtomicU64::new(0),
        }
    }

    pub(super) fn visits(&self) -> u64 {
        self.visits.load(Ordering::SeqCst)
    }

    pub(super) fn note_visit(&self) {
        self.visits.fetch_add(1, Ordering::SeqCst);
    }
}

/// What the last visit to the token endpoint brought.
#[derive(Default)]
pub(super) struct Held {
    token: Option<Arc<Token>>,
    pub(super) failure: Option<Fault>,
}

impl Held {
    /// The token, unless it is the refused one or nearly at its end.
    pub(super) fn usable(&self, stale: Option<&Arc<Token>>, clock: &Clock) -> Option<Arc<Token>> {
        self.other_than(stale)
            .filter(|token| !token.is_due(clock.now()))
    }

    /// The token to its very end, since there is no other.
    pub(super) fn stretch(
        &mut self,
        stale: Option<&Arc<Token>>,
        clock: &Clock,
    ) -> Option<Arc<Token>> {
        let token = self.other_than(stale)?.stretched(clock.now())?;
        Some(self.keep(Arc::new(token)))
    }

    fn other_than(&self, stale: Option<&Arc<Token>>) -> Option<Arc<Token>> {
        self.token
            .clone()
            .filter(|token| stale.is_none_or(|stale| !Arc::ptr_eq(token, stale)))
    }

    pub(super) fn keep(&mut self, token: Arc<Token>) -> Arc<Token> {
        self.failure = None;
        self.token = Some(Arc::clone(&token));
        token
    }
}
