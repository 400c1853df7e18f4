//! Stories from outside, and the rules of the house.

mod house;
mod simulation;
#[path = "../simulator/mod.rs"]
mod simulator;
