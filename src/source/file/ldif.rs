//! The records of an LDIF file (RFC 2849): folded lines, base64, comments.
//!
//! Promises that a line which cannot be read spoils its own record and no other, and never shows what
//! stands in it: dumps hold password hashes. Leaves what an attribute means to [`super::entry`].

use std::borrow::Cow;
use std::iter::Peekable;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::flaw::{Flaw, WRITE_WHOLE};

/// A block of lines between blank ones.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// The line it begins in, counted from 1.
    pub(super) line: usize,
    /// Its attributes, in the order of the file.
    pub(super) attributes: Vec<Attribute<'a>>,
    /// The first line that could not be read, and why.
    pub(super) problem: Option<String>,
}

/// A name with one value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    /// As it is written, options included: `cn;lang-de`.
    pub(super) name: Cow<'a, str>,
    /// Its value.
    pub(super) value: Content<'a>,
}

/// What a value is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// Written as it is.
    Text(Cow<'a, str>),
    /// Decoded from base64; often text all the same.
    Bytes(Vec<u8>),
}

impl Record<'_> {
    /// The first value of a name, when it is text.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// The values of a name that are text.
    pub(super) fn texts<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r str> {
        let attributes = self.attributes.iter();
        let named = attributes.filter(move |attribute| attribute.name.eq_ignore_ascii_case(name));
        named.filter_map(|attribute| attribute.value.as_text())
    }
}

impl Content<'_> {
    /// The value, if it is text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        }
    }
}

/// Goes through the records of a file.
///
/// # Errors
/// When the file ends in the middle of a line.
pub(super) fn records(text: &str) -> Result<impl Iterator<Item = Record<'_>>, Flaw> {
    if !text.ends_with('\n') {
        let hint = format!("end it with a line break; if the file was cut off, {WRITE_WHOLE}");
        let problem = "the file ends in the middle of a line";
        return Err(Flaw::at(text.lines().count(), problem).hint(hint));
    }
    let mut lines = Unfolded::of(text).peekable();
    Ok(std::iter::from_fn(move || record(&mut lines)))
}

fn record<'a>(lines: &mut Peekable<Unfolded<'a>>) -> Option<Record<'a>> {
    while lines.next_if(|(_, text)| text.is_empty()).is_some() {}
    let mut record = Record {
        line: lines.peek()?.0,
        attributes: Vec::new(),
        problem: None,
    };
    while let Some((line, text)) = lines.next_if(|(_, text)| !text.is_empty()) {
        match attribute(text) {
            Ok(attribute) => record.attributes.push(attribute),
            Err(problem) => {
                record
                    .problem
                    .get_or_insert(format!("line {line} {problem}"));
            }
        }
    }
    Some(record)
}

fn attribute(line: Cow<'_, str>) -> Result<Attribute<'_>, &'static str> {
    match line {
        Cow::Borrowed(line) => split(line),
        Cow::Owned(line) => split(&line).map(Attribute::into_owned),
    }
}

fn split(line: &str) -> Result<Attribute<'_>, &'static str> {
    if line.starts_with(' ') {
        return Err("begins with a space, but continues nothing");
    }
    let (name, rest) = line.split_once(':').ok_or("has no colon")?;
    if !is_name(name) {
        return Err("does not begin with the name of an attribute");
    }
    let value = match rest.as_bytes().first() {
        Some(b':') => Content::Bytes(decode(&rest[1..])?),
        Some(b'<') => return Err("takes its value from a URL, which is not followed"),
        _ => Content::Text(Cow::Borrowed(rest.trim_start_matches(' '))),
    };
    let name = Cow::Borrowed(name);
    Ok(Attribute { name, value })
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-;._".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

fn decode(written: &str) -> Result<Vec<u8>, &'static str> {
    STANDARD.decode(written.trim()).map_err(|_| "is no base64")
}

impl Attribute<'_> {
    fn into_owned(self) -> Attribute<'static> {
        Attribute {
            name: Cow::Owned(self.name.into_owned()),
            value: match self.value {
                Content::Text(text) => Content::Text(Cow::Owned(text.into_owned())),
                Content::Bytes(bytes) => Content::Bytes(bytes),
            },
        }
    }
}

/// The lines of a text, continuations put together, comments left out.
struct Unfolded<'a> {
    lines: Peekable<std::iter::Enumerate<std::str::Lines<'a>>>,
}

impl<'a> Unfolded<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            lines: text.lines().enumerate().peekable(),
        }
    }

    fn next_line(&mut self) -> Option<(usize, Cow<'a, str>)> {
        let (at, first) = self.lines.next()?;
        let mut text = Cow::Borrowed(first);
        // A line of nothing ends a record; nothing continues it.
        while !first.is_empty()
            && let Some((_, more)) = self.lines.next_if(|(_, line)| line.starts_with(' '))
        {
            text.to_mut().push_str(&more[1..]);
        }
        Some((at + 1, text))
    }
}

impl<'a> Iterator for Unfolded<'a> {
    type Item = (usize, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, text) = self.next_line()?;
            if !text.starts_with('#') {
                return Some((line, text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Record<'_>> {
        records(text).expect("ends with a line break").collect()
    }

    #[test]
    fn lines_are_unfolded_and_comments_left_out() {
        let text = "# a comment\n  that goes on\nversion: 1\n\n\ndn: uid=a,\n dc=example\n# another\n\
                    cn:  Ann\r\nmail:\n";
        let records = all(text);
        assert_eq!(records.len(), 2);
        assert_eq!((records[0].line, records[1].line), (3, 6));
        assert_eq!(records[1].first("DN"), Some("uid=a,dc=example"));
        assert_eq!(records[1].first("cn"), Some("Ann"));
        assert_eq!(records[1].first("mail"), Some(""));
    }

    #[test]
    fn base64_is_decoded_even_when_folded() {
        let records = all("dn: uid=a\ncn:: SsO8cmdl\n biBNw7xsbGVy\njpegPhoto:: /9j/\n");
        assert_eq!(records[0].first("cn"), Some("Jürgen Müller"));
        assert_eq!(records[0].first("jpegPhoto"), None);
        let photo = Content::Bytes(vec![0xff, 0xd8, 0xff]);
        assert_eq!(records[0].attributes[2].value, photo);
    }

    #[test]
    fn a_line_that_cannot_be_read_spoils_its_own_record_without_showing_it() {
        let text = "dn: uid=a\nuserPassword hunter2\n\ndn: uid=b\nphoto:< file:///etc/shadow\n\n\
                    dn: uid=c\ncn:: ***\n\n stray\n\ndn: uid=d\n: x\n\ndn: uid=e\n";
        let told: Vec<Option<String>> =
            all(text).into_iter().map(|record| record.problem).collect();
        let problems = [
            Some("line 2 has no colon"),
            Some("line 5 takes its value from a URL, which is not followed"),
            Some("line 8 is no base64"),
            Some("line 10 begins with a space, but continues nothing"),
            Some("line 13 does not begin with the name of an attribute"),
            None,
        ];
        assert_eq!(told, problems.map(|problem| problem.map(str::to_owned)));
    }

    #[test]
    fn a_file_cut_in_a_line_is_an_error() {
        let cut = records("dn: uid=a\ncn: An").err().expect("cut");
        let error = cut.in_file("F".as_ref());
        assert_eq!(error.problem, "F:2: the file ends in the middle of a line");
    }
}
