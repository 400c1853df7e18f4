//! Where each part of an expression was written.
//!
//! Promises ranges of bytes that lie inside the source, on character boundaries, whatever the parser
//! reports. Leaves the meaning of the parts to the check.

use std::ops::Range;
use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::SourceInfo;

use super::tree;

/// The text of an expression, with the places of its nodes.
pub(super) struct Written {
    text: Arc<str>,
    offsets: SourceInfo,
    brackets: Vec<Bracket>,
}

/// A bracket outside of texts and comments.
struct Bracket {
    at: usize,
    opens: bool,
}

impl Written {
    pub(super) fn new(text: &str, offsets: SourceInfo) -> Self {
        Self {
            text: Arc::from(text),
            offsets,
            brackets: brackets(text),
        }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A part of the text.
    pub(super) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// The one token that stands for a node: its operator, the `(` of a call, the `.` of a selection.
    pub(super) fn token(&self, node: &IdedExpr) -> Range<usize> {
        let (start, last) = self.offsets.offset_for(node.id).unwrap_or((0, 0));
        let start = self.text.floor_char_boundary(start as usize);
        let end = self
            .text
            .ceil_char_boundary((last as usize).saturating_add(1));
        start..end.max(start)
    }

    /// The token with the name that belongs to it: `lower(`, `.mail`, `&&`.
    fn own(&self, node: &IdedExpr) -> Range<usize> {
        let token = self.token(node);
        let name = self.name(node);
        token.start.min(name.start)..token.end.max(name.end)
    }

    /// The name of the function that a call is of, or of the attribute that a selection selects;
    /// of other nodes their token.
    pub(super) fn name(&self, node: &IdedExpr) -> Range<usize> {
        let token = self.token(node);
        match self.slice(token.clone()) {
            "(" => self.name_before(token.start),
            "." => self.name_after(token.end),
            _ => token,
        }
    }

    fn name_before(&self, at: usize) -> Range<usize> {
        let head = self.slice(0..at).trim_end();
        let start = head.trim_end_matches(is_name_part).len();
        start..head.len()
    }

    fn name_after(&self, at: usize) -> Range<usize> {
        let tail = self.slice(at..self.text.len());
        let name = tail.trim_start_matches(|c: char| c == '?' || c.is_whitespace());
        let start = at + (tail.len() - name.len());
        let length = match name.strip_prefix('`') {
            Some(rest) => rest.find('`').map_or(name.len(), |end| end + 2),
            None => name.len() - name.trim_start_matches(is_name_part).len(),
        };
        start..start + length
    }

    /// The name of the attribute that a selection selects, in `has(user.mail)` too.
    pub(super) fn field(&self, node: &IdedExpr, operand: &IdedExpr) -> Range<usize> {
        let token = self.token(node);
        if self.slice(token.clone()) == "." {
            return self.name(node);
        }
        let end = self.extent(operand).end;
        let dot = self.slice(end..self.text.len()).find('.');
        dot.map_or(token, |dot| self.name_after(end + dot + 1))
    }

    /// Everything that belongs to a node, brackets closed.
    pub(super) fn extent(&self, node: &IdedExpr) -> Range<usize> {
        let mut whole = self.own(node);
        for below in tree::descendants(node) {
            let part = self.own(below);
            whole = whole.start.min(part.start)..whole.end.max(part.end);
        }
        self.balanced(whole)
    }

    /// The range, widened until each bracket in it has its partner.
    fn balanced(&self, range: Range<usize>) -> Range<usize> {
        let (mut open, mut missing) = (0_usize, 0_usize);
        for bracket in self
            .brackets
            .iter()
            .filter(|bracket| range.contains(&bracket.at))
        {
            match (bracket.opens, open) {
                (true, _) => open += 1,
                (false, 0) => missing += 1,
                (false, _) => open -= 1,
            }
        }
        let before = self
            .brackets
            .iter()
            .rev()
            .filter(|bracket| bracket.at < range.start);
        let after = self
            .brackets
            .iter()
            .filter(|bracket| bracket.at >= range.end);
        let start = partner(before, missing, true).unwrap_or(range.start);
        let end = partner(after, open, false).map_or(range.end, |at| at + 1);
        start..end
    }

    /// Line and column of a place, both from 1, the column in characters.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let head = self.slice(0..self.text.floor_char_boundary(at));
        let line_start = head.rfind('\n').map_or(0, |newline| newline + 1);
        (
            head.matches('\n').count() + 1,
            head[line_start..].chars().count() + 1,
        )
    }
}

