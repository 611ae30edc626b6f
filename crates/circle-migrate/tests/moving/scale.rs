//! A large community, out of the fake Circle and into the fake BetterMode, under the
//! limits of both, at simulated time. `MIGRATION_SCALE` says how many people.

use std::sync::Arc;
use std::time::Duration;

use circle_migrate::circle::{Client, Transport};
use circle_migrate::config::{AuthScheme, CircleConfig};
use circle_migrate::extract::{Extractor, Silent};
use circle_migrate::key::Subject;
use circle_migrate::options::MoveArgs;
use circle_migrate::snapshot::{Wanted, Writer};
use fake_bettermode::Limits;
use http::Method;
use serde_json::json;
use service_kit::clock::{Clock as _, SharedClock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::stage::{Records, Stage, options, rows};

#[expect(
    clippy::disallowed_methods,
    reason = "how much a test does, no setting of the product"
)]
fn members() -> usize {
    std::env::var("MIGRATION_SCALE").map_or(1_500, |text| text.parse().unwrap())
}

async fn extract(stage: &Stage, members: usize) -> Duration {
    let began = Instant::now();
    let clock = stage.clock;
    let circle = fake_circle::Fake::new(fake_circle::FakeConfig {
        members,
        posts: 0,
        time: Arc::new(move || clock.now()),
        ..fake_circle::FakeConfig::default()
    });
    let config = CircleConfig {
        api_url: Some("https://app.circle.so".parse().unwrap()),
        token: Some(fake_circle::DEFAULT_TOKEN.into()),
        auth_scheme: AuthScheme::Bearer,
        community: None,
        max_requests: Some(5_000),
        deadline: Duration::from_secs(24 * 3600),
    };
    let server = circle.clone();
    let transport = Transport::from_fn(move |request| {
        let server = server.clone();
        async move { server.handle(request).await }
    });
    let token = config.token.clone().unwrap();
    let client = Client::new(&config, &token, transport, 1).unwrap();
    let community = client.community().await.unwrap();
    let whose = Writer::binding(community.id, None, "https://app.circle.so/".to_owned());
    let now = stage.clock.now();
    let directory = stage.snapshot();
    std::fs::remove_dir_all(&directory).unwrap();
    let writer = Writer::open(&directory, &whose, Wanted::default(), false, now).unwrap();
    let clock: SharedClock = Arc::new(stage.clock);
    let extractor = Extractor {
        client: &client,
        writer,
        per_page: 100,
        clock,
        stop: CancellationToken::new(),
        watch: &Silent,
    };
    extractor.run().await.unwrap();
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_large_community_moves_under_both_limits_and_a_second_apply_writes_nothing() {
    let members = members();
    // The plan that is called Growth: 100 requests and 10,000 points in ten seconds.
    let stage = Stage::with(&Records::default(), |config| {
        config.limits = Limits {
            burst_requests: 100,
            burst_complexity: 10_000,
            daily_requests: 250_000,
            daily_complexity: 25_000_000,
            per_document: Some(1_000),
        };
    });
    let read = extract(&stage, members).await;
    let options = MoveArgs {
        include_unconfirmed: true,
        ..options()
    };
    let began = Instant::now();
    let report = stage.apply(options.clone()).await.unwrap();
    let moved = began.elapsed();
    let count = |outcome: &str| report.count(Subject::Member, outcome);
    assert_eq!(report.sections[0].snapshot_rows, Some(members));
    assert!(report.is_complete(), "{:#?}", report.sections[0].tallies);
    let sent = rows(&stage.world().await, "invitations").len();
    assert_eq!(count("invited"), sent);
    assert_eq!(
        count("invited") + count("matched") + count("skipped"),
        members
    );
    let writes = stage.mutations().await;
    let began = Instant::now();
    stage.apply(options).await.unwrap();
    let again = began.elapsed();
    assert_eq!(
        stage.mutations().await,
        writes,
        "a second apply writes nothing"
    );
    let counters = stage
        .control(Method::GET, "/_fake/counters", json!({}))
        .await;
    assert_eq!(
        counters["rejected"]["rateLimit"], 0,
        "no limit was ever met"
    );
    let figures = format!(
        "{members} members: read in {read:?}, moved in {moved:?} by {writes} writes ({sent} \
         invited), again in {again:?}; {} requests to BetterMode, {} points",
        counters["requests"], counters["complexity"]
    );
    std::fs::write(stage.home.path().join("figures"), &figures).unwrap();
    tracing::info!("{figures}");
    eprintln_in_tests(&figures);
}

/// Shown with `--nocapture`.
#[expect(clippy::print_stderr, reason = "figures for whoever runs it")]
fn eprintln_in_tests(text: &str) {
    eprintln!("{text}");
}
