//! The laws, as far as this simulation checks them.

use std::collections::{BTreeMap, BTreeSet};

use rollcall::core::attribute::AttrChange;
use rollcall::core::change::{Action, Change, Subject};
use rollcall::core::key::TargetName;
use rollcall::core::plan::Basis;
use rollcall::core::profile::{Deactivation, Profile, Reactivation};
use serde_json::Value as Json;

use super::company::Person;
use super::{Cycle, Simulation};

/// Requests that these changes need, when nothing fails.
pub fn writes_of(changes: &[Change], profile: &Profile) -> usize {
    let made: BTreeSet<&Subject> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::CreateGroup { .. }))
        .map(|change| &change.subject)
        .collect();
    changes
        .iter()
        .map(|change| match &change.action {
            Action::Adopt { .. } | Action::Rekey { .. } | Action::AdoptGroup { .. } => 0,
            Action::AddMembers { members } if made.contains(&change.subject) => {
                let along = members.len().min(profile.groups.inline_members);
                (members.len() - along).div_ceil(profile.groups.chunk)
            }
            Action::AddMembers { members } | Action::RemoveMembers { members } => {
                members.len().div_ceil(profile.groups.chunk)
            }
            Action::Reactivate { attributes } if !attributes.is_empty() && is_apart(profile) => 2,
            Action::Reactivate { attributes }
                if profile.users.reactivate == Reactivation::Post
                    && renames(profile, attributes) =>
            {
                2
            }
            _ => 1,
        })
        .sum()
}

/// Are there names by which a POST is to find an account that is off, and which it does not have yet?
fn renames(profile: &Profile, attributes: &[AttrChange]) -> bool {
    let matching = &profile.users.matching;
    attributes
        .iter()
        .any(|change| matching.contains(&change.name))
}

/// Is an account switched on in a request of its own?
fn is_apart(profile: &Profile) -> bool {
    profile.users.reactivate == Reactivation::ActivateFirst
        || profile.users.deactivate.effect == Deactivation::Renames
}

fn is_assigned(target: &TargetName, person: &Person) -> bool {
    person.is_in()
        && match target.as_str() {
            "wiki" => person.groups.contains("staff"),
            "tracktik" => person.groups.contains("guards"),
            _ => true,
        }
}

/// Is the account this person's? By our key where the app keeps it, else by name.
fn belongs(account: &Json, person: &Person) -> bool {
    match account["externalId"].as_str() {
        Some(key) => key == person.key,
        None => account["userName"]
            .as_str()
            .is_some_and(|name| name.eq_ignore_ascii_case(&person.mail())),
    }
}