/// Where the `count`-th bracket without a partner stands, going away from a range.
fn partner<'a>(
    brackets: impl Iterator<Item = &'a Bracket>,
    count: usize,
    opening: bool,
) -> Option<usize> {
    let (mut wanted, mut nested) = (count, 0_usize);
    for bracket in brackets {
        if wanted == 0 {
            return None;
        }
        match (bracket.opens == opening, nested) {
            (false, _) => nested += 1,
            (true, 0) => wanted -= 1,
            (true, _) => nested -= 1,
        }
        if wanted == 0 {
            return Some(bracket.at);
        }
    }
    None
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The brackets of an expression that are no part of a text, a quoted name or a comment.
fn brackets(text: &str) -> Vec<Bracket> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        at += match c {
            '(' | '[' | '{' | ')' | ']' | '}' => {
                found.push(Bracket {
                    at,
                    opens: matches!(c, '(' | '[' | '{'),
                });
                1
            }
            '"' | '\'' => quoted(rest, c, is_raw(&text[..at])).unwrap_or(rest.len()),
            '`' => 1 + rest[1..].find('`').map_or(rest.len() - 1, |end| end + 1),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ => c.len_utf8(),
        };
    }
    found
}

/// Does a text that follows `head` take backslashes as they are (`r"\d"`)?
fn is_raw(head: &str) -> bool {
    let head = head.trim_end_matches(['b', 'B']);
    head.ends_with(['r', 'R'])
}

/// The length of the text literal that `rest` begins with, if it is closed.
pub(super) fn closed_text(rest: &str) -> Option<usize> {
    quoted(rest, rest.chars().next()?, false)
}

/// The length of the text literal that `rest` begins with, quotation marks included.
fn quoted(rest: &str, mark: char, raw: bool) -> Option<usize> {
    let triple: String = std::iter::repeat_n(mark, 3).collect();
    let close = if rest.starts_with(&triple) {
        triple
    } else {
        mark.to_string()
    };
    let mut at = close.len();
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with(&close) {
            return Some(at + close.len());
        }
        let mut chars = tail.chars();
        let first = chars.next().map_or(0, char::len_utf8);
        let escaped = tail.starts_with('\\') && !raw;
        let second = if escaped {
            chars.next().map_or(0, char::len_utf8)
        } else {
            0
        };
        at += first + second;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::expression::syntax;

    fn extents(source: &str) -> Vec<String> {
        let (tree, written) = syntax::parse(source).expect("the expression is well-formed");
        let mut parts: Vec<String> = tree::descendants(&tree)
            .map(|node| written.slice(written.extent(node)).to_owned())
            .collect();
        parts.sort();
        parts.dedup();
        parts
    }

    #[test]
    fn each_part_reaches_from_its_first_to_its_last_character() {
        assert_eq!(
            extents(r#"(user.?cn.orValue(")(") + "ä").lower().startsWith("ö")"#),
            [
                r#"")(""#,
                r#""ä""#,
                r#""ö""#,
                r#"(user.?cn.orValue(")(") + "ä").lower()"#,
                ".?cn",
                "user",
                "user.?cn",
                r#"user.?cn.orValue(")(")"#,
                r#"user.?cn.orValue(")(") + "ä""#,
            ]
        );
    }

    #[test]
    fn brackets_in_texts_names_and_comments_do_not_count() {
        for (text, count) in [
            (r#""(" + '[' + r"\" + """)""" + f(x)"#, 2),
            ("user.`a(b` // )\n + [1]", 2),
            (r#""\"(" "#, 0),
            ("\"not closed (", 0),
        ] {
            assert_eq!(brackets(text).len(), count, "{text}");
        }
    }

    #[test]
    fn positions_count_lines_and_characters() {
        let written = Written::new("ä +\n  ß", SourceInfo::default());
        assert_eq!(written.position("ä +\n  ".len()), (2, 3));
        assert_eq!(written.position(0), (1, 1));
    }
}
