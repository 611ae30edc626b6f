//! Our verification of webhooks and the vendor's own, side by side: Node signs, Node
//! judges, and we have to agree on every case.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use integration_tests::tools;
use jiff::Timestamp;
use serde::Deserialize;
use webhook_edge::signature::{Delivery, Keys, Window};

const CASES: usize = 1_000;

/// The window that the vendor's guide names, and that sign.mjs uses.
const WINDOW: Duration = Duration::from_secs(15 * 60);

#[derive(Debug, Deserialize)]
struct Case {
    kind: String,
    secret: String,
    now: i64,
    headers: Vec<(String, String)>,
    body: String,
    accepted: bool,
}

#[test]
fn our_check_agrees_with_the_vendors_on_a_thousand_random_webhooks() {
    let seed = tools::seed();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor-client/sign.mjs");
    let node = tools::run(
        "TEST_NODE",
        [
            script.display().to_string(),
            seed.to_string(),
            CASES.to_string(),
        ],
    );
    assert!(node.succeeded, "{}", node.stderr);
    let cases: Vec<Case> = node
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(cases.len(), CASES);

    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        let ours = verdict(case);
        assert_eq!(
            ours.is_ok(),
            case.accepted,
            "case {number} of seed {seed}: ours is {ours:?}, the vendor's is in {case:?}"
        );
        *kinds.entry(&case.kind).or_default() += 1;
    }
    let accepted = cases.iter().filter(|case| case.accepted).count();
    assert!(
        (400..=600).contains(&accepted),
        "of seed {seed}, {accepted} of {CASES} are accepted: {kinds:?}"
    );
    assert!(
        kinds.len() >= 16 && kinds.values().all(|count| *count >= 25),
        "some kinds are rare: {kinds:?}"
    );
}

fn verdict(case: &Case) -> Result<(), webhook_edge::signature::Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in &case.headers {
        headers.append(
            name.parse::<HeaderName>().unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let body = STANDARD.decode(&case.body).unwrap();
    let keys = Keys::parse(&case.secret.as_str().into()).unwrap();
    let now = Timestamp::from_millisecond(case.now).unwrap();
    Delivery::new("/webhooks/bettermode", headers, body.into())
        .verify(&keys, now, Window::new(WINDOW))
        .map(drop)
}
