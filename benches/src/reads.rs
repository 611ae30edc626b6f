//! `bench reads`: what reading a member costs, how few requests it makes upstream, how
//! soon a change shows, and what outages do to it.
//!
//! Each measurement is a file, an entry of [`Measurement`] and a section of the page.

mod apart;
mod client;
mod coalesce;
mod coherence;
mod down;
mod faults;
mod h2load;
mod hot;
mod memory;
mod offered;
mod redis_hit;
mod simulation;
mod stage;

use std::process::ExitCode;
use std::time::Duration;

use tokio::task::LocalSet;

use crate::machine;
use crate::report::{Report, say};
use crate::system::Cores;

/// What to measure, how long and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only that it works: everything once and briefly, bars not judged
    #[arg(long)]
    quick: bool,
    /// Only these, separated by commas; the others keep what the page says of them
    #[arg(long, value_delimiter = ',')]
    only: Vec<Measurement>,
    /// Rounds of what is measured in turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of load in each round
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Seconds that BetterMode is down
    #[arg(long, default_value_t = 600)]
    down_seconds: u64,
}

/// One of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Measurement {
    /// Hits in memory, beside a bare handler
    Hot,
    /// Hits in Redis alone
    Redis,
    /// Misses at once, counted upstream
    Coalesce,
    /// From a webhook to what every replica answers
    Coherence,
    /// Redis away and back under load
    Faults,
    /// BetterMode away and back
    Down,
    /// A hundred thousand members in memory
    Memory,
    /// An hour of reads in simulated time, beside two plain ways
    Simulation,
}

impl Measurement {
    const ALL: [Self; 8] = [
        Self::Hot,
        Self::Redis,
        Self::Coalesce,
        Self::Coherence,
        Self::Faults,
        Self::Down,
        Self::Memory,
        Self::Simulation,
    ];

    /// Its section of the page.
    fn section(self) -> &'static str {
        match self {
            Self::Hot => "reads-hot",
            Self::Redis => "reads-redis",
            Self::Coalesce => "reads-coalesce",
            Self::Coherence => "reads-coherence",
            Self::Faults => "reads-faults",
            Self::Down => "reads-down",
            Self::Memory => "reads-memory",
            Self::Simulation => "reads-simulation",
        }
    }

    async fn run(self, plan: Plan, report: &mut Report) {
        match self {
            Self::Hot => Box::pin(hot::measure(plan, report)).await,
            Self::Redis => Box::pin(redis_hit::measure(plan, report)).await,
            Self::Coalesce => Box::pin(coalesce::measure(plan, report)).await,
            Self::Coherence => Box::pin(coherence::measure(plan, report)).await,
            Self::Faults => Box::pin(faults::measure(plan, report)).await,
            Self::Down => Box::pin(down::measure(plan, report)).await,
            Self::Memory => Box::pin(memory::measure(plan, report)).await,
            Self::Simulation => Box::pin(simulation::measure(plan, report)).await,
        }
    }
}

/// How long, how often and where.
#[derive(Debug, Clone, Copy)]
struct Plan {
    quick: bool,
    rounds: usize,
    /// Of load in each round.
    time: Duration,
    /// That BetterMode is down.
    down: Duration,
    /// The measured server has one for itself where there are two.
    cores: Cores,
}

impl Plan {
    fn new(options: &Options) -> Self {
        let two = machine::cores() > 1;
        let (rounds, seconds, down) = if options.quick {
            (1, 1, 4)
        } else {
            (options.rounds, options.seconds, options.down_seconds)
        };
        Self {
            quick: options.quick,
            rounds,
            time: Duration::from_secs(seconds),
            down: Duration::from_secs(down),
            cores: Cores {
                server: two.then_some(0),
                others: two.then_some(1),
            },
        }
    }

    /// The number of a full run, or of a quick one.
    fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

/// Measures and judges.
pub(crate) async fn run(options: Options) -> ExitCode {
    let plan = Plan::new(&options);
    let chosen = if options.only.is_empty() {
        Measurement::ALL.to_vec()
    } else {
        options.only
    };
    let (mut met, mut broken) = (true, Vec::new());
    for measurement in chosen {
        say(&format!("\n{}\n", measurement.section()));
        // A task, so that one that cannot go on does not take the others with it.
        let task = async move {
            let mut report = Report::default();
            measurement.run(plan, &mut report).await;
            report.paragraph(&format!("Machine: {}.", machine::described()));
            report
        };
        let tasks = LocalSet::new();
        let task = tasks.spawn_local(task);
        let ended = tasks.run_until(task).await;
        match ended {
            Ok(report) if plan.quick => drop(report),
            Ok(report) => {
                report.write(measurement.section());
                met &= report.is_met();
            }
            Err(_) => broken.push(measurement.section()),
        }
    }
    if !broken.is_empty() {
        say(&format!(
            "Could not go on, see above: {}",
            broken.join(", ")
        ));
        return ExitCode::FAILURE;
    }
    if plan.quick {
        return Report::finish_quick();
    }
    Report::verdict(met)
}
