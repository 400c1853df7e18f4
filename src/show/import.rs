//! An app's accounts beside our users, group by group.
//!
//! `--format json`: `target`, `users` (how many the sources hold), `counts` (accounts by standing),
//! `accounts[]` (`id`, `label`, `active`, `standing`, and where they apply `user`, `key`, `by`,
//! `problems[]`, `confirm[]`: the commands that link it) and `gone[]` (`user`, `key`, `id`): links
//! whose account the app does not have.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::words::count;
use super::{BOLD, DIM, MINUS, PLUS, TILDE, styled};
use crate::core::leaver::LeaveCause;
use crate::core::plan::inventory::{Fate, Inventory, Owner, Stocked, Whose};
use crate::core::rules::Rules;
use crate::core::text::quoted;

/// Accounts of a group that are shown one by one; of more, the rest is counted.
const SHOWN: usize = 200;

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A link says whose it is.
    Linked,
    /// It fits one user, and the next sync links it.
    Match,
    /// It fits one user, and a person has to say so.
    Confirm,
    /// It fits one user, and is left alone.
    LeftAlone,
    /// Several accounts or several users fit.
    Ambiguous,
    /// Nobody's.
    Orphan,
    /// It cannot be compared.
    Unreadable,
    /// It is never touched.
    NeverTouched,
}

impl Standing {
    const ALL: [Self; 8] = [
        Self::Linked,
        Self::Match,
        Self::Confirm,
        Self::LeftAlone,
        Self::Ambiguous,
        Self::Orphan,
        Self::Unreadable,
        Self::NeverTouched,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Match => "fit one person: the next sync links it",
            Self::Confirm => "fit one person, and wait for somebody to say so",
            Self::LeftAlone => "fit one person, and are left alone",
            Self::Ambiguous => "ambiguous: several accounts or several people fit",
            Self::Orphan => "orphans: nobody's in the directory, left alone",
            Self::Unreadable => "unreadable: without any value that accounts are found by",
            Self::NeverTouched => "never touched",
        }
    }

    fn counted(self, number: usize) -> String {
        let word = match self {
            Self::Linked => "linked",
            Self::Match => "to link",
            Self::Confirm => "to confirm",
            Self::LeftAlone => "left alone",
            Self::Ambiguous => "ambiguous",
            Self::Orphan => return count(number, "orphan"),
            Self::Unreadable => "unreadable",
            Self::NeverTouched => "never touched",
        };
        format!("{number} {word}")
    }

    fn sign(self) -> String {
        match self {
            Self::Linked => styled(DIM, "="),
            Self::Match => styled(PLUS, "+"),
            Self::Confirm | Self::Unreadable => styled(TILDE, "?"),
            Self::Ambiguous => styled(MINUS, "!"),
            Self::LeftAlone | Self::Orphan | Self::NeverTouched => styled(DIM, "·"),
        }
    }
}

/// The whole answer of `import`.
#[derive(Debug, Serialize)]
pub struct ImportJson {
    /// The target.
    pub target: String,
    /// How many users the sources hold.
    pub users: usize,
    /// Accounts by standing.
    pub counts: BTreeMap<Standing, usize>,
    /// Every account.
    pub accounts: Vec<AccountJson>,
    /// Links whose account is not there.
    pub gone: Vec<GoneJson>,
}

/// An account.
#[derive(Debug, Serialize)]
pub struct AccountJson {
    /// The app's id.
    pub id: String,
    /// What a person calls it.
    pub label: String,
    /// May it be used?
    pub active: bool,
    /// Where it stands.
    pub standing: Standing,
    /// Whose it is or may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Their key, `source:key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// By which attribute it fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What a person should know of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The commands that link it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confirm: Vec<String>,
}

/// A link whose account is not there.
#[derive(Debug, Serialize)]
pub struct GoneJson {
    /// Whose it was.
    pub user: String,
    /// Their key, `source:key`.
    pub key: String,
    /// The id that the app does not know any more.
    pub id: String,
}

impl ImportJson {
    /// The answer for one target.
    #[must_use]
    pub fn of(rules: &Rules, users: usize, inventory: &Inventory) -> Self {
        let accounts: Vec<AccountJson> = inventory
            .accounts
            .iter()
            .map(|one| account(rules, one))
            .collect();
        let mut counts: BTreeMap<Standing, usize> =
            Standing::ALL.into_iter().map(|one| (one, 0)).collect();
        for account in &accounts {
            *counts.entry(account.standing).or_default() += 1;
        }
        Self {
            target: rules.target.to_string(),
            users,
            counts,
            accounts,
            gone: inventory
                .gone
                .iter()
                .map(|(owner, id)| GoneJson {
                    user: owner.label.to_string(),
                    key: owner.user.to_string(),
                    id: id.to_string(),
                })
                .collect(),
        }
    }
}

