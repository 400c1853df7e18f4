//! Members of groups that are under no known name.
//!
//! Groups are read after users, and a server that tidies up references does so in the background
//! (OpenLDAP's refint takes up to a second): a user who is renamed or moved in that moment is still in
//! the group under the old name, and would seem to have left it. Promises that such a user is found
//! again before anybody concludes anything, and that who may be there all the same is counted: somebody
//! whom a right hides stays in groups by name, while many servers take out the deleted. Leaves who is
//! really elsewhere, or gone, to a note, and what the count says to [`crate::core::reading`].

use std::collections::BTreeSet;
use std::time::Duration;

use super::dialect::Dialect;
use super::groups::Groups;
use super::people::People;
use super::range;
use super::session::{Found, Session};
use super::settings::{GroupSettings, LdapConfig};
use super::{asking, draft};
use crate::clock::Clock;
use crate::source::{ReadError, dn};

/// How long a server may take to tidy up.
const SETTLE: Duration = Duration::from_secs(2);
/// So many names are looked up, at most: a group of thousands of machines is none of ours.
pub(super) const MOST: usize = 500;

/// Names of members under which the server shows us nothing.
#[derive(Default)]
pub(super) struct Unseen {
    /// There is nothing, by what it says.
    pub(super) gone: BTreeSet<String>,
    /// There is something that we may not see.
    hidden: usize,
}

impl Unseen {
    /// How many of them may be there all the same.
    pub(super) fn count(&self, dialect: Dialect) -> usize {
        let gone = if dialect.hides_as_absent() {
            self.gone.len()
        } else {
            0
        };
        gone + self.hidden
    }
}

/// Looks for the strangers of all groups; gives those that are not found.
///
/// # Errors
/// When the line breaks.
pub(super) async fn recognise(
    session: &mut Session,
    config: &LdapConfig,
    groups: &mut Groups<'_>,
    people: &mut People<'_>,
    settings: &GroupSettings,
    clock: &Clock,
) -> Result<Unseen, ReadError> {
    let unseen = look(session, config, groups, people).await?;
    if unseen.gone.is_empty() {
        return Ok(unseen);
    }
    clock.sleep(SETTLE).await;
    reread(session, groups, people, settings, &unseen.gone).await?;
    look(session, config, groups, people).await
}

/// Looks each of them up by name.
async fn look(
    session: &mut Session,
    config: &LdapConfig,
    groups: &mut Groups<'_>,
    people: &People<'_>,
) -> Result<Unseen, ReadError> {
    let names: BTreeSet<String> = groups
        .with_strangers()
        .flat_map(|(_, strangers)| strangers)
        .filter(|name| dn::is_below(name, &config.users.branch.base))
        .take(MOST)
        .map(str::to_owned)
        .collect();
    let wanted = [asking::user_key(config, session.dialect).to_owned()];
    let mut unseen = Unseen::default();
    for name in names {
        match session.find(&name, &wanted).await? {
            Found::Entry(entry) => {
                if let Some(user) = people.by_key(&entry) {
                    groups.recognise(&name, user);
                }
            }
            Found::Absent => {
                unseen.gone.insert(name);
            }
            Found::Hidden => unseen.hidden += 1,
        }
    }
    Ok(unseen)
}

/// Reads the groups once more that have a name in them which is not there.
async fn reread(
    session: &mut Session,
    groups: &mut Groups<'_>,
    people: &mut People<'_>,
    settings: &GroupSettings,
    gone: &BTreeSet<String>,
) -> Result<(), ReadError> {
    let stale: Vec<String> = groups
        .with_strangers()
        .filter(|(_, strangers)| strangers.iter().any(|name| gone.contains(*name)))
        .filter_map(|(normal, _)| groups.draft_of(normal).map(|draft| draft.dn.clone()))
        .collect();
    let wanted = draft::attributes(settings, session.dialect);
    for dn in stale {
        // A group that went away in between stays as it was read.
        if let Found::Entry(entry) = session.find(&dn, &wanted).await? {
            let entry = range::complete(session, entry).await?;
            groups.take(&entry, people)?;
        }
    }
    Ok(())
}
