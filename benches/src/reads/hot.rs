//! A hit in memory, beside a bare handler that gives the same bytes.
//!
//! The two take turns with the same client, on the same core, while the other one waits
//! without work. The service has every layer on, callers show a token and a deadline.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use community_proto::v1::{GetMemberResponse, Source};
use integration_tests::{Program, ports};
use prost::Message as _;

use super::Plan;
use super::client::{Read, Reader};
use super::h2load::H2load;
use super::offered::Offer;
use super::stage::{Replica, Stage};
use crate::figures::{Spread, number, rate};
use crate::machine;
use crate::report::{Report, say};

const LEAST_OF_BARE: f64 = 0.9;
const MOST_TIMES_P99: f64 = 1.5;
/// What is offered when nothing shall be saturated, of the bare handler's rate.
const MODERATE: f64 = 0.2;

/// The figures of one of the two.
#[derive(Debug, Default)]
struct Figures {
    rate: Spread,
    per_processor_second: Spread,
    cores: Spread,
    p50: Spread,
    p99: Spread,
    offered_p50: Spread,
    offered_p99: Spread,
}

type Figure = fn(&Figures) -> &Spread;

/// One of the two.
struct Server {
    name: &'static str,
    address: SocketAddr,
    process: u32,
    figures: Figures,
}

pub(super) async fn measure(plan: Plan, report: &mut Report) {
    let stage = Stage::new(plan);
    let upstream = stage.upstream(100, &[]).await;
    let service = stage.replica(&upstream, &[]).await;
    let id = upstream.members(24, 1).await.remove(0);
    let reader = service.reader().await;
    let answer = warm(&reader, &id).await;
    let source = Read::from(answer.clone()).source;
    let bare = bare(&stage, plan, &answer).await;
    let mut servers = servers(&bare, &service);
    let load = H2load::new(&stage, &id, &answer, plan.cores.others);
    for server in &servers {
        let second = Duration::from_secs(1);
        load.run(server.address, second).await;
    }
    for _ in 0..plan.rounds {
        for server in &mut servers {
            server.saturate(&load, plan.time).await;
        }
    }
    let moderate = (servers[0].figures.rate.median() * MODERATE).round();
    for _ in 0..plan.rounds {
        for server in &mut servers {
            let offer = Offer {
                address: server.address,
                rate: moderate,
                ids: Arc::from([id.clone()]),
                core: plan.cores.others,
            };
            server.offer(offer, plan.time).await;
        }
    }
    let after = reader.answer(&id).await.expect("the member can be read");
    let same = source == Source::Memory && after == answer;
    show(report, plan, &servers, &answer, moderate);
    bars(report, &servers, same);
}

/// Reads until the answer is a copy.
async fn warm(reader: &Reader, id: &str) -> GetMemberResponse {
    reader.answer(id).await.expect("the member can be read");
    reader.answer(id).await.expect("the member can be read")
}

async fn bare(stage: &Stage, plan: Plan, answer: &GetMemberResponse) -> (Program, SocketAddr) {
    let file = stage.file("answer");
    std::fs::write(&file, answer.encode_to_vec()).expect("a temporary folder takes files");
    let address = ports::free();
    let mut program = stage
        .program("bench", &[address], plan.cores.server)
        .arg("baseline-grpc")
        .arg("--listen")
        .arg(address.to_string())
        .arg("--answer")
        .arg(file.display().to_string());
    program.start().await;
    (program, address)
}

fn servers(bare: &(Program, SocketAddr), service: &Replica) -> [Server; 2] {
    let server = |name, address, process| Server {
        name,
        address,
        process,
        figures: Figures::default(),
    };
    let process = bare.0.id().expect("the baseline runs");
    [
        server("(a) bare handler", bare.1, process),
        server("(b) service, hit in memory", service.address, service.id()),
    ]
}

