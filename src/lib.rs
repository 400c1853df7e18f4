//! rollcall keeps the user list of every app in line with your directory.
//!
//! The way through the house: a [`source`] is read, [`core`] works out what each app should hold and
//! plans the difference, [`engine`] guards, commits and applies it through a [`connector`], and
//! [`store`] remembers what was acknowledged. Everything a person reads is written in [`show`].

pub mod cli;
pub mod clock;
pub mod config;
pub mod connector;
pub mod core;
pub mod daemon;
pub mod draw;
pub mod engine;
pub mod http;
pub mod installation;
pub mod lookout;
pub mod probe;
pub mod sandbox;
pub mod secret;
pub mod show;
pub mod source;
pub mod store;
