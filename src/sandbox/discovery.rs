//! What an app says of itself (RFC 7644, 4; RFC 7643, 5 to 7).
//!
//! Promises the truth: PATCH, filters and endpoints are those of the profile. Leaves everything
//! optional out, and attributes to [`super::schema`].

use serde_json::{Value as Json, json};

use super::app::App;
use super::path::{GROUP, USER};
use super::refusal::Refusal;
use super::route::Place;
use super::schema;
use super::token::SandboxAuth;
use crate::core::profile::UpdateForm;

/// The body for one of the discovery addresses, of an app whose address is `base`.
pub(super) fn describe(app: &App, place: &Place, base: &str) -> Result<Json, Refusal> {
    match place {
        Place::ResourceTypes(one) => pick(resource_types(app, base), one.as_deref()),
        Place::Schemas(one) => pick(schema::all(app, base), one.as_deref()),
        Place::Provider
        | Place::Users
        | Place::User(_)
        | Place::Groups
        | Place::Group(_)
        | Place::Search(_)
        | Place::Absent(_) => Ok(provider(app, base)),
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

fn provider(app: &App, base: &str) -> Json {
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
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

fn takes_patch(app: &App) -> bool {
    let (users, groups) = (&app.profile.users, &app.profile.groups);
    users.update != UpdateForm::Put || app.profile.has_groups() && groups.update != UpdateForm::Put
}

fn resource_types(app: &App, base: &str) -> Vec<Json> {
    let one = |name: &str, endpoint: &str, schema: &str, extensions: Vec<Json>| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": endpoint,
            "schema": schema,
            "schemaExtensions": extensions,
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base}/ResourceTypes/{name}"),
            },
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
