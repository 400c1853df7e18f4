//! Everything that is wrong with a config, in one go, as data.
//!
//! Promises a place for each problem and texts for snippets in which no secret stands. Leaves how
//! they look on a terminal to `show`.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::document::{SyntaxError, position};
use super::place::Place;
use super::redaction;

/// Everything that is wrong, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The problems, by file and place.
    pub items: Vec<ConfigProblem>,
    /// The texts of the files, secrets taken out; the spans of the problems count in these.
    pub sources: BTreeMap<PathBuf, String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// In which file.
    pub file: PathBuf,
    /// On which line, from 1; 0: the file as a whole.
    pub line: u64,
    /// In which column, from 1, in characters; 0: the file as a whole.
    pub column: u64,
    /// The bytes it is about, in the text of [`Problems::sources`].
    pub span: Range<usize>,
    /// At which key: `targets.trotto.mapping.displayName`; empty: at the top.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A problem whose line is not counted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unplaced {
    pub(super) path: String,
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Problems {
    /// A file that cannot be read.
    pub(super) fn unreadable(file: &Path, cause: &std::io::Error) -> Self {
        let problem = ConfigProblem {
            file: file.into(),
            line: 0,
            column: 0,
            span: 0..0,
            path: String::new(),
            message: format!("the file cannot be read: {cause}"),
            hint: None,
        };
        Self {
            items: vec![problem],
            sources: BTreeMap::new(),
        }
    }

    /// The config itself cannot be read: most often it is somewhere else.
    pub(super) fn absent(file: &Path, cause: &std::io::Error) -> Self {
        let mut problems = Self::unreadable(file, cause);
        for problem in &mut problems.items {
            problem.hint = Some("name the config with --config FILE or in $ROLLCALL_CONFIG".into());
        }
        problems
    }

    /// A problem of something that has no lines.
    pub(super) fn whole(
        file: &Path,
        place: &Place,
        (message, hint): (String, Option<String>),
    ) -> Self {
        let item = Unplaced {
            path: place.to_string(),
            span: 0..0,
            message,
            hint,
        };
        Self::place(file, "", &[], vec![item]).without_lines()
    }

    /// The same without lines: what it is about did not come from a file.
    pub(super) fn without_lines(mut self) -> Self {
        for item in &mut self.items {
            (item.line, item.column, item.span) = (0, 0, 0..0);
        }
        self.sources.clear();
        self
    }

    /// A file that is no YAML.
    pub(super) fn syntax(file: &Path, text: &str, error: SyntaxError) -> Self {
        let end = text[error.at..]
            .chars()
            .next()
            .map_or(error.at, |c| error.at + c.len_utf8());
        let item = Unplaced {
            path: String::new(),
            span: error.at..end,
            message: error.message,
            hint: error.hint,
        };
        Self::place(file, text, &redaction::suspect_lines(text), vec![item])
    }

    /// Counts lines and takes the secrets out.
    pub(super) fn place(
        file: &Path,
        text: &str,
        secrets: &[Range<usize>],
        items: Vec<Unplaced>,
    ) -> Self {
        let items = items
            .into_iter()
            .map(|item| {
                let (line, column) = position(text, item.span.start);
                ConfigProblem {
                    file: file.into(),
                    line,
                    column,
                    span: redaction::shift(text, secrets, &item.span),
                    path: item.path,
                    message: redaction::conceal(text, secrets, item.message),
                    hint: item
                        .hint
                        .map(|hint| redaction::conceal(text, secrets, hint)),
                }
            })
            .collect();
        let mut problems = Self {
            items,
            sources: BTreeMap::from([(file.into(), redaction::redact(text, secrets))]),
        };
        problems.sort();
        problems
    }

    /// Takes in the problems of another file; what is there already is not repeated.
    pub(super) fn extend(&mut self, other: Self) {
        self.items.extend(other.items);
        self.sources.extend(other.sources);
        self.sort();
    }

    fn sort(&mut self) {
        self.items.sort_by(|a, b| a.rank().cmp(&b.rank()));
        self.items.dedup();
    }

    /// Is nothing wrong?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl ConfigProblem {
    fn rank(&self) -> impl Ord + '_ {
        (
            &self.file,
            self.line,
            self.column,
            &self.path,
            &self.message,
        )
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, " {}:", self.path)?;
        }
        write!(f, " {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, item) in self.items.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{item}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
