//! Installations drawn at random, in the few words that they are made of.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use crate::core::leaver::{LeaveCause, LeaverPolicy, Left};
use crate::core::plan::scene::{Scene, days, start, user};
use crate::core::profile::Reactivation;
use crate::core::reading::Absence;
use crate::core::rules::{Adopt, Drift, GroupGone, Rules, UnassignedUnlinked};

pub(super) const PEOPLE: [&str; 5] = ["ana", "bob", "cid", "dot", "eve"];
const GROUPS: [&str; 3] = ["day", "late", "night"];

/// What the source says of somebody.
#[derive(Clone, Copy, Debug)]
enum Word {
    Active,
    Out(LeaveCause),
    Unclear,
    Missing,
    Gone,
}

/// Somebody at the source, in the state and in the app.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
#[derive(Clone, Debug)]
pub(super) struct Person {
    word: Word,
    wanted: Option<&'static str>,
    manager: Option<usize>,
    linked: bool,
    sent: Option<&'static str>,
    left: bool,
    there: bool,
    active: bool,
    held: Option<&'static str>,
    /// Is there another account of the same name?
    pub twin: bool,
    in_doubt: bool,
}

fn title() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![None, Some("Guard"), Some("GUARD"), Some("Lead")])
}

fn word() -> impl Strategy<Value = Word> {
    select(vec![
        Word::Active,
        Word::Active,
        Word::Active,
        Word::Out(LeaveCause::Unassigned),
        Word::Out(LeaveCause::Disabled),
        Word::Unclear,
        Word::Missing,
        Word::Gone,
    ])
}

prop_compose! {
    fn person()(
        word in word(),
        titles in (title(), title(), title()),
        manager in prop::option::of(0..PEOPLE.len()),
        link in any::<(bool, bool, bool)>(),
        account in any::<(bool, bool)>(),
        twin in prop::bool::weighted(0.1),
    ) -> Person {
        let (wanted, sent, held) = titles;
        let (linked, left, in_doubt) = link;
        let (there, active) = account;
        Person {
            word, wanted, manager, linked, sent, left, there, active, held, twin, in_doubt,
        }
    }
}

/// A group at the source, in the state and in the app; members as sets of bits.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
#[derive(Clone, Debug)]
struct Team {
    pushed: bool,
    linked: bool,
    there: bool,
    renamed: bool,
    wanted: u8,
    held: u8,
    acknowledged: u8,
}

prop_compose! {
    fn team()(
        pushed in any::<bool>(),
        state in any::<(bool, bool, bool)>(),
        members in any::<(u8, u8, u8)>(),
    ) -> Team {
        let (linked, there, renamed) = state;
        let (wanted, held, acknowledged) = members;
        Team { pushed, linked, there, renamed, wanted, held, acknowledged }
    }
}

fn policy() -> impl Strategy<Value = LeaverPolicy> {
    let after = || select(vec![None, Some(Duration::ZERO), Some(days(1))]);
    (after(), after()).prop_map(|(deactivate, delete)| LeaverPolicy { deactivate, delete })
}

/// What the config says.
#[derive(Clone, Debug)]
struct Words {
    leaver: LeaverPolicy,
    adopt: Adopt,
    drift: Drift,
    reactivate: Reactivation,
    unassigned: UnassignedUnlinked,
    gone: GroupGone,
    protected: Option<&'static str>,
}

prop_compose! {
    fn words()(
        leaver in policy(),
        adopt in select(vec![Adopt::Unique, Adopt::Ask, Adopt::Never]),
        drift in select(vec![Drift::Repair, Drift::Report, Drift::Ignore]),
        reactivate in select(vec![
            Reactivation::Activate,
            Reactivation::Create,
            Reactivation::Refuse,
        ]),
        unassigned in select(vec![UnassignedUnlinked::Report, UnassignedUnlinked::Deactivate]),
        gone in select(vec![GroupGone::Unlink, GroupGone::Delete]),
        protected in prop::option::of(select(PEOPLE.to_vec())),
    ) -> Words {
        Words { leaver, adopt, drift, reactivate, unassigned, gone, protected }
    }
}