fn accounts(simulation: &Simulation, target: &TargetName) -> Vec<Json> {
    simulation.sandbox.dump(target)["users"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn is_active(account: &Json) -> bool {
    account["active"].as_bool().unwrap_or(true)
}

/// Active accounts by target and person.
pub fn active_accounts(simulation: &Simulation) -> BTreeMap<(TargetName, String), usize> {
    let people = simulation.company.people();
    let mut counts = BTreeMap::new();
    for target in simulation.config.targets.keys() {
        let accounts = accounts(simulation, target);
        for person in people.values() {
            let count = accounts
                .iter()
                .filter(|account| is_active(account) && belongs(account, person))
                .count();
            counts.insert((target.clone(), person.key.clone()), count);
        }
    }
    counts
}

/// Law 1: at most one active account a person, and one made by us unless a return makes a new one.
pub fn one_account_each(simulation: &mut Simulation) {
    for ((target, person), count) in active_accounts(simulation) {
        if count > 1 {
            simulation.broken.push(format!(
                "law 1: {person} has {count} active accounts in {target}"
            ));
        }
    }
    let wiki = TargetName::new("wiki");
    let accounts = accounts(simulation, &wiki);
    for person in simulation.company.people().values() {
        let made = accounts
            .iter()
            .filter(|account| account["externalId"].as_str() == Some(&person.key))
            .count();
        if made > 1 {
            simulation
                .broken
                .push(format!("law 1: {} has {made} accounts in wiki", person.key));
        }
    }
}

/// Law 2: nobody who is in scope loses an account that was active.
pub fn nobody_in_scope_lost(
    simulation: &mut Simulation,
    before: &BTreeMap<(TargetName, String), usize>,
) {
    let after = active_accounts(simulation);
    for (key, count) in before {
        let (target, person) = key;
        let people = simulation.company.people();
        let Some(somebody) = people.get(person) else {
            continue;
        };
        let now = after.get(key).copied().unwrap_or_default();
        if *count > 0 && now == 0 && is_assigned(target, somebody) {
            simulation.broken.push(format!(
                "law 2: {person} is in scope of {target} and was switched off"
            ));
        }
    }
}

/// Law 3: every leaver is inactive.
pub fn leavers_are_out(simulation: &mut Simulation) {
    let counts = active_accounts(simulation);
    for ((target, key), count) in counts {
        let people = simulation.company.people();
        let Some(person) = people.get(&key) else {
            continue;
        };
        if count > 0
            && !is_assigned(&target, person)
            && !was_never_ours(simulation, &target, person)
        {
            simulation
                .broken
                .push(format!("law 3: {key} is out of {target} and still active"));
        }
    }
}

/// An account that was there before us and was never linked: an orphan, or reported. One of somebody
/// whom the directory holds and has disabled is not, whether the app's list shows it or not.
fn was_never_ours(simulation: &Simulation, target: &TargetName, person: &Person) -> bool {
    accounts(simulation, target)
        .iter()
        .filter(|account| is_active(account) && belongs(account, person))
        .all(|account| account.get("x-badge").is_some() && account.get("externalId").is_none())
        && !(person.present && person.disabled)
}

/// Law 4: what is desired is there.
pub fn everybody_is_in_line(simulation: &mut Simulation) {
    for target in simulation
        .config
        .targets
        .keys()
        .cloned()
        .collect::<Vec<_>>()
    {
        let accounts = accounts(simulation, &target);
        for person in simulation.company.people().values() {
            if !is_assigned(&target, person) {
                continue;
            }
            let own = accounts
                .iter()
                .find(|account| is_active(account) && belongs(account, person));
            match own {
                None => simulation.broken.push(format!(
                    "law 4: {} has no active account in {target}",
                    person.key
                )),
                Some(account) => {
                    let wrong = differences(&target, person, account);
                    for wrong in wrong {
                        simulation
                            .broken
                            .push(format!("law 4: {} in {target}: {wrong}", person.key));
                    }
                }
            }
        }
    }
    members_are_right(simulation);
}

fn differences(target: &TargetName, person: &Person, account: &Json) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |what: &str, held: Option<&str>, wanted: Option<&str>| {
        if held != wanted {
            wrong.push(format!("{what} is {held:?}, not {wanted:?}"));
        }
    };
    expect(
        "family name",
        account["name"]["familyName"].as_str(),
        Some(&person.surname),
    );
    let work = account["emails"]
        .as_array()
        .and_then(|emails| emails.iter().find(|email| email["type"] == "work")?["value"].as_str());
    expect("e-mail", work, Some(&person.mail()));
    if target.as_str() != "trotto" {
        expect("title", account["title"].as_str(), person.title.as_deref());
    }
    wrong
}

/// Groups hold just the linked people who should be in them, and strangers.
fn members_are_right(simulation: &mut Simulation) {
    for (target, name) in [
        ("wiki", "staff"),
        ("wiki", "guards"),
        ("wiki", "night"),
        ("tracktik", "night"),
    ] {
        let target = TargetName::new(target);
        let dump = simulation.sandbox.dump(&target);
        let groups = dump["groups"].as_array().cloned().unwrap_or_default();
        let found: Vec<&Json> = groups
            .iter()
            .filter(|group| group["displayName"] == name)
            .collect();
        let [group] = found.as_slice() else {
            simulation.broken.push(format!(
                "law 4: {} groups called {name} in {target}",
                found.len()
            ));
            continue;
        };
        let members: Vec<&str> = group["members"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|member| member["value"].as_str())
            .collect();
        let users = dump["users"].as_array().cloned().unwrap_or_default();
        for person in simulation.company.people().values() {
            let own: Vec<&str> = users
                .iter()
                .filter(|account| belongs(account, person))
                .filter_map(|account| account["id"].as_str())
                .collect();
            let is_member = own.iter().any(|id| members.contains(id));
            let should = is_assigned(&target, person) && person.groups.contains(name);
            if is_member != should {
                simulation.broken.push(format!(
                    "law 4: {} is {} group {name} of {target}",
                    person.key,
                    if is_member {
                        "wrongly in"
                    } else {
                        "missing from"
                    }
                ));
            }
        }
    }
}

/// Law 6: without faults, as many writes as changes. A quick cycle plans creates that it may find
/// done, by a request whose answer was lost: then it sends fewer; and what somebody did in the app, or
/// that an account has another id, it finds out by being refused. Where a POST brings an account back, the app may have made another one
/// by a request whose answer was lost, which is found in the same way.
pub fn writes_are_changes(simulation: &mut Simulation, cycle: &Cycle, basis: Basis) {
    let planned = cycle.planned as u64;
    let wiki = &simulation.config.targets[&TargetName::new("wiki")];
    let revives = wiki.rules.profile.users.reactivate == Reactivation::Post;
    let renumbers = wiki.rules.profile.users.id_changes;
    let right = match basis {
        Basis::Observed if revives || simulation.skin.spares_requests() => cycle.writes <= planned,
        Basis::Observed => cycle.writes == planned,
        Basis::Remembered if renumbers => cycle.writes <= 2 * planned || !cycle.trouble.is_empty(),
        Basis::Remembered => cycle.writes <= planned || !cycle.trouble.is_empty(),
    };
    if !right {
        simulation.broken.push(format!(
            "law 6: {} changes were planned, and {} writes were sent",
            cycle.planned, cycle.writes
        ));
    }
}

/// Does the app hide what this account holds, since it is off?
fn is_renamed(account: &Json) -> bool {
    let name = account["userName"].as_str();
    name.is_some_and(|name| name.starts_with("gone-"))
}

/// Law 7: no bucket and no bound of concurrency is exceeded at any instant. The apps keep their rates,
/// so that one request too many has been answered with 429; a throttle of the network never gets to them.
pub fn rates_are_kept(simulation: &mut Simulation) {
    for (target, config) in &simulation.config.targets {
        let log = simulation.sandbox.requests(target);
        let too_many = log.iter().filter(|line| line.status == 429).count();
        let most = simulation.peaks[target].most();
        let bound = config.rules.profile.rates.concurrency;
        if too_many > 0 {
            simulation
                .broken
                .push(format!("law 7: {too_many} requests too many to {target}"));
        }
        if usize::try_from(most).is_ok_and(|most| most > bound) {
            simulation.broken.push(format!(
                "law 7: {most} requests to {target} at once, and it bears {bound}"
            ));
        }
    }
}

/// Law 8: strangers, and foreign attributes of our accounts, are as they were.
pub fn strangers_are_untouched(simulation: &mut Simulation) {
    for (place, wanted) in simulation.foreign.clone() {
        let Some((target, id)) = place.split_once('/') else {
            continue;
        };
        let held = simulation.sandbox.user(
            &TargetName::new(target),
            &rollcall::core::key::RemoteId::new(id),
        );
        if held.as_ref() != Some(&wanted) {
            simulation
                .broken
                .push(format!("law 8: the stranger {place} was changed: {held:?}"));
        }
    }
    for target in simulation
        .config
        .targets
        .keys()
        .cloned()
        .collect::<Vec<_>>()
    {
        for account in accounts(simulation, &target) {
            if account.get("x-badge").is_none() || is_renamed(&account) {
                continue;
            }
            let home = account["emails"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|email| email["value"] == "home@example.org" && email["type"] == "home");
            if !home {
                simulation.broken.push(format!(
                    "law 8: an adopted account of {target} lost its home e-mail"
                ));
            }
        }
    }
}
