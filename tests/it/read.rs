//! A directory that is read by the program's own source, in the process of the story.
//!
//! Promises that the source is what a config says. Leaves what is read to the stories.

use rollcall::clock::Clock;
use rollcall::config::SourceKind;
use rollcall::core::key::SourceName;
use rollcall::core::reading::Reading;
use rollcall::core::user::User;
use rollcall::source::ldap::LdapSource;

use crate::program::Folder;

/// The source `hq` of this config, with the files of this folder.
pub fn source(folder: &Folder, config: &str) -> LdapSource {
    let config = rollcall::config::check(&folder.path("rollcall.yaml"), config);
    let mut config = config.unwrap_or_else(|problems| panic!("{problems}"));
    let source = config.sources.remove(&SourceName::new("hq"));
    match source.expect("it is there").kind {
        SourceKind::Ldap(ldap) => LdapSource::new("hq".into(), *ldap, Clock::System),
        SourceKind::File(file) => panic!("{file:?}"),
    }
}

/// The user of this label.
pub fn user(reading: &Reading, label: &str) -> Option<User> {
    reading.users.iter().find(|user| &*user.label == label)
}
