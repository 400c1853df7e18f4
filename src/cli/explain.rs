//! `rollcall explain`: one person, from the source to what is due.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;

use super::{Common, Exit, Format, people};
use crate::core::assign::Assigned;
use crate::core::attribute::AttrName;
use crate::core::change::Subject as About;
use crate::core::crowd::Crowd;
use crate::core::desired::Wanted;
use crate::core::expression::{Program, Subject};
use crate::core::key::UserKey;
use crate::core::mapping::Origin;
use crate::core::pin::Pinned;
use crate::core::plan::Basis;
use crate::core::rules::Rules;
use crate::core::user::User;
use crate::engine::propose::{Kept, Proposal, propose_keeping};
use crate::engine::roster::Roster;
use crate::installation::{Installation, Need, Unit};
use crate::show;
use crate::show::explain::{
    AccountExplained, AttributeExplained, ExplainJson, StepExplained, TargetExplained, UserJson,
};
use crate::show::problem::Trouble;
use crate::show::words;

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    common: Common,
    /// The person: login name, e-mail or key.
    user: String,
    /// Only this target.
    target: Option<String>,
    /// How to show it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Explains one person. Asks no app: what is due is judged by what was last acknowledged.
///
/// # Errors
/// When the source cannot be read or there is no such person.
pub async fn run(args: ExplainArgs) -> Result<Exit, Trouble> {
    let installation = Installation::assemble(&args.common, Need::Look)?;
    let chosen: Vec<String> = args.target.iter().cloned().collect();
    let units = installation.chosen(&chosen)?;
    let hear = |_| ();
    let world = installation.world(&hear);
    let mut roster = Roster::read(&installation.sources, world).await?;
    if let Some((_, error)) = roster.refused.pop() {
        return Err(error.into());
    }
    let rules: Vec<_> = units.iter().map(|unit| &*unit.target.rules).collect();
    let people = people::of_roster(&roster, &rules);
    let user = &people::pick(&args.user, &people, people::NO_USER)?.item;
    let groups = Crowd::of(&roster.readings)
        .person(&user.key)
        .map_or_else(Vec::new, |person| person.groups);
    let mut answer = ExplainJson {
        user: user_json(user, &groups),
        targets: Vec::new(),
    };
    for unit in units {
        let target = &unit.target;
        let kept = Kept::With(BTreeSet::from([user.key.clone()]));
        let proposal = propose_keeping(
            &kept,
            &target.rules,
            &*target.app,
            &roster,
            Basis::Remembered,
            world,
        )
        .await?;
        answer.targets.push(explain(unit, user, &groups, &proposal));
    }
    show::out(&match args.format {
        Format::Text => show::explain::render(&answer),
        Format::Json => show::json::print(&answer),
    });
    Ok(Exit::InLine)
}

fn user_json(user: &User, groups: &[Arc<str>]) -> UserJson {
    UserJson {
        key: user.key.to_string(),
        label: user.label.to_string(),
        disabled: user.disabled,
        attributes: user
            .attributes
            .iter()
            .map(|(name, values)| {
                (
                    name.to_string(),
                    values.iter().map(ToString::to_string).collect(),
                )
            })
            .collect(),
        groups: groups.iter().map(ToString::to_string).collect(),
    }
}

fn explain(unit: &Unit, user: &User, groups: &[Arc<str>], proposal: &Proposal) -> TargetExplained {
    let rules = &unit.target.rules;
    let subject = Subject::new(user, groups);
    let (assigned, why) = match rules.assignment.decide(&subject) {
        Ok(Assigned::Yes { by }) => (Some(true), format!("by {by}")),
        Ok(Assigned::No { why }) => (Some(false), why.to_string()),
        Err(error) => (None, format!("`when` cannot be evaluated: {error}")),
    };
    let rule = rules.assignment.rule(groups);
    TargetExplained {
        target: rules.target.to_string(),
        assigned,
        why,
        rule: rule.map(|rule| {
            rule.groups
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        }),
        attributes: attributes(unit, &subject, proposal),
        account: proposal
            .state
            .links
            .get(&user.key)
            .map(|link| AccountExplained {
                id: link.id.to_string(),
                active: link.active,
                ours: link.ours,
            }),
        due: due(rules, proposal, &user.key),
        waiting: waiting(proposal, &user.key, &user.label),
        warnings: proposal
            .desired
            .iter()
            .filter(|desired| desired.user == user.key)
            .flat_map(|desired| desired.warnings.clone())
            .collect(),
    }
}

