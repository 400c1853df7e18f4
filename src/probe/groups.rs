//! What the app does with groups and their members.
//!
//! Promises that only groups made here are touched, and that members are users made here. Where the
//! app does not show members, a form counts as taken by its answer alone, and the finding says so.

use http::Method;
use serde_json::{Value as Json, json};

use super::Probe;
use super::change::between;
use super::finding::Certainty::{self, Contradictory, SeenOnce, SeenTwice};
use super::line::{Exchange, ProbeError, Seen};
use super::lists::{Pages, Verdict, judge};
use super::made::Kind;
use super::sample::GROUP;
use crate::connector::scim::filter::{Turn, page};

/// Ways to add a member.
const ADDITIONS: [&str; 2] = ["list", "object"];
/// Ways to take one out.
const REMOVALS: [&str; 3] = ["filter", "list", "object"];

/// The ids of the members that a group shows; none: it shows no members at all.
pub(super) fn members(group: &Json) -> Option<Vec<&str>> {
    let list = group.get("members")?.as_array()?;
    Some(
        list.iter()
            .filter_map(|member| member["value"].as_str())
            .collect(),
    )
}

impl Probe<'_> {
    /// Gives the group that is left for what follows; the subject is a member of it.
    pub(super) async fn groups(
        &mut self,
        subject: &str,
        friend: Option<&str>,
        chunk_users: usize,
    ) -> Result<Option<String>, ProbeError> {
        let list = self.list_path(Kind::Group).to_owned();
        let seen = self
            .line
            .get(&page(&list, &Turn::Row(1), 100, "", None))
            .await?;
        if !seen.ok() {
            let says = "there is no list of groups";
            self.book
                .found("groups.model", "none", SeenOnce, says, &[&seen.exchange]);
            return Ok(None);
        }
        self.made.met(seen.ids());
        let Some(id) = self.first_group(&seen).await? else {
            return Ok(None);
        };
        self.second_group(&list).await?;
        if !self.additions(&id, subject).await? {
            return Ok(Some(id));
        }
        self.removals(&id, subject).await?;
        self.many(&id, subject, friend, chunk_users).await?;
        self.odd_members(&id, subject).await?;
        self.new_name(&id).await?;
        Ok(Some(id))
    }

    async fn first_group(&mut self, list: &Seen) -> Result<Option<String>, ProbeError> {
        let name = self.sample.group_name();
        let outside = format!("{name}-outside");
        let mut body = json!({"schemas": [GROUP], "displayName": name, "externalId": outside});
        let mut seen = self.create(Kind::Group, &body).await?;
        if !seen.ok() && !seen.is_unsupported() {
            body = json!({"schemas": [GROUP], "displayName": name});
            seen = self.create(Kind::Group, &body).await?;
        }
        let Some(id) = seen.id().filter(|_| seen.ok()) else {
            let says = "there is a list of groups, and none can be made";
            let by = [&list.exchange, &seen.exchange];
            self.book
                .found("groups.model", "fixed", SeenOnce, says, &by);
            return Ok(None);
        };
        let read = self.read(Kind::Group, &id).await?;
        let by = [&seen.exchange, &read.exchange];
        self.book
            .found("groups.model", "groups", SeenTwice, "one was made", &by);
        let kept = read.body["externalId"] == json!(outside);
        let says = if kept {
            "it came back"
        } else {
            "it did not come back"
        };
        self.book
            .found("groups.external_id", kept, SeenOnce, says, &by);
        Ok(Some(id))
    }

    /// A second one: pages, and DELETE.
    async fn second_group(&mut self, list: &str) -> Result<(), ProbeError> {
        let name = self.sample.group_name();
        let body = json!({"schemas": [GROUP], "displayName": name});
        let made = self.create(Kind::Group, &body).await?;
        let Some(id) = made.id().filter(|_| made.ok()) else {
            return Ok(());
        };
        self.group_pages(list).await?;
        let deleted = self.write(Method::DELETE, Kind::Group, &id, None).await?;
        let read = self.read(Kind::Group, &id).await?;
        let gone = deleted.ok() && !read.ok();
        if gone {
            self.made.gone(Kind::Group, &id);
        }
        let says = if gone {
            "it was gone after DELETE"
        } else {
            "DELETE left it there"
        };
        let by = [&deleted.exchange, &read.exchange];
        self.book.found("groups.delete", gone, SeenOnce, says, &by);
        Ok(())
    }

    async fn group_pages(&mut self, list: &str) -> Result<(), ProbeError> {
        let one = self
            .line
            .get(&page(list, &Turn::Row(1), 1, "", None))
            .await?;
        let two = self
            .line
            .get(&page(list, &Turn::Row(2), 1, "", None))
            .await?;
        let zero = self
            .line
            .get(&page(list, &Turn::Row(0), 1, "", None))
            .await?;
        let pages = Pages {
            from_one: one.ids(),
            from_two: two.ids(),
            from_zero: zero.ids(),
            total: one.total(),
        };
        let by = [&one.exchange, &two.exchange, &zero.exchange];
        let key = "groups.paging";
        let (value, certainty, says) = match judge(&pages) {
            Verdict::Index => (
                "index",
                SeenTwice,
                "a page from 2 goes on after a page from 1",
            ),
            Verdict::Offset => ("offset", SeenTwice, "the first row is number 0"),
            Verdict::Repeats | Verdict::Odd => ("index", Contradictory, "pages do not go on"),
            Verdict::Whole | Verdict::TooFew => ("index", Contradictory, "all rows came at once"),
        };
        self.book.found(key, value, certainty, says, &by);
        Ok(())
    }

    fn addition(&self, form: &str, list: &Json) -> Json {
        let words = self.dialect.words();
        match form {
            "list" => words.at("add", "members", Some(list.clone())),
            _ => json!({"op": words.op("add"), "value": {"members": list}}),
        }
    }

    fn removal(&self, form: &str, id: &str) -> Json {
        let words = self.dialect.words();
        let list = json!([{"value": id}]);
        match form {
            "filter" => words.at("remove", &format!("members[value eq \"{id}\"]"), None),
            "list" => words.at("remove", "members", Some(list)),
            _ => words.at("remove", "members", Some(json!({"members": list}))),
        }
    }

    /// How a member is added. Says whether one can be.
    async fn additions(&mut self, id: &str, member: &str) -> Result<bool, ProbeError> {
        let plain = json!([{"value": member}]);
        let named = json!([{"value": member, "display": self.sample.nobody()}]);
        let mut refused: Vec<Exchange> = Vec::new();
        for (list, display) in [(&plain, false), (&named, true)] {
            for form in ADDITIONS {
                let operation = self.addition(form, list);
                let seen = self.patch(Kind::Group, id, &[operation]).await?;
                let read = self.read(Kind::Group, id).await?;
                let shown = members(&read.body).map(|held| held.contains(&member));
                if seen.ok() && shown != Some(false) {
                    self.added(form, display, shown.is_some(), &refused, [&seen, &read]);
                    return Ok(true);
                }
                refused.push(seen.exchange);
            }
        }
        self.added_by_put(id, &plain, member).await
    }

    fn added(
        &mut self,
        form: &str,
        display: bool,
        shown: bool,
        refused: &[Exchange],
        seen: [&Seen; 2],
    ) {
        let mut by: Vec<&Exchange> = refused.iter().collect();
        by.extend(seen.map(|seen| &seen.exchange));
        let says = if shown {
            "a member added so was shown"
        } else {
            "it was taken; members are not shown"
        };
        self.book
            .found("groups.update", "patch", SeenOnce, says, &by);
        self.book.found("groups.add", form, SeenOnce, says, &by);
        self.book
            .found("groups.member_display", display, SeenOnce, says, &by);
        self.book
            .found("groups.members_readable", shown, SeenOnce, says, &by);
    }

    async fn added_by_put(
        &mut self,
        id: &str,
        list: &Json,
        member: &str,
    ) -> Result<bool, ProbeError> {
        let mut group = self.read(Kind::Group, id).await?.body;
        group["members"] = list.clone();
        let seen = self.replace(Kind::Group, id, group).await?;
        let read = self.read(Kind::Group, id).await?;
        let shown = members(&read.body).map(|held| held.contains(&member));
        let by = [&seen.exchange, &read.exchange];
        let taken = seen.ok() && shown != Some(false);
        let (value, says) = if taken {
            ("put", "a PUT changed the members, and no PATCH did")
        } else {
            ("none", "neither PATCH nor PUT changed the members")
        };
        self.book.found("groups.update", value, SeenOnce, says, &by);
        if taken {
            self.book.found(
                "groups.members_readable",
                shown.is_some(),
                SeenOnce,
                says,
                &by,
            );
        }
        Ok(false)
    }

    /// How a member is taken out; in the end it is in again.
    async fn removals(&mut self, id: &str, member: &str) -> Result<(), ProbeError> {
        let mut refused: Vec<Exchange> = Vec::new();
        for form in REMOVALS {
            let operation = self.removal(form, member);
            let seen = self.patch(Kind::Group, id, &[operation]).await?;
            let read = self.read(Kind::Group, id).await?;
            let gone = members(&read.body).is_none_or(|held| !held.contains(&member));
            if seen.ok() && read.ok() && gone {
                let mut by: Vec<&Exchange> = refused.iter().collect();
                by.extend([&seen.exchange, &read.exchange]);
                let says = "a member was gone afterwards";
                self.book.found("groups.remove", form, SeenOnce, says, &by);
                self.put_in(id, &[member]).await?;
                return Ok(());
            }
            refused.push(seen.exchange);
        }
        self.book
            .unknown("groups.remove", "no form that is known took a member out");
        Ok(())
    }

    /// Adds members in the form that works.
    async fn put_in(&mut self, id: &str, members: &[&str]) -> Result<Seen, ProbeError> {
        let form = self.book.word("groups.add").unwrap_or("list");
        let list: Vec<Json> = members
            .iter()
            .map(|member| json!({"value": member}))
            .collect();
        let operation = self.addition(form, &list.into());
        self.patch(Kind::Group, id, &[operation]).await
    }

    /// Several members in one request.
    async fn many(
        &mut self,
        id: &str,
        subject: &str,
        friend: Option<&str>,
        chunk_users: usize,
    ) -> Result<(), ProbeError> {
        let key = "groups.chunk";
        let Some(friend) = friend else {
            self.book.unknown(key, "there was only one user");
            return Ok(());
        };
        let both = self.put_in(id, &[subject, friend]).await?;
        let read = self.read(Kind::Group, id).await?;
        let in_it = members(&read.body).is_none_or(|held| held.contains(&friend));
        if !both.ok() || !in_it {
            let says = "two members in one request were not both taken";
            let by = [&both.exchange, &read.exchange];
            self.book.found(key, 1, SeenOnce, says, &by);
            return Ok(());
        }
        if chunk_users == 0 {
            self.book
                .unknown(key, "two members were taken; --chunk-users N tries more");
            return Ok(());
        }
        self.crowd(id, friend, chunk_users).await
    }

    /// As many members in one request as there may be users.
    async fn crowd(&mut self, id: &str, friend: &str, count: usize) -> Result<(), ProbeError> {
        let mut crowd = vec![friend.to_owned()];
        for _ in 0..count {
            let name = self.sample.user_name();
            let body = self.user(&name, &self.required.clone());
            let seen = self.create(Kind::User, &body).await?;
            crowd.extend(seen.id().filter(|_| seen.ok()));
        }
        let list = page(self.list_path(Kind::User), &Turn::Row(1), 100, "", None);
        let seen = self.line.get(&list).await?;
        self.cap(&seen);
        self.pages_again().await?;
        let names: Vec<&str> = crowd.iter().map(String::as_str).collect();
        let (mut low, mut high) = (1, names.len() + 1);
        let mut next = Some(names.len());
        let mut last = None;
        while let Some(count) = next {
            let seen = self.put_in(id, &names[..count]).await?;
            if seen.ok() {
                low = count;
            } else {
                high = count;
            }
            last = Some(seen.exchange);
            next = between(low, high);
        }
        let by: Vec<&Exchange> = last.iter().collect();
        if low == names.len() {
            let why = format!("{low} members were taken in one request; more were not tried");
            self.book
                .found("groups.chunk", Json::Null, Certainty::NotProbed, why, &by);
        } else {
            self.book
                .found("groups.chunk", low, SeenOnce, "one more was refused", &by);
        }
        Ok(())
    }

    /// Somebody who is not there, and somebody who is in already.
    async fn odd_members(&mut self, id: &str, member: &str) -> Result<(), ProbeError> {
        let nobody = self.sample.nobody();
        let unknown = self.put_in(id, &[&nobody]).await?;
        if unknown.ok() {
            self.book
                .note("A member that is no user is taken without a word.".into());
            let operation =
                self.removal(self.book.word("groups.remove").unwrap_or("filter"), &nobody);
            self.patch(Kind::Group, id, &[operation]).await?;
        }
        let again = self.put_in(id, &[member]).await?;
        let read = self.read(Kind::Group, id).await?;
        let copies = members(&read.body).unwrap_or_default();
        if copies.iter().filter(|held| **held == member).count() > 1 {
            self.book
                .note("Who is added twice is a member twice.".into());
        } else if !again.ok() {
            let text = format!(
                "Who is a member already cannot be added again: {}.",
                again.status
            );
            self.book.note(text);
        }
        Ok(())
    }

    async fn new_name(&mut self, id: &str) -> Result<(), ProbeError> {
        let name = self.sample.group_name();
        let words = self.dialect.words();
        let operations = words.replace(&[("displayName", json!(name))]);
        let seen = self.patch(Kind::Group, id, &operations).await?;
        let read = self.read(Kind::Group, id).await?;
        let renamed = seen.ok() && read.body["displayName"] == json!(name);
        let says = if renamed {
            "it had the new name"
        } else {
            "it kept its name"
        };
        let by = [&seen.exchange, &read.exchange];
        self.book
            .found("groups.rename", renamed, SeenOnce, says, &by);
        Ok(())
    }
}
