//! Direct messages under load while the service is killed, answers of BetterMode's are
//! lost, late or broken, and callers give up early and call again: what the fake holds
//! in the end is held against what callers were told.
//!
//! Every message has a request id. Some say the same to the same member on purpose,
//! some are asked for by two callers at once, some callers never come back.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::Store;
use crate::{Clients, Program, Replica, Sandbox};

mod callers;
mod disturb;
mod law;
mod ledger;
mod options;
mod plan;
mod report;

pub use options::{Generation, Options};
pub use report::Report;

use callers::{Caller, Progress};
use disturb::Tally;

/// Callers at once.
const CALLERS: u32 = 24;

/// How long the whole may take for each message, beside the time to start.
const LIMIT_OF_EACH: Duration = Duration::from_millis(500);
/// And besides for those that have to be settled at the end.
const LAST_ONES: Duration = Duration::from_secs(120);

const UNLIMITED: &str = "1000000000";

/// One run. Its findings are in the report; only what the harness itself cannot do
/// makes it panic.
pub async fn run(options: &Options) -> Report {
    let mut sandbox = start(options).await;
    let mut replicas: Vec<Replica> = Vec::new();
    if options.store == Store::MongoDb {
        replicas.push(sandbox.another_service().await);
    }
    let mut services: Vec<Clients> = vec![sandbox.clients.clone()];
    services.extend(replicas.iter().map(|replica| replica.clients.clone()));
    let recipients = recipients(&sandbox).await;

    let started = Instant::now();
    let progress = Arc::new(Progress::default());
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let caller = Caller::new(options, &services, &recipients, &progress);
        callers.spawn(caller.run());
    }
    let mut programs: Vec<&mut Program> = vec![&mut sandbox.service];
    programs.extend(replicas.iter_mut().map(|replica| &mut replica.program));
    let mut tally = Tally::default();
    let is_done = {
        let disturbing = disturb::all(options, programs, &sandbox.fake, &progress, &mut tally);
        let calling = async {
            while let Some(ended) = callers.join_next().await {
                ended.expect("a caller does not panic");
            }
            progress.finish();
        };
        let limit = LAST_ONES + LIMIT_OF_EACH * options.messages;
        let both = async { tokio::join!(disturbing, calling, tell(&progress, options)) };
        timeout(limit, both).await.is_ok()
    };
    callers.shutdown().await;
    sandbox.fake.clear_faults().await;

    let mut report = Report::new(options, tally, started.elapsed());
    if !is_done {
        let waiting = &progress.ledger().waiting;
        report.violation(format!("some callers still call: {waiting:?}"));
    }
    let world = sandbox.fake.world().await;
    let requests = sandbox.fake.requests(options.generation.sending()).await;
    law::check(&progress.ledger(), &world, requests, &mut report);
    report
}

async fn start(options: &Options) -> Sandbox {
    let builder = match options.store {
        Store::MongoDb => Sandbox::builder().with_own_mongodb(),
        Store::Sqlite => Sandbox::builder(),
    };
    builder
        .fake_setting("FAKE_BETTERMODE_GENERATION", options.generation.name())
        .fake_setting("FAKE_BETTERMODE_NO_LIMITS", "true")
        // Nothing here is about webhooks.
        .fake_setting("FAKE_BETTERMODE_WEBHOOK_URL", "")
        .service_setting("BETTERMODE_TIMEOUT_SECONDS", "1")
        .service_setting("COMMUNITY_SVC_WRITE_SETTLE_SECONDS", "1")
        .service_setting("BETTERMODE_RATE_LIMIT_REQUESTS", UNLIMITED)
        .service_setting("BETTERMODE_RATE_LIMIT_COMPLEXITY", UNLIMITED)
        .service_setting("LOG_LEVEL", "error")
        .start()
        .await
}

/// Those who take messages.
async fn recipients(sandbox: &Sandbox) -> Vec<String> {
    let world = sandbox.fake.world().await;
    let open = world
        .all("members")
        .iter()
        .filter(|member| member["status"] == "VERIFIED" && member["privateMessaging"] == true);
    let bot = world.text("/bot/id");
    open.filter_map(|member| member["id"].as_str())
        .filter(|id| *id != bot)
        .map(str::to_owned)
        .collect()
}

/// Says how far the run is, where somebody watches.
async fn tell(progress: &Progress, options: &Options) {
    use std::io::Write as _;
    const PAUSE: Duration = Duration::from_secs(10);
    while !progress.finished_within(PAUSE).await {
        if options.is_watched {
            let _nobody_reads = writeln!(std::io::stderr(), "  {progress}");
        }
    }
}
