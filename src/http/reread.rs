//! Reading again what could not be read: a page of a list, an account, a look-up.
//!
//! Promises that only reads are sent again, by the same decision and within the same patience as
//! changes are. Leaves changes to the outbox, the one other place where anything is tried again.

use async_trait::async_trait;
use http::Method;

use super::ruling::Rulings;
use super::{Answer, Request, Transport};
use crate::clock::Clock;
use crate::core::fault::{Disposition, Fault, dispose};
use crate::core::profile::RetryPolicy;
use crate::draw::Draw;

/// A transport that reads again.
pub struct Reread<T> {
    inner: T,
    policy: RetryPolicy,
    rulings: Rulings,
    clock: Clock,
    draw: Draw,
}

impl<T: Transport> Reread<T> {
    /// Reads through `inner`, again as `policy` says; `draw` is the jitter.
    #[must_use]
    pub fn new(inner: T, policy: RetryPolicy, clock: Clock, draw: Draw) -> Self {
        Self {
            inner,
            policy,
            rulings: Rulings::default(),
            clock,
            draw,
        }
    }

    /// Judges answers by these rules.
    #[must_use]
    pub fn ruled_by(self, rulings: Rulings) -> Self {
        Self { rulings, ..self }
    }

    /// What is wrong with what came, if anything is.
    fn trouble(&self, sent: &Result<Answer, Fault>) -> Option<Fault> {
        match sent {
            Ok(answer) => self.rulings.judge(answer, self.clock.now()).err(),
            Err(fault) => Some(fault.clone()),
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for Reread<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        if request.method != Method::GET {
            return self.inner.send(request).await;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let sent = self.inner.send(request.clone()).await;
            let Some(fault) = self.trouble(&sent) else {
                return sent;
            };
            match dispose(&fault, tries, &self.policy, self.draw.unit()) {
                Disposition::Retry(pause) | Disposition::LookFirst(pause) => {
                    self.clock.sleep(pause).await;
                }
                Disposition::LookUpConflict
                | Disposition::FindAgain
                | Disposition::StopTarget
                | Disposition::Park
                | Disposition::GiveUpForNow
                | Disposition::HoldCreates => return sent,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use tokio::sync::Mutex;

    use super::*;
    use crate::core::fault::{Effect, FaultKind};
    use crate::http::About;

    /// Answers with these statuses, one after the other; 0 is no answer at all.
    struct Moody(Mutex<Vec<u16>>);

    #[async_trait]
    impl Transport for Moody {
        async fn send(&self, _: Request) -> Result<Answer, Fault> {
            let status = self.0.lock().await.remove(0);
            if status == 0 {
                return Err(Fault::new(FaultKind::Unreachable, Effect::None, "reset"));
            }
            Ok(Answer {
                status: StatusCode::from_u16(status).expect("a status"),
                headers: HeaderMap::new(),
                body: Bytes::from_static(b"{}"),
            })
        }
    }

    async fn send(method: Method, statuses: &[u16]) -> (Result<u16, FaultKind>, usize) {
        let moody = Arc::new(Moody(Mutex::new(statuses.to_vec())));
        let policy = RetryPolicy::default();
        let reread = Reread::new(Arc::clone(&moody), policy, Clock::System, Draw::seeded(1));
        let request = Request {
            method,
            url: "https://app.example.com/Users".parse().expect("an address"),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: std::time::Duration::from_secs(1),
            about: About::User,
        };
        let sent = reread.send(request).await;
        let left = moody.0.lock().await.len();
        (
            sent.map(|answer| answer.status.as_u16())
                .map_err(|fault| fault.kind),
            left,
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_is_sent_again_until_it_is_answered() {
        assert_eq!(send(Method::GET, &[0, 503, 429, 200]).await, (Ok(200), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_is_given_up_after_so_many_tries() {
        assert_eq!(send(Method::GET, &[503; 9]).await, (Ok(503), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_repetition_mends_is_not_repeated() {
        assert_eq!(send(Method::GET, &[404, 200]).await, (Ok(404), 1));
        assert_eq!(send(Method::GET, &[403, 200]).await, (Ok(403), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_is_never_sent_again_here() {
        assert_eq!(send(Method::POST, &[503, 201]).await, (Ok(503), 1));
    }
}
