//! The story of one connector, chapter by chapter.
//!
//! Promises an oracle that knows the directory and what the connector says of its app, and nothing of
//! plans. Leaves the words that people see to the other stories.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rollcall::config::profile;
use rollcall::core::attribute::AttrName;
use rollcall::core::plan::Basis;
use rollcall::core::profile::{AuthKind, Clearing, GroupModel, Profile, UpdateForm};
use rollcall::sandbox::Sandbox;
use serde_json::Value as Json;

use super::company::Company;
use crate::installation::Installation;
use crate::served::Home;

/// One connector, its app and a company.
pub struct Story {
    profile: Profile,
    company: Company,
    installation: Installation,
    sandbox: Sandbox,
}

type Told = Result<(), String>;

/// What it is called, and what happens in the directory.
type Chapter = (&'static str, fn(&mut Company));

impl Story {
    /// The story of the connector `name`, which may stand in `folder`.
    pub fn of(name: &str, folder: Option<&Path>) -> Self {
        let effective = profile::load(name, folder, None);
        let profile = effective.unwrap_or_else(|error| panic!("{error}")).profile;
        let company = Company::small();
        let home = Home::empty(&config(name, folder, &profile));
        company.write(home.path());
        fs::write(home.path().join("app.json"), fixed_groups(&profile)).expect("written");
        let mut sandbox = None;
        let installation = Installation::begin(home, |made| sandbox.insert(made).clone());
        Self {
            profile,
            company,
            installation,
            sandbox: sandbox.expect("the way was made"),
        }
    }

    /// All chapters; gives for each the writes and the reads it took, `6/2`, or says in which one
    /// something was wrong, and what.
    pub async fn tell(mut self) -> Result<Vec<String>, String> {
        let chapters: [Chapter; 8] = [
            ("everybody joins", |_| ()),
            ("a family name changes", |company| {
                company.person("c").family = "Chen-Okafor";
            }),
            ("somebody moves to the other group", |company| {
                company.group("east").members.remove("b");
                company.group("west").members.insert("b");
            }),
            ("somebody is disabled", |company| {
                company.person("e").disabled = true;
            }),
            ("somebody else is disabled", |company| {
                company.person("a").disabled = true;
            }),
            ("one of them comes back", |company| {
                company.person("e").disabled = false;
            }),
            ("a group gets another name", |company| {
                company.group("west").name = "Far West";
            }),
            ("somebody comes back again", |company| {
                company.person("a").disabled = false;
            }),
        ];
        let mut costs = Vec::new();
        for (chapter, happens) in chapters {
            happens(&mut self.company);
            let cost = self.chapter().await;
            costs.push(cost.map_err(|problem| format!("{chapter}: {problem}"))?);
        }
        Ok(costs)
    }

    async fn chapter(&self) -> Result<String, String> {
        self.company.write(self.installation.home.path());
        let target = &self.installation.unit.target.rules.target;
        let before = self.sandbox.counts(target);
        self.installation.try_run().await?;
        let after = self.sandbox.counts(target);
        self.is_in_line()?;
        self.nothing_is_left().await?;
        self.installation
            .clock
            .sleep(Duration::from_hours(200))
            .await;
        self.nothing_is_left().await?;
        let (writes, reads) = (after.write - before.write, after.read - before.read);
        Ok(format!("{writes}/{reads}"))
    }

    /// The next plan is empty, and planning it writes nothing.
    async fn nothing_is_left(&self) -> Told {
        let target = &self.installation.unit.target.rules.target;
        let before = self.sandbox.counts(target).write;
        let (_, proposal) = self.installation.proposal(Basis::Observed).await;
        let plan = &proposal.reviewed.plan;
        ensure(plan.changes.is_empty(), || {
            format!("left: {:#?}", plan.changes)
        })?;
        ensure(plan.parked.is_empty(), || {
            format!("parked: {:#?}", plan.parked)
        })?;
        self.installation.try_run().await?;
        let after = self.sandbox.counts(target).write;
        ensure(before == after, || {
            format!("{} writes more", after - before)
        })
    }

    /// The app holds what the directory says, as far as the app can.
    fn is_in_line(&self) -> Told {
        let dump = self
            .sandbox
            .dump(&self.installation.unit.target.rules.target);
        let users = list(&dump["users"]);
        for person in &self.company.people {
            let mail = format!("{}@example.com", person.key);
            let active: Vec<&&Json> = users
                .iter()
                .filter(|user| user["active"] == true && is_of(user, person.key))
                .collect();
            if person.disabled {
                ensure(active.is_empty(), || {
                    format!("{mail} is still in: {active:?}")
                })?;
                continue;
            }
            ensure(active.len() == 1, || {
                format!("{mail} has {} accounts: {users:#?}", active.len())
            })?;
            if self.keeps("name.familyName") && self.profile.users.update != UpdateForm::None {
                let family = &active[0]["name"]["familyName"];
                ensure(family == person.family, || {
                    format!("{mail} is called {family}")
                })?;
            }
        }
        self.members_are_in_line(&dump)
    }

    fn members_are_in_line(&self, dump: &Json) -> Told {
        if !self.profile.has_groups() {
            return ensure(list(&dump["groups"]).is_empty(), || {
                "groups were made".into()
            });
        }
        let people: BTreeMap<&str, &str> = list(&dump["users"])
            .into_iter()
            .filter(|user| user["active"] == true)
            .filter_map(|user| {
                let mut everybody = self.company.people.iter();
                let person = everybody.find(|person| is_of(user, person.key))?;
                Some((user["id"].as_str()?, person.key))
            })
            .collect();
        for group in &self.company.groups {
            let names = self.names(group.key, group.name);
            let found = list(&dump["groups"])
                .into_iter()
                .find(|found| names.contains(&found["displayName"].as_str().unwrap_or_default()));
            let Some(found) = found else {
                return Err(format!("there is no group {names:?}"));
            };
            let members: BTreeSet<&str> = list(&found["members"])
                .into_iter()
                .filter_map(|member| people.get(member["value"].as_str()?).copied())
                .collect();
            let wanted: BTreeSet<&str> = group
                .members
                .iter()
                .copied()
                .filter(|key| {
                    self.company
                        .people
                        .iter()
                        .any(|p| p.key == *key && !p.disabled)
                })
                .collect();
            ensure(members == wanted, || {
                format!("{} holds {members:?}, not {wanted:?}", group.name)
            })?;
        }
        Ok(())
    }

    /// What a group may be called in the app: where it cannot be renamed, its first name stays.
    fn names(&self, key: &str, name: &'static str) -> Vec<&'static str> {
        let first = if key == "east" { "East" } else { "West" };
        let can = self.profile.groups.rename && self.profile.groups.model != GroupModel::Fixed;
        if can { vec![name] } else { vec![first] }
    }

    /// Does the app keep this attribute, so that it can be looked at and changed?
    fn keeps(&self, name: &str) -> bool {
        let rule = self.profile.rule(&AttrName::new(name));
        rule.is_some_and(|rule| !rule.write_only && !rule.fixed && rule.clear != Clearing::Never)
    }
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Told {
    if holds { Ok(()) } else { Err(problem()) }
}

fn list(json: &Json) -> Vec<&Json> {
    json.as_array().into_iter().flatten().collect()
}

/// Does an account belong to the person of this key, by anything that tells?
fn is_of(user: &Json, key: &str) -> bool {
    let mail = format!("{key}@example.com");
    user["userName"] == key
        || user["userName"] == *mail
        || user["externalId"] == format!("key-{key}")
        || user["emails"][0]["value"] == *mail
}

/// The groups that an app of fixed groups has by itself.
fn fixed_groups(profile: &Profile) -> String {
    let groups = match profile.groups.model {
        GroupModel::Fixed => {
            r#"[{"id":"g-1","displayName":"East"},{"id":"g-2","displayName":"West"}]"#
        }
        GroupModel::None | GroupModel::Groups | GroupModel::Roles => "[]",
    };
    format!(r#"{{"users":[],"groups":{groups}}}"#)
}

/// A config as a person would write it for this connector.
fn config(name: &str, folder: Option<&Path>, profile: &Profile) -> String {
    let mut text = String::new();
    if let Some(folder) = folder {
        let _ = writeln!(text, "connectors: {}", folder.display());
    }
    let auth = match profile.auth.first() {
        Some(AuthKind::Oauth2) => {
            "{ oauth2: { token_url: \"https://app.example.com/token\", client_id: { env: NEVER }, \
             client_secret: { env: NEVER } } }"
        }
        Some(AuthKind::Basic) => {
            "{ basic: { username: { env: NEVER }, password: { env: NEVER } } }"
        }
        Some(AuthKind::Header) => "{ header: { name: X-Key, value: { env: NEVER } } }",
        Some(AuthKind::Bearer) | None => "{ bearer: { env: NEVER } }",
    };
    let push = if profile.has_groups() {
        "    groups: { push: [\"*\"] }\n"
    } else {
        ""
    };
    let effect = profile.users.deactivate.effect;
    let chosen = if effect.is_destructive() {
        let word = serde_json::to_value(effect).expect("a word");
        format!("    override: {{ users: {{ deactivate: {{ effect: {word} }} }} }}\n")
    } else {
        String::new()
    };
    let _ = write!(
        text,
        "sources:\n  hq: {{ file: {{ users: directory.yaml }} }}\ntargets:\n  app:\n    connector: {name}\n    \
         base_url: https://app.example.com/scim/v2\n    auth: {auth}\n    assign: everyone\n{push}{chosen}    \
         sandbox: {{ accounts: app.json }}\n    guard: {{ leavers: {{ count: 50 }}, members: {{ count: 50 }}, \
         updates: {{ count: 50 }} }}\n"
    );
    text
}
