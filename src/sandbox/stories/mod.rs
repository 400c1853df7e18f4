//! What a client sees of a sandbox app.

mod groups;
mod quirks;
mod service;
mod users;

use serde_json::{Value as Json, json};

use super::fixture::{ask, clock, new_user, patch, profile_with, sandbox, target};
use super::{AppSetup, Sandbox, SandboxAuth, Seed};
use crate::core::profile::Profile;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn with_users(users: &Json) -> Sandbox {
    sandbox(profile_with(users, &json!({}), &json!({})))
}

fn with_groups(groups: &Json) -> Sandbox {
    sandbox(profile_with(&json!({}), groups, &json!({})))
}

fn seeded(profile: Profile, users: Vec<Json>, groups: Vec<Json>) -> Sandbox {
    let mut setup = AppSetup::new(target(), profile, SandboxAuth::Bearer);
    setup.seed = Some(Seed::new(users, groups).expect("a sound seed"));
    Sandbox::new(vec![setup], clock()).expect("a sandbox")
}

fn create(sandbox: &Sandbox, name: &str) -> String {
    let (status, user) = ask(sandbox, "POST", "/Users", new_user(name));
    assert_eq!(status, 201, "{user}");
    user["id"].as_str().expect("an id").to_owned()
}

fn set_active(sandbox: &Sandbox, id: &str, active: bool) -> (u16, Json) {
    let body = patch(json!([{"op": "replace", "path": "active", "value": active}]));
    ask(sandbox, "PATCH", &format!("/Users/{id}"), body)
}

fn names(sandbox: &Sandbox, query: &str) -> Vec<String> {
    let (status, list) = ask(sandbox, "GET", &format!("/Users{query}"), None);
    assert_eq!(status, 200, "{list}");
    let rows = list["Resources"].as_array().expect("rows");
    rows.iter()
        .map(|row| row["userName"].as_str().unwrap_or("-").to_owned())
        .collect()
}
