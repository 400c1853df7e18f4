//! Who a domain controller is, and how far it has come (MS-ADTS, 3.1.1.1.9).
//!
//! Promises that a controller is compared with itself alone. Leaves what it has changed to
//! [`super::usn`].

use crate::source::ReadError;
use crate::source::ldap::csn::{CONTROLLER, DATABASE, HIGHEST};
use crate::source::ldap::failure::refuse;
use crate::source::ldap::session::{Found, Session};
use crate::source::value;

/// A database of a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Controller {
    name: String,
    database: Vec<u8>,
}

impl Controller {
    /// The one at the other end. One that does not tell is known by its address.
    ///
    /// # Errors
    /// When the line breaks.
    pub(super) async fn of(session: &mut Session) -> Result<Self, ReadError> {
        let mut controller = Self {
            name: session.server.clone(),
            database: Vec::new(),
        };
        let Found::Entry(root) = session.find("", &[CONTROLLER.to_owned()]).await? else {
            return Ok(controller);
        };
        let Some(name) = root.texts(CONTROLLER).next() else {
            return Ok(controller);
        };
        name.clone_into(&mut controller.name);
        if let Found::Entry(own) = session.find(name, &[DATABASE.to_owned()]).await? {
            controller.database = own.values(DATABASE).next().unwrap_or_default().to_vec();
        }
        Ok(controller)
    }

    /// What its numbers are of: its database, or itself where it does not tell that.
    pub(super) fn origin(&self) -> String {
        value::guid(&self.database).unwrap_or_else(|| self.name.clone())
    }

    /// Why what was heard of this one, up to the change `before`, says nothing about the `other` one,
    /// whose last change is number `now`.
    pub(super) fn refuse(&self, before: u64, other: &Self, now: u64) -> Option<String> {
        if self.name != other.name {
            return Some(format!(
                "it is another domain controller than before, {}, which numbers changes by itself",
                other.name
            ));
        }
        if self.database != other.database {
            return Some("its database was restored, or made anew".to_owned());
        }
        (now < before).then(|| {
            format!(
                "its last change is number {now}, and was number {before} before: it was restored"
            )
        })
    }
}

/// The number of the last change, of a server that numbers them.
///
/// # Errors
/// When the line breaks.
pub(super) async fn highest(session: &mut Session) -> Result<Option<u64>, ReadError> {
    let root = session.find("", &[HIGHEST.to_owned()]).await?;
    Ok(match root {
        Found::Entry(root) => root
            .texts(HIGHEST)
            .next()
            .and_then(|text| text.parse().ok()),
        Found::Absent | Found::Hidden => None,
    })
}

/// The same, of a controller that has shown it before.
///
/// # Errors
/// When the line breaks, or it shows it no more.
pub(super) async fn highest_again(session: &mut Session) -> Result<u64, ReadError> {
    highest(session).await?.ok_or_else(|| {
        let problem = format!(
            "{}: changes: it shows no {HIGHEST} any more",
            session.server
        );
        refuse(problem, "let the bind name read the root of the server")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controller(name: &str, database: u8) -> Controller {
        Controller {
            name: name.to_owned(),
            database: vec![database],
        }
    }

    #[test]
    fn a_controller_is_compared_with_itself_alone() {
        let known = controller("CN=NTDS Settings,CN=DC1", 1);
        for (name, database, highest, told) in [
            ("CN=NTDS Settings,CN=DC1", 1, 4000, None),
            ("CN=NTDS Settings,CN=DC1", 1, 4001, None),
            (
                "CN=NTDS Settings,CN=DC1",
                1,
                3999,
                Some("its last change is number 3999, and was number 4000 before: it was restored"),
            ),
            (
                "CN=NTDS Settings,CN=DC1",
                2,
                9000,
                Some("its database was restored, or made anew"),
            ),
            (
                "CN=NTDS Settings,CN=DC2",
                1,
                9000,
                Some(
                    "it is another domain controller than before, CN=NTDS Settings,CN=DC2, which \
                     numbers changes by itself",
                ),
            ),
        ] {
            let why = known.refuse(4000, &controller(name, database), highest);
            assert_eq!(why.as_deref(), told, "{name} {database} {highest}");
        }
    }
}
