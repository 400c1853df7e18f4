//! A terminal whose whole window is drawn anew.
//!
//! Promises that the terminal is as it was before once the screen is dropped, and that what does not fit is
//! left out at the end, with a word of how much that is. Leaves when to draw to the command.

use std::io::{IsTerminal as _, Write as _, stdout};

use anstream::{AutoStream, ColorChoice};
use console::{Term, measure_text_width};

use super::words::count;

/// A page of its own, without a cursor (xterm, "The Alternate Screen Buffer").
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
/// Back to what was there.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// An empty page, from its first corner.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// The window of whoever is at standard output.
#[derive(Debug)]
pub struct Screen(());

impl Screen {
    /// Takes the window, if there is one that can be drawn on.
    #[must_use]
    pub fn enter() -> Option<Self> {
        let is_plain = AutoStream::choice(&stdout()) == ColorChoice::Never;
        if is_plain || !stdout().is_terminal() {
            return None;
        }
        put(ENTER);
        Some(Self(()))
    }

    /// A page with as much of the text as fits.
    #[must_use]
    pub fn page(&self, text: &str) -> String {
        CLEAR.to_owned() + &fit(text, Term::stdout().size())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        put(LEAVE);
    }
}

fn put(code: &str) {
    // Who has gone away needs nothing restored.
    let mut out = stdout();
    let _ = out.write_all(code.as_bytes());
    let _ = out.flush();
}

/// As much of the text as fits into so many rows and columns. A line that is too long goes on in the next
/// row, further in.
fn fit(text: &str, (rows, columns): (u16, u16)) -> String {
    let (rows, columns) = (usize::from(rows), usize::from(columns));
    let lines: Vec<Vec<String>> = text.lines().map(|line| wrap(line, columns)).collect();
    if lines.iter().map(Vec::len).sum::<usize>() <= rows {
        return lines.concat().join("\n");
    }
    let mut used = 0;
    let fits = lines.iter().take_while(|line| {
        used += line.len();
        used < rows
    });
    let shown = fits.count();
    let left = count(lines.len() - shown, "more line");
    let mut shown = lines[..shown].concat();
    shown.push(format!("… {left}: rollcall status"));
    shown.join("\n")
}

/// A line in rows, broken between words where that can be.
fn wrap(line: &str, columns: usize) -> Vec<String> {
    let blanks = line.len() - line.trim_start().len();
    let indent = " ".repeat(blanks + 4);
    let mut rows = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let row = rows.last().map_or("", String::as_str);
        let is_begun = !row.trim().is_empty();
        let width = measure_text_width(row) + measure_text_width(word.trim_end());
        if let Some(row) = rows.last_mut() {
            if is_begun && width > columns {
                row.truncate(row.trim_end().len());
                rows.push(indent.clone() + word);
            } else {
                row.push_str(word);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_shown_whole_and_what_does_not_is_counted() {
        let text = "one\ntwo\nthree is a long line\nfour\n";
        assert_eq!(fit(text, (4, 80)), text.trim_end());
        assert_eq!(
            fit(text, (3, 80)),
            "one\ntwo\n… 2 more lines: rollcall status"
        );
        // The third takes two rows here.
        assert_eq!(
            fit(text, (5, 15)),
            "one\ntwo\nthree is a long\n    line\nfour"
        );
        assert_eq!(
            fit(text, (4, 15)),
            "one\ntwo\n… 2 more lines: rollcall status"
        );
        assert_eq!(fit(text, (1, 80)), "… 4 more lines: rollcall status");
        // Colours take no room.
        let bold = "\x1b[1mfour\x1b[0m\n\x1b[1mfive\x1b[0m";
        assert_eq!(fit(bold, (2, 4)), bold);
    }

    #[test]
    fn a_long_line_is_broken_between_words_and_goes_on_further_in() {
        assert_eq!(
            wrap("  ! parked ana: the app refused", 14),
            ["  ! parked", "      ana: the", "      app", "      refused"]
        );
        // A word that fits nowhere stands alone.
        assert_eq!(
            wrap("a https://example.com b", 8),
            ["a", "    https://example.com", "    b"]
        );
        assert_eq!(wrap("", 8), [""]);
    }
}
