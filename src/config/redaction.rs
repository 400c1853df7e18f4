//! Taking secrets out of a file's text before anybody sees it.
//!
//! Promises that what stands where a secret belongs, or under a key that sounds like one, is
//! never shown, even in a file that is no YAML. Shows too little rather than too much.

use std::ops::Range;

use super::node::{Content, Entry, Node};

/// What is shown in place of a secret.
pub const REDACTED: &str = "«secret»";

/// Keys that only say where a secret is kept.
const REFERENCES: [&str; 3] = ["credential", "file", "env"];

/// Keys beside a secret that hold none.
const HARMLESS: [&str; 10] = [
    "token_url",
    "client_auth",
    "scopes",
    "audience",
    "oauth2",
    "grant",
    "authorize_url",
    "redirect_uri",
    "expires",
    "format",
];

/// Keys under which a secret is likely.
const SUSPECT: [&str; 2] = ["auth", "headers"];

/// The same, also as a part of a longer key.
const SUSPECT_PARTS: [&str; 10] = [
    "bearer",
    "token",
    "secret",
    "password",
    "passwd",
    "apikey",
    "api_key",
    "client_id",
    "client_key",
    "webhook",
];

/// The words of a connector's `auth:`.
const WAYS: [&str; 4] = ["bearer", "basic", "header", "oauth2"];

/// The bytes of a file that must not be shown, in order, apart from each other.
#[must_use]
pub fn secrets(root: &Node) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    search(root, false, &mut found);
    tidy(found)
}

/// The same for a text that could not be read: whole lines from a suspect key on.
#[must_use]
pub fn suspect_lines(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut deeper_than = None;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end();
        let indent = body.len() - body.trim_start().len();
        if deeper_than.is_some_and(|limit| indent > limit) && !body.trim().is_empty() {
            found.push(start + indent..start + body.len());
        } else if let Some(after) = value_of_suspect_key(body) {
            deeper_than = Some(indent);
            found.push(start + after..start + body.len());
        } else if !body.trim().is_empty() {
            deeper_than = None;
        }
        start += line.len();
    }
    tidy(found)
}

/// The text without the bytes of `secrets`, line by line as long as before.
#[must_use]
pub fn redact(text: &str, secrets: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for secret in secrets {
        shown.push_str(&text[from..secret.start]);
        shown.push_str(&substitute(&text[secret.clone()]));
        from = secret.end;
    }
    shown.push_str(&text[from..]);
    shown
}

/// A sentence about the text, without the secrets that it quotes: a secret may stand where a word is
/// expected, and is then told as a word that nobody knows.
#[must_use]
pub fn conceal(text: &str, secrets: &[Range<usize>], sentence: String) -> String {
    secrets.iter().fold(sentence, |sentence, secret| {
        let written = text[secret.clone()].trim_matches(['"', '\'']);
        sentence.replace(&format!("`{written}`"), &format!("`{REDACTED}`"))
    })
}

/// Where the bytes `span` of `text` are in the redacted text; inside a secret: all of its substitute.
#[must_use]
pub fn shift(text: &str, secrets: &[Range<usize>], span: &Range<usize>) -> Range<usize> {
    let start = moved(text, secrets, span.start, Side::Start);
    let end = moved(text, secrets, span.end, Side::End);
    start..end.max(start)
}

/// Which end of a span is moved.
#[derive(Clone, Copy)]
enum Side {
    Start,
    End,
}

fn moved(text: &str, secrets: &[Range<usize>], at: usize, side: Side) -> usize {
    let mut before = 0;
    let mut shown = 0;
    for secret in secrets.iter().take_while(|secret| secret.start < at) {
        let length = substitute(&text[secret.clone()]).len();
        let begin = shown + (secret.start - before);
        if at < secret.end {
            return match side {
                Side::Start => begin,
                Side::End => begin + length,
            };
        }
        shown = begin + length;
        before = secret.end;
    }
    shown + (at - before)
}

fn substitute(secret: &str) -> String {
    format!("{REDACTED}{}", "\n".repeat(secret.matches('\n').count()))
}

fn search(node: &Node, secret: bool, found: &mut Vec<Range<usize>>) {
    match &node.content {
        Content::Nothing => {}
        Content::Scalar(scalar) => {
            let way = WAYS.contains(&scalar.text.as_str());
            if secret && !way || holds_credentials(&scalar.text) {
                found.push(node.span.clone());
            }
        }
        Content::List(items) => items.iter().for_each(|item| search(item, secret, found)),
        Content::Block(entries) => entries
            .iter()
            .for_each(|entry| search_entry(entry, secret, found)),
    }
}

