//! Stories from outside, and the rules of the house.

mod approval;
mod bad_config;
mod bad_input;
mod commands;
mod company;
mod docs;
mod excerpt;
mod full_disk;
mod house;
mod markdown;
mod month;
mod node;
mod peer;
mod peer_oidc_provider;
mod peer_scim2_server;
mod peer_scim2_tester;
mod peer_scimmy;
mod plug;
mod probe;
mod program;
mod refusing_apps;
mod schema;
mod secrets;
mod served;
mod simulation;
#[path = "../simulator/mod.rs"]
mod simulator;
mod state;
mod twice;
mod unplugged;
mod wiki;
