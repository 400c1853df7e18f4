//! The pure part: values in, values out; no I/O, no clock, no chance, no async.
//!
//! Holds what the product exists for: who gets an account, what it should hold, which account
//! belongs to whom, what is to change and in which order, and which changes are too many.

pub mod account;
pub mod assign;
pub mod attribute;
pub mod backoff;
pub mod change;
pub mod cooldown;
pub mod correlate;
pub mod credential;
pub mod crowd;
pub mod deed;
pub mod desired;
pub mod duration;
pub mod estimate;
pub mod even;
pub mod expression;
pub mod fault;
pub mod features;
pub mod fingerprint;
pub mod guard;
pub mod hex;
pub mod key;
pub mod leaver;
pub mod link;
pub mod mails;
pub mod mapping;
pub mod members;
pub mod memory;
pub mod newest;
pub mod normal;
pub(crate) mod packed;
pub mod people;
pub mod pin;
pub mod plan;
pub mod profile;
pub mod reading;
pub mod rekey;
pub mod roster;
pub mod rules;
pub mod settle;
pub mod text;
pub mod user;
