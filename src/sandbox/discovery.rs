//! What an app says of itself (RFC 7644, 4; RFC 7643, 5 to 7).
//!
//! Promises the truth: PATCH, filters and attributes are those of the profile. Leaves everything
//! optional out.

use serde_json::{Value as Json, json};

use super::app::App;
use super::path::{GROUP, USER};
use super::refusal::Refusal;
use super::route::Place;
use super::shape::{Form, Node, Nodes};
use super::token::SandboxAuth;
use crate::core::profile::UpdateForm;

/// The body for one of the discovery addresses.
pub(super) fn describe(app: &App, place: &Place) -> Result<Json, Refusal> {
    match place {
        Place::ResourceTypes(one) => pick(resource_types(app), one.as_deref()),
        Place::Schemas(one) => pick(schemas(app), one.as_deref()),
        Place::Provider
        | Place::Users
        | Place::User(_)
        | Place::Groups
        | Place::Group(_)
        | Place::Absent(_) => Ok(provider(app)),
    }
}

/// A list, or the one of that id.
fn pick(all: Vec<Json>, one: Option<&str>) -> Result<Json, Refusal> {
    match one {
        None => Ok(json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": all.len(),
            "startIndex": 1,
            "itemsPerPage": all.len(),
            "Resources": all,
        })),
        Some(id) => {
            let found = all.into_iter().find(|each| each["id"].as_str() == Some(id));
            found.ok_or_else(|| Refusal::missing("there is nothing of that name"))
        }
    }
}

fn provider(app: &App) -> Json {
    let (kind, name) = match app.auth() {
        SandboxAuth::Bearer => ("oauthbearertoken", "Bearer token"),
        SandboxAuth::Basic => ("httpbasic", "User name and password"),
        SandboxAuth::Header(_) => ("apikey", "A key in a header"),
        SandboxAuth::Oauth2 => ("oauth2", "OAuth2"),
    };
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": takes_patch(app)},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {
            "supported": !app.profile.users.filters.is_empty(),
            "maxResults": app.pages.0,
        },
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": true},
        "authenticationSchemes": [{"type": kind, "name": name, "description": name}],
    })
}

/// Groups take PATCH at every app that has them.
fn takes_patch(app: &App) -> bool {
    match app.profile.users.update {
        UpdateForm::Patch => true,
        UpdateForm::Put => app.profile.has_groups(),
    }
}

fn resource_types(app: &App) -> Vec<Json> {
    let one = |name: &str, endpoint: &str, schema: &str, extensions: Vec<Json>| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": endpoint,
            "schema": schema,
            "schemaExtensions": extensions,
        })
    };
    let extensions = app.user_shape.extensions.values();
    let extensions = extensions.map(|(urn, _)| json!({"schema": urn, "required": false}));
    let mut types = vec![one(
        "User",
        &app.profile.users.path,
        USER,
        extensions.collect(),
    )];
    if app.profile.has_groups() {
        types.push(one("Group", &app.profile.groups.path, GROUP, Vec::new()));
    }
    types
}

fn schemas(app: &App) -> Vec<Json> {
    let mut all = vec![schema(USER, "User", &app.user_shape.nodes)];
    for (urn, nodes) in app.user_shape.extensions.values() {
        let name = urn.split(':').rev().nth(2).unwrap_or("extension");
        all.push(schema(urn, name, nodes));
    }
    if app.profile.has_groups() {
        all.push(schema(GROUP, "Group", &app.group_shape.nodes));
    }
    all
}

fn schema(urn: &str, name: &str, nodes: &Nodes) -> Json {
    let attributes: Vec<Json> = nodes.values().map(attribute).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "attributes": attributes,
    })
}

fn attribute(node: &Node) -> Json {
    let (kind, many) = match node.form {
        Form::Single if node.name == "active" => ("boolean", false),
        Form::Single => ("string", false),
        Form::Complex => ("complex", false),
        Form::Objects | Form::Items => ("complex", true),
    };
    let sub = |name: &String| {
        let kind = if name == "primary" {
            "boolean"
        } else {
            "string"
        };
        json!({"name": name, "type": kind, "multiValued": false})
    };
    let subs: Vec<Json> = node.subs.iter().map(sub).collect();
    json!({
        "name": node.name,
        "type": kind,
        "multiValued": many,
        "mutability": "readWrite",
        "returned": "default",
        "subAttributes": subs,
    })
}
