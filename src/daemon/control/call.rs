//! The command's end of the control socket.
//!
//! Promises to say whether a daemon is there before anything is asked of it, and never to wait for one
//! that has stopped speaking. Leaves working without a daemon to the command.

use std::io;
use std::path::Path;

use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::line::{self, LineError};
use super::{Greeting, PATIENCE, Reply, Request, SAME, SILENCE, VERSION};
use crate::show::console::Console;
use crate::show::problem::Trouble;

/// Bytes of a line: a part of a text, in which each byte may have become six.
const LONGEST: usize = 256 << 10;

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// No daemon listens there.
    Nobody,
    /// The command has ended with this exit code.
    Ended(u8),
}

/// Has the daemon at `socket` carry out a command, and says on `console` what it says.
///
/// # Errors
/// When there is a daemon, and it may not be asked, refuses, or ends in the middle.
pub async fn call(socket: &Path, request: &Request, console: &Console) -> Result<Called, Trouble> {
    let stream = match UnixStream::connect(socket).await {
        Ok(stream) => stream,
        Err(error) => return absent(socket, &error),
    };
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let daemon = greeted(socket, &mut read).await?;
    let sent = line::write(&mut write, request).await;
    if let Err(error) = sent {
        return Err(ended(&daemon, &LineError::Broken(error)));
    }
    loop {
        let reply = timeout(SILENCE, line::read(&mut read, LONGEST)).await;
        match reply.map_err(|_| silent(&daemon))? {
            Ok(Reply::Said(said)) => console.say(said),
            Ok(Reply::Alive) => {}
            Ok(Reply::Refused { problem, hint }) => {
                return Err(Trouble::new(problem, hint.as_deref()));
            }
            Ok(Reply::Ended(code)) => {
                console.done();
                return Ok(Called::Ended(code));
            }
            Err(error @ (LineError::Garbled(_) | LineError::Long(_))) => {
                return Err(strange(&daemon, &error));
            }
            Err(error @ (LineError::Ended | LineError::Broken(_))) => {
                return Err(ended(&daemon, &error));
            }
        }
    }
}

/// The daemon that listens at `socket`, in words, if one does.
pub(super) async fn knock(socket: &Path) -> Option<String> {
    let stream = UnixStream::connect(socket).await.ok()?;
    let mut read = BufReader::new(stream);
    match timeout(PATIENCE, line::read::<Greeting>(&mut read, LONGEST)).await {
        Ok(Ok(greeting)) => Some(format!(" (process {})", greeting.process)),
        Ok(Err(_)) | Err(_) => Some(String::new()),
    }
}

fn absent(socket: &Path, error: &io::Error) -> Result<Called, Trouble> {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Err(Trouble::new(
            format!("you may not use the control socket {}", socket.display()),
            Some(
                "run it as the user that rollcall runs as, or as a member of the group that the \
                 config names: control: { socket: PATH, group: NAME }",
            ),
        )),
        // No file, a file that nobody listens at, or a name that is too long for a socket.
        _ => Ok(Called::Nobody),
    }
}

async fn greeted(
    socket: &Path,
    read: &mut (impl tokio::io::AsyncBufRead + Unpin),
) -> Result<String, Trouble> {
    let mute = || {
        Trouble::new(
            format!(
                "the daemon does not answer at its control socket {}",
                socket.display()
            ),
            Some("see how it is: systemctl status rollcall; nothing was done"),
        )
    };
    let greeting: Greeting = match timeout(PATIENCE, line::read(read, LONGEST)).await {
        Ok(Ok(greeting)) => greeting,
        Ok(Err(LineError::Garbled(_) | LineError::Long(_))) => return Err(foreign(socket)),
        Ok(Err(LineError::Ended | LineError::Broken(_))) | Err(_) => return Err(mute()),
    };
    let daemon = format!("the daemon (process {})", greeting.process);
    if greeting.rollcall == VERSION {
        return Ok(daemon);
    }
    Err(Trouble::new(
        format!(
            "{daemon} is rollcall {}, and this command is rollcall {VERSION}; nothing was done",
            greeting.rollcall
        ),
        Some(SAME),
    ))
}

/// Somebody answers, and not as we do.
fn foreign(socket: &Path) -> Trouble {
    Trouble::Plain {
        problem: format!(
            "what listens at the control socket {} does not speak as this command does (rollcall \
             {VERSION}); nothing was done",
            socket.display()
        ),
        causes: Vec::new(),
        hint: Some(format!(
            "if it is a daemon of another version, {SAME}; else see whose socket it is: lsof {}",
            socket.display()
        )),
    }
}

/// A daemon that greeted as ours, and answers as none of ours does.
fn strange(daemon: &str, error: &LineError) -> Trouble {
    Trouble::Plain {
        problem: format!(
            "{daemon} has answered with what this command does not understand; what was asked of it \
             may be done, or not"
        ),
        causes: vec![error.to_string()],
        hint: Some(format!("{SAME}; rollcall history shows what was done")),
    }
}

const LOOK: &str = "rollcall history shows what was done; then give the command again";

fn ended(daemon: &str, error: &LineError) -> Trouble {
    let causes = match error {
        LineError::Ended => Vec::new(),
        LineError::Long(_) | LineError::Garbled(_) | LineError::Broken(_) => {
            vec![error.to_string()]
        }
    };
    Trouble::Plain {
        problem: format!(
            "{daemon} ended before the command did; what was asked of it may be done, or not"
        ),
        causes,
        hint: Some(LOOK.into()),
    }
}

fn silent(daemon: &str) -> Trouble {
    Trouble::new(
        format!(
            "{daemon} has said nothing for {} s; what was asked of it may be done, or not",
            SILENCE.as_secs()
        ),
        Some(LOOK),
    )
}
