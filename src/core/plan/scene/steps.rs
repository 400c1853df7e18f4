//! How a scene is made, step by step, and what is planned for it.
//!
//! Promises that each step adds one thing and changes nothing else. Leaves values to
//! [`super`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Scene, Texts, account, desired, group, hq, key, link, rules, start, texts, user};
use crate::core::account::AppGroup;
use crate::core::attribute::{AttrName, Attributes, Value};
use crate::core::change::{ActionKind, Change, Subject};
use crate::core::correlate::key_prints;
use crate::core::desired::{Desired, Wanted};
use crate::core::fingerprint::{Fingerprint, Fingerprints};
use crate::core::key::RemoteId;
use crate::core::leaver::LeaveCause;
use crate::core::link::{GroupLink, Job, JobState, Link};
use crate::core::memory::{TargetState, Verdict};
use crate::core::people::People;
use crate::core::plan::inventory::{Inventory, Owner, Whose, inventory};
use crate::core::plan::{Input, Note, Observed, Plan, content, name_attribute, plan};
use crate::core::reading::{Absence, BrokenRow, Coverage, Reading};
use crate::core::rules::Rules;
use crate::core::user::{Group, User};

impl Scene {
    /// Nobody anywhere, and an app that was read.
    pub fn new() -> Self {
        Self {
            rules: rules(),
            desired: BTreeMap::new(),
            reading: Reading {
                source: hq(),
                users: People::none(),
                groups: Vec::new(),
                coverage: Coverage::Whole,
                broken: Vec::new(),
                notes: Vec::new(),
                dangling: None,
            },
            state: TargetState::default(),
            observed: Some(Observed::default()),
            absent: BTreeMap::new(),
            now: start(),
        }
    }

    pub fn rules(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
        self
    }

    /// The source holds somebody.
    fn holds(mut self, desired: Desired) -> Self {
        let user = User {
            key: desired.user.clone(),
            label: Arc::clone(&desired.label),
            attributes: BTreeMap::new(),
            disabled: false,
            manager: None,
        };
        self.reading.users = self.reading.users.iter().chain([user]).collect();
        self.desired.insert(desired.user.clone(), desired);
        self
    }

    /// Somebody should have an account with these values.
    pub fn wants(self, id: &str, values: Texts<'_>) -> Self {
        self.holds(desired(
            id,
            Wanted::Active {
                by: "everyone".into(),
                attributes: texts(id, values),
                keep: BTreeSet::new(),
            },
        ))
    }

    pub fn out(self, id: &str, cause: LeaveCause) -> Self {
        self.holds(desired(id, Wanted::Out(cause)))
    }

    pub fn unclear(self, id: &str) -> Self {
        self.holds(desired(
            id,
            Wanted::Unclear {
                problem: "nobody knows".into(),
                hint: "find out".into(),
            },
        ))
    }

    pub fn desired(mut self, id: &str, change: impl FnOnce(&mut Desired)) -> Self {
        change(
            self.desired
                .get_mut(&user(id))
                .expect("somebody in the scene"),
        );
        self
    }

    /// What somebody should hold, and what is to stay as it is.
    pub fn wanted(
        self,
        id: &str,
        change: impl FnOnce(&mut Attributes, &mut BTreeSet<AttrName>),
    ) -> Self {
        self.desired(id, |desired| match &mut desired.wanted {
            Wanted::Active {
                attributes, keep, ..
            } => change(attributes, keep),
            Wanted::Out(_) | Wanted::Unclear { .. } => panic!("{id} should have an account"),
        })
    }

    pub fn reports_to(self, id: &str, manager: &str) -> Self {
        self.wanted(id, |attributes, _| {
            attributes.insert("manager".into(), Value::Account(user(manager)));
        })
    }

    fn observed(&mut self) -> &mut Observed {
        self.observed.as_mut().expect("the app was read")
    }

    pub fn account(mut self, id: &str, user_name: &str, values: Texts<'_>) -> Self {
        let account = account(id, user_name, true, values);
        self.observed().accounts.push(account);
        self
    }

    pub fn inactive(mut self, id: &str, user_name: &str, values: Texts<'_>) -> Self {
        let account = account(id, user_name, false, values);
        self.observed().accounts.push(account);
        self
    }

    /// An account that shows nothing but its id.
    pub fn blank(mut self, id: &str) -> Self {
        let mut account = account(id, id, true, &[]);
        account.attributes.clear();
        self.observed().accounts.push(account);
        self
    }

