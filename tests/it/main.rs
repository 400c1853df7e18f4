//! Stories from outside, and the rules of the house.

mod approval;
mod bad_config;
mod bad_input;
mod commands;
mod full_disk;
mod house;
mod program;
mod refusing_apps;
mod secrets;
mod state;
mod wiki;