fn attributes(unit: &Unit, subject: &Subject<'_>, proposal: &Proposal) -> Vec<AttributeExplained> {
    let rules = &unit.target.rules;
    let set = rules
        .assignment
        .rule(subject.groups())
        .map(|rule| &rule.set);
    let names: BTreeSet<&AttrName> = rules
        .mapping
        .attributes
        .keys()
        .chain(set.into_iter().flat_map(|set| set.keys()))
        .collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (program, origin): (&Program, &'static str) = match (
                set.and_then(|set| set.get(name)),
                rules.mapping.attributes.get(name),
            ) {
                (Some(program), _) => (program, "assignment rule"),
                (None, Some(rule)) => (
                    &rule.program,
                    match rule.origin {
                        Origin::Profile => "profile",
                        Origin::Config => "config",
                    },
                ),
                (None, None) => return None,
            };
            Some(AttributeExplained {
                name: name.short().to_owned(),
                expression: program.source().to_owned(),
                origin,
                value: value(proposal, &subject.user().key, name, program, subject),
                steps: steps(program, subject),
            })
        })
        .collect()
}

fn value(
    proposal: &Proposal,
    user: &UserKey,
    name: &AttrName,
    program: &Program,
    subject: &Subject<'_>,
) -> Option<String> {
    let desired = proposal
        .desired
        .iter()
        .find(|desired| desired.user == *user)?;
    match &desired.wanted {
        Wanted::Active { attributes, .. } => attributes.get(name).map(ToString::to_string),
        Wanted::Out(_) | Wanted::Unclear { .. } => match program.value(subject) {
            Ok(value) => value.map(|value| value.to_string()),
            Err(error) => Some(format!("({error})")),
        },
    }
}

fn steps(program: &Program, subject: &Subject<'_>) -> Vec<StepExplained> {
    program
        .steps(subject)
        .into_iter()
        .map(|step| StepExplained {
            expression: step.source,
            gives: match step.value {
                Ok(text) => text,
                Err(error) => format!("({error})"),
            },
        })
        .collect()
}

fn due(rules: &Rules, proposal: &Proposal, user: &UserKey) -> Vec<String> {
    let effect = rules.profile.users.deactivate.effect;
    let about = About::User(user.clone());
    proposal
        .reviewed
        .plan
        .changes
        .iter()
        .filter(|change| change.subject == about)
        .map(|change| {
            format!(
                "{}: {}",
                words::verb(change.action.kind(), effect),
                words::why(change, effect)
            )
        })
        .collect()
}

fn waiting(proposal: &Proposal, user: &UserKey, label: &str) -> Vec<String> {
    let about = About::User(user.clone());
    let plan = &proposal.reviewed.plan;
    let parked = plan
        .parked
        .iter()
        .filter(|parked| parked.subject == about)
        .map(|parked| format!("parked: {} → {}", parked.reason, parked.hint));
    let waits = plan
        .waiting
        .iter()
        .filter(|waiting| waiting.subject == about)
        .map(|waiting| format!("{}, until {}", words::waiting(waiting.what), waiting.until));
    let link = proposal.state.links.get(user);
    let is_ignored = proposal.state.ignores_user(user)
        || link.is_some_and(|link| proposal.state.ignores_account(&link.id));
    let ignored = is_ignored.then(|| words::IGNORED.to_owned());
    let skipped = plan
        .skipped
        .iter()
        .filter(|skipped| skipped.subject == about)
        .map(|skipped| {
            let action = words::action(skipped.action);
            format!("{action} is skipped: {}", words::skipped(skipped))
        });
    let is_wanted = proposal.desired.iter().any(|desired| desired.user == *user);
    let protected = (!is_ignored && !is_wanted).then(|| words::PROTECTED.to_owned());
    let pins = proposal.state.pins.iter();
    let pinned = pins
        .filter(|(pinned, _)| pinned.subjects().contains(&about))
        .map(|(pinned, pin)| {
            let what = match pinned {
                Pinned::Account(_) | Pinned::Group(_) => "pinned".to_owned(),
                Pinned::Member(group, _) => format!("membership of {group} pinned"),
            };
            format!(
                "{what}: undone by {} at {}, {}",
                pin.by,
                pin.at,
                words::unpin(label)
            )
        });
    let known = ignored.into_iter().chain(protected).chain(pinned);
    let known = known.chain(parked);
    known.chain(skipped).chain(waits).collect()
}
