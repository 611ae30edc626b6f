//! Every measurement in its quick mode: that it starts what it needs, counts and
//! compares. How fast anything is, is not looked at.

use std::process::Command;

/// Runs one to its end and returns what it wrote.
fn quick(what: &str) -> String {
    for program in ["community-svc", "webhook-edge", "fake-bettermode"] {
        let _is_built = integration_tests::tools::built(program);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args([what, "--quick"])
        .output()
        .unwrap_or_else(|error| panic!("the program does not start: {error}"));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{}:\n{text}", output.status);
    text
}

#[test]
fn webhooks_are_acknowledged_and_counted_in_every_set_up() {
    let text = quick("webhooks");
    for set_up in ["| (a) ", "| (b) ", "| (c) ", "| (d) ", "| (e) "] {
        assert!(text.contains(set_up), "{text}");
    }
}

#[test]
fn stored_events_are_asked_for_on_both_stores() {
    let text = quick("stored-events");
    for store in ["How SQLite answers", "How MongoDB answers"] {
        assert!(text.contains(store), "{text}");
    }
}

#[test]
fn an_outage_loses_doubles_and_reorders_nothing() {
    let text = quick("outage");
    assert!(text.contains("0 lost, 0 doubled"), "{text}");
}

#[test]
fn an_overload_is_refused_with_pushback_and_nothing_else_fails() {
    let text = quick("overload");
    assert!(text.contains("0 are not"), "{text}");
    assert!(text.contains("nothing fails in any other way"), "{text}");
}

#[test]
fn reads_are_measured_in_every_way() {
    let text = quick("reads");
    for section in [
        "reads-hot",
        "reads-redis",
        "reads-coalesce",
        "reads-coherence",
        "reads-faults",
        "reads-down",
        "reads-memory",
    ] {
        let (_, found) = text.split_once(section).unwrap_or_default();
        assert!(found.contains("| Bar "), "{section}:\n{text}");
    }
}
