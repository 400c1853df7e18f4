//! A reading that is older than one before it: nothing that it says is done.

use super::{
    Case, NONE, Reach, add_members, assigned, change, create, deactivate, links, of_group,
    remove_members, title, told, update,
};
use crate::core::change::{Action, Reason};
use crate::core::key::SourceName;

/// Whatever an older reading could say of its own people and groups.
fn everything() -> Case {
    let attributes = title(Some("Guard"));
    let back = Action::Reactivate { attributes };
    let name = Action::RenameGroup {
        old: Some("new".into()),
        new: "old".into(),
    };
    let made = Action::CreateGroup {
        name: "gone".into(),
    };
    links(40).group("g", 20).changes([
        deactivate(1),
        update(2),
        change(3, back, assigned()),
        create(50, assigned()),
        of_group("g", name, Reason::Renamed),
        of_group("gone", made, Reason::Pushed),
        add_members("g", 30..31),
        remove_members("g", 1),
    ])
}

#[test]
fn nothing_of_an_older_reading_is_done_until_a_person_says_so() {
    for reach in [Reach::Everything, Reach::Everybody] {
        let case = everything().doubted().doubt(|reading| {
            reading.reach = reach;
            reading.is_grave = true;
        });
        let reviewed = case.review();
        assert_eq!(told(&reviewed.released), NONE, "{reach:?}");
        assert_eq!(case.held(), ["reading:hq: 8, limit 0"]);
        let approved = case.keep(true).doubt(|reading| reading.is_approved = true);
        assert_eq!(approved.review().released.len(), 8, "{reach:?}");
    }
}

#[test]
fn people_of_other_sources_go_on_unless_they_are_one_roster() {
    let of_another = |reach| {
        let mut case = everything().doubted().doubt(|reading| {
            reading.reach = reach;
            reading.is_grave = true;
        });
        let own = std::mem::take(&mut case.doubted).into_values();
        case.doubted = own
            .map(|reading| (SourceName::new("hr"), reading))
            .collect();
        told(&case.review().released).len()
    };
    assert_eq!(of_another(Reach::Everything), 8);
    assert_eq!(of_another(Reach::Everybody), 0);
}
