//! The system under load while its programs are killed, frozen and starved, and the
//! law that must hold afterwards: every acknowledged webhook is stored once and took
//! effect once, in order, and nothing else is there.
//!
//! The seed fixes what happens, to whom, and after how many acknowledged webhooks.
//! What the machine's threads are doing at that moment it does not fix. Only the
//! programs' doors, metrics and stores are looked at; none of their code is linked.

use std::time::Duration;

use tokio::time::Instant;

mod drivers;
mod law;
mod ledger;
mod load;
mod options;
mod report;
mod schedule;
mod stored;
mod system;
mod webhook;
pub mod writes;

pub use options::{Fault, Options, Store};
pub use report::Report;

use drivers::Drivers;
use load::Load;
use system::System;

/// With no acknowledgement for so long the run is given up: something hangs.
const STALLED: Duration = Duration::from_secs(60);
/// How long the webhooks that are under way may take once nothing goes wrong.
const LAST_ANSWERS: Duration = Duration::from_secs(60);
/// How long the rest may take: claims of a dead process end after half a minute,
/// later by as much as the clock stepped.
const SETTLED: Duration = Duration::from_secs(240);
const PROGRESS: Duration = Duration::from_secs(10);

/// One run. Its findings are in the report; only what the harness itself cannot do
/// makes it panic.
pub async fn run(options: &Options) -> Report {
    let started = Instant::now();
    let plan = schedule::plan(options);
    let mut system = System::start(options).await;
    let load = Load::start(options, &system);
    let progress = load.progress();
    let mut report = Report::new(options);

    let mut drivers = Drivers::new(&mut system, progress.clone());
    let stalled = {
        let disturb = drivers.run(plan);
        let enough = async {
            disturb.await;
            progress.acknowledged(options.events).await;
        };
        tokio::select! {
            () = enough => false,
            () = progress.stalled(STALLED) => true,
            never = tell(&progress, options) => never,
        }
    };
    let tally = drivers.finish().await;
    report.disturbed(tally, started.elapsed());
    if stalled {
        report.violation(format!(
            "no webhook was acknowledged for {} s",
            STALLED.as_secs()
        ));
    }
    let (ledger, unanswered) = load.stop(LAST_ANSWERS).await;
    if unanswered > 0 {
        report.violation(format!(
            "{unanswered} webhooks were not acknowledged within {} s although nothing went wrong \
             any more",
            LAST_ANSWERS.as_secs()
        ));
    }
    let settling = Instant::now();
    if let Err(left) = system.settled(SETTLED).await {
        report.violation(format!(
            "not settled within {} s: {left}",
            SETTLED.as_secs()
        ));
    }
    report.settled(settling.elapsed());
    law::check(&ledger, &system, &mut report).await;
    report
}

/// Says how far the run is, where somebody watches.
async fn tell(progress: &load::Progress, options: &Options) -> bool {
    use std::io::Write as _;
    let mut tick = tokio::time::interval(PROGRESS);
    loop {
        tick.tick().await;
        if options.is_watched {
            let _nobody_reads = writeln!(std::io::stderr(), "  {progress}");
        }
    }
}
