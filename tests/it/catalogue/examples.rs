//! Holds what we send against the requests that vendors document, connector by connector.
//!
//! Promises that a profile's examples are not decoration: the same deed, done by the connector under
//! that profile, is the same request, and the documented answer is understood. Leaves what the app
//! would do to the sandbox.

use std::collections::{BTreeMap, BTreeSet};

use rollcall::config::profile;
use rollcall::connector::scim::ScimConnector;
use rollcall::connector::{Apply, Direction, GroupMember, Observe};
use rollcall::core::account::Account;
use rollcall::core::attribute::{AttrChange, AttrName, Attributes};
use rollcall::core::fault::Fault;
use rollcall::core::key::RemoteId;
use rollcall::core::profile::{Deed, Example, Profile};
use serde_json::Value as Json;

use super::script::{Script, connector};

#[tokio::test]
async fn what_we_send_is_what_the_vendors_document() {
    let mut wrong = Vec::new();
    for name in profile::names(None) {
        let effective = profile::load(&name, None, None).unwrap_or_else(|error| panic!("{error}"));
        for (nth, example) in effective.profile.examples.iter().enumerate() {
            let place = format!("{name}, examples[{nth}] ({:?})", example.does);
            if let Err(problem) = hold(&effective.profile, example).await {
                wrong.push(format!("{place}: {problem}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_app_shows_an_example() {
    let bare: Vec<String> = super::sources::apps()
        .filter(|name| {
            let effective = profile::load(name, None, None).expect("it loads");
            effective.profile.examples.is_empty()
        })
        .collect();
    assert!(bare.is_empty(), "no example of: {}", bare.join(", "));
}

/// Does the deed of the example and compares the request; the answer has to be understood.
async fn hold(profile: &Profile, example: &Example) -> Result<(), String> {
    let text = |body: &Option<Json>| body.as_ref().map(Json::to_string).unwrap_or_default();
    let before = text(&example.before);
    let answer = text(&example.answer.body);
    let mut answers = Vec::new();
    if reads_first(example) {
        answers.push((200, before.as_str()));
    }
    answers.push((example.answer.status, answer.as_str()));
    let script = Script::of(&answers);
    let app = connector(&script, profile.clone());
    do_it(&app, profile, example)
        .await
        .map_err(|problem| format!("the answer is not understood: {problem}"))?;
    let requests = script.requests();
    let sent = requests.last().ok_or("nothing was sent")?;
    same("method", sent.method.as_str(), &example.request.method)?;
    same_place(&sent.url, &example.request.path)?;
    let body = match &*sent.body {
        b"" => None,
        bytes => Some(serde_json::from_slice(bytes).map_err(|error| error.to_string())?),
    };
    let fits = match (&body, &example.request.body) {
        (Some(ours), Some(theirs)) if example.request.method == "PATCH" => ours == theirs,
        (Some(ours), Some(theirs)) => stands_in(ours, theirs),
        (ours, theirs) => ours == theirs,
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "the body is\n  {}\nwhere the page has\n  {}",
        text(&body),
        text(&example.request.body)
    ))
}

/// Is everything that we send there, in the same form? A page may show more than we have to say.
fn stands_in(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Object(ours), Json::Object(theirs)) => ours
            .iter()
            .all(|(key, value)| theirs.get(key).is_some_and(|other| stands_in(value, other))),
        (Json::Array(ours), Json::Array(theirs)) => ours
            .iter()
            .all(|value| theirs.iter().any(|other| stands_in(value, other))),
        (ours, theirs) => ours == theirs,
    }
}

/// The same path, and every parameter of the page's query in ours.
fn same_place(ours: &url::Url, theirs: &str) -> Result<(), String> {
    let theirs = ours
        .join(&format!("/scim/v2{theirs}"))
        .map_err(|error| error.to_string())?;
    same("path", ours.path(), theirs.path())?;
    let pairs =
        |url: &url::Url| -> BTreeSet<(String, String)> { url.query_pairs().into_owned().collect() };
    let missing: Vec<_> = pairs(&theirs).difference(&pairs(ours)).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("the query {ours} lacks {missing:?}"))
}

fn same(what: &str, ours: &str, theirs: &str) -> Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    Err(format!("the {what} is {ours}, where the page has {theirs}"))
}

/// A PUT carries along what is there, so that it is read first.
fn reads_first(example: &Example) -> bool {
    example.request.method == "PUT" && example.before.is_some()
}

