//! The daemon's end of the control socket.
//!
//! Promises that the socket has its owner, group and mode before anybody can connect, that one left by
//! a daemon that was killed is replaced and one of a living daemon is not, and that a client who is
//! slow, silent or gone holds nobody up. Leaves carrying out to the clerk.

use std::fs;
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::unistd::Group;
use tokio::io::{AsyncWrite, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};

use super::super::GRACE;
use super::line::{self, LineError};
use super::{BEAT, Clerk, Greeting, PATIENCE, Peer, Reply, Request, SAME, VERSION, call};
use crate::clock::Clock;
use crate::show::console::{Console, Outlet, Said};
use crate::show::problem::Trouble;

/// Who may: the owner and the group.
const MODE: u32 = 0o660;
/// Bytes of a request: a command line.
const LONGEST: usize = 64 << 10;
/// Bytes of a text in one line of an answer, before JSON makes it longer.
const PART: usize = 32 << 10;
/// Clients at once.
const CLIENTS: usize = 32;
/// How often a client hears how far a command is.
const FRAME: Duration = Duration::from_millis(100);
/// A rest after a connection that could not be taken.
const REST: Duration = Duration::from_millis(200);

/// A socket that listens; gone from the disk when dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl Socket {
    /// Listens at `path`, for the owner of this process and `group`.
    ///
    /// # Errors
    /// When another daemon listens there, or the socket cannot be made or given to the group.
    pub async fn bind(path: &Path, group: Option<&str>) -> Result<Self, Trouble> {
        make_way(path).await?;
        let cannot = |error: io::Error| {
            failed(
                format!("the control socket {} cannot be made", path.display()),
                &error,
                "make its directory for the user that rollcall runs as (under systemd: \
                 RuntimeDirectory=rollcall), or name another place: control: { socket: PATH }",
            )
        };
        // Behind a door that is closed to others until the socket is as it should be.
        let hall = Hall::build(path).map_err(cannot)?;
        let listener = UnixListener::bind(&hall.socket).map_err(cannot)?;
        fs::set_permissions(&hall.socket, fs::Permissions::from_mode(MODE)).map_err(cannot)?;
        if let Some(group) = group {
            give(&hall.socket, group)?;
        }
        let inode = fs::symlink_metadata(&hall.socket).map_err(cannot)?.ino();
        fs::rename(&hall.socket, path).map_err(cannot)?;
        Ok(Self {
            listener,
            path: path.into(),
            inode,
        })
    }

    /// Serves until `stop`, then takes no new clients and waits until the commands under way have
    /// ended, for [`GRACE`] at most.
    pub async fn serve(self, clerk: Arc<dyn Clerk>, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = clients.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if clients.len() < CLIENTS => {
                        clients.spawn(attend(stream, Arc::clone(&clerk)));
                    }
                    // Who hears nothing but the end says that the daemon did not answer.
                    Ok(_) => tracing::warn!(CLIENTS, "too many clients at the control socket"),
                    Err(error) => {
                        tracing::warn!(%error, "a client of the control socket was not taken");
                        Clock::System.sleep(REST).await;
                    }
                },
            }
        }
        drop(self);
        let calm = async { while clients.join_next().await.is_some() {} };
        if timeout(GRACE, calm).await.is_err() {
            tracing::warn!("a command of the control socket did not end in time");
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode);
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the control socket stays behind");
        }
    }
}

/// Is there anything at the place of the socket that must not be replaced?
async fn make_way(path: &Path) -> Result<(), Trouble> {
    match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(file) if file.file_type().is_socket() => {}
        Ok(_) => {
            return Err(Trouble::new(
                format!("{} is no socket", path.display()),
                Some("it stands where the control socket is to be: move it away"),
            ));
        }
    }
    match call::knock(path).await {
        None => Ok(()),
        Some(process) => Err(Trouble::new(
            format!(
                "the control socket {} is in use by another rollcall{process}",
                path.display()
            ),
            Some("stop it first, or give each its own: control: { socket: PATH }"),
        )),
    }
}

/// A directory that nobody else enters, for the time it takes to make a socket.
struct Hall {
    dir: PathBuf,
    socket: PathBuf,
}

impl Hall {
    fn build(path: &Path) -> io::Result<Self> {
        let mut dir = path.as_os_str().to_owned();
        dir.push(".new");
        let dir = PathBuf::from(dir);
        let hall = Self {
            socket: dir.join("s"),
            dir,
        };
        // What a daemon that was killed may have left.
        hall.raze();
        fs::DirBuilder::new().mode(0o700).create(&hall.dir)?;
        Ok(hall)
    }

    fn raze(&self) {
        // Nothing is lost with what is not there.
        fs::remove_file(&self.socket).ok();
        fs::remove_dir(&self.dir).ok();
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.raze();
    }
}

fn give(socket: &Path, name: &str) -> Result<(), Trouble> {
    let found = Group::from_name(name).map_err(io::Error::from);
    let cannot = |error: &io::Error| {
        failed(
            format!("the control socket cannot be given to the group {name}"),
            error,
            "put the user that rollcall runs as into that group",
        )
    };
    let Some(group) = found.map_err(|error| cannot(&error))? else {
        return Err(Trouble::new(
            format!("there is no group {name}, which the config names under control.group"),
            Some(&format!("make it: groupadd --system {name}")),
        ));
    };
    std::os::unix::fs::chown(socket, None, Some(group.gid.as_raw())).map_err(|error| cannot(&error))
}

