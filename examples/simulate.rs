//! Runs seeds of the simulator and tells the story of the first one that breaks a law.
//!
//! `cargo run --release --example simulate -- --seeds 2000 --from 1`

#[path = "../tests/simulator/mod.rs"]
mod simulator;

use std::process::ExitCode;

use clap::Parser;

/// Runs seeds of the simulator.
#[derive(Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// The wiki in this skin, whatever the seed: `plain` does what the RFCs say.
    #[arg(long)]
    skin: Option<String>,
    /// Tell every story, not only a broken one.
    #[arg(long)]
    tell: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    for seed in arguments.from..arguments.from + arguments.seeds {
        let outcome = match &arguments.skin {
            Some(skin) => simulator::run_in(seed, skin),
            None => Some(simulator::run(seed)),
        };
        let Some(outcome) = outcome else {
            rollcall::show::err("there is no such skin\n");
            return ExitCode::FAILURE;
        };
        if arguments.tell || !outcome.broken.is_empty() {
            rollcall::show::out(&(outcome.story.join("\n") + "\n"));
        }
        if !outcome.broken.is_empty() {
            rollcall::show::out(&(outcome.broken.join("\n") + "\n"));
            rollcall::show::out(&format!("seed {seed} breaks a law\n"));
            return ExitCode::FAILURE;
        }
    }
    rollcall::show::out(&format!(
        "{} seeds from {} are clean\n",
        arguments.seeds, arguments.from
    ));
    ExitCode::SUCCESS
}