async fn do_it(app: &ScimConnector, profile: &Profile, example: &Example) -> Result<(), String> {
    let told = |fault: Fault| fault.to_string();
    let body = example.request.body.clone().unwrap_or_default();
    let id = || id_of(&example.request.path);
    match example.does {
        Deed::ListUsers => app.accounts(&|_| ()).await.map(|_| ()).map_err(told),
        Deed::FindUser => {
            let (name, value) = filter_of(&example.request.path)?;
            app.find(&[(name, value)]).await.map(|_| ()).map_err(told)
        }
        Deed::CreateUser => {
            let attributes = attributes_of(&body, profile).await?;
            app.create(&attributes).await.map(|_| ()).map_err(told)
        }
        Deed::UpdateUser => {
            let before = example.before.as_ref().ok_or("an update needs `before`")?;
            let after = example.answer.body.as_ref();
            let after = after.ok_or("an update needs the body of its answer")?;
            let now = account_of(before, profile).await?;
            let changes = differences(&now.attributes, &attributes_of(after, profile).await?);
            let now = (!reads_first(example)).then_some(&now);
            let done = app.update(&id(), &changes, false, now).await;
            done.map(|_| ()).map_err(told)
        }
        Deed::Deactivate => app.deactivate(&id()).await.map(|_| ()).map_err(told),
        Deed::Reactivate => {
            let done = app.update(&id(), &[], true, None).await;
            done.map(|_| ()).map_err(told)
        }
        Deed::DeleteUser => app.delete(&id()).await.map_err(told),
        Deed::ListGroups => app.groups().await.map(|_| ()).map_err(told),
        Deed::CreateGroup => {
            let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
            let (name, key) = (text("displayName"), text("externalId"));
            let made = app.create_group(&name, &key, &[]).await;
            made.map(|_| ()).map_err(told)
        }
        Deed::RenameGroup => {
            let name = new_name(&body).ok_or("the body names no displayName")?;
            app.rename_group(&id(), &name).await.map_err(told)
        }
        Deed::AddMembers => move_members(app, &id(), Direction::In, &body).await,
        Deed::RemoveMembers => move_members(app, &id(), Direction::Out, &body).await,
        Deed::DeleteGroup => app.delete_group(&id()).await.map_err(told),
    }
}

async fn move_members(
    app: &ScimConnector,
    group: &RemoteId,
    direction: Direction,
    body: &Json,
) -> Result<(), String> {
    let members = members_of(body);
    let done = app.move_members(group, direction, &members).await;
    done.map_err(|fault| fault.to_string())
}

/// The last part of a path.
fn id_of(path: &str) -> RemoteId {
    RemoteId::new(path.rsplit('/').next().unwrap_or_default())
}

/// Attribute and value of the filter in a path.
fn filter_of(path: &str) -> Result<(AttrName, String), String> {
    let base = url::Url::parse("http://app.example.com").expect("a URL");
    let url = base.join(path).map_err(|error| error.to_string())?;
    let filter = url.query_pairs().find(|(key, _)| key == "filter");
    let (_, filter) = filter.ok_or("the path has no filter")?;
    let (name, value) = filter.split_once(" eq ").ok_or("the filter is no `eq`")?;
    let value = serde_json::from_str(value).map_err(|error| error.to_string())?;
    let name = name.split(['[', '.']).next().unwrap_or_default();
    Ok((AttrName::new(name), value))
}

/// A documented resource as the connector reads it; an id is put in where it lacks one.
async fn account_of(resource: &Json, profile: &Profile) -> Result<Account, String> {
    let mut resource = resource.clone();
    let fields = resource.as_object_mut().ok_or("this is no resource")?;
    let id = fields.entry("id").or_insert("example".into()).clone();
    let id = RemoteId::new(id.as_str().ok_or("the id is no text")?);
    let script = Script::of(&[(200, &resource.to_string())]);
    let read = connector(&script, profile.clone()).account(&id).await;
    let found = read.map_err(|fault| fault.to_string())?;
    found.ok_or_else(|| "the resource cannot be read".into())
}

async fn attributes_of(resource: &Json, profile: &Profile) -> Result<Attributes, String> {
    account_of(resource, profile)
        .await
        .map(|account| account.attributes)
}

fn differences(before: &Attributes, after: &Attributes) -> Vec<AttrChange> {
    let names: BTreeSet<&AttrName> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| AttrChange {
            name: name.clone(),
            old: before.get(name).cloned(),
            new: after.get(name).cloned(),
        })
        .collect()
}

/// The first `displayName` in a body, or the value that is put at it.
fn new_name(body: &Json) -> Option<String> {
    let operations = body["Operations"].as_array().into_iter().flatten();
    let named = operations
        .filter(|operation| operation["path"] == "displayName")
        .find_map(|operation| operation["value"].as_str());
    let within = body["Operations"][0]["value"]["displayName"].as_str();
    let name = named.or(within).or_else(|| body["displayName"].as_str());
    name.map(str::to_owned)
}

/// Every member in a body, in values and in filters, by id.
fn members_of(body: &Json) -> Vec<GroupMember> {
    let mut found = BTreeMap::new();
    collect(body, &mut found);
    let member = |(id, display): (RemoteId, String)| GroupMember {
        id,
        display: display.into(),
    };
    found.into_iter().map(member).collect()
}

fn collect(json: &Json, found: &mut BTreeMap<RemoteId, String>) {
    match json {
        Json::Object(map) => {
            if let Some(path) = map.get("path").and_then(Json::as_str) {
                let id = path.split('"').nth(1).map(RemoteId::new);
                found.extend(id.map(|id| (id, String::new())));
            }
            let display = map.get("display").and_then(Json::as_str);
            for (key, value) in map {
                match value.as_str() {
                    Some(id) if key == "value" => {
                        found.insert(RemoteId::new(id), display.unwrap_or_default().into());
                    }
                    _ => collect(value, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
