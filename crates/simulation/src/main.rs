//! Runs seeds: many in processes of their own, or with `--one` this one here.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use simulation::many::{self, Campaign};
use simulation::one;
use simulation::run::{Options, Plant};

/// Simulates the whole system under faults, one hour for each seed.
#[derive(Parser)]
struct Cli {
    /// How many seeds to run
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Run this seed alone, and tell more of it
    #[arg(long)]
    seed: Option<u64>,
    /// The first of many seeds
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// How long faults and load last, in minutes of simulated time
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// How many seeds run at once; all cores unless it is said
    #[arg(long)]
    at_once: Option<usize>,
    /// A mistake to make; then a seed that fails is what is wanted, and ends it
    #[arg(long, value_enum)]
    plant: Option<Plant>,
    /// Run the seed in this process
    #[arg(long, hide = true)]
    one: bool,
    /// Tell everything that happens, and what the programs log
    #[arg(long)]
    loud: bool,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "simulation: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<bool, Box<dyn std::error::Error>> {
    if cli.one {
        let options = Options {
            seed: cli.seed.unwrap_or(cli.first),
            minutes: cli.minutes,
            plant: cli.plant,
            is_loud: cli.loud,
        };
        if cli.loud {
            let logs = tracing_subscriber::fmt().with_env_filter("info");
            logs.with_writer(std::io::stderr).init();
        }
        one::tell(&one::simulate(options)?)?;
        return Ok(true);
    }
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let campaign = Campaign {
        program: std::env::current_exe()?,
        first: cli.seed.unwrap_or(cli.first),
        seeds: if cli.seed.is_some() { 1 } else { cli.seeds },
        minutes: cli.minutes,
        at_once: cli.at_once.unwrap_or_else(cores),
        plant: cli.plant,
        until_one_fails: cli.plant.is_some(),
        is_loud: cli.loud,
    };
    let summary = many::run(&campaign, |_| {});
    many::report(&mut std::io::stdout().lock(), &campaign, &summary)?;
    Ok(summary.holds() != cli.plant.is_some())
}
