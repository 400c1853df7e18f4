//! A query that is sent in a body (RFC 7644, 3.4.3).
//!
//! Promises the same answer as to the same query in an address, and users before groups where both are
//! asked for. There a filter may ask only for what users are filtered by; groups without such an
//! attribute do not fit (3.4.2.1). Leaves the filters to the lists.

use http::StatusCode;

use super::app::App;
use super::call::{Call, Query};
use super::paging::Window;
use super::refusal::Refusal;
use super::reply;
use super::route::Scope;
use super::view::Page;
use crate::core::profile::Paging;
use crate::http::Answer;

impl App {
    pub(super) fn search(&self, scope: Scope, call: &Call<'_>) -> Result<Answer, Refusal> {
        let query = Query::of_search(&call.object(&self.profile)?)?;
        let call = Call { query, ..*call };
        match scope {
            Scope::Users => self.list_users(&call),
            Scope::Groups => self.list_groups(&call),
            Scope::All => self.search_all(&call),
        }
    }

    fn search_all(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let filter = call.query.filter.as_ref();
        let users = match filter {
            Some(filter) => self.users_that_fit(filter)?,
            None => self.users.iter().map(|(_, record)| record).collect(),
        };
        let groups = if self.profile.has_groups() {
            self.groups_that_fit(filter)
        } else {
            Vec::new()
        };
        let total = users.len() + groups.len();
        let users = users.into_iter().map(|record| self.show_user(record, call));
        let groups = groups
            .into_iter()
            .map(|record| self.show_group(record, call));
        let window = Window::of(&call.query, Paging::Index, self.pages.0, "")?;
        let page = window.slice(users.chain(groups));
        Ok(reply::scim(
            StatusCode::OK,
            &Page::new(total, &window, page),
        ))
    }
}
