//! One person's way through the house, step by step.
//!
//! `--format json`: `user` (`key`, `label`, `disabled`, `attributes`, `groups`) and `targets[]`
//! (`target`, `assigned`, `why`, `attributes[]` with `name`, `expression`, `origin`, `value`,
//! `steps[]`; `account`, `due[]`, `parked[]`, `warnings[]`).

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::{BOLD, DIM, MINUS, PLUS, styled};

/// The whole answer.
#[derive(Debug, Serialize)]
pub struct ExplainJson {
    /// The user as the source holds it.
    pub user: UserJson,
    /// One entry a target.
    pub targets: Vec<TargetExplained>,
}

/// A user as the source holds it.
#[derive(Debug, Serialize)]
pub struct UserJson {
    /// The immutable key, `source:key`.
    pub key: String,
    /// What a person calls them.
    pub label: String,
    /// May they log in?
    pub disabled: bool,
    /// The attributes.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// The groups, nested ones included.
    pub groups: Vec<String>,
}

/// One target.
#[derive(Debug, Serialize)]
pub struct TargetExplained {
    /// Its name.
    pub target: String,
    /// Is the user assigned? `null`: nobody knows.
    pub assigned: Option<bool>,
    /// Why, or why not.
    pub why: String,
    /// The assignment rule whose values count, by its groups.
    pub rule: Option<String>,
    /// How each attribute comes about.
    pub attributes: Vec<AttributeExplained>,
    /// The account, if there is a link.
    pub account: Option<AccountExplained>,
    /// What is due, and why.
    pub due: Vec<String>,
    /// What waits for a person or a time.
    pub waiting: Vec<String>,
    /// What was left out.
    pub warnings: Vec<String>,
}

/// How one attribute comes about.
#[derive(Debug, Serialize)]
pub struct AttributeExplained {
    /// Its name.
    pub name: String,
    /// The expression.
    pub expression: String,
    /// Where it was written: `profile`, `config`, `assignment rule`.
    pub origin: &'static str,
    /// What it gives, after the app's rules; `null`: nothing.
    pub value: Option<String>,
    /// The parts of the expression and what they give.
    pub steps: Vec<StepExplained>,
}

/// A part of an expression.
#[derive(Debug, Serialize)]
pub struct StepExplained {
    /// The part.
    pub expression: String,
    /// What it gives, or why it gives nothing.
    pub gives: String,
}

/// A linked account.
#[derive(Debug, Serialize)]
pub struct AccountExplained {
    /// The app's id.
    pub id: String,
    /// Is it active, as far as we know?
    pub active: bool,
    /// Did we make it?
    pub ours: bool,
}

/// The answer for people.
#[must_use]
pub fn render(answer: &ExplainJson) -> String {
    let user = &answer.user;
    let mut text = format!(
        "{}  {}\n",
        styled(BOLD, &user.label),
        styled(DIM, &user.key)
    );
    if user.disabled {
        let _ = writeln!(text, "  {}", styled(MINUS, "disabled in the directory"));
    }
    for (name, values) in &user.attributes {
        let _ = writeln!(
            text,
            "  {} {}",
            styled(DIM, format!("{name:<20}")),
            values.join(" | ")
        );
    }
    let _ = writeln!(
        text,
        "  {} {}",
        styled(DIM, format!("{:<20}", "groups")),
        user.groups.join(", ")
    );
    for target in &answer.targets {
        text.push('\n');
        render_target(&mut text, target);
    }
    text
}

fn render_target(text: &mut String, target: &TargetExplained) {
    let assigned = match target.assigned {
        Some(true) => styled(PLUS, format!("assigned ({})", target.why)),
        Some(false) => styled(DIM, format!("not assigned ({})", target.why)),
        None => styled(MINUS, &target.why),
    };
    let _ = writeln!(text, "{}  {assigned}", styled(BOLD, &target.target));
    if let Some(rule) = &target.rule {
        let _ = writeln!(text, "  values of the assignment rule for {rule}");
    }
    let names = target
        .attributes
        .iter()
        .map(|attribute| attribute.name.len());
    let width = names.max().unwrap_or_default().max(20);
    for attribute in &target.attributes {
        let value = attribute.value.as_deref().unwrap_or("(nothing)");
        let _ = writeln!(
            text,
            "  {} {value}",
            styled(BOLD, format!("{:<width$}", attribute.name))
        );
        let _ = writeln!(
            text,
            "    {}",
            styled(
                DIM,
                format!("{}   ({})", attribute.expression, attribute.origin)
            )
        );
        for step in &attribute.steps {
            let line = format!("      {} → {}", step.expression, step.gives);
            let _ = writeln!(text, "{}", styled(DIM, line));
        }
    }
    match &target.account {
        None => text.push_str("  no account is linked\n"),
        Some(account) => {
            let state = if account.active {
                "active"
            } else {
                "switched off"
            };
            let origin = if account.ours {
                "made by rollcall"
            } else {
                "adopted"
            };
            let _ = writeln!(text, "  account {}, {state}, {origin}", account.id);
        }
    }
    for warning in &target.warnings {
        let _ = writeln!(text, "  ! {warning}");
    }
    for waiting in &target.waiting {
        let _ = writeln!(text, "  {} {waiting}", styled(MINUS, "!"));
    }
    if target.due.is_empty() {
        let _ = writeln!(text, "  {}", styled(PLUS, "nothing is due"));
    }
    for due in &target.due {
        let _ = writeln!(text, "  due: {due}");
    }
}
