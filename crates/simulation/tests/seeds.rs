//! A bounded number of seeds, short ones: all hold, a run can be had again by its seed,
//! and mistakes that are planted are found.

use std::path::PathBuf;

use simulation::many::{self, Campaign, Summary};
use simulation::run::Plant;

/// A build for tests takes many times as long as one for release.
const MINUTES: u64 = 10;

fn campaign(first: u64, seeds: u64) -> Campaign {
    Campaign {
        program: PathBuf::from(env!("CARGO_BIN_EXE_simulation")),
        first,
        seeds,
        minutes: MINUTES,
        at_once: 2,
        plant: None,
        until_one_fails: false,
        is_loud: false,
    }
}

fn told(campaign: &Campaign, summary: &Summary) -> String {
    let mut text = Vec::new();
    let _told = many::report(&mut text, campaign, summary);
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn no_seed_breaks_a_law() {
    let campaign = campaign(1, 6);
    let summary = many::run(&campaign, |_| {});
    let told = told(&campaign, &summary);
    assert!(summary.holds(), "{told}");
    // A run in which nothing happens holds every law.
    for what in [
        "events stored",
        "webhooks acknowledged",
        "reads",
        "activities",
    ] {
        let count = summary.counts.get(what).copied().unwrap_or(0);
        assert!(count >= 100, "{count} {what}\n{told}");
    }
}

#[test]
fn one_seed_is_one_run() {
    let mut digests = Vec::new();
    for _ in 0..2 {
        let summary = many::run(&campaign(7, 2), |outcome| {
            digests.push((outcome.seed, outcome.digest.clone()));
        });
        assert_eq!(summary.seeds, 2);
    }
    digests.sort();
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[2], digests[3]);
    assert_ne!(digests[0].1, digests[2].1);
}

/// Planted in the simulated disk alone, which then keeps nothing of what the log's
/// `sync_data` covers. The edge notices some of it itself, and refuses to start.
#[test]
fn a_dropped_fsync_is_found() {
    let laws = [
        "an acknowledged webhook is never lost",
        "a host that had no other fault than a crash starts again",
    ];
    found(Plant::DroppedFsync, &laws, 20);
}

#[test]
fn a_skipped_lease_check_is_found() {
    let laws = ["no old read after an invalidation settles"];
    found(Plant::SkippedLease, &laws, 40);
}

#[expect(
    clippy::print_stderr,
    reason = "how fast it was is what one wants to know"
)]
fn found(plant: Plant, laws: &[&str], within: u64) {
    let campaign = Campaign {
        plant: Some(plant),
        until_one_fails: true,
        ..campaign(1, within)
    };
    let summary = many::run(&campaign, |_| {});
    let told = told(&campaign, &summary);
    let broken = summary.failed.iter().flat_map(|outcome| &outcome.broken);
    assert!(
        broken
            .into_iter()
            .any(|(law, _)| laws.contains(&law.as_str())),
        "{told}"
    );
    assert!(summary.not_run.is_empty(), "{told}");
    let (seeds, seconds) = (summary.seeds, summary.seconds);
    eprintln!(
        "{}: found after {seeds} seeds, {seconds:.1} s",
        plant.name()
    );
}
