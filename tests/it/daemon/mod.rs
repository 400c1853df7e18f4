//! The daemon: in virtual time, where an outage of an hour takes a moment, and as a process.

mod cadence;
mod house;
mod notify;
mod outage;
mod parked;
pub mod process;
mod renewal;
mod stopping;
mod tidying;
mod two_files;
