//! Looking at an app that speaks SCIM: only GET.
//!
//! Promises that nothing in here can change the app. Leaves pages to [`super::list`] and searching
//! to [`super::lookup`].

use async_trait::async_trait;

use super::decode::{self, Unreadable};
use super::list::{self, Listing};
use super::{ScimConnector, filter, greeting, lookup, read_account, read_group};
use crate::connector::{Greeting, Observe};
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::AttrName;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::http::About;

#[async_trait]
impl Observe for ScimConnector {
    async fn test(&self) -> Result<Greeting, Fault> {
        let path = filter::page(&self.profile.users.path, 1, 1, None);
        let answer = self.exchange.get(&path, About::User).await?;
        let accounts = decode::page(&answer.body).map_err(Unreadable::fault)?.total;
        // Only advice: many apps have none, hide it or guard it (404, 501, 403).
        let config = self
            .exchange
            .get("/ServiceProviderConfig", About::Service)
            .await
            .ok();
        let contradictions = config.map_or_else(Vec::new, |answer| {
            greeting::contradictions(&answer.body, &self.profile)
        });
        Ok(Greeting {
            accounts,
            contradictions,
        })
    }

    async fn accounts(&self, progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<Account>, Fault> {
        let rules = &self.profile.users;
        let listing = Listing {
            path: &rules.path,
            about: About::User,
            count: rules.page,
            filter: None,
        };
        list::read(
            &self.exchange,
            &listing,
            &read_account(&self.profile),
            progress,
        )
        .await
        .map_err(|fault| no_list(fault, &rules.path))
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
        let rules = &self.profile.groups;
        let listing = Listing {
            path: &rules.path,
            about: About::Group,
            count: rules.page,
            filter: None,
        };
        list::read(&self.exchange, &listing, &read_group(rules), &|_| ()).await
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
