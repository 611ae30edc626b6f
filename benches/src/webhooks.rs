//! `bench webhooks`: what a durable acknowledge costs.
//!
//! Five ways to take the same signed webhooks, measured in turns with the same client:
//! two baselines and three set-ups of ours. After every run of ours it counts that what
//! was acknowledged is what is stored.

mod judge;
mod round;

use std::process::ExitCode;
use std::time::Duration;

use integration_tests::MongoDb;
use tempfile::TempDir;

use self::judge::Results;
use self::round::{Client, Round};
use crate::figures::number;
use crate::machine;
use crate::report::{Report, say};
use crate::system::System;

/// How long and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only that it works: one short round of each, bars not judged
    #[arg(long)]
    quick: bool,
    /// Rounds at 32 connections
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of load in each round
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Bytes of each body
    #[arg(long, default_value_t = 2048)]
    body_bytes: usize,
}

/// Which connections, and who uses which core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    connections: usize,
    /// The measured server has a core for itself, everything else shares another.
    pinned: bool,
}

const CONNECTIONS: usize = 32;
const MAIN: Setting = Setting {
    connections: CONNECTIONS,
    pinned: true,
};
const UNPINNED: Setting = Setting {
    connections: CONNECTIONS,
    pinned: false,
};

/// Measures and judges.
pub(crate) async fn run(options: &Options) -> ExitCode {
    let pinned = machine::cores() > 1;
    assert!(
        pinned || options.quick,
        "a machine with two cores or more is needed"
    );
    let folder = TempDir::new().expect("a temporary folder can be made");
    let mongodb = MongoDb::start().await;
    let mut results = Results::default();
    let mut client = Client::new(options.body_bytes);

    let plan = if options.quick {
        vec![Setting { pinned, ..MAIN }]
    } else {
        let others = [1, 128].map(|connections| Setting {
            connections,
            pinned: true,
        });
        let main = (0..options.rounds).flat_map(|_| [MAIN, UNPINNED]);
        main.chain(others).collect()
    };
    for setting in plan {
        for system in System::ALL {
            let round = Round {
                system,
                setting,
                seconds: Duration::from_secs(if options.quick { 1 } else { options.seconds }),
                folder: folder.path(),
                mongodb: &mongodb.uri(),
            };
            let (median, _) = machine::sync_latency(folder.path(), 50);
            results.add_sync_latency(median);
            let measured = client.measure(&round).await;
            say(&format!(
                "{:<48} {:>3} connections{}: {:>7}/s, p99 {} ms",
                system.name(),
                setting.connections,
                if setting.pinned {
                    ""
                } else {
                    ", no core reserved"
                },
                number(measured.rate, 0),
                number(measured.p99, 2),
            ));
            results.add(system, setting, &measured);
        }
    }
    let mut report = Report::default();
    if options.quick {
        results.show_quick(&mut report, pinned);
        return Report::finish_quick();
    }
    results.show(&mut report, options);
    report.finish("webhooks")
}
