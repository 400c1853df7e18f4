//! Lines of JSON on a stream, none longer than it may be.
//!
//! Promises that a line which never ends takes no more memory than its limit, and that a reader who
//! takes nothing is given up. Leaves what the lines mean to others.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::PATIENCE;

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    /// The other side has ended the connection.
    #[error("the connection has ended")]
    Ended,
    /// The line is longer than it may be.
    #[error("the line is longer than {0} bytes")]
    Long(usize),
    /// It is none of ours.
    #[error("the line is not what it should be")]
    Garbled(#[source] serde_json::Error),
    /// It cannot be read.
    #[error("the connection is broken")]
    Broken(#[source] io::Error),
}

/// Reads one line of at most `limit` bytes.
pub(super) async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncBufRead + Unpin),
    limit: usize,
) -> Result<T, LineError> {
    let mut line = Vec::new();
    loop {
        let part = match from.fill_buf().await {
            Ok(part) => part,
            // Whoever ends with something unread ends like this.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => &[],
            Err(error) => return Err(LineError::Broken(error)),
        };
        if part.is_empty() {
            return Err(LineError::Ended);
        }
        let end = part.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(part.len());
        if line.len() + taken > limit {
            return Err(LineError::Long(limit));
        }
        line.extend_from_slice(&part[..taken]);
        from.consume(end.map_or(taken, |end| end + 1));
        if end.is_some() {
            return serde_json::from_slice(&line).map_err(LineError::Garbled);
        }
    }
}

/// Writes one line.
///
/// # Errors
/// When the other side is gone, or takes nothing for [`PATIENCE`].
pub(super) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    value: &(impl Serialize + Sync),
) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    timeout(PATIENCE, to.write_all(&line))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Cuts a text into parts that fit into a line each, at the ends of its own lines where they are not
/// too long: what is styled begins and ends within one.
pub(super) fn parts(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (part, left) = rest.split_at(cut(rest, most));
        rest = left;
        Some(part)
    })
}

fn cut(text: &str, most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    let at = text.floor_char_boundary(most);
    text[..at].rfind('\n').map_or(at, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(mut bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match read::<String>(&mut bytes, 8).await {
                Ok(line) => lines.push(line),
                Err(error) => {
                    lines.push(error.to_string());
                    return lines;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_line_is_read_as_far_as_it_may_go() {
        assert_eq!(
            lines(b"\"a\"\n\"b\"\n").await,
            ["a", "b", "the connection has ended"]
        );
        assert_eq!(
            lines(b"\"123456\"\n\"1234567\"\n").await,
            ["123456", "the line is longer than 8 bytes"]
        );
        assert_eq!(
            lines(b"\xff\xfe\n").await,
            ["the line is not what it should be"]
        );
        assert_eq!(lines(b"\"half").await, ["the connection has ended"]);
    }

    #[test]
    fn a_long_text_is_cut_where_a_line_ends() {
        let cut = |text, most| parts(text, most).collect::<Vec<_>>();
        assert_eq!(cut("one\ntwo\nthree\n", 8), ["one\ntwo\n", "three\n"]);
        assert_eq!(cut("äöü", 3), ["ä", "ö", "ü"]);
        assert_eq!(cut("", 3), [""; 0]);
    }
}
