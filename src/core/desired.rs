//! What one user should have in one target: an account with these attributes, or none.
//!
//! Promises that an expression which fails never changes who has access, and that values which break
//! a rule of the app are left out (optional) or park the user (required, or used for matching).
//! Leaves the comparison with the app to [`super::plan`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assign::Assigned;
use super::attribute::{AttrName, Attributes, Value};
use super::crowd::{Crowd, Person};
use super::expression::{EvalError, Subject};
use super::key::UserKey;
use super::leaver::LeaveCause;
use super::mapping::WhenEmpty;
use super::normal::Forms;
use super::profile::{Required, ValueKind};
use super::reading::Reading;
use super::rules::Rules;
use super::user::User;

/// What one user should have in one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Who.
    pub user: UserKey,
    /// What a person calls them.
    pub label: Arc<str>,
    /// An account, or none, or nobody knows.
    pub wanted: Wanted,
    /// The values by which an account that is theirs can be found, best first.
    pub keys: Vec<(AttrName, Arc<str>)>,
    /// What was left out, in words.
    pub warnings: Vec<String>,
}

/// An account, or none, or nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An active account.
    Active {
        /// By what the user is assigned.
        by: Arc<str>,
        /// What it should hold.
        attributes: Attributes,
        /// Attributes that have no value to send now and stay as they are in the app.
        keep: BTreeSet<AttrName>,
    },
    /// No active account.
    Out(LeaveCause),
    /// Nothing may be concluded, nor changed.
    Unclear {
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
}

impl Desired {
    /// What the active account should hold, if there should be one.
    #[must_use]
    pub fn attributes(&self) -> Option<&Attributes> {
        match &self.wanted {
            Wanted::Active { attributes, .. } => Some(attributes),
            Wanted::Out(_) | Wanted::Unclear { .. } => None,
        }
    }

    /// Those to whose accounts it refers.
    pub fn referred(&self) -> impl Iterator<Item = &UserKey> {
        let attributes = self.attributes().into_iter();
        attributes
            .flat_map(Attributes::values)
            .filter_map(Value::account)
    }
}

/// Works out what everybody in `readings` should have, sorted by user.
#[must_use]
pub fn desire(rules: &Rules, readings: &[Reading]) -> Vec<Desired> {
    let judge = Judge::new(rules, readings);
    let crowd = Crowd::of(readings);
    let all = crowd.portions();
    all.flatten()
        .filter_map(|person| judge.judge(&person))
        .collect()
}

/// What is needed to judge one user after the other.
pub struct Judge<'a> {
    rules: &'a Rules,
    forms: Forms<'a>,
    readings: &'a [Reading],
}

/// The attributes of one user while they are worked out.
#[derive(Default)]
struct Draft {
    attributes: Attributes,
    keep: BTreeSet<AttrName>,
    warnings: Vec<String>,
    problem: Option<(String, String)>,
}

impl<'a> Judge<'a> {
    /// By these rules, among the people of these readings.
    #[must_use]
    pub fn new(rules: &'a Rules, readings: &'a [Reading]) -> Self {
        Self {
            rules,
            forms: Forms::new(&rules.profile),
            readings,
        }
    }

    /// What one person should have; `None`: nobody may touch the account.
    #[must_use]
    pub fn judge(&self, person: &Person) -> Option<Desired> {
        let subject = Subject::new(&person.user, &person.groups);
        match self.rules.protects_user(&subject) {
            Ok(true) => None,
            Ok(false) => Some(self.desired(&subject)),
            Err(error) => Some(self.unjudged(&subject, &error)),
        }
    }

    fn desired(&self, subject: &Subject<'_>) -> Desired {
        let user = subject.user();
        let mut desired = Desired {
            user: user.key.clone(),
            label: Arc::clone(&user.label),
            wanted: Wanted::Out(LeaveCause::Disabled),
            keys: Vec::new(),
            warnings: Vec::new(),
        };
        if user.disabled {
            desired.keys = self.keys_alone(subject);
            return desired;
        }
        match self.rules.assignment.decide(subject) {
            Err(error) => desired.wanted = undecided(&error),
            Ok(Assigned::No { .. }) => {
                desired.wanted = Wanted::Out(LeaveCause::Unassigned);
                desired.keys = self.keys_alone(subject);
            }
            Ok(Assigned::Yes { by }) => {
                let draft = self.draft(subject);
                desired.keys = self.keys(&draft.attributes);
                desired.warnings = draft.warnings;
                desired.wanted = match draft.problem {
                    Some((problem, hint)) => Wanted::Unclear { problem, hint },
                    None => Wanted::Active {
                        by,
                        attributes: draft.attributes,
                        keep: draft.keep,
                    },
                };
            }
        }
        desired
    }

    /// Somebody who may be protected, and nobody can say.
    fn unjudged(&self, subject: &Subject<'_>, error: &EvalError) -> Desired {
        let user = subject.user();
        Desired {
            user: user.key.clone(),
            label: Arc::clone(&user.label),
            wanted: Wanted::Unclear {
                problem: format!("`protected` cannot be evaluated: {error}"),
                hint: "the account stays as it is; make the expression hold for users without the \
                       attribute"
                    .into(),
            },
            keys: self.keys_alone(subject),
            warnings: Vec::new(),
        }
    }