    /// The app says that it does not have this account or group any more.
    pub fn gone(mut self, id: &str) -> Self {
        self.observed().gone.insert(id.into());
        self
    }

    /// Nobody asks the app.
    pub fn remembered(mut self) -> Self {
        self.observed = None;
        self
    }

    pub fn linked(mut self, id: &str, account: &str, values: Texts<'_>) -> Self {
        self.state.links.insert(user(id), link(id, account, values));
        self
    }

    pub fn link(mut self, id: &str, change: impl FnOnce(&mut Link)) -> Self {
        change(self.state.links.get_mut(&user(id)).expect("a link"));
        self
    }

    /// A person has decided this by hand.
    pub fn verdict(mut self, verdict: Verdict) -> Self {
        self.state.verdicts.insert(verdict);
        self
    }

    /// Nobody in the source, and this is what it means.
    pub fn absent(mut self, id: &str, absence: Absence) -> Self {
        self.absent.insert(user(id), absence);
        self
    }

    /// The row of somebody could not be read.
    pub fn broken(mut self, id: &str) -> Self {
        self.reading.broken.push(BrokenRow {
            place: "users.csv:7".into(),
            user: Some(user(id)),
            group: None,
            problem: "unreadable".into(),
        });
        self
    }

    pub fn job(mut self, subject: Subject, action: ActionKind, state: JobState) -> Self {
        self.state.jobs.push(Job {
            subject,
            action,
            attempts: 1,
            keys: Fingerprints::new(),
            content: Fingerprint(1),
            state,
        });
        self.state
            .jobs
            .sort_by(|one, other| (&one.subject, one.action).cmp(&(&other.subject, other.action)));
        self
    }

    /// The key is lost: of every fingerprint only that there was one is known.
    pub fn forgotten(mut self) -> Self {
        for link in self.state.links.values_mut() {
            let prints = link.sent.values_mut().chain(link.held.values_mut());
            prints.for_each(|print| *print = Fingerprint::UNKNOWN);
        }
        for link in self.state.groups.values_mut() {
            link.name = Fingerprint::UNKNOWN;
        }
        for job in &mut self.state.jobs {
            job.content = Fingerprint::UNKNOWN;
            let prints = job.keys.values_mut();
            prints.for_each(|print| *print = Fingerprint::UNKNOWN);
        }
        self
    }

    /// A create was sent for somebody under this user name, and no answer came.
    pub fn in_doubt(self, id: &str, user_name: &str) -> Self {
        self.sent_in_doubt(ActionKind::Create, id, user_name)
    }

    /// A POST that was to bring somebody's account back was sent under this user name, and no answer came.
    pub fn return_in_doubt(self, id: &str, user_name: &str) -> Self {
        self.sent_in_doubt(ActionKind::Reactivate, id, user_name)
    }

    fn sent_in_doubt(mut self, action: ActionKind, id: &str, user_name: &str) -> Self {
        let subject = Subject::User(user(id));
        let state = JobState::InDoubt(self.now);
        let is_it = |job: &Job| (&job.subject, job.action) == (&Subject::User(user(id)), action);
        self.state.jobs.retain(|job| !is_it(job));
        self = self.job(subject, action, state);
        for job in self.state.jobs.iter_mut().filter(|job| is_it(job)) {
            let sent = [("userName".into(), user_name.into())];
            job.keys = key_prints(&self.rules.profile, &key(), &sent);
        }
        self
    }

    /// What is due for somebody failed a short while ago, and rests for an hour.
    pub fn resting(mut self, id: &str) -> Self {
        let until = self.now + Duration::from_hours(1);
        for change in self.changes() {
            let is_it = |job: &&mut Job| {
                (&job.subject, job.action) == (&change.subject, change.action.kind())
            };
            let content = content(&key(), &change, &self.state.links);
            let mut jobs = self.state.jobs.iter_mut();
            if let Some(job) = jobs.find(is_it)
                && change.subject == Subject::User(user(id))
            {
                job.content = content;
                job.state = JobState::InDoubt(until);
            }
        }
        self
    }

    /// Somebody switches this account on.
    pub fn account_is_on(mut self, id: &str) -> Self {
        let mut accounts = self.observed().accounts.iter_mut();
        let account = accounts.find(|account| account.id.as_str() == id);
        account.expect("it is there").active = true;
        self
    }

