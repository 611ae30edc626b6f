//! Who may depend on whom, as docs/architecture.md says it.

use std::collections::{BTreeMap, BTreeSet};

use integration_tests::tools;
use serde::Deserialize;

use crate::repository;

/// A crate of ours and those of ours that it may use, for its programs and library.
const ALLOWED: &[(&str, &[&str])] = &[
    ("community-proto", &[]),
    ("vendor-transport", &[]),
    ("bettermode", &["vendor-transport"]),
    ("fake-kit", &[]),
    ("fake-bettermode", &["fake-kit"]),
    ("fake-notion", &["fake-kit"]),
    ("notion", &["vendor-transport"]),
    ("notion-sync", &["community-proto", "notion", "service-kit"]),
    ("fake-circle", &["fake-kit"]),
    ("service-kit", &[]),
    ("signature-doctor", &[]),
    ("trace-kit", &["service-kit"]),
    (
        "communityctl",
        &["community-proto", "service-kit", "signature-doctor"],
    ),
    (
        "community-svc",
        &[
            "bettermode",
            "community-proto",
            "fake-bettermode",
            "service-kit",
            "trace-kit",
        ],
    ),
    (
        "webhook-edge",
        &[
            "community-proto",
            "service-kit",
            "signature-doctor",
            "trace-kit",
        ],
    ),
    (
        "circle-migrate",
        &[
            "bettermode",
            "community-proto",
            "notion",
            "service-kit",
            "vendor-transport",
        ],
    ),
    (
        "simulation",
        &[
            "bettermode",
            "community-proto",
            "community-svc",
            "fake-bettermode",
            "service-kit",
            "webhook-edge",
        ],
    ),
    ("integration-tests", ANYTHING),
    ("bench", ANYTHING),
    ("fuzz-targets", &["service-kit", "webhook-edge"]),
    ("xtask", ANYTHING),
];

const ANYTHING: &[&str] = &[
    "integration-tests",
    "bettermode",
    "circle-migrate",
    "community-proto",
    "community-svc",
    "fake-bettermode",
    "fake-kit",
    "fake-notion",
    "notion",
    "notion-sync",
    "fake-circle",
    "service-kit",
    "signature-doctor",
    "trace-kit",
    "vendor-transport",
    "webhook-edge",
];

/// What of others a crate must not know.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "bettermode",
        &[
            "tonic", "prost", "redis", "mongodb", "rusqlite", "warp", "axum",
        ],
    ),
    (
        "fake-kit",
        &["tonic", "prost", "redis", "mongodb", "reqwest", "warp"],
    ),
    ("fake-bettermode", &["tonic", "prost", "redis", "mongodb"]),
    ("fake-notion", &["tonic", "prost", "redis", "mongodb"]),
    (
        "vendor-transport",
        &["tonic", "prost", "redis", "mongodb", "rusqlite", "warp"],
    ),
    ("notion", &["tonic", "prost", "rusqlite", "warp"]),
    ("notion-sync", &["reqwest", "redis", "mongodb", "warp"]),
    (
        "fake-circle",
        &["tonic", "prost", "redis", "mongodb", "reqwest"],
    ),
    (
        "signature-doctor",
        &["tonic", "tokio", "warp", "reqwest", "serde_json"],
    ),
    ("communityctl", &["warp", "redis", "mongodb", "rusqlite"]),
    (
        "service-kit",
        &["tonic", "prost", "redis", "mongodb", "reqwest"],
    ),
    (
        "webhook-edge",
        &[
            "reqwest",
            "redis",
            "mongodb",
            "rusqlite",
            "graphql_client",
            "opentelemetry",
            "opentelemetry_sdk",
        ],
    ),
    (
        "community-svc",
        &[
            "warp",
            "hmac",
            "graphql_client",
            "opentelemetry",
            "opentelemetry_sdk",
        ],
    ),
    (
        "trace-kit",
        &["prost", "redis", "mongodb", "reqwest", "warp"],
    ),
    ("simulation", &["redis", "mongodb", "warp", "reqwest"]),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    optional: bool,
    path: Option<String>,
}

#[test]
fn every_crate_uses_only_those_of_ours_that_it_may() {
    let packages = packages();
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let ours: BTreeSet<_> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let known: BTreeSet<_> = allowed.keys().copied().collect();
    assert_eq!(ours, known, "say in ALLOWED what a new crate may use");
    for package in &packages {
        for used in ours_in(package).filter(|used| used.kind.as_deref() != Some("dev")) {
            assert!(
                allowed[package.name.as_str()].contains(&used.name.as_str()),
                "{} must not depend on {}",
                package.name,
                used.name
            );
        }
    }
}

#[test]
fn the_edge_reaches_neither_the_client_nor_the_service() {
    let packages = packages();
    let mut reached = BTreeSet::new();
    let mut open = vec!["webhook-edge"];
    while let Some(name) = open.pop() {
        let package = packages.iter().find(|package| package.name == name);
        // Also through its tests: what a test uses, a copy of its code uses next.
        for used in ours_in(package.expect("one of ours")) {
            if reached.insert(used.name.as_str()) {
                open.push(&used.name);
            }
        }
    }
    for forbidden in ["bettermode", "community-svc", "fake-bettermode"] {
        assert!(
            !reached.contains(forbidden),
            "webhook-edge reaches {forbidden}"
        );
    }
    assert!(
        reached.contains("community-proto"),
        "the edge speaks the contract: {reached:?}"
    );
}

#[test]
fn nothing_but_the_benchmarks_depends_on_the_tests_and_nothing_on_xtask() {
    for package in packages() {
        if package.name == "bench" {
            continue;
        }
        for used in ours_in(&package) {
            assert!(
                !["bench", "integration-tests", "xtask"].contains(&used.name.as_str()),
                "{} depends on {}",
                package.name,
                used.name
            );
        }
    }
}

#[test]
fn the_fake_is_an_optional_part_of_the_service() {
    let packages = packages();
    let service = packages
        .iter()
        .find(|package| package.name == "community-svc");
    let fakes: Vec<_> = ours_in(service.expect("the service is ours"))
        .filter(|used| used.name == "fake-bettermode" && used.kind.is_none())
        .collect();
    assert_eq!(fakes.len(), 1);
    assert!(
        fakes[0].optional,
        "a build without `simulation` has no fake"
    );
}

#[test]
fn no_crate_knows_the_technology_of_another_layer() {
    let packages = packages();
    for (name, forbidden) in FORBIDDEN {
        let package = packages.iter().find(|package| package.name == *name);
        let used = &package.expect("one of ours").dependencies;
        assert!(!used.is_empty());
        for dependency in used {
            assert!(
                !forbidden.contains(&dependency.name.as_str()),
                "{name} must not use {}",
                dependency.name
            );
        }
    }
}

fn packages() -> Vec<Package> {
    let cargo = tools::run(
        "CARGO",
        [
            "metadata",
            "--format-version=1",
            "--no-deps",
            "--offline",
            "--manifest-path",
            &repository::root().join("Cargo.toml").display().to_string(),
        ],
    );
    assert!(cargo.succeeded, "{}", cargo.stderr);
    let metadata: Metadata = serde_json::from_str(&cargo.stdout).unwrap();
    metadata.packages
}

/// Dependencies that are folders of this repository.
fn ours_in(package: &Package) -> impl Iterator<Item = &Dependency> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.path.is_some())
}
