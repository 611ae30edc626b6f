//! A short run of what `cargo xtask chaos` does at length: kills at any moment, wires
//! that break, full disks. Failpoints and clock steps need builds of their own and are
//! left to that command.

use integration_tests::chaos::{self, Fault, Options, Store};
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