fn search_entry(entry: &Entry, secret: bool, found: &mut Vec<Range<usize>>) {
    let key = entry.key.as_str();
    let reference = secret && REFERENCES.contains(&key);
    let harmless = HARMLESS.contains(&key);
    if secret
        && !reference
        && !harmless
        && !is_suspect(key)
        && entry.node.content == Content::Nothing
    {
        found.push(entry.span.clone());
    }
    let below = if key == "oauth2" {
        secret
    } else {
        !reference && !harmless && (secret || is_suspect(key))
    };
    search(&entry.node, below, found);
}

fn is_suspect(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    let suspect = || SUSPECT_PARTS.iter().any(|part| key.contains(part));
    SUSPECT.contains(&key.as_str()) || !HARMLESS.contains(&key.as_str()) && suspect()
}

/// Does a URL in this text carry a password or a query?
fn holds_credentials(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@') || rest.contains('?'))
}

fn value_of_suspect_key(line: &str) -> Option<usize> {
    if let Some((before, _)) = line.split_once("://").filter(|_| holds_credentials(line)) {
        return Some(before.rfind(char::is_whitespace).map_or(0, |at| at + 1));
    }
    let mut from = 0;
    while let Some(colon) = line[from..].find(':').map(|at| from + at) {
        let key = line[..colon]
            .rsplit([' ', '{', ',', '"', '\'', '-'])
            .find(|part| !part.is_empty());
        if key.is_some_and(is_suspect) {
            return Some(colon + 1);
        }
        from = colon + 1;
    }
    None
}

fn tidy(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.retain(|span| !span.is_empty());
    found.sort_by_key(|span| (span.start, span.end));
    found.dedup();
    let mut apart: Vec<Range<usize>> = Vec::new();
    for span in found {
        match apart.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            Some(_) | None => apart.push(span),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    fn shown(text: &str) -> String {
        let document = Document::parse(std::path::Path::new("t.yaml"), text).expect("it is YAML");
        redact(text, &secrets(&document.root))
    }

    #[test]
    fn what_stands_in_place_of_a_reference_is_hidden() {
        for (text, wanted) in [
            (
                "auth: { bearer: hunter2 }\n",
                "auth: { bearer: «secret» }\n",
            ),
            (
                "auth:\n  bearer: |\n    hunter2\n    more\nx: 1\n",
                "auth:\n  bearer: |\n    «secret»\n\nx: 1\n",
            ),
            (
                "auth: { bearer: { token: hunter2 } }\n",
                "auth: { bearer: { token: «secret» } }\n",
            ),
            (
                "auth: { bearer: { hunter2 } }\n",
                "auth: { bearer: { «secret» } }\n",
            ),
            ("auth: [hunter2, x]\n", "auth: [«secret», «secret»]\n"),
            ("api-token: 12345\n", "api-token: «secret»\n"),
            (
                "base_url: https://me:hunter2@example.com/\n",
                "base_url: «secret»\n",
            ),
            (
                "headers: { X-Api-Key: hunter2 }\n",
                "headers: { X-Api-Key: «secret» }\n",
            ),
            (
                "a: &s hunter2\npassword: *s\n",
                "a: &s «secret»\npassword: *s\n",
            ),
        ] {
            assert_eq!(shown(text), wanted);
        }
    }

    #[test]
    fn references_and_addresses_stay_readable() {
        let text = "auth: { oauth2: { token_url: https://a.example/t, client_auth: post, scopes: [a], \
                    client_id: { env: ID }, client_secret: { file: secrets/tt } } }\n\
                    override: { auth: [bearer] }\nmapping: { author: user.x }\n";
        assert_eq!(shown(text), text);
    }

    #[test]
    fn a_file_that_is_no_yaml_hides_suspect_lines() {
        let text = "targets:\n  t: { auth: { bearer: \"hunter2 } }\n  u:\n    client_secret: >\n      hunter3\n\n      hunter4\n    title: x\n  v: https://a:b@c/\n";
        let shown = redact(text, &suspect_lines(text));
        assert!(
            !shown.contains("hunter") && !shown.contains("a:b"),
            "{shown}"
        );
        assert!(shown.contains("title: x"), "{shown}");
    }

    #[test]
    fn positions_move_with_the_text() {
        let text = "a: hunter2hunter2 b";
        let secrets: Vec<Range<usize>> = std::iter::once(3..17).collect();
        let redacted = redact(text, &secrets);
        assert_eq!(&redacted[shift(text, &secrets, &(18..19))], "b");
        assert_eq!(&redacted[shift(text, &secrets, &(3..17))], REDACTED);
        assert_eq!(&redacted[shift(text, &secrets, &(5..9))], REDACTED);
        assert_eq!(&redacted[shift(text, &secrets, &(0..1))], "a");
    }
}
