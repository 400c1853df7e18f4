//! Stories from outside, and the rules of the house.

mod docs;
mod excerpt;
mod house;
mod markdown;
mod schema;
mod simulation;
#[path = "../simulator/mod.rs"]
mod simulator;
