//! Killed at random, many times, and started again: nobody twice, nobody missing.
//!
//! `MIGRATION_KILLS` and `MIGRATION_MEMBERS` make it more, `MIGRATION_SEED` another one.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::{Duration, Instant};

use fake_bettermode::Fake;
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::program::Site;
use crate::stage::{Records, control, mutations, rows, world};

/// Far more than any step takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[expect(
    clippy::disallowed_methods,
    reason = "how much a test does, no setting of the product"
)]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

async fn invited(fake: &Fake) -> u64 {
    let counters = control(fake, Method::GET, "/_fake/counters", json!({})).await;
    counters["byOperation"]["inviteMembers"]
        .as_u64()
        .unwrap_or(0)
}

/// Lets it send a few more chunks and kills it at some moment around the next one; true
/// when it ended by itself before.
async fn kill_soon(site: &Site, child: &mut Child, rng: &mut StdRng) -> bool {
    let goal = invited(&site.fake).await + rng.random_range(0..2);
    let began = Instant::now();
    while invited(&site.fake).await <= goal {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        assert!(began.elapsed() < PATIENCE, "it sends nothing");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_micros(rng.random_range(0..40_000))).await;
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_many_times_it_invites_everybody_once() {
    let (kills, members) = (
        number("MIGRATION_KILLS", 10),
        number("MIGRATION_MEMBERS", 500),
    );
    let seed = number("MIGRATION_SEED", 1);
    let mut rng = StdRng::seed_from_u64(seed);
    let site = Site::new().await;
    let records = (1..=members).fold(Records::default(), |records, id| {
        records.person(id, &format!("person{id}@example.net"))
    });
    site.snapshot(&records);
    // A second invitation would be made, and be seen.
    fault(&site, "accept_reinvites", json!({})).await;
    fault(
        &site,
        "late_answer_ms",
        json!({ "value": 15, "operation": "inviteMembers" }),
    )
    .await;
    let mut killed = 0;
    while killed < kills {
        let mut child = site
            .command(&["apply", "--settle-seconds", "0"])
            .spawn()
            .unwrap();
        if kill_soon(&site, &mut child, &mut rng).await {
            break;
        }
        killed += 1;
    }
    assert_eq!(killed, kills, "it ended before; give it more members");
    let ended = site.run(&["resume"]).await;
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let world = world(&site.fake).await;
    let addresses: Vec<_> = rows(&world, "invitations")
        .iter()
        .map(|row| row["email"].as_str().unwrap().to_owned())
        .collect();
    let different: BTreeSet<_> = addresses.iter().cloned().collect();
    let expected = usize::try_from(members).unwrap();
    assert_eq!(
        (addresses.len(), different.len()),
        (expected, expected),
        "seed {seed}"
    );
    let writes = mutations(&site.fake).await;
    let again = site.run(&["apply", "--settle-seconds", "0"]).await;
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(
        mutations(&site.fake).await,
        writes,
        "a run after the end writes nothing"
    );
}

async fn fault(site: &Site, name: &str, setting: serde_json::Value) {
    control(
        &site.fake,
        Method::POST,
        &format!("/_fake/faults/{name}"),
        setting,
    )
    .await;
}

/// In a build with failpoints: dead exactly between two steps.
#[cfg(feature = "failpoints")]
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_it_invites_everybody_once() {
    for point in [
        "migrate.invite.begun",
        "migrate.invite.sent",
        "migrate.invite.recorded",
    ] {
        let site = Site::new().await;
        let records = (1..=60).fold(Records::default(), |records, id| {
            records.person(id, &format!("person{id}@example.net"))
        });
        site.snapshot(&records);
        fault(&site, "accept_reinvites", json!({})).await;
        for pass in [1, 2] {
            let mut command = site.command(&["apply", "--settle-seconds", "0"]);
            command.env("FAILPOINTS", format!("{point}=kill@{pass}"));
            let killed = tokio::task::spawn_blocking(move || command.output().unwrap());
            assert_eq!(
                killed.await.unwrap().status.code(),
                None,
                "{point}: it was killed"
            );
        }
        let ended = site.run(&["resume"]).await;
        assert_eq!(ended.status.code(), Some(0), "{point}");
        assert_eq!(
            rows(&world(&site.fake).await, "invitations").len(),
            60,
            "{point}"
        );
    }
}
