//! A line to a server that can be cut.
//!
//! Promises to carry every byte until then, and to count who came. Leaves what is said to both ends.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A line to a server.
#[derive(Clone)]
pub struct Line {
    /// The port to come to.
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// So many bytes of answers are let through to each who comes.
    limit: AtomicUsize,
    came: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Line {
    /// A line to the server at this port.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared {
            limit: AtomicUsize::new(usize::MAX),
            ..Shared::default()
        });
        let line = Self { port, shared };
        let accepting = line.clone();
        thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.expect("a line");
                if let Ok(far) = TcpStream::connect(("127.0.0.1", server)) {
                    accepting.carry(near, far);
                }
            }
        });
        line
    }

    /// From now on, so many bytes are let through to each who comes.
    pub fn limit(&self, bytes: usize) {
        self.shared.limit.store(bytes, Ordering::SeqCst);
    }

    /// Cuts everybody off who is on the line.
    pub fn cut(&self) {
        for stream in self.open().drain(..) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }

    /// How many came so far.
    pub fn came(&self) -> usize {
        self.shared.came.load(Ordering::SeqCst)
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        let open = self.shared.open.lock();
        open.unwrap_or_else(PoisonError::into_inner)
    }

    fn carry(&self, near: TcpStream, far: TcpStream) {
        self.shared.came.fetch_add(1, Ordering::SeqCst);
        let copy = |stream: &TcpStream| stream.try_clone().expect("a copy");
        self.open().extend([copy(&near), copy(&far)]);
        let (mut asks, mut asked) = (copy(&near), copy(&far));
        thread::spawn(move || {
            std::io::copy(&mut asks, &mut asked).ok();
            asked.shutdown(Shutdown::Both).ok();
        });
        let left = self.shared.limit.load(Ordering::SeqCst);
        thread::spawn(move || answers(far, near, left));
    }
}

fn answers(mut far: TcpStream, mut near: TcpStream, mut left: usize) {
    let mut bytes = [0; 4096];
    while left > 0 {
        let some = left.min(bytes.len());
        let Ok(count @ 1..) = far.read(&mut bytes[..some]) else {
            break;
        };
        if near.write_all(&bytes[..count]).is_err() {
            break;
        }
        left -= count;
    }
    near.shutdown(Shutdown::Both).ok();
    far.shutdown(Shutdown::Both).ok();
}
