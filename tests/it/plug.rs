//! Sandbox apps on a socket, with a plug that somebody pulls at a chosen request.
//!
//! Promises that once the plug is pulled nobody hears an answer any more, and that nothing is
//! carried out after [`Served::cut`]. Leaves the killing to the story.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::Response;
use rollcall::clock::Clock;
use rollcall::http::{About, Answer, Request};
use rollcall::sandbox::Sandbox;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use url::Url;

/// How the plug comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// The request does not arrive, nor does any after it.
    Before,
    /// The request is carried out and its answer is lost, as of those after it.
    After,
    /// The answer is on its way back; the end comes while it is being written down.
    Answered,
    /// No plug: the app refuses this one request (400), and carries on.
    Refused,
}

impl Pull {
    pub const ALL: [Self; 3] = [Self::Before, Self::After, Self::Answered];
}

/// Which request, the first is 1, and how.
pub type Point = (u64, Pull);

/// The apps of one run of the program.
pub struct Served {
    pub root: String,
    plug: Arc<Plug>,
    pulled: Receiver<()>,
}

struct Plug {
    sandbox: Sandbox,
    point: Option<Point>,
    seen: AtomicU64,
    dead: AtomicBool,
    tell: Mutex<Sender<()>>,
}

impl Served {
    /// Serves on a free port, from `runtime`.
    pub fn start(runtime: &Runtime, sandbox: &Sandbox, point: Option<Point>) -> Self {
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (tell, pulled) = mpsc::channel();
        let plug = Arc::new(Plug {
            sandbox: sandbox.clone(),
            point,
            seen: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            tell: Mutex::new(tell),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&plug));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            root: format!("http://{address}"),
            plug,
            pulled,
        }
    }

    /// Waits at most so long for the plug; says whether it was pulled.
    pub fn is_pulled(&self, wait: Duration) -> bool {
        self.pulled.recv_timeout(wait).is_ok()
    }

    /// Ends it, also for what is still on its way; gives how many requests came.
    pub fn cut(self) -> u64 {
        self.plug.dead.store(true, Ordering::SeqCst);
        self.plug.seen.load(Ordering::SeqCst)
    }
}

impl Plug {
    fn pull(&self) {
        let tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
        // The story may have stopped listening: it ended before the plug was pulled.
        let _ = tell.send(());
    }

    async fn handle(self: &Arc<Self>, request: &Request) -> Answer {
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if self.dead.load(Ordering::SeqCst) {
            return silence().await;
        }
        let Some((at, how)) = self.point.filter(|(at, _)| number >= *at) else {
            return self.sandbox.handle(request);
        };
        match how {
            Pull::Before => {
                self.pull();
                silence().await
            }
            Pull::After => {
                let _lost = self.sandbox.handle(request);
                self.pull();
                silence().await
            }
            Pull::Answered => {
                if number == at {
                    tokio::spawn(Arc::clone(self).pull_soon(at));
                }
                self.sandbox.handle(request)
            }
            Pull::Refused if number == at => refusal(),
            Pull::Refused => self.sandbox.handle(request),
        }
    }

    /// Within two milliseconds, after another pause for each point.
    async fn pull_soon(self: Arc<Self>, at: u64) {
        Clock::System
            .sleep(Duration::from_micros(at * 397 % 2000))
            .await;
        self.pull();
    }
}

fn refusal() -> Answer {
    let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"not today"}"#;
    Answer {
        status: http::StatusCode::BAD_REQUEST,
        headers: http::HeaderMap::new(),
        body: body.into(),
    }
}

async fn silence() -> Answer {
    std::future::pending().await
}

async fn answer(State(plug): State<Arc<Plug>>, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let url = format!("http://sandbox.invalid{}", parts.uri);
    let request = Request {
        method: parts.method,
        url: Url::parse(&url).expect("the program sends addresses"),
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap_or_default(),
        timeout: Duration::from_mins(1),
        about: About::Service,
    };
    let answer = plug.handle(&request).await;
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
