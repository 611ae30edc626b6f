//! `bench stored-events`: reading a store that has grown.
//!
//! Fills each store through `IngestWebhookEvents`, waits until every event has taken
//! effect, then asks for pages and summaries with the filters that callers combine. The
//! service says how long it takes; the store says by which plan it answers.

mod data;
mod fill;
mod plans;
mod queries;
mod questions;

use std::net::SocketAddr;
use std::process::ExitCode;

use integration_tests::MongoDb;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;

use self::data::World;
use self::fill::Filled;
use self::queries::{Ask, Asked};
use crate::figures::number;
use crate::machine;
use crate::report::{Report, say};
use crate::system::{Service, Store};

/// Milliseconds within which 99 of 100 pages come.
const BAR: f64 = 50.0;

/// How much is stored and asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only that it works: few events, bars not judged
    #[arg(long)]
    quick: bool,
    /// Webhooks to store
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// How often each question is asked, with other parameters each time
    #[arg(long, default_value_t = 200)]
    samples: usize,
    /// Only this store: sqlite or mongodb
    #[arg(long)]
    store: Option<String>,
}

/// Stores so many webhooks through the service, waits until they have taken effect, and
/// names one of them.
pub(crate) async fn fill(address: SocketAddr, events: u64) -> String {
    let world = World::until_now(events);
    fill::fill(address, &world).await;
    let event = world.webhooks(0..1).pop();
    event.expect("there is a first webhook").event_id
}

/// What one store showed.
struct Found {
    store: &'static str,
    filled: Filled,
    asked: Vec<Asked>,
    plans: Vec<String>,
}

/// Measures and judges.
pub(crate) async fn run(options: &Options) -> ExitCode {
    let (events, samples) = if options.quick {
        (2_000, 3)
    } else {
        (options.events, options.samples)
    };
    let world = World::until_now(events);
    let wanted = |name: &str| options.store.as_deref().is_none_or(|only| only == name);
    let mut found = Vec::new();
    if wanted("sqlite") {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let service = Service::on_sqlite(folder.path(), None);
        found.push(one_store("SQLite", service, &world, samples).await);
    }
    if wanted("mongodb") {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let mongodb = MongoDb::start().await;
        let service = Service::on_mongodb(folder.path(), None, &mongodb.uri(), "stored_events");
        found.push(one_store("MongoDB", service, &world, samples).await);
    }
    let mut report = Report::default();
    show(&mut report, &found, events, samples);
    if options.quick || options.store.is_some() {
        return Report::finish_quick();
    }
    report.finish("stored-events")
}

async fn one_store(
    name: &'static str,
    mut service: Service,
    world: &World,
    samples: usize,
) -> Found {
    service.program.start().await;
    let filled = fill::fill(service.address, world).await;
    let store: Store = service.store.clone();
    let stored = store.open().await.count().await;
    assert!(
        stored == world.events(),
        "{stored} events are stored, of {} that were sent",
        world.events()
    );
    say(&format!("{name}: filled; asking"));
    let mut ask = Ask::new(service.address).await;
    let mut rng = StdRng::seed_from_u64(1);
    let mut asked = Vec::new();
    for question in questions::all() {
        asked.push(ask.often(&question, samples, world, &mut rng).await);
    }
    let plans = plans::of_all(&mut service, world).await;
    Found {
        store: name,
        filled,
        asked,
        plans,
    }
}

fn show(report: &mut Report, found: &[Found], events: u64, samples: usize) {
    let names: Vec<&str> = questions::all()
        .iter()
        .map(|question| question.name)
        .collect();
    let bars: Vec<(String, String, bool)> = found.iter().map(bar).collect();
    let bars: Vec<(&str, String, bool)> = bars
        .iter()
        .map(|(asked, found, met)| (asked.as_str(), found.clone(), *met))
        .collect();
    report.bars(&bars);
    let fills: Vec<String> = found.iter().map(fill_text).collect();
    report.paragraph(&format!(
        "{} webhooks with payloads of about {} bytes, of {} members and {} event types over {} \
         days; the busiest member has one in 22 of them. Each question asked {samples} times over \
         gRPC, with other parameters each time, pages of 50 unless it says otherwise; times in \
         milliseconds. {} Machine: {}.",
        number(machine_float(events), 0),
        data::PAYLOAD_BYTES,
        number(f64::from(data::MEMBERS), 0),
        data::types(),
        data::DAYS,
        fills.join(" "),
        machine::described()
    ));
    let mut head = vec!["Question".to_owned()];
    for store in found {
        head.extend(["p50", "p99"].map(|figure| format!("{} {figure}", store.store)));
    }
    let rows: Vec<Vec<String>> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let figures = found.iter().flat_map(|store| {
                let latencies = &store.asked[index].latencies;
                [0.5, 0.99].map(|part| number(latencies.percentile(part), 1))
            });
            [(*name).to_owned()].into_iter().chain(figures).collect()
        })
        .collect();
    report.table(&head.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    for store in found {
        report.paragraph(&format!("How {} answers:", store.store));
        let rows: Vec<Vec<String>> = names
            .iter()
            .zip(&store.plans)
            .map(|(name, plan)| vec![(*name).to_owned(), plan.clone()])
            .collect();
        report.texts(&["Question", "Plan"], &rows);
    }
}

fn bar(found: &Found) -> (String, String, bool) {
    let slowest = found
        .asked
        .iter()
        .map(|asked| (asked.latencies.percentile(0.99), asked.name))
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let (p99, name) = slowest.unwrap_or((0.0, "nothing was asked"));
    (
        format!("{}: p99 of every question under {BAR} ms", found.store),
        format!("{} ms ({name})", number(p99, 1)),
        p99 < BAR,
    )
}

fn fill_text(found: &Found) -> String {
    format!(
        "{} was filled over gRPC with {} webhooks a second, and {} a second had taken effect when \
         the last had.",
        found.store,
        number(found.filled.stored_rate, 0),
        number(found.filled.settled_rate, 0)
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn machine_float(count: u64) -> f64 {
    count as f64
}
