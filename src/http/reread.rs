//! Reading again what could not be read: a page of a list, an account, a look-up.
//!
//! Promises that only reads are sent again, by the same decision and within the same patience as
//! changes are; and that an app which was absent at the end of all tries is asked once a read until it
//! answers. Leaves changes to the outbox, the one other place where anything is tried again.

use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Did the last read that was given up meet nobody?
    absent: AtomicBool,
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
            absent: AtomicBool::new(false),
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
            let trouble = self.trouble(&sent);
            let is_absent = trouble
                .as_ref()
                .is_some_and(|fault| fault.kind.is_absence());
            if !is_absent {
                self.absent.store(false, Ordering::Relaxed);
            }
            let Some(fault) = trouble else {
                return sent;
            };
            match dispose(&fault, tries, &self.policy, self.draw.unit()) {
                Disposition::Retry(pause) | Disposition::LookFirst(pause)
                    if !self.absent.load(Ordering::Relaxed) =>
                {
                    self.clock.sleep(pause).await;
                }
                Disposition::Retry(_) | Disposition::LookFirst(_) => return sent,
                Disposition::LookUpConflict
                | Disposition::FindAgain
                | Disposition::StopTarget
                | Disposition::Park
                | Disposition::GiveUpForNow
                | Disposition::HoldCreates => {
                    self.absent.store(is_absent, Ordering::Relaxed);
                    return sent;
                }
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

    /// What comes of such requests, one after the other, and how many answers are left.
    async fn send_all(
        methods: &[Method],
        statuses: &[u16],
    ) -> (Vec<Result<u16, FaultKind>>, usize) {
        let moody = Arc::new(Moody(Mutex::new(statuses.to_vec())));
        let policy = RetryPolicy::default();
        let reread = Reread::new(Arc::clone(&moody), policy, Clock::System, Draw::seeded(1));
        let mut came = Vec::new();
        for method in methods {
            let request = Request {
                method: method.clone(),
                url: "https://app.example.com/Users".parse().expect("an address"),
                headers: HeaderMap::new(),
                body: Bytes::new(),
                timeout: std::time::Duration::from_secs(1),
                about: About::User,
            };
            let sent = reread.send(request).await;
            came.push(
                sent.map(|answer| answer.status.as_u16())
                    .map_err(|fault| fault.kind),
            );
        }
        let left = moody.0.lock().await.len();
        (came, left)
    }

    async fn send(method: Method, statuses: &[u16]) -> (Result<u16, FaultKind>, usize) {
        let (mut came, left) = send_all(&[method], statuses).await;
        (came.remove(0), left)
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
    async fn an_app_that_was_absent_is_asked_once_until_it_answers() {
        let gets = [const { Method::GET }; 5];
        // Six tries, one, one, then it answers, and is asked twice again.
        let (came, left) = send_all(
            &gets,
            &[503, 503, 503, 503, 503, 503, 0, 503, 404, 503, 200],
        )
        .await;
        let absent = Err(FaultKind::Unreachable);
        assert_eq!(came, [Ok(503), absent, Ok(503), Ok(404), Ok(200)]);
        assert_eq!(left, 0);
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