fn account(rules: &Rules, one: &Stocked) -> AccountJson {
    let mut json = AccountJson {
        id: one.account.id.to_string(),
        label: one.account.label.to_string(),
        active: one.account.active,
        standing: Standing::Orphan,
        user: None,
        key: None,
        by: None,
        problems: Vec::new(),
        confirm: Vec::new(),
    };
    match &one.whose {
        Whose::Linked(owner) => {
            json.standing = Standing::Linked;
            name(&mut json, owner);
        }
        Whose::Fits { owner, by, fate } => {
            name(&mut json, owner);
            json.by = Some(by.short().to_owned());
            destine(&mut json, rules, owner, *fate);
        }
        Whose::Ambiguous(users) => {
            json.standing = Standing::Ambiguous;
            for (owner, problem) in users {
                json.problems.push(format!("{}: {problem}", owner.label));
                json.confirm.push(link(rules, owner, &json.id));
            }
        }
        Whose::Nobodys => {}
        Whose::Unreadable => json.standing = Standing::Unreadable,
        Whose::Protected => {
            json.standing = Standing::NeverTouched;
            json.problems.push("by `protected:`".into());
        }
        Whose::Ignored(owner) => {
            json.standing = Standing::NeverTouched;
            if let Some(owner) = owner {
                name(&mut json, owner);
            }
            json.problems.push("by `rollcall ignore`".into());
        }
    }
    json
}

fn name(json: &mut AccountJson, owner: &Owner) {
    json.user = Some(owner.label.to_string());
    json.key = Some(owner.user.to_string());
}

fn destine(json: &mut AccountJson, rules: &Rules, owner: &Owner, fate: Fate) {
    let because = |cause: LeaveCause| match cause {
        LeaveCause::Unassigned => "not assigned",
        LeaveCause::Disabled => "disabled in the directory",
        LeaveCause::Deleted => "gone from the directory",
    };
    let (standing, problem) = match fate {
        Fate::Adopted => (Standing::Match, None),
        Fate::SwitchedOff(cause) => (
            Standing::Match,
            Some(format!("{}: it is switched off then", because(cause))),
        ),
        Fate::Confirm => (Standing::Confirm, None),
        Fate::Apart => (Standing::Confirm, Some("was unlinked by hand".into())),
        Fate::LeftAlone(cause) => (Standing::LeftAlone, Some(because(cause).into())),
        Fate::Unclear => (
            Standing::LeftAlone,
            Some("nobody knows what they should have: they are parked".into()),
        ),
        Fate::Old => (
            Standing::LeftAlone,
            Some("this app does not bring back what is switched off".into()),
        ),
    };
    json.standing = standing;
    json.problems.extend(problem);
    if standing == Standing::Confirm {
        json.confirm.push(link(rules, owner, &json.id));
    }
}

fn link(rules: &Rules, owner: &Owner, id: &str) -> String {
    format!(
        "rollcall link {} {} {}",
        quoted(&owner.label),
        rules.target,
        quoted(id)
    )
}

/// The answer for people.
#[must_use]
pub fn render(answer: &ImportJson) -> String {
    let mut text = format!(
        "{}  {} beside {}\n",
        styled(BOLD, &answer.target),
        count(answer.accounts.len(), "account"),
        count(answer.users, "user")
    );
    let counts: Vec<String> = answer
        .counts
        .iter()
        .filter(|(_, number)| **number > 0)
        .map(|(standing, number)| standing.counted(*number))
        .collect();
    if !counts.is_empty() {
        let _ = writeln!(text, "  {}", counts.join(", "));
    }
    for standing in Standing::ALL {
        let group: Vec<&AccountJson> = answer
            .accounts
            .iter()
            .filter(|account| account.standing == standing)
            .collect();
        render_group(&mut text, standing, &group);
    }
    if !answer.gone.is_empty() {
        let title = "linked, but not in the app any more";
        let _ = writeln!(text, "\n  {}", styled(MINUS, title));
    }
    for gone in &answer.gone {
        let _ = writeln!(
            text,
            "    {} {}: {}",
            styled(MINUS, "!"),
            gone.user,
            gone.id
        );
    }
    text
}

fn render_group(text: &mut String, standing: Standing, group: &[&AccountJson]) {
    if group.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {}", styled(DIM, standing.title()));
    for account in group.iter().take(SHOWN) {
        render_account(text, account);
    }
    if group.len() > SHOWN {
        let more = group.len() - SHOWN;
        let _ = writeln!(text, "    … and {more} more; --format json shows them all");
    }
}

fn render_account(text: &mut String, account: &AccountJson) {
    let off = if account.active { "" } else { ", switched off" };
    let whose = match (&account.user, &account.by) {
        (Some(user), Some(by)) => format!("  {user}, by {by}"),
        (Some(user), None) => format!("  {user}"),
        (None, _) => String::new(),
    };
    let _ = write!(
        text,
        "    {} {} ({}{off}){whose}",
        account.standing.sign(),
        account.label,
        account.id
    );
    let is_list = account.standing == Standing::Ambiguous;
    if !is_list && !account.problems.is_empty() {
        let _ = write!(text, "; {}", account.problems.join("; "));
    }
    text.push('\n');
    for problem in account.problems.iter().filter(|_| is_list) {
        let _ = writeln!(text, "      {problem}");
    }
    for command in &account.confirm {
        let _ = writeln!(text, "      → if it is theirs: {command}");
    }
}
