//! Stories from outside, and the rules of the house.

mod company;
mod docs;
mod excerpt;
mod house;
mod markdown;
mod month;
mod peer_scim2_server;
mod plug;
mod schema;
mod served;
mod simulation;
#[path = "../simulator/mod.rs"]
mod simulator;
mod twice;
mod unplugged;
