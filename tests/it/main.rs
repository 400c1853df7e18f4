//! Stories from outside, and the rules of the house.

mod approval;
mod authorize;
mod bad_config;
mod bad_input;
mod by_hand;
mod commands;
mod company;
mod credentials;
mod docs;
mod excerpt;
mod full_disk;
mod history;
mod house;
mod markdown;
mod month;
mod node;
mod one_part;
mod peer;
mod peer_oidc_provider;
mod peer_scim2_server;
mod peer_scim2_tester;
mod peer_scimmy;
mod plug;
mod program;
mod refusing_apps;
mod resend;
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
