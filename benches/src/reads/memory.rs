//! What a hundred thousand members take in the memory level, and that its bound holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use community_proto::v1::{CacheMode, Source};
use tokio::task::JoinSet;

use super::Plan;
use super::client::Reader;
use super::stage::{Stage, Upstream};
use crate::affinity;
use crate::figures::{float, number};
use crate::machine;
use crate::report::{Report, say};

/// Ids of one call.
const BATCH: usize = 200;
const AT_ONCE: usize = 4;
const MIB: u64 = 1024 * 1024;
const BOUNDS_MIB: [u64; 2] = [256, 64];

/// What one bound gave.
struct Found {
    bound: f64,
    /// MiB of the process.
    before: f64,
    after: f64,
    /// That could not be read.
    failed: usize,
    time: Duration,
    /// Of the sample, from memory.
    hits: usize,
}

pub(super) async fn measure(plan: Plan, report: &mut Report) {
    let (members, sample) = plan.pick((100_000, 1000), (2000, 200));
    let stage = Stage::new(plan);
    let upstream = stage.upstream(members, &[]).await;
    let ids: Arc<[String]> = upstream.members(0, members).await.into();
    let mut rows = Vec::new();
    for bound in BOUNDS_MIB {
        let found = fill(plan, &stage, &upstream, &ids, bound, sample).await;
        say(&format!(
            "{bound} MiB: grew by {} MiB, {} of {sample} from memory",
            number(found.after - found.before, 1),
            found.hits
        ));
        rows.push(found);
    }
    show(report, &rows, members, sample);
}

async fn fill(
    plan: Plan,
    stage: &Stage,
    upstream: &Upstream,
    ids: &Arc<[String]>,
    bound: u64,
    sample: usize,
) -> Found {
    let bytes = (bound * MIB).to_string();
    let settings = [("COMMUNITY_SVC_CACHE_BYTES", bytes.as_str())];
    let service = stage.replica(upstream, &settings).await;
    let reader = service.reader().await;
    // Connections, buffers and the token are not growth.
    let missing = vec!["nobody".to_owned(); BATCH];
    let first = reader.read_many(missing, CacheMode::Unspecified).await;
    first.expect("members can be read");
    let before = machine::memory(service.id());
    let start = Instant::now();
    let (address, asked) = (service.address, Arc::clone(ids));
    let failed = affinity::on_own_thread(plan.cores.others, move || async move {
        let mut readers = JoinSet::new();
        for first in 0..AT_ONCE {
            let reader = Reader::connect(address).await;
            readers.spawn(read_every(reader, Arc::clone(&asked), first));
        }
        readers.join_all().await.into_iter().sum::<usize>()
    })
    .await;
    let time = start.elapsed();
    Found {
        bound: float(usize::try_from(bound).unwrap_or_default()),
        before,
        after: machine::memory(service.id()),
        failed,
        time,
        hits: hits(&reader, ids, sample).await,
    }
}

/// Every fourth batch of all, beginning with one of the first four. Returns how many
/// members could not be read.
async fn read_every(reader: Reader, ids: Arc<[String]>, first: usize) -> usize {
    let mut failed = 0;
    for batch in ids.chunks(BATCH).skip(first).step_by(AT_ONCE) {
        let answer = reader.read_many(batch.to_vec(), CacheMode::Unspecified);
        let results = answer.await.expect("members can be read");
        failed += results.iter().filter(|one| one.member.is_none()).count();
    }
    failed
}

/// How many of a sample, spread over all, are in memory. It asks nobody else.
async fn hits(reader: &Reader, ids: &[String], sample: usize) -> usize {
    let step = (ids.len() / sample).max(1);
    let sample: Vec<String> = ids.iter().step_by(step).take(sample).cloned().collect();
    let mut hits = 0;
    for batch in sample.chunks(BATCH) {
        let answer = reader.read_many(batch.to_vec(), CacheMode::Only).await;
        let results = answer.expect("copies can be read");
        let from_memory = results.iter().filter(|one| {
            let freshness = one.freshness.as_ref();
            freshness.is_some_and(|freshness| freshness.source() == Source::Memory)
        });
        hits += from_memory.count();
    }
    hits
}

fn show(report: &mut Report, rows: &[Found], members: usize, sample: usize) {
    report.paragraph(&format!(
        "{} members, {BATCH} in each BatchGetMembers call and {AT_ONCE} calls at a time, into a \
         service without Redis; memory is what the process holds (resident). Then {sample} of \
         them, spread over all, asked for with CACHE_MODE_ONLY.",
        number(float(members), 0)
    ));
    let cells = |found: &Found| {
        let growth = found.after - found.before;
        vec![
            format!("COMMUNITY_SVC_CACHE_BYTES={} MiB", found.bound),
            number(found.before, 1),
            number(found.after, 1),
            number(growth, 1),
            number(growth * 1024.0 * 1024.0 / float(members), 0),
            found.hits.to_string(),
            number(found.time.as_secs_f64(), 1),
        ]
    };
    report.table(
        &[
            "",
            "before, MiB",
            "after, MiB",
            "growth, MiB",
            "growth in bytes for each member read",
            "of the sample, from memory",
            "seconds to read all",
        ],
        &rows.iter().map(cells).collect::<Vec<_>>(),
    );
    let growth = |found: &Found| found.after - found.before;
    let within = |found: &Found| growth(found) <= found.bound;
    let [large, small] = rows else { return };
    let failed = large.failed + small.failed;
    report.bars(&[
        (
            "grows within its bound of 256 MiB",
            format!("{} MiB", number(growth(large), 1)),
            within(large),
        ),
        (
            "grows within its bound of 64 MiB",
            format!("{} MiB", number(growth(small), 1)),
            within(small),
        ),
        (
            "256 MiB keep all of them: the whole sample from memory",
            format!("{} of {sample}", large.hits),
            large.hits == sample,
        ),
        (
            "every member was read",
            format!("{failed} were not"),
            failed == 0,
        ),
    ]);
}
