//! Kills, freezes and starves the built programs under load, then checks that no
//! acknowledged webhook is lost, doubled or out of order; with `writes`, that direct
//! messages are sent once. `cargo xtask chaos` builds what it needs and runs it; exit
//! code 1 when the law was broken.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use integration_tests::chaos::writes::{self, Generation};
use integration_tests::chaos::{self, Fault, Options, Report, Store};

#[derive(Debug, Parser)]
#[command(about = "Kills the programs under load and checks that nothing is lost")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    webhooks: Webhooks,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Sends direct messages while the service dies and answers are lost
    Writes(Writes),
}

#[derive(Debug, Args)]
struct Webhooks {
    /// How many kills, over all programs
    #[arg(long, default_value_t = 1000)]
    kills: u32,
    /// How many webhooks are acknowledged at least
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Makes the same plan again; a new one without it
    #[arg(long)]
    seed: Option<u64>,
    /// The store behind the service; with `both`, MongoDB gets three quarters
    #[arg(long, value_enum, default_value_t = Stores::Both)]
    store: Stores,
    /// Webhooks offered in a second
    #[arg(long, default_value_t = 250)]
    rate: u32,
    /// What goes wrong besides killing: failpoints, freezes, wire, disk, clock, noise
    #[arg(long, value_delimiter = ',', value_parser = fault)]
    faults: Option<Vec<Fault>>,
}

#[derive(Debug, Args)]
struct Writes {
    /// How many messages callers want sent, over all rounds
    #[arg(long, default_value_t = 10_000)]
    messages: u32,
    /// How many kills from outside, over all rounds
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Makes the same plan again; a new one without it
    #[arg(long)]
    seed: Option<u64>,
    /// The store behind the service; two replicas share MongoDB
    #[arg(long, value_enum, default_value_t = Stores::Both)]
    store: Stores,
    /// Which way messages go: chats, private spaces, or a round of each
    #[arg(long, value_enum, default_value_t = Networks::Both)]
    network: Networks,
    /// For programs that were not built for failpoints
    #[arg(long)]
    no_failpoints: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stores {
    Both,
    Mongodb,
    Sqlite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Networks {
    Both,
    Newer,
    Published,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.other {
        Some(Other::Writes(arguments)) => send(&arguments).await,
        None => deliver(&arguments.webhooks).await,
    }
}

async fn deliver(arguments: &Webhooks) -> ExitCode {
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let mut reports = Vec::new();
    for options in rounds(arguments, seed) {
        say(format_args!(
            "chaos: seed {seed}, {:?}, {} kills, {} events",
            options.store, options.kills, options.events
        ));
        let report = chaos::run(&options).await;
        say(format_args!("{report}"));
        reports.push(report);
    }
    verdict(&reports)
}

fn rounds(arguments: &Webhooks, seed: u64) -> Vec<Options> {
    let (kills, events) = (arguments.kills, arguments.events);
    let shares = match arguments.store {
        Stores::Mongodb => vec![(Store::MongoDb, kills, events)],
        Stores::Sqlite => vec![(Store::Sqlite, kills, events)],
        Stores::Both => vec![
            (Store::MongoDb, kills - kills / 4, events - events / 4),
            (Store::Sqlite, kills / 4, events / 4),
        ],
    };
    let faults = arguments.faults.clone();
    let faults = faults.unwrap_or_else(|| Fault::ALL.to_vec());
    let round = |(store, kills, events)| Options {
        seed,
        kills,
        events,
        rate: arguments.rate,
        store,
        faults: faults.iter().copied().collect(),
        is_watched: true,
    };
    shares.into_iter().map(round).collect()
}

async fn send(arguments: &Writes) -> ExitCode {
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let stores: &[Store] = match arguments.store {
        Stores::Both => &[Store::MongoDb, Store::Sqlite],
        Stores::Mongodb => &[Store::MongoDb],
        Stores::Sqlite => &[Store::Sqlite],
    };
    let networks: &[Generation] = match arguments.network {
        Networks::Both => &[Generation::Published, Generation::Newer],
        Networks::Newer => &[Generation::Newer],
        Networks::Published => &[Generation::Published],
    };
    let rounds = u32::try_from(stores.len() * networks.len()).unwrap_or(1);
    let (mut sent, mut deaths, mut violations) = (0, 0, 0);
    for (store, generation) in stores
        .iter()
        .flat_map(|store| networks.iter().map(move |network| (*store, *network)))
    {
        let report = writes::run(&writes::Options {
            seed,
            messages: arguments.messages.div_ceil(rounds),
            kills: arguments.kills.div_ceil(rounds),
            store,
            generation,
            failpoints: !arguments.no_failpoints,
            is_watched: true,
        })
        .await;
        say(format_args!("{report}"));
        sent += report.sent();
        deaths += report.deaths();
        violations += report.violations().len();
    }
    say(format_args!(
        "{deaths} deaths, {sent} messages that were told to be sent, {violations} violations"
    ));
    ExitCode::from(u8::from(violations > 0))
}

fn fault(name: &str) -> Result<Fault, String> {
    let known = Fault::ALL.into_iter().find(|fault| fault.name() == name);
    known.ok_or_else(|| format!("{name} is none"))
}

fn verdict(reports: &[Report]) -> ExitCode {
    let kills: u32 = reports.iter().map(Report::kills).sum();
    let acknowledged: usize = reports.iter().map(Report::acknowledged).sum();
    let violations: usize = reports.iter().map(|report| report.violations().len()).sum();
    say(format_args!(
        "{kills} kills, {acknowledged} acknowledged webhooks, {violations} violations"
    ));
    ExitCode::from(u8::from(violations > 0))
}

fn say(text: std::fmt::Arguments<'_>) {
    let _nobody_reads = writeln!(std::io::stdout(), "{text}");
}