impl Server {
    /// As much as it takes.
    async fn saturate(&mut self, load: &H2load, time: Duration) {
        let before = machine::processor_time(self.process);
        let outcome = load.run(self.address, time).await;
        let used = machine::processor_time(self.process).saturating_sub(before);
        let figures = &mut self.figures;
        figures.rate.add(outcome.rate);
        let per_processor_second = rate(outcome.count, used);
        figures.per_processor_second.add(per_processor_second);
        figures.cores.add(used.as_secs_f64() / time.as_secs_f64());
        figures.p50.add(outcome.latencies.percentile(0.5));
        figures.p99.add(outcome.latencies.percentile(0.99));
        say(&format!(
            "{:<27} saturated: {:>7}/s, {:>7} per core second",
            self.name,
            number(outcome.rate, 0),
            number(per_processor_second, 0)
        ));
    }

    /// Less than that.
    async fn offer(&mut self, offer: Offer, time: Duration) {
        let window = offer.run(time).await;
        if let Some(failure) = window.failure {
            panic!("{} reads failed, the first: {failure}", window.failed);
        }
        let p99 = window.latencies.percentile(0.99);
        self.figures.offered_p99.add(p99);
        let p50 = window.latencies.percentile(0.5);
        self.figures.offered_p50.add(p50);
        say(&format!(
            "{:<27} offered:   p99 {} ms",
            self.name,
            number(p99, 2)
        ));
    }
}

fn show(
    report: &mut Report,
    plan: Plan,
    servers: &[Server],
    answer: &GetMemberResponse,
    moderate: f64,
) {
    report.paragraph(&format!(
        "One member of {} bytes, again and again; h2load with 4 connections and 32 calls at once \
         on each where the server is saturated, a tonic client that offers {} reads a second \
         where it is not; {} rounds of {} s in turns, median (least-most). The server has core 0 \
         for itself, the client core 1. The service with every layer: bearer token, deadline, \
         metrics, log level info.",
        answer.encoded_len(),
        number(moderate, 0),
        plan.rounds,
        plan.time.as_secs()
    ));
    let columns: [(&str, Figure, usize); 7] = [
        ("answers/s", |f| &f.rate, 0),
        ("answers per core second", |f| &f.per_processor_second, 0),
        ("server cores", |f| &f.cores, 2),
        ("p50 ms, saturated", |f| &f.p50, 2),
        ("p99 ms, saturated", |f| &f.p99, 2),
        ("p50 ms, offered", |f| &f.offered_p50, 2),
        ("p99 ms, offered", |f| &f.offered_p99, 2),
    ];
    let mut head = vec![""];
    head.extend(columns.iter().map(|(name, _, _)| *name));
    let rows: Vec<Vec<String>> = servers
        .iter()
        .map(|server| {
            let cells = columns
                .iter()
                .map(|(_, figure, decimals)| figure(&server.figures).show(*decimals));
            [server.name.to_owned()].into_iter().chain(cells).collect()
        })
        .collect();
    report.table(&head, &rows);
}

fn bars(report: &mut Report, servers: &[Server; 2], same: bool) {
    let ratio = |figure: Figure| {
        let [bare, service] = servers
            .each_ref()
            .map(|server| figure(&server.figures).median());
        service / bare
    };
    let per_core = ratio(|f| &f.per_processor_second);
    let answers = ratio(|f| &f.rate);
    let p99 = ratio(|f| &f.offered_p99);
    report.bars(&[
        (
            "(b) answers at least 0.9 of (a)'s reads for each second of its core",
            format!("{per_core:.2}"),
            per_core >= LEAST_OF_BARE,
        ),
        (
            "(b) answers at least 0.9 of (a)'s reads in a second, saturated",
            format!("{answers:.2}"),
            answers >= LEAST_OF_BARE,
        ),
        (
            "p99 of (b) within 1.5 times (a)'s at an equal, moderate rate",
            format!("{p99:.2} times"),
            p99 <= MOST_TIMES_P99,
        ),
        (
            "every answer is the member, from memory",
            if same { "yes" } else { "no" }.to_owned(),
            same,
        ),
    ]);
}
