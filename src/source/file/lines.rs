//! The line in which a byte of a text stands.
//!
//! Promises to count each line break once, when places are asked for in rising order. Leaves what
//! stands there to its users.

/// Counts lines on the way through a text.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    /// At the first line of `text`.
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line, counted from 1, of the byte at `offset`, which lies not before the last one asked
    /// for.
    fn line_at(&mut self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        if let Some(passed) = self.text.get(self.at..offset) {
            self.line += passed.matches('\n').count();
            self.at = offset;
        }
        self.line
    }

    /// The line of a part of the text, given as a slice of it.
    pub(super) fn line_of(&mut self, part: &str) -> usize {
        let offset = part
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr());
        self.line_at(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        let text = "a\nbb\n\nc";
        let mut lines = Lines::of(text);
        let found: Vec<usize> = [0, 2, 3, 5, 6, 99].map(|at| lines.line_at(at)).to_vec();
        assert_eq!(found, [1, 2, 2, 3, 4, 4]);
    }

    #[test]
    fn a_slice_of_the_text_says_where_it_stands() {
        let text = "a\nbb\n\nc";
        assert_eq!(Lines::of(text).line_of(&text[6..]), 4);
    }
}