impl Words {
    fn rule(&self, rules: &mut Rules) {
        rules.leavers.unassigned = self.leaver;
        rules.leavers.deleted = self.leaver;
        rules.adopt = self.adopt;
        rules.drift = self.drift;
        rules.profile.users.reactivate = self.reactivate;
        rules.unassigned_unlinked = self.unassigned;
        rules.push.gone = self.gone;
        rules.protected.extend(self.protected.map(Into::into));
    }
}

/// An installation, in the few words that it is made of.
#[derive(Clone, Debug)]
pub(super) struct Story {
    words: Words,
    pub people: Vec<Person>,
    teams: Vec<Team>,
}

prop_compose! {
    pub(super) fn story()(
        words in words(),
        people in prop::collection::vec(person(), PEOPLE.len()),
        teams in prop::collection::vec(team(), GROUPS.len()),
    ) -> Story {
        Story { words, people, teams }
    }
}

impl Story {
    /// A source names as manager only whom it holds.
    fn manager(&self, person: &Person) -> Option<&'static str> {
        let manager = person.manager?;
        match self.people[manager].word {
            Word::Active | Word::Out(_) | Word::Unclear => Some(PEOPLE[manager]),
            Word::Missing | Word::Gone => None,
        }
    }

    pub(super) fn scene(&self) -> Scene {
        let mut scene = Scene::new().rules(|rules| self.words.rule(rules));
        for (name, person) in PEOPLE.iter().zip(&self.people) {
            scene = with_person(scene, name, person);
            if let (Word::Active, Some(manager)) = (person.word, self.manager(person)) {
                scene = scene.reports_to(name, manager);
            }
        }
        for (name, team) in GROUPS.iter().zip(&self.teams) {
            scene = with_team(scene, name, team);
        }
        scene.account("stranger", "robot", &[("title", "Guard")])
    }
}

fn with_person(scene: Scene, name: &str, person: &Person) -> Scene {
    let pairs = |title: Option<&'static str>| title.map(|title| ("title", title));
    let mut scene = match person.word {
        Word::Active => scene.wants(name, pairs(person.wanted).as_slice()),
        Word::Out(cause) => scene.out(name, cause),
        Word::Unclear => scene.unclear(name),
        Word::Missing => scene.absent(name, Absence::Waits(start() + days(1))),
        Word::Gone => scene.absent(name, Absence::Sure),
    };
    let id = format!("id-{name}");
    let held = pairs(person.held);
    scene = match (person.there, person.active) {
        (true, true) => scene.account(&id, name, held.as_slice()),
        (true, false) => scene.inactive(&id, name, held.as_slice()),
        (false, _) => scene,
    };
    if person.twin {
        scene = scene.account(&format!("twin-{name}"), name, held.as_slice());
    }
    if person.linked {
        scene = with_link(scene, name, person, &id);
    } else if person.in_doubt {
        scene = scene.in_doubt(name, name);
    }
    scene
}

fn with_link(scene: Scene, name: &str, person: &Person, id: &str) -> Scene {
    let sent = person.sent.map(|title| ("title", title));
    let scene = scene.linked(name, id, sent.as_slice()).link(name, |link| {
        link.active = !person.left;
        link.left = person.left.then(|| Left {
            cause: LeaveCause::Unassigned,
            since: start(),
        });
    });
    if person.there { scene } else { scene.gone(id) }
}

fn with_team(mut scene: Scene, name: &str, team: &Team) -> Scene {
    let people = |bits: u8| {
        let chosen = PEOPLE.iter().enumerate();
        chosen
            .filter(move |(at, _)| bits & (1 << at) != 0)
            .map(|(_, name)| *name)
    };
    let id = format!("g-{name}");
    let wanted: Vec<&str> = people(team.wanted).collect();
    scene = scene.group(name, &wanted);
    if team.pushed {
        scene = scene.pushes(name);
    }
    if team.there {
        let held: Vec<String> = people(team.held)
            .map(|name| format!("id-{name}"))
            .chain(["stranger".into()])
            .collect();
        let held: Vec<&str> = held.iter().map(String::as_str).collect();
        let called = if team.renamed { "Renamed" } else { name };
        scene = scene.app_group(&id, called, &held);
    }
    if team.linked {
        let acknowledged: Vec<&str> = people(team.acknowledged)
            .filter(|name| scene.state.links.contains_key(&user(name)))
            .collect();
        scene = scene.group_linked(name, &id, &acknowledged);
        if !team.there {
            scene = scene.gone(&id);
        }
    }
    scene
}
