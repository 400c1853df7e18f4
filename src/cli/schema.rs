//! `rollcall schema`: the JSON Schema of the config.

use super::Exit;
use crate::{config, show};

/// Prints the schema.
pub fn run() -> Exit {
    show::out(&show::json::print(&config::schema::json_schema()));
    Exit::InLine
}