    fn draft(&self, subject: &Subject<'_>) -> Draft {
        let mut draft = Draft::default();
        let set = self.rules.assignment.rule(subject.groups());
        let names: BTreeSet<&AttrName> = self
            .rules
            .mapping
            .attributes
            .keys()
            .chain(set.into_iter().flat_map(|rule| rule.set.keys()))
            .collect();
        for name in names {
            self.draft_attribute(subject, name, &mut draft);
        }
        self.drop_partial_sets(&mut draft);
        self.require(&mut draft);
        draft
    }

    fn draft_attribute(&self, subject: &Subject<'_>, name: &AttrName, draft: &mut Draft) {
        match self.evaluate(subject, name) {
            Ok(Some(value)) => match self.forms.admit(name, value) {
                Ok(value) => {
                    draft.attributes.insert(name.clone(), value);
                }
                Err(breach) => self.leave_out(name, &breach.to_string(), draft),
            },
            Ok(None) => {
                if self.when_empty(name) == WhenEmpty::Keep {
                    draft.keep.insert(name.clone());
                }
            }
            Err(error) => self.leave_out(name, &error.to_string(), draft),
        }
    }

    /// An optional value is left out with a warning; one that must be there parks the user.
    fn leave_out(&self, name: &AttrName, why: &str, draft: &mut Draft) {
        if self.rules.profile.is_indispensable(name) {
            draft.problem.get_or_insert((
                format!("{}: {why}", name.short()),
                "correct the value at the source, or the mapping of the target".into(),
            ));
        } else {
            draft.keep.insert(name.clone());
            draft
                .warnings
                .push(format!("{} left out: {why}", name.short()));
        }
    }

    fn drop_partial_sets(&self, draft: &mut Draft) {
        for set in &self.rules.profile.all_or_none {
            let missing: Vec<&str> = set
                .iter()
                .filter(|name| !draft.attributes.contains_key(*name))
                .map(AttrName::short)
                .collect();
            if missing.is_empty() || missing.len() == set.len() {
                continue;
            }
            for name in set {
                draft.attributes.remove(name);
                draft.keep.insert(name.clone());
            }
            let head = set.first().map_or("set", AttrName::head);
            draft.warnings.push(format!(
                "{head} left out: the app takes all of it or none, and {} {} no value",
                missing.join(", "),
                if missing.len() == 1 { "has" } else { "have" }
            ));
        }
    }

    fn require(&self, draft: &mut Draft) {
        for (name, rule) in &self.rules.profile.attributes {
            if rule.required != Required::No
                && !draft.attributes.contains_key(name)
                && draft.problem.is_none()
            {
                draft.problem = Some((
                    format!("{} has no value, and the app requires one", name.short()),
                    "give the user a value at the source, or map the attribute to another".into(),
                ));
            }
        }
    }

    fn when_empty(&self, name: &AttrName) -> WhenEmpty {
        self.rules
            .mapping
            .attributes
            .get(name)
            .map_or(WhenEmpty::Clear, |rule| rule.when_empty)
    }

    /// The value of one attribute, before the app's rules: the assignment's own, else the mapping's.
    fn evaluate(&self, subject: &Subject<'_>, name: &AttrName) -> Result<Option<Value>, EvalError> {
        let set = self
            .rules
            .assignment
            .rule(subject.groups())
            .and_then(|rule| rule.set.get(name));
        let mapped = self
            .rules
            .mapping
            .attributes
            .get(name)
            .map(|rule| &rule.program);
        let Some(program) = set.or(mapped) else {
            return Ok(None);
        };
        let value = program.value(subject)?;
        let is_account = self
            .rules
            .profile
            .rule(name)
            .is_some_and(|rule| rule.kind == ValueKind::Account);
        Ok(match value {
            Some(Value::Text(key)) if is_account => self.person(subject.user(), &key),
            other => other,
        })
    }

    /// The user behind a key: the manager, who may be another source's, or somebody of the user's own
    /// source. Somebody whom no reading speaks of is nobody.
    fn person(&self, user: &User, key: &str) -> Option<Value> {
        let manager = user.manager.as_ref().filter(|manager| *manager.id == *key);
        let own = || UserKey::new(&user.key.source, key);
        let key = manager.cloned().unwrap_or_else(own);
        let mut readings = self.readings.iter();
        let is_there = readings.any(|reading| reading.mentions(&key));
        is_there.then_some(Value::Account(key))
    }

    fn keys(&self, attributes: &Attributes) -> Vec<(AttrName, Arc<str>)> {
        self.rules
            .profile
            .users
            .matching
            .iter()
            .filter_map(|name| Some((name.clone(), Arc::from(attributes.get(name)?.as_text()?))))
            .collect()
    }

    /// The match values of somebody who gets no account: what fails is no match value.
    fn keys_alone(&self, subject: &Subject<'_>) -> Vec<(AttrName, Arc<str>)> {
        let mut attributes: BTreeMap<AttrName, Value> = BTreeMap::new();
        for name in &self.rules.profile.users.matching {
            if let Ok(Some(value)) = self.evaluate(subject, name)
                && let Ok(value) = self.forms.admit(name, value)
            {
                attributes.insert(name.clone(), value);
            }
        }
        self.keys(&attributes)
    }
}

fn undecided(error: &EvalError) -> Wanted {
    Wanted::Unclear {
        problem: format!("`when` cannot be evaluated: {error}"),
        hint: "access stays as it is; make the expression hold for users without the attribute"
            .into(),
    }
}

#[cfg(test)]
mod tests;