    pub fn pushes(mut self, pattern: &str) -> Self {
        self.rules.push.patterns.push(pattern.into());
        self
    }

    /// A group of the source, under the key `k-` and its name.
    pub fn group(mut self, name: &str, members: &[&str]) -> Self {
        self.reading.groups.push(Group {
            key: group(name),
            name: name.into(),
            members: members.iter().map(|member| user(member)).collect(),
        });
        self
    }

    /// A group of the app; an account in it by id.
    pub fn app_group(mut self, id: &str, name: &str, members: &[&str]) -> Self {
        self.observed().groups.push(AppGroup {
            id: id.into(),
            name: name.to_owned(),
            external_id: None,
            members: Some(members.iter().map(RemoteId::new).collect()),
        });
        self
    }

    /// The group of the app that came last.
    pub fn last_group(mut self, change: impl FnOnce(&mut AppGroup)) -> Self {
        change(self.observed().groups.last_mut().expect("a group"));
        self
    }

    pub fn group_linked(mut self, name: &str, id: &str, members: &[&str]) -> Self {
        let link = GroupLink {
            group: group(name),
            id: id.into(),
            ours: true,
            name: key().of(&name_attribute(), &Value::text(name)),
            members: members.iter().map(|member| user(member)).collect(),
            in_doubt: BTreeSet::new(),
            unseen: None,
        };
        self.state.groups.insert(group(name), link);
        self
    }

    /// A request that was to move them into the group or out of it had no answer.
    pub fn group_in_doubt(mut self, name: &str, members: &[&str]) -> Self {
        let link = self.state.groups.get_mut(&group(name)).expect("a link");
        link.in_doubt = members.iter().map(|member| user(member)).collect();
        self
    }

    /// Later by so much.
    pub fn later(mut self, by: Duration) -> Self {
        self.now += by;
        self
    }

    /// Whose every account is, by id.
    pub fn stock(&self) -> BTreeMap<String, Whose> {
        let accounts = self.inventory().accounts.into_iter();
        accounts
            .map(|one| (one.account.id.to_string(), one.whose))
            .collect()
    }

    /// Links whose account the app does not have.
    pub fn gone_links(&self) -> Vec<(Owner, RemoteId)> {
        self.inventory().gone
    }

    fn inventory(&self) -> Inventory {
        let desired: Vec<Desired> = self.desired.values().cloned().collect();
        inventory(&Input {
            rules: &self.rules,
            desired: &desired,
            readings: std::slice::from_ref(&self.reading),
            state: &self.state,
            observed: self.observed.as_ref(),
            absent: &self.absent,
            key: &key(),
            now: self.now,
        })
    }

    pub fn plan(&self) -> Plan {
        self.plan_with(std::slice::from_ref(&self.reading))
    }

    pub fn plan_with(&self, readings: &[Reading]) -> Plan {
        let desired: Vec<Desired> = self.desired.values().cloned().collect();
        let observed = self.observed.clone().map(|mut observed| {
            observed.settle(&self.rules.profile, &self.state, self.now);
            observed
        });
        plan(&Input {
            rules: &self.rules,
            desired: &desired,
            readings,
            state: &self.state,
            observed: observed.as_ref(),
            absent: &self.absent,
            key: &key(),
            now: self.now,
        })
    }

    pub fn changes(&self) -> Vec<Change> {
        self.plan().changes
    }

    /// The link as the plan notes it.
    pub fn noted(&self, id: &str) -> Option<Link> {
        self.plan()
            .notes
            .into_iter()
            .rev()
            .find_map(|note| match note {
                Note::Link(link) if link.user == user(id) => Some(link),
                Note::Link(_)
                | Note::ForgetUser(_)
                | Note::Group(_)
                | Note::ForgetGroup(_)
                | Note::Pin(..)
                | Note::Unpin(_) => None,
            })
    }

    /// The group link as the plan notes it.
    pub fn noted_group(&self, name: &str) -> Option<GroupLink> {
        self.plan()
            .notes
            .into_iter()
            .rev()
            .find_map(|note| match note {
                Note::Group(link) if link.group == group(name) => Some(link),
                Note::Group(_)
                | Note::ForgetGroup(_)
                | Note::Link(_)
                | Note::ForgetUser(_)
                | Note::Pin(..)
                | Note::Unpin(_) => None,
            })
    }
}
