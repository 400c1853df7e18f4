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
    /// In one of the skins of groups, by its number.
    #[arg(long)]
    skin: Option<usize>,
    /// Tell every story, not only a broken one.
    #[arg(long)]
    tell: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let skin = arguments
        .skin
        .and_then(|at| simulator::skins::GROUPS.get(at));
    let skin = skin.copied();
    for seed in arguments.from..arguments.from + arguments.seeds {
        let outcome = match skin {
            Some(skin) => simulator::run_in(seed, skin),
            None => simulator::run(seed),
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
