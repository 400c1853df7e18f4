//! What failed, for whom, what happens next, and what to do: in this order, for people.
//!
//! Promises that every problem of a config is shown with its file, line and excerpt. Leaves finding
//! problems to others.

use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::words::count;
use super::{BOLD, DIM, MINUS, PLUS, TILDE, styled};
use crate::config::{ConfigProblem, Problems};
use crate::core::key::{SourceName, TargetName};
use crate::core::reading::{Doubt, Reading, hesitation};

/// Why a command could not be carried out.
#[derive(Debug)]
pub enum Trouble {
    /// The config has problems.
    Config(Box<Problems>),
    /// Anything else.
    Plain {
        /// What failed.
        problem: String,
        /// Because of what, outermost first.
        causes: Vec<String>,
        /// What to do.
        hint: Option<String>,
    },
}

impl Trouble {
    /// A trouble without a cause.
    #[must_use]
    pub fn new(problem: impl Into<String>, hint: Option<&str>) -> Self {
        Self::Plain {
            problem: problem.into(),
            causes: Vec::new(),
            hint: hint.map(ToOwned::to_owned),
        }
    }
}

/// A trouble in full.
#[must_use]
pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Config(problems) => config(problems),
        Trouble::Plain {
            problem,
            causes,
            hint,
        } => super::error(problem, causes, hint.as_deref()),
    }
}

/// A trouble in one line.
#[must_use]
pub fn headline(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Config(problems) => count(problems.items.len(), "problem") + " in the config",
        Trouble::Plain { problem, .. } => problem.clone(),
    }
}

/// Every problem of a config, each with its place.
#[must_use]
pub fn config(problems: &Problems) -> String {
    let mut text = String::new();
    for problem in &problems.items {
        text.push_str(&config_problem(problems, problem));
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{} the config has {}; nothing was done",
        styled(MINUS.bold(), "error:"),
        count(problems.items.len(), "problem")
    );
    text
}

fn config_problem(problems: &Problems, problem: &ConfigProblem) -> String {
    let path = problem.file.display().to_string();
    let source = problems.sources.get(&problem.file);
    let mut title = problem.message.clone();
    if !problem.path.is_empty() {
        title = format!("{}: {title}", problem.path);
    }
    if source.is_none() {
        title = format!("{path}: {title}");
    }
    let mut group = Level::ERROR
        .primary_title(title)
        .elements(Vec::<Snippet<'_, annotate_snippets::Annotation<'_>>>::new());
    if let Some(source) = source {
        let start = problem.span.start.min(source.len());
        let end = problem.span.end.clamp(start, source.len());
        group = group.element(
            Snippet::source(source.as_str())
                .path(path)
                .annotation(AnnotationKind::Primary.span(start..end)),
        );
    }
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.message(hint.clone()));
    }
    Renderer::styled().render(&[group]) + "\n"
}

/// A target that could not be planned.
#[must_use]
pub fn unplanned(target: &TargetName, why: &Trouble) -> String {
    format!(
        "{}  {}\n{}\n",
        styled(BOLD, target),
        styled(MINUS, "not planned: nothing was changed in this app"),
        trouble(why)
    )
}

/// A source that could not be read.
#[must_use]
pub fn refused(source: &SourceName, why: &Trouble) -> String {
    format!(
        "{} {source} was not read, so it changes nobody\n{}",
        styled(MINUS.bold(), "refused: source"),
        trouble(why)
    )
}

/// A reading: its size, joined or not, and what a person should know of it.
#[must_use]
pub fn reading(reading: &Reading, rows: usize, doubts: &[Doubt]) -> String {
    let mut text = format!(
        "{}  {}\n",
        styled(BOLD, &reading.source),
        styled(
            DIM,
            format!(
                "{}, {}",
                count(rows, "user"),
                count(reading.groups.len(), "group")
            )
        )
    );
    for row in &reading.broken {
        let _ = writeln!(
            text,
            "  {} {}: {} (held back)",
            styled(TILDE, "!"),
            row.place,
            row.problem
        );
    }
    for note in &reading.notes {
        let _ = writeln!(text, "  {} {note}", styled(DIM, "·"));
    }
    for doubt in doubts {
        let told = hesitation(std::slice::from_ref(doubt));
        let _ = writeln!(text, "  {} {told}", styled(MINUS, "!"));
    }
    text
}

/// The end of a sandbox run: what a second plan finds.
#[must_use]
pub fn proof(target: &TargetName, left: usize) -> String {
    if left == 0 {
        return format!(
            "{}  {}\n",
            styled(BOLD, target),
            styled(PLUS, "second plan: empty")
        );
    }
    format!(
        "{}  {}\n",
        styled(BOLD, target),
        styled(
            MINUS,
            format!("second plan: {} left", count(left, "change"))
        )
    )
}
