//! Stories of the socket, with a clerk who does as he is told.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;
use crate::show::console::Outlet;
use crate::show::problem::{self, Trouble};

/// Does what the first word of the command says.
#[derive(Default)]
struct Scripted {
    go: Notify,
    done: Notify,
}

#[async_trait]
impl Clerk for Scripted {
    async fn serve(&self, request: Request, peer: Peer, console: Console) -> u8 {
        match request.arguments[0].as_str() {
            "say" => {
                console.out("out\n");
                console.err(&format!("err by {}\n", peer.named(&request.caller)));
                console.doing("something");
            }
            "long" => console.out(&"äöü ".repeat(50_000)),
            "wait" => {
                console.out("begun\n");
                self.go.notified().await;
                console.out("ended\n");
                self.done.notify_one();
            }
            "panic" => panic!("as asked"),
            other => panic!("{other} is in no script"),
        }
        4
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<Said>>);

impl Outlet for Heard {
    fn take(&self, said: Said) {
        self.0.lock().expect("no panic").push(said);
    }
}

struct Site {
    folder: TempDir,
    clerk: Arc<Scripted>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Site {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = Socket::bind(&folder.path().join("control"), None).await;
        let socket = socket.unwrap_or_else(|trouble| panic!("{trouble:?}"));
        let clerk = Arc::new(Scripted::default());
        let (stop, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let served = tokio::spawn(socket.serve(Arc::clone(&clerk) as Arc<dyn Clerk>, stopped));
        Self {
            folder,
            clerk,
            stop: Some(stop),
            served,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("control")
    }

    async fn ask(&self, word: &str) -> (Result<Called, String>, Vec<Said>) {
        asked(&self.path(), word).await
    }

    /// Everything the daemon says to somebody who sends these bytes.
    async fn says_to(&self, bytes: &[u8]) -> Vec<String> {
        let mut stream = UnixStream::connect(self.path()).await.expect("it listens");
        stream.write_all(bytes).await.ok();
        let mut lines = Vec::new();
        let mut read = BufReader::new(stream).lines();
        while let Ok(Some(line)) = read.next_line().await {
            lines.push(line);
        }
        // The first line greets.
        lines.split_off(1)
    }
}

async fn asked(path: &Path, word: &str) -> (Result<Called, String>, Vec<Said>) {
    let heard = Arc::new(Heard::default());
    let console = Console::over(Arc::clone(&heard) as Arc<dyn Outlet>);
    let called = call(path, &request(word), &console).await;
    let said = heard.0.lock().expect("no panic").clone();
    (called.map_err(|trouble| told(&trouble)), said)
}

fn told(trouble: &Trouble) -> String {
    let text = anstream::adapter::strip_str(&problem::trouble(trouble)).to_string();
    text.replace(&std::process::id().to_string(), "N")
}

fn request(word: &str) -> Request {
    Request {
        rollcall: VERSION.into(),
        config: "/c.yaml".into(),
        sandbox: None,
        arguments: vec![word.into()],
        caller: Caller::ours(),
    }
}

fn texts(said: &[Said]) -> String {
    let text = |said: &Said| match said {
        Said::Out(text) | Said::Err(text) => text.clone(),
        Said::Doing(_) | Said::Progress(_) | Said::Done => String::new(),
    };
    said.iter().map(text).collect()
}

#[tokio::test]
async fn what_a_command_says_comes_through_with_how_it_ended() {
    let site = Site::open().await;
    let (called, said) = site.ask("say").await;
    assert_eq!(called, Ok(Called::Ended(4)));
    let by = Peer::ours().named(&Caller::ours());
    assert_eq!(
        said,
        [
            Said::Out("out\n".into()),
            Said::Err(format!("err by {by}\n")),
            Said::Doing("something".into()),
            Said::Done,
        ]
    );
    let (called, said) = site.ask("long").await;
    assert_eq!(called, Ok(Called::Ended(4)));
    assert_eq!(texts(&said), "äöü ".repeat(50_000));
}

#[tokio::test]
async fn only_owner_and_group_may_and_nothing_is_left_behind() {
    let mut site = Site::open().await;
    let file = fs::symlink_metadata(site.path()).expect("it is there");
    assert_eq!(file.permissions().mode() & 0o7777, 0o660);
    assert_eq!(file.gid(), nix::unistd::Gid::effective().as_raw());
    let names: Vec<_> = fs::read_dir(site.folder.path()).expect("ours").collect();
    assert_eq!(names.len(), 1, "{names:?}");
    site.stop
        .take()
        .expect("it runs")
        .send(())
        .expect("it runs");
    site.served.await.expect("it ends");
    assert!(!site.folder.path().join("control").exists());
}

#[tokio::test]
async fn a_group_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control");
    let refused = Socket::bind(&path, Some("nobody-has-this")).await;
    assert_eq!(
        told(&refused.expect_err("no such group")),
        "error: there is no group nobody-has-this, which the config names under control.group\n  \
         hint: make it: groupadd --system nobody-has-this\n"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("ours").count(), 0);
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control");
    assert_eq!(asked(&path, "say").await.0, Ok(Called::Nobody));
    drop(std::os::unix::net::UnixListener::bind(&path).expect("free"));
    assert_eq!(asked(&path, "say").await.0, Ok(Called::Nobody));
    let first = Socket::bind(&path, None).await.expect("a stale socket");
    let clerk: Arc<dyn Clerk> = Arc::new(Scripted::default());
    let served = tokio::spawn(first.serve(clerk, std::future::pending()));
    let refused = Socket::bind(&path, None).await.expect_err("taken");
    let shown = path.display();
    assert_eq!(
        told(&refused),
        format!(
            "error: the control socket {shown} is in use by another rollcall (process N)\n  \
             hint: stop it first, or give each its own: control: {{ socket: PATH }}\n"
        )
    );
    served.abort();
    fs::remove_file(&path).ok();
    fs::write(&path, "something else").expect("written");
    let refused = Socket::bind(&path, None).await.expect_err("no socket");
    assert_eq!(
        told(&refused),
        format!(
            "error: {shown} is no socket\n  \
             hint: it stands where the control socket is to be: move it away\n"
        )
    );
}

#[tokio::test]
async fn garbage_harms_nobody() {
    let site = Site::open().await;
    let refused =
        |problem: &str| format!(r#"{{"refused":{{"problem":"{problem}","hint":"{SAME}"}}}}"#);
    let deaf = "the daemon does not understand what it is asked, and has done nothing";
    let wrong = refused(&format!("{deaf}: the line is not what it should be"));
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\n",
        b"{}\n",
        b"\xff\xfe\x00\n",
    ] {
        assert_eq!(site.says_to(garbage).await, [wrong.as_str()]);
    }
    let long = vec![b'x'; 1 << 20];
    let answer = site.says_to(&long).await;
    let too_long = refused(&format!("{deaf}: the line is longer than 65536 bytes"));
    assert!(answer.is_empty() || answer == [too_long], "{answer:?}");
    let mut other = serde_json::to_value(request("say")).expect("plain");
    other["rollcall"] = "9.9.9".into();
    let answer = site.says_to(format!("{other}\n").as_bytes()).await;
    let version = format!("this daemon is rollcall {VERSION}, the request is of rollcall 9.9.9");
    assert_eq!(answer, [refused(&version)]);
    let (called, _) = site.ask("panic").await;
    assert_eq!(
        called,
        Err(
            "error: the command failed inside the daemon, in a way that nobody has foreseen; its log \
             says where\n"
                .into()
        )
    );
    assert_eq!(site.ask("say").await.0, Ok(Called::Ended(4)));
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_nothing_is_let_go() {
    let site = Site::open().await;
    let said = site.says_to(b"{\"rollcall\":").await;
    let problem = "nothing was asked for 5 s";
    assert_eq!(
        said,
        [format!(
            r#"{{"refused":{{"problem":"{problem}","hint":null}}}}"#
        )]
    );
}

#[tokio::test]
async fn a_command_goes_on_when_its_client_has_gone_and_two_go_on_at_once() {
    let mut site = Site::open().await;
    let mut stream = UnixStream::connect(site.path()).await.expect("it listens");
    let line = serde_json::to_string(&request("wait")).expect("plain") + "\n";
    stream.write_all(line.as_bytes()).await.expect("it reads");
    let mut read = BufReader::new(stream).lines();
    read.next_line().await.expect("a greeting");
    let begun = read.next_line().await.expect("it has begun");
    assert_eq!(begun.as_deref(), Some(r#"{"said":{"out":"begun\n"}}"#));
    assert_eq!(site.ask("say").await.0, Ok(Called::Ended(4)));
    drop(read);
    site.stop
        .take()
        .expect("it runs")
        .send(())
        .expect("it runs");
    site.clerk.go.notify_one();
    site.clerk.done.notified().await;
    site.served.await.expect("it waits for the command");
}

/// A daemon that says this to whoever comes, and ends.
async fn dies_after(words: &[&str]) -> Result<Called, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control");
    let listener = UnixListener::bind(&path).expect("free");
    let words = words.concat();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody comes");
        stream
            .write_all(words.as_bytes())
            .await
            .expect("they listen");
        // What they ask is heard: an end before that would be another one.
        let asked = stream.read(&mut [0; 4096]).await.expect("they ask");
        assert!(asked > 0);
    });
    let (called, _) = asked(&path, "say").await;
    called.map_err(|told| told.replace(&path.display().to_string(), "SOCKET"))
}

#[tokio::test]
async fn a_daemon_that_ends_in_the_middle_is_named() {
    let ours = format!("{{\"rollcall\":\"{VERSION}\",\"process\":77}}\n");
    let ended = "error: the daemon (process 77) ended before the command did; what was asked of it \
                 may be done, or not\n  \
                 hint: rollcall history shows what was done; then give the command again\n";
    assert_eq!(dies_after(&[&ours]).await, Err(ended.into()));
    let out = "{\"said\":{\"out\":\"begun\"}}\n";
    assert_eq!(dies_after(&[&ours, out]).await, Err(ended.into()));
}

#[tokio::test]
async fn a_daemon_of_another_version_is_asked_nothing() {
    let other = "{\"rollcall\":\"9.9.9\",\"process\":77}\n";
    assert_eq!(
        dies_after(&[other]).await,
        Err(format!(
            "error: the daemon (process 77) is rollcall 9.9.9, and this command is rollcall {VERSION}; \
             nothing was done\n  \
             hint: restart the daemon, so that both are the same: systemctl restart rollcall\n"
        ))
    );
    assert_eq!(
        dies_after(&["SSH-2.0-x\n"]).await,
        Err(format!(
            "error: what listens at the control socket SOCKET does not speak as this command does \
             (rollcall {VERSION}); nothing was done\n  \
             hint: if it is a daemon of another version, {SAME}; else see whose socket it is: lsof \
             SOCKET\n"
        ))
    );
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_says_nothing_is_not_waited_for() {
    assert_eq!(
        dies_after(&[""]).await,
        Err(
            "error: the daemon does not answer at its control socket SOCKET\n  \
             hint: see how it is: systemctl status rollcall; nothing was done\n"
                .into()
        )
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_understood_is_no_end_of_the_daemon() {
    let ours = format!("{{\"rollcall\":\"{VERSION}\",\"process\":77}}\n");
    assert_eq!(
        dies_after(&[&ours, "{\"sung\":\"la\"}\n"]).await,
        Err(format!(
            "error: the daemon (process 77) has answered with what this command does not understand; \
             what was asked of it may be done, or not\n  \
             because: the line is not what it should be\n  \
             hint: {SAME}; rollcall history shows what was done\n"
        ))
    );
}
