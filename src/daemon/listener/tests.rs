//! The three answers over a loopback socket.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// A daemon that is well, or is not.
#[derive(Default)]
struct Daemon {
    ill: AtomicBool,
}

impl Daemon {
    fn complains(&self, of: &str) -> Vec<String> {
        let ill = self.ill.load(Ordering::Relaxed);
        ill.then(|| of.to_owned()).into_iter().collect()
    }
}

impl Sight for Daemon {
    fn stuck(&self) -> Vec<String> {
        self.complains("wiki")
    }

    fn lacking(&self) -> Vec<String> {
        self.complains("source hq: was never read as a whole")
    }

    fn metrics(&self) -> String {
        "# EOF\n".into()
    }
}

async fn served() -> (SocketAddr, Arc<Daemon>) {
    let any = "127.0.0.1:0".parse().expect("an address");
    let listener = bind(any).await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let daemon = Arc::new(Daemon::default());
    let sight: Arc<dyn Sight> = Arc::<Daemon>::clone(&daemon);
    tokio::spawn(serve(listener, sight, Clock::System));
    (address, daemon)
}

async fn ask(address: SocketAddr, what: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("{what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    answer
}

/// The status and the body.
async fn told(address: SocketAddr, what: &str) -> (String, String) {
    let answer = ask(address, what).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status");
    (status.into(), body.into())
}

#[tokio::test]
async fn health_says_who_is_stuck_and_ready_what_is_old() {
    let (address, daemon) = served().await;
    let ready = r#"{"problems":[],"ready":true}"#;
    assert_eq!(
        told(address, "GET /healthz").await,
        ("200".into(), "ok\n".into())
    );
    let answer = told(address, "GET /readyz").await;
    assert_eq!(answer, ("200".into(), format!("{ready}\n")));
    daemon.ill.store(true, Ordering::Relaxed);
    let answer = told(address, "GET /healthz").await;
    assert_eq!(answer, ("503".into(), "no longer gets on: wiki\n".into()));
    let not = r#"{"problems":["source hq: was never read as a whole"],"ready":false}"#;
    let answer = told(address, "GET /readyz").await;
    assert_eq!(answer, ("503".into(), format!("{not}\n")));
}

#[tokio::test]
async fn it_answers_the_three_and_nothing_else() {
    let (address, _) = served().await;
    let metrics = ask(address, "GET /metrics").await;
    let typed = format!("content-type: {CONTENT_TYPE}\r\n");
    assert!(metrics.contains(&typed), "{metrics}");
    for (what, status) in [
        ("GET /", "404"),
        ("GET /metrics/../etc", "404"),
        ("POST /metrics", "405"),
    ] {
        assert_eq!(told(address, what).await.0, status, "{what}");
    }
}

#[tokio::test]
async fn those_who_say_nothing_are_few() {
    let (address, _) = served().await;
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS {
        silent.push(TcpStream::connect(address).await.expect("it listens"));
    }
    let short = Duration::from_millis(300);
    let late = tokio::time::timeout(short, ask(address, "GET /healthz")).await;
    assert!(late.is_err(), "one too many was answered");
    silent.pop();
    assert_eq!(told(address, "GET /healthz").await.0, "200");
}

#[tokio::test(start_paused = true)]
async fn nobody_stays_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let (dialled, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let _silent = dialled.expect("it listens");
    let slots = Arc::new(Semaphore::new(1));
    let mut brief = Brief {
        stream: accepted.expect("somebody came").0,
        end: Box::pin(async { Clock::System.sleep(LONGEST).await }),
        _slot: slots.acquire_owned().await.expect("it is open"),
    };
    let ended = brief.read(&mut [0; 16]).await;
    assert_eq!(
        ended.expect_err("it said nothing").kind(),
        io::ErrorKind::TimedOut
    );
}
