//! `rollcall man`: the manual page, made of the help of every command.

use clap::CommandFactory;
use clap_mangen::Man;

use super::{Cli, Exit, Trouble};
use crate::show;

/// Prints one page: the program, then each of its commands.
///
/// # Errors
/// Never in practice: it writes into memory.
pub fn run() -> Result<Exit, Trouble> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut page = Vec::new();
    write(&command, &mut page).map_err(|error| {
        Trouble::new(format!("the manual page cannot be written: {error}"), None)
    })?;
    show::out(&String::from_utf8_lossy(&page));
    Ok(Exit::InLine)
}

fn write(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    Man::new(command.clone()).render(page)?;
    for one in command.get_subcommands() {
        let man = Man::new(one.clone());
        page.extend_from_slice(format!(".SH rollcall {}\n", one.get_name()).as_bytes());
        man.render_description_section(page)?;
        man.render_synopsis_section(page)?;
        man.render_options_section(page)?;
    }
    Ok(())
}