fn failed(problem: String, cause: &io::Error, hint: &str) -> Trouble {
    Trouble::Plain {
        problem,
        causes: vec![cause.to_string()],
        hint: Some(hint.into()),
    }
}

/// Everything that is said to one client.
async fn attend(stream: UnixStream, clerk: Arc<dyn Clerk>) {
    let Ok(peer) = Peer::of(&stream) else { return };
    let (read, mut write) = stream.into_split();
    let greeting = Greeting {
        rollcall: VERSION.into(),
        process: std::process::id(),
    };
    // A client that is gone or takes nothing ends its connection, and nothing else.
    if line::write(&mut write, &greeting).await.is_err() {
        return;
    }
    match heard(read).await {
        Ok(request) => carry_out(request, peer, clerk, &mut write).await,
        Err(Some(refusal)) => {
            line::write(&mut write, &refusal).await.ok();
        }
        Err(None) => {}
    }
}

/// What the client wants; `None`: it is gone.
async fn heard(read: OwnedReadHalf) -> Result<Request, Option<Reply>> {
    let mut read = BufReader::new(read);
    let wrong = match timeout(PATIENCE, line::read::<Request>(&mut read, LONGEST)).await {
        Ok(Ok(request)) if request.rollcall == VERSION => return Ok(request),
        Ok(Ok(request)) => {
            let problem = format!(
                "this daemon is rollcall {VERSION}, the request is of rollcall {}",
                request.rollcall
            );
            return Err(Some(refused(problem, Some(SAME))));
        }
        Ok(Err(LineError::Ended | LineError::Broken(_))) => return Err(None),
        Ok(Err(error @ (LineError::Long(_) | LineError::Garbled(_)))) => {
            let problem = format!(
                "the daemon does not understand what it is asked, and has done nothing: {error}"
            );
            refused(problem, Some(SAME))
        }
        Err(_) => refused(
            format!("nothing was asked for {} s", PATIENCE.as_secs()),
            None,
        ),
    };
    if let Reply::Refused { problem, .. } = &wrong {
        tracing::warn!(problem, "a request at the control socket was refused");
    }
    Err(Some(wrong))
}

fn refused(problem: String, hint: Option<&str>) -> Reply {
    Reply::Refused {
        problem,
        hint: hint.map(ToOwned::to_owned),
    }
}

async fn carry_out(
    request: Request,
    peer: Peer,
    clerk: Arc<dyn Clerk>,
    to: &mut (impl AsyncWrite + Unpin),
) {
    let (sender, said) = unbounded_channel();
    let console = Console::over(Arc::new(Wire {
        sender,
        last: Mutex::new(None),
    }));
    // A task of its own: it goes on when the client has gone, and its panic is its own.
    let mut work = tokio::spawn(async move { clerk.serve(request, peer, console).await });
    if relay(&mut work, said, to).await.is_err() && !work.is_finished() {
        // The client is gone. The command is not, and the end of the daemon waits for it.
        work.await.ok();
    }
}

async fn relay(
    work: &mut JoinHandle<u8>,
    mut said: UnboundedReceiver<Said>,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    loop {
        tokio::select! {
            biased;
            Some(said) = said.recv() => tell(said, to).await?,
            ended = &mut *work => {
                while let Ok(said) = said.try_recv() {
                    tell(said, to).await?;
                }
                return line::write(to, &last_word(ended)).await;
            }
            () = Clock::System.sleep(BEAT) => line::write(to, &Reply::Alive).await?,
        }
    }
}

fn last_word(ended: Result<u8, tokio::task::JoinError>) -> Reply {
    match ended {
        Ok(code) => Reply::Ended(code),
        Err(error) => {
            tracing::error!(%error, "a command of the control socket ended in a panic");
            let problem = "the command failed inside the daemon, in a way that nobody has foreseen; \
                           its log says where";
            refused(problem.into(), None)
        }
    }
}

async fn tell(said: Said, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let in_parts: (fn(String) -> Said, &str) = match &said {
        Said::Out(text) => (Said::Out, text),
        Said::Err(text) => (Said::Err, text),
        Said::Doing(_) | Said::Progress(_) | Said::Done => {
            return line::write(to, &Reply::Said(said)).await;
        }
    };
    let (say, text) = in_parts;
    for part in line::parts(text, PART) {
        line::write(to, &Reply::Said(say(part.into()))).await?;
    }
    Ok(())
}

/// What a command says, on its way to a client.
struct Wire {
    sender: UnboundedSender<Said>,
    /// When it was last told how far it is.
    last: Mutex<Option<Instant>>,
}

impl Outlet for Wire {
    fn take(&self, said: Said) {
        if matches!(said, Said::Progress(_)) && !self.is_time() {
            return;
        }
        // Whoever listened may be gone.
        self.sender.send(said).ok();
    }
}

impl Wire {
    fn is_time(&self) -> bool {
        let now = Clock::System.instant();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = last.is_none_or(|last| now >= last + FRAME);
        if is_time {
            *last = Some(now);
        }
        is_time
    }
}
