//! How many requests misses make upstream: the fake counts what arrives over HTTP.
//!
//! BetterMode answers late, so that all who ask are waiting at once.

mod crowd;

use std::time::{Duration, Instant};

use integration_tests::Fake;
use serde_json::json;
use tokio::task::JoinSet;

use self::crowd::Crowd;
use super::Plan;
use super::stage::{Replica, Stage, UPSTREAM_TOKEN, Upstream};
use crate::figures::{float, number};
use crate::report::Report;
use crate::system::Cores;

/// Longer than it takes to send all calls for one member.
const ONE_LATENCY_MS: u32 = 1000;
const MANY_LATENCY_MS: u32 = 200;
/// Of the naive wrapper.
const AT_ONCE: usize = 64;
const MOST_FOR_MANY: u64 = 10;
/// More than all of them, so that none is refused.
const CALLS: (&str, &str) = ("COMMUNITY_SVC_MAX_CONCURRENT_CALLS", "20000");
/// Members that are read before, so that the service has signed in.
const FIRST: usize = 10;

/// What came of one way to ask.
struct Row {
    what: String,
    members: usize,
    calls: usize,
    right: usize,
    failure: Option<String>,
    requests: u64,
    time: Duration,
}

pub(super) async fn measure(plan: Plan, report: &mut Report) {
    let one = one_member(plan).await;
    let newer = many_members(plan, "newer").await;
    let published = many_members(plan, "published").await;
    let naive = naive(plan).await;
    report.paragraph(&format!(
        "GetMember calls at once for members that nobody has a copy of, and the requests that \
         reach BetterMode. One member: two services share one Redis, BetterMode answers after \
         {ONE_LATENCY_MS} ms. Many members: one service, {MANY_LATENCY_MS} ms, both of the \
         vendor's schemas. The naive wrapper asks once for each call, {AT_ONCE} at a time.",
    ));
    let rows = [&one, &newer, &published, &naive].map(Row::cells);
    report.table(
        &["", "calls", "members", "answered", "requests", "seconds"],
        &rows,
    );
    for row in [&one, &newer, &published] {
        if let Some(failure) = &row.failure {
            report.paragraph(&format!("The first failure of \"{}\": {failure}", row.what));
        }
    }
    let right = [&one, &newer, &published]
        .iter()
        .all(|row| row.right == row.calls);
    report.bars(&[
        (
            "one member, whoever asks: 1 request",
            one.requests.to_string(),
            one.requests == 1,
        ),
        (
            "a thousand members: at most 10 requests, newer schema",
            newer.requests.to_string(),
            newer.requests <= MOST_FOR_MANY,
        ),
        (
            "a thousand members: at most 10 requests, published schema",
            published.requests.to_string(),
            published.requests <= MOST_FOR_MANY,
        ),
        (
            "every call answered with its member",
            if right { "yes" } else { "no" }.to_owned(),
            right,
        ),
    ]);
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let count = |count| number(float(count), 0);
        vec![
            self.what.clone(),
            count(self.calls),
            count(self.members),
            count(self.right),
            self.requests.to_string(),
            number(self.time.as_secs_f64(), 2),
        ]
    }
}

async fn one_member(plan: Plan) -> Row {
    let stage = Stage::new(plan);
    let redis = stage.redis().await;
    let upstream = stage.upstream(FIRST + 1, &[]).await;
    let settings = [("REDIS_URL", redis.url()), CALLS];
    let replicas = [
        stage.replica(&upstream, &settings).await,
        stage.other_replica(&upstream, &settings).await,
    ];
    let calls = plan.pick(10_000, 500);
    let id = upstream.members(FIRST, 1).await.remove(0);
    let what = "one member, two services";
    ask(plan, &upstream, &replicas, vec![id; calls], what).await
}

async fn many_members(plan: Plan, generation: &str) -> Row {
    let stage = Stage::new(plan);
    let members = plan.pick(1000, 200);
    let settings = [("FAKE_BETTERMODE_GENERATION", generation)];
    let upstream = stage.upstream(FIRST + members, &settings).await;
    let replicas = [stage.replica(&upstream, &[CALLS]).await];
    let ids = upstream.members(FIRST, members).await;
    let what = format!("distinct members, {generation} schema");
    ask(plan, &upstream, &replicas, ids, &what).await
}

/// Asks the services for all of them at once.
async fn ask(
    plan: Plan,
    upstream: &Upstream,
    replicas: &[Replica],
    ids: Vec<String>,
    what: &str,
) -> Row {
    let first = upstream.members(0, FIRST).await;
    for replica in replicas {
        let reader = replica.reader().await;
        for id in &first {
            reader.read(id).await.expect("a member can be read");
        }
    }
    let mut members = ids.clone();
    members.dedup();
    let latency = if members.len() == 1 {
        ONE_LATENCY_MS
    } else {
        MANY_LATENCY_MS
    };
    late(upstream, latency).await;
    let addresses = replicas.iter().map(|replica| replica.address).collect();
    let calls = ids.len();
    let asked = Crowd::new(addresses, ids).ask(plan.cores.others).await;
    Row {
        what: what.to_owned(),
        members: members.len(),
        calls,
        right: asked.right,
        failure: asked.failure,
        requests: upstream.requests().await,
        time: asked.time,
    }
}

/// BetterMode answers late from now on, and counts anew.
async fn late(upstream: &Upstream, milliseconds: u32) {
    let setting = json!({ "value": milliseconds });
    upstream.control.fault("latency_ms", setting).await;
    upstream.control.delete("/_fake/counters").await;
}

/// What a wrapper does that asks BetterMode for each call.
async fn naive(plan: Plan) -> Row {
    let stage = Stage::new(Plan {
        cores: Cores::default(),
        ..plan
    });
    let members = plan.pick(1000, 200);
    let upstream = stage.upstream(members, &[]).await;
    let ids = upstream.members(0, members).await;
    late(&upstream, MANY_LATENCY_MS).await;
    let start = Instant::now();
    let mut askers = JoinSet::new();
    for ids in ids.chunks(members.div_ceil(AT_ONCE)) {
        askers.spawn(one_by_one(Fake::at(upstream.address), ids.to_vec()));
    }
    let right = askers.join_all().await.into_iter().sum();
    Row {
        what: "distinct members, naive wrapper".to_owned(),
        members,
        calls: members,
        right,
        failure: None,
        requests: upstream.requests().await,
        time: start.elapsed(),
    }
}

async fn one_by_one(fake: Fake, ids: Vec<String>) -> usize {
    let mut right = 0;
    for id in ids {
        let document =
            format!("{{ member(id: \"{id}\") {{ id username name email status tagline }} }}");
        let data = fake.ask(Some(UPSTREAM_TOKEN), &document).await;
        right += usize::from(data["member"]["id"] == id);
    }
    right
}
