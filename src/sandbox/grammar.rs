//! Reading a filter (RFC 7644, 3.4.2.2, figure 1).
//!
//! Promises that no text whatever makes it fail otherwise than by an error with a position: depth is
//! capped, and nothing is guessed. Leaves the meaning to the filter.

use serde_json::Number;

use super::filter::{Filter, Literal, Operator, Test};
use super::path::AttrPath;

/// Parentheses within parentheses, at most.
const DEPTH: usize = 40;

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter is wrong at character {at}: {problem}")]
pub(super) struct FilterError {
    /// Where, counted in characters from 1.
    pub(super) at: usize,
    /// What is wrong there.
    pub(super) problem: String,
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Filter, FilterError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        inside: false,
    };
    let filter = parser.any()?;
    parser.skip();
    if parser.at < text.len() {
        return Err(parser.wrong("nothing more was expected"));
    }
    Ok(filter)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Between `[` and `]`, where another `[` is not allowed.
    inside: bool,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Filter, FilterError> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, FilterError> {
        let mut parts = vec![self.factor()?];
        while self.word("and") {
            parts.push(self.factor()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn factor(&mut self) -> Result<Filter, FilterError> {
        if self.sign('(') {
            return self.group(')');
        }
        if self.word("not") {
            if !self.sign('(') {
                return Err(self.wrong("\"not\" needs a parenthesis"));
            }
            return Ok(Filter::Not(Box::new(self.group(')')?)));
        }
        let path = self.path()?;
        if self.rest().starts_with('[') {
            self.within(path)
        } else {
            self.tested(path)
        }
    }

    fn tested(&mut self, path: AttrPath) -> Result<Filter, FilterError> {
        Ok(Filter::Test(path, self.test()?))
    }

    /// What follows an opening sign, up to `close`.
    fn group(&mut self, close: char) -> Result<Filter, FilterError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.wrong("too many parentheses within parentheses"));
        }
        let filter = self.any()?;
        if !self.sign(close) {
            return Err(self.wrong(&format!("\"{close}\" was expected")));
        }
        self.depth -= 1;
        Ok(filter)
    }

    fn within(&mut self, path: AttrPath) -> Result<Filter, FilterError> {
        if self.inside || path.sub.is_some() {
            return Err(self.wrong("\"[\" is not possible here"));
        }
        self.at += 1;
        self.inside = true;
        let filter = Box::new(self.group(']')?);
        self.inside = false;
        let then = if self.rest().starts_with('.') {
            self.at += 1;
            let sub = self.path()?;
            if sub.sub.is_some() || sub.schema.is_some() {
                return Err(self.wrong("a sub-attribute was expected"));
            }
            Some((sub.name, self.test()?))
        } else {
            None
        };
        Ok(Filter::Within(path, filter, then))
    }

    fn path(&mut self) -> Result<AttrPath, FilterError> {
        self.skip();
        let start = self.at;
        let token = self.token(|c| c.is_whitespace() || "()[]\"".contains(c));
        AttrPath::parse(token).ok_or_else(|| {
            self.at = start;
            self.wrong("an attribute was expected")
        })
    }

    fn test(&mut self) -> Result<Test, FilterError> {
        self.skip();
        let start = self.at;
        let word = self
            .token(|c| !c.is_ascii_alphabetic())
            .to_ascii_lowercase();
        let operator = match word.as_str() {
            "pr" => return Ok(Test::Present),
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "co" => Operator::Contains,
            "sw" => Operator::StartsWith,
            "ew" => Operator::EndsWith,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            _ => {
                self.at = start;
                return Err(self
                    .wrong("an operator was expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr"));
            }
        };
        let literal = self.literal()?;
        if !goes_with(operator, &literal) {
            return Err(self.wrong(&format!("\"{word}\" does not go with such a value")));
        }
        Ok(Test::Compare(operator, literal))
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        self.skip();
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let start = self.at;
        let token = self.token(|c| c.is_whitespace() || c == ')' || c == ']');
        let literal = match token {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            _ => {
                let number = serde_json::from_str::<Number>(token).ok();
                number
                    .and_then(|number| number.as_f64())
                    .map(Literal::Number)
            }
        };
        literal.ok_or_else(|| {
            self.at = start;
            self.wrong("a value was expected: a text in quotes, a number, true, false or null")
        })
    }

    fn quoted(&mut self) -> Result<Literal, FilterError> {
        let mut escaped = false;
        let close = self
            .rest()
            .char_indices()
            .skip(1)
            .find_map(|(at, c)| match c {
                '"' if !escaped => Some(at),
                _ => {
                    escaped = c == '\\' && !escaped;
                    None
                }
            });
        let Some(close) = close else {
            return Err(self.wrong("the text has no closing quote"));
        };
        let token = &self.rest()[..=close];
        let Ok(text) = serde_json::from_str::<String>(token) else {
            return Err(self.wrong("the text is no JSON text"));
        };
        self.at += token.len();
        Ok(Literal::text(text))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes what stands before the first character that `ends` it.
    fn token(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let token = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += token.len();
        token
    }

    fn sign(&mut self, sign: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    /// Takes a word that stands alone, in any case.
    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let rest = self.rest();
        let fits = rest
            .get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word));
        let alone = fits
            && rest[word.len()..]
                .chars()
                .next()
                .is_none_or(|next| next.is_whitespace() || next == '(');
        if alone {
            self.at += word.len();
        }
        alone
    }

    fn wrong(&self, problem: &str) -> FilterError {
        FilterError {
            at: self.text[..self.at].chars().count() + 1,
            problem: problem.into(),
        }
    }
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    if parts.len() > 1 {
        return many(parts);
    }
    parts.pop().expect("each caller begins with one part")
}

