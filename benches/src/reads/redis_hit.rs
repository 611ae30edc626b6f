//! A hit in Redis alone: the memory level is switched off.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use community_proto::v1::CacheMode;
use integration_tests::Redis;

use super::stage::Stage;
use super::{Plan, apart};
use crate::figures::{Spread, rate};
use crate::machine;
use crate::report::Report;

const LEAST_PER_CORE: f64 = 20_000.0;
/// What the service and we do beside reading: looking whether Redis is there, its sign of
/// life to the other replicas, and this measurement's own look.
const HOUSEKEEPING: [&str; 5] = ["ping", "info", "hello", "client|setinfo", "publish"];

/// How often Redis carried out each command.
type Commands = BTreeMap<String, u64>;

#[derive(Debug, Default)]
struct Found {
    rate: Spread,
    per_processor_second: Spread,
    cores: Spread,
    p50: Spread,
    p99: Spread,
}

pub(super) async fn measure(plan: Plan, report: &mut Report) {
    let stage = Stage::new(plan);
    let redis = stage.redis().await;
    let upstream = stage.upstream(apart::MEMBERS, &[]).await;
    let settings = [
        ("REDIS_URL", redis.url()),
        ("COMMUNITY_SVC_CACHE_BYTES", "0"),
    ];
    let service = stage.replica(&upstream, &settings).await;
    let ids: Arc<[String]> = upstream.members(0, apart::MEMBERS).await.into();
    let reader = service.reader().await;
    for some in ids.chunks(200) {
        let read = reader
            .read_many(some.to_vec(), CacheMode::Unspecified)
            .await;
        read.expect("the members can be read");
    }
    let load = |time| apart::run(service.address, Arc::clone(&ids), time, plan.cores.others);
    load(Duration::from_secs(1)).await;

    let before = commands(&redis).await;
    let counted = load(Duration::from_secs(1)).await;
    let made = made_since(&before, &commands(&redis).await);

    let mut found = Found::default();
    for _ in 0..plan.rounds {
        let before = machine::processor_time(service.id());
        let outcome = load(plan.time).await;
        let used = machine::processor_time(service.id()).saturating_sub(before);
        let count = outcome.latencies.count();
        found.rate.add(rate(count, outcome.elapsed));
        found.per_processor_second.add(rate(count, used));
        let cores = used.as_secs_f64() / outcome.elapsed.as_secs_f64();
        found.cores.add(cores);
        found.p50.add(outcome.latencies.percentile(0.5));
        found.p99.add(outcome.latencies.percentile(0.99));
    }
    let reads = counted.latencies.count();
    show(report, plan, &found);
    bars(report, &found, reads, &made);
}

/// `INFO commandstats`.
async fn commands(redis: &Redis) -> Commands {
    let client = redis::Client::open(redis.url()).expect("the address is one that Redis takes");
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.expect("Redis is there");
    let text = redis::cmd("INFO")
        .arg("commandstats")
        .query_async::<String>(&mut connection)
        .await;
    counts(&text.expect("Redis counts its commands"))
}

/// Lines such as `cmdstat_get:calls=10,usec=8,..`.
fn counts(text: &str) -> Commands {
    let one = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    };
    text.lines().filter_map(one).collect()
}

/// What was done between two looks, housekeeping apart.
fn made_since(before: &Commands, after: &Commands) -> Commands {
    let since = |(name, count): (&String, &u64)| {
        let made = count - before.get(name).copied().unwrap_or_default();
        (made > 0).then(|| (name.clone(), made))
    };
    let made = after.iter().filter_map(since);
    made.filter(|(name, _)| !HOUSEKEEPING.contains(&name.as_str()))
        .collect()
}

fn show(report: &mut Report, plan: Plan, found: &Found) {
    report.paragraph(&format!(
        "The memory level switched off, so that each read asks a real Redis: a tonic client with \
         128 reads at once over 4 connections, no two of the same member, every answer looked at; \
         {} rounds of {} s. The service has core 0 for itself, Redis and the client share core 1.",
        plan.rounds,
        plan.time.as_secs()
    ));
    report.table(
        &[
            "",
            "answers/s",
            "answers per core second",
            "server cores",
            "p50 ms",
            "p99 ms",
        ],
        &[vec![
            "hit in Redis".to_owned(),
            found.rate.show(0),
            found.per_processor_second.show(0),
            found.cores.show(2),
            found.p50.show(2),
            found.p99.show(2),
        ]],
    );
}

fn bars(report: &mut Report, found: &Found, reads: usize, made: &Commands) {
    let gets = made.get("get").copied().unwrap_or_default();
    let made: Vec<String> = made
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    report.bars(&[
        (
            "at least 20,000 reads for each second of the service's core",
            found.per_processor_second.show(0),
            found.per_processor_second.median() >= LEAST_PER_CORE,
        ),
        (
            "one GET for each read, and nothing else",
            format!("{reads} reads: {}", made.join(", ")),
            gets == reads as u64 && made.len() == 1,
        ),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_counted_between_two_looks() {
        let before = counts("# Commandstats\r\ncmdstat_get:calls=10,usec=8,usec_per_call=0.8\r\n");
        let after = counts(
            "cmdstat_get:calls=15,usec=9\r\ncmdstat_info:calls=2,usec=1\r\n\
             cmdstat_client|setinfo:calls=2,usec=1\r\ncmdstat_set:calls=1,usec=1\r\n",
        );
        let made = made_since(&before, &after);
        let expected = [("get".to_owned(), 5), ("set".to_owned(), 1)];
        assert_eq!(made, Commands::from(expected));
    }
}
