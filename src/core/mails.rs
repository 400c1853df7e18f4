//! The mails that an app sends to people because of a run.
//!
//! Promises a number for what the profile is sure of, and another for what nobody knows. Leaves
//! telling them to the plan's reader.

use super::change::{Action, Change};
use super::profile::{Known, Profile};

/// How many mails a run makes an app send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mails {
    /// So many, for sure.
    pub certain: usize,
    /// Up to so many more, where the vendor does not say.
    pub possible: usize,
}

impl Mails {
    /// The mails that these changes bring about, by `users.mail_on_create` and
    /// `users.mail_on_reactivate`.
    #[must_use]
    pub fn of<'a>(profile: &Profile, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut mails = Self::default();
        for change in changes {
            match sends(profile, &change.action) {
                Known::Yes => mails.certain += 1,
                Known::Unknown => mails.possible += 1,
                Known::No => {}
            }
        }
        mails
    }
}

fn sends(profile: &Profile, action: &Action) -> Known {
    match action {
        Action::Create { .. } => profile.users.mail_on_create,
        Action::Reactivate { .. } => profile.users.mail_on_reactivate,
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Update { .. }
        | Action::Deactivate
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::AddMembers { .. }
        | Action::RemoveMembers { .. } => Known::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::plan::scene::{Scene, profile};

    /// One person to be made, one to be switched on, one to be changed.
    fn changes() -> Vec<Change> {
        Scene::new()
            .wants("new", &[])
            .wants("back", &[])
            .inactive("1", "back", &[])
            .linked("back", "1", &[])
            .link("back", |link| link.active = false)
            .wants("moved", &[("title", "Lead")])
            .account("2", "moved", &[])
            .linked("moved", "2", &[])
            .changes()
    }

    #[test]
    fn creates_and_returns_are_counted_as_the_profile_knows_them() {
        for (create, reactivate, certain, possible) in [
            (Known::Yes, Known::Yes, 2, 0),
            (Known::Yes, Known::No, 1, 0),
            (Known::No, Known::Unknown, 0, 1),
            (Known::Unknown, Known::Unknown, 0, 2),
            (Known::Yes, Known::Unknown, 1, 1),
            (Known::No, Known::No, 0, 0),
        ] {
            let mut profile = profile();
            profile.users.mail_on_create = create;
            profile.users.mail_on_reactivate = reactivate;
            assert_eq!(
                Mails::of(&profile, &changes()),
                Mails { certain, possible },
                "{create:?} {reactivate:?}"
            );
        }
    }
}