/// Order has no meaning for booleans and null (RFC 7644, 3.4.2.2), parts only for texts.
fn goes_with(operator: Operator, literal: &Literal) -> bool {
    match operator {
        Operator::Equal | Operator::NotEqual => true,
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            matches!(literal, Literal::Text(..))
        }
        Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual => {
            matches!(literal, Literal::Text(..) | Literal::Number(_))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn and_binds_more_than_or() {
        let flat = parse("a pr or b pr and c pr").expect("a filter");
        let explicit = parse("a pr or (b pr and c pr)").expect("a filter");
        assert_eq!(flat, explicit);
    }

    #[test]
    fn a_text_may_hold_escapes_and_signs() {
        let filter = parse(r#"userName eq "a\"b\\c)] or \u00e9""#).expect("a filter");
        let (_, text) = filter.anchor().expect("an equality");
        assert_eq!(text, "a\"b\\c)] or é");
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, wanted) in [
            (
                "",
                "the filter is wrong at character 1: an attribute was expected",
            ),
            (
                "userName eq ana",
                "the filter is wrong at character 13: a value was expected: a text in quotes, \
                 a number, true, false or null",
            ),
            (
                "userName is \"x\"",
                "the filter is wrong at character 10: an operator was expected: eq, ne, co, sw, \
                 ew, gt, ge, lt, le or pr",
            ),
            (
                "userName eq \"ana",
                "the filter is wrong at character 13: the text has no closing quote",
            ),
            (
                "(a pr",
                "the filter is wrong at character 6: \")\" was expected",
            ),
            (
                "a pr)",
                "the filter is wrong at character 5: nothing more was expected",
            ),
            (
                "not a pr",
                "the filter is wrong at character 5: \"not\" needs a parenthesis",
            ),
            (
                "active gt true",
                "the filter is wrong at character 15: \"gt\" does not go with such a value",
            ),
            (
                "a[b[c pr]]",
                "the filter is wrong at character 4: \"[\" is not possible here",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn depth_is_capped() {
        let text = format!("{}a pr{}", "(".repeat(50_000), ")".repeat(50_000));
        let error = parse(&text).expect_err("too deep");
        assert_eq!(error.problem, "too many parentheses within parentheses");
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_filter_like_text_breaks_it(
            parts in proptest::collection::vec(
                prop::sample::select(vec![
                    "a", " ", "eq", "(", ")", "[", "]", "\"", "not", "and", "or", "pr", ".", "1",
                    "\\", "é", "urn:x:y", "null",
                ]),
                0..24,
            )
        ) {
            let _ = parse(&parts.concat());
        }
    }
}
