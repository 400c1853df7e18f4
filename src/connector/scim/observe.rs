//! Looking at an app that speaks SCIM: only GET.
//!
//! Promises that nothing in here can change the app. Leaves pages to [`super::list`] and searching
//! to [`super::lookup`].

use async_trait::async_trait;

use super::decode::{self, Unreadable};
use super::list::{self, Listing};
use super::{ScimConnector, claims, greeting, lookup, read_account, read_group};
use crate::connector::{Greeting, Observe};
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::AttrName;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::http::{About, Answer};

#[async_trait]
impl Observe for ScimConnector {
    async fn test(&self) -> Result<Greeting, Fault> {
        let answer = self.first_account().await?;
        let page = decode::page(&answer.body).map_err(Unreadable::fault)?;
        // Only advice: many apps have none, hide it or guard it (404, 501, 403).
        let place = &self.profile.http.discovery;
        let config = if place.is_empty() {
            None
        } else {
            self.exchange.get(place, About::Service).await.ok()
        };
        let mut contradictions = config.map_or_else(Vec::new, |answer| {
            greeting::contradictions(&answer.body, &self.profile)
        });
        let first = page.rows.into_iter().next();
        if let Some((_, first)) = first.and_then(|row| read_account(&self.profile)(row).ok()) {
            contradictions.extend(claims::broken(self, &first, page.total).await);
        }
        Ok(Greeting {
            accounts: page.total,
            contradictions,
        })
    }

    async fn knock(&self) -> Result<(), Fault> {
        self.first_account().await.map(|_| ())
    }

    async fn accounts(&self, progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<Account>, Fault> {
        let listing = Listing::of_users(&self.profile, None);
        let row = read_account(&self.profile);
        list::read(&self.exchange, &listing, &row, progress)
            .await
            .map_err(|fault| no_list(fault, listing.path))
    }

    async fn account(&self, id: &RemoteId) -> Result<Option<Account>, Fault> {
        let answer = match self.exchange.get(&self.user(id)?, About::User).await {
            Err(fault) if is_nobody(&fault) => return Ok(None),
            other => other?,
        };
        let raw = decode::object(&answer.body).map_err(Unreadable::fault)?;
        let account = decode::account(raw, &self.profile).map_err(Unreadable::fault)?;
        if account.id.as_str().eq_ignore_ascii_case(id.as_str()) {
            Ok(Some(account))
        } else {
            Err(Fault::new(
                FaultKind::Garbled,
                Effect::None,
                format!("asked for {id}, the app showed {}", account.id),
            ))
        }
    }

    async fn find(&self, keys: &[(AttrName, String)]) -> Result<Vec<Account>, Fault> {
        lookup::accounts(self, keys).await
    }

    async fn groups(&self) -> Result<Vec<AppGroup>, Fault> {
        if !self.profile.has_groups() {
            return Ok(Vec::new());
        }
        let listing = Listing::of_groups(&self.profile, None);
        let row = read_group(&self.profile.groups);
        list::read(&self.exchange, &listing, &row, &|_| ()).await
    }

    async fn group(&self, id: &RemoteId) -> Result<Option<AppGroup>, Fault> {
        let path = self.group_path(id)?;
        let answer = match self.exchange.get(&path, About::Group).await {
            Err(fault) if is_nobody(&fault) => return Ok(None),
            other => other?,
        };
        let raw = decode::object(&answer.body).map_err(Unreadable::fault)?;
        let group = decode::group(&raw, &self.profile.groups).map_err(Unreadable::fault)?;
        Ok(Some(group))
    }

    async fn find_groups(
        &self,
        name: &str,
        external_id: Option<&str>,
    ) -> Result<Vec<AppGroup>, Fault> {
        if self.profile.has_groups() {
            lookup::groups(self, name, external_id).await
        } else {
            Ok(Vec::new())
        }
    }
}

impl ScimConnector {
    /// The smallest page that the list of accounts has.
    async fn first_account(&self) -> Result<Answer, Fault> {
        let listing = Listing {
            count: 1,
            ..Listing::of_users(&self.profile, None)
        };
        let path = listing.first_page();
        self.exchange.get(&path, About::User).await
    }
}

/// Does the answer to a question for one resource say that there is none? Some frameworks say so with
/// a page for people; a wrong address would have failed the list before.
fn is_nobody(fault: &Fault) -> bool {
    fault.kind == FaultKind::Missing || fault.status == Some(404)
}

/// A list that is not there is no list that is empty: the address is wrong.
fn no_list(fault: Fault, path: &str) -> Fault {
    if fault.kind != FaultKind::Missing {
        return fault;
    }
    Fault {
        kind: FaultKind::Misdirected,
        detail: format!("there is no list at {path}; is base_url right?"),
        ..fault
    }
}
