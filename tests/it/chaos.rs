//! A short run of what `cargo xtask chaos` does at length: kills at any moment, wires
//! that break, full disks. Failpoints and clock steps need builds of their own and are
//! left to that command.

use integration_tests::chaos::{self, Fault, Options, Store, writes};
use integration_tests::tools;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_while_programs_die_before_mongodb() {
    run(Store::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_true_before_sqlite() {
    run(Store::Sqlite).await;
}

async fn run(store: Store) {
    let options = Options {
        seed: tools::seed().into(),
        kills: 10,
        events: 1000,
        rate: 150,
        store,
        faults: Fault::ALL
            .into_iter()
            .filter(|fault| !fault.needs_failpoints())
            .collect(),
        is_watched: false,
    };
    let report = chaos::run(&options).await;
    assert!(report.violations().is_empty(), "{report}");
    assert!(report.acknowledged() >= 1000, "{report}");
    assert!(report.kills() > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_sent_once_while_the_service_dies_before_sqlite_and_a_newer_network() {
    send(Store::Sqlite, writes::Generation::Newer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_true_of_two_replicas_before_mongodb_and_an_older_network() {
    send(Store::MongoDb, writes::Generation::Published).await;
}

async fn send(store: Store, generation: writes::Generation) {
    let options = writes::Options {
        seed: tools::seed().into(),
        messages: 300,
        kills: 8,
        store,
        generation,
        failpoints: false,
        is_watched: false,
    };
    let report = writes::run(&options).await;
    assert!(report.violations().is_empty(), "{report}");
    assert!(report.sent() >= 280, "{report}");
    assert!(report.deaths() >= 4, "{report}");
    assert!(report.calls("REQUEST_IN_PROGRESS") > 0, "{report}");
}
