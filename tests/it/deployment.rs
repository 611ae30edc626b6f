//! The files of deploy/ beside the programs: each program has an image, each setting, each
//! metric and each label that is named exists. What their own readers say of them is asked by
//! `cargo xtask deploy --check`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpStream;

use community_proto::v1::{CreatePostRequest, ErrorReason};
use integration_tests::{Sandbox, clients, eventually, tools};
use serde_json::Value;
use tonic::Code;

use crate::members::by_id;
use crate::posts::{create, post_in, space_for_posts};
use crate::promql::Query;
use crate::{repository, settings};

const ALERTS: &str = "deploy/prometheus/alerts.yaml";
const DASHBOARD: &str = "deploy/grafana/dashboards/community-bridge.json";
/// What each target is given by Prometheus itself.
const OF_PROMETHEUS: &[&str] = &["instance", "job", "le"];
/// Packages that are no part of an installation; nor are fakes, but for BetterMode's.
const TOOLS: &[&str] = &["benches", "crates/simulation", "fuzz", "tests", "xtask"];

fn read(path: &str) -> String {
    let file = repository::root().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The alerts' names, each with its query.
fn alerts() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut query_indent = None;
    for line in read(ALERTS).lines() {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        if let Some(name) = text.strip_prefix("- alert: ") {
            found.push((name.to_owned(), String::new()));
            query_indent = None;
        } else if let Some(query) = text.strip_prefix("expr: ") {
            found
                .last_mut()
                .unwrap()
                .1
                .push_str(query.trim_start_matches('|'));
            query_indent = Some(indent);
        } else if query_indent.is_some_and(|above| indent > above) {
            let query = &mut found.last_mut().unwrap().1;
            query.push(' ');
            query.push_str(text);
        } else {
            query_indent = None;
        }
    }
    assert!(found.len() > 10, "{found:?}");
    found
}

/// The dashboard's queries, each with the texts that show its labels.
fn panels(dashboard: &Value) -> Vec<(String, String)> {
    let targets = dashboard["panels"].as_array().unwrap().iter();
    let targets =
        targets.flat_map(|panel| panel["targets"].as_array().cloned().unwrap_or_default());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found: Vec<_> = targets
        .map(|target| (text(&target["expr"]), text(&target["legendFormat"])))
        .collect();
    assert!(found.len() > 20, "{found:?}");
    found
}

/// The programs that this workspace makes for an installation.
fn programs() -> BTreeSet<String> {
    let root = repository::root();
    let mains = repository::files().into_iter();
    let mains = mains.filter(|path| path.ends_with("src/main.rs"));
    let names = mains.map(|path| {
        let package = path.ancestors().nth(2).unwrap();
        package.strip_prefix(&root).unwrap().display().to_string()
    });
    names
        .filter(|name| !TOOLS.contains(&name.as_str()) && !name.starts_with("fuzz/"))
        .map(|name| name.rsplit('/').next().unwrap().to_owned())
        .filter(|name| !name.starts_with("fake-") || name == "fake-bettermode")
        .collect()
}

#[test]
fn every_program_has_an_image_that_runs_it_as_nobody_in_particular() {
    let dockerfile = read("deploy/Dockerfile");
    let list = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix("ARG PROGRAMS="))
        .unwrap();
    let built: BTreeSet<_> = list
        .trim_matches('"')
        .split(' ')
        .map(str::to_owned)
        .collect();
    assert_eq!(built, programs(), "ARG PROGRAMS of deploy/Dockerfile");
    let stages: Vec<_> = dockerfile.split("\nFROM ").skip(1).collect();
    for program in &built {
        let head = format!("base AS {program}\n");
        let stage = stages.iter().find(|stage| stage.starts_with(&head));
        let stage = stage.unwrap_or_else(|| panic!("no stage FROM {head}"));
        assert!(
            stage.contains(&format!("/out/programs/{program} ")),
            "{stage}"
        );
        assert!(stage.contains(&format!("ENTRYPOINT [\"/usr/local/bin/{program}\"]")));
        assert!(!stage.contains("USER"), "{stage}");
        let asks = stage.contains(&format!("[\"/usr/local/bin/{program}\", \"healthcheck\"]"));
        let mut help = std::process::Command::new(tools::built(program));
        let offers = tools::finish(help.env_clear().arg("--help"));
        assert_eq!(asks, offers.stdout.contains("healthcheck"), "{program}");
    }
    let base = stages
        .iter()
        .find(|stage| stage.contains(" AS base\n"))
        .unwrap();
    assert!(base.contains("\nUSER 65532:65532\n"), "{base}");
}

#[tokio::test]
async fn every_setting_that_is_named_exists() {
    let mut known = settings::documented_names();
    let readme = read("crates/fake-bettermode/README.md");
    known.extend(words(&readme).filter(|word| word.starts_with("FAKE_BETTERMODE_")));
    for program in settings::PRINTING {
        let secrets = settings::from_files(program).await.into_iter();
        known.extend(secrets.map(|key| format!("{key}_FILE")));
    }
    let families: BTreeSet<_> = ["REDIS_URL", "TESTING_MODE", "DATA_DIR"].into();
    let prefixes = [
        "BETTERMODE_",
        "COMMUNITY_SVC_",
        "WEBHOOK_",
        "INTEGRATION_ENABLE_",
        "MONGODB_",
    ];
    let ours = |word: &String| {
        families.contains(word.trim_end_matches("_FILE"))
            || prefixes.iter().any(|prefix| word.starts_with(prefix))
            || word.starts_with("FAKE_BETTERMODE_")
            || word.starts_with("LOG_")
    };
    let folder = repository::root().join("deploy");
    let mut named = 0;
    for path in repository::files()
        .into_iter()
        .filter(|path| path.starts_with(&folder))
    {
        let text = fs::read_to_string(&path).unwrap();
        for word in words(&text).filter(ours) {
            assert!(
                known.contains(&word),
                "{}: {word} is no setting",
                path.display()
            );
            named += 1;
        }
    }
    assert!(named > 60, "only {named} found");
}

/// Words of capitals and underscores.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_')
        .filter(|word| word.contains('_') && word.len() > 4)
        .map(str::to_owned)
}

#[tokio::test]
async fn both_programs_take_the_settings_that_compose_gives_them() {
    let file = repository::root().join("deploy/compose.yaml");
    let file = file.display().to_string();
    let resolved = tools::run(
        "TEST_DOCKER_COMPOSE",
        ["--file", &file, "config", "--format", "json"],
    );
    let resolved: Value = serde_json::from_str(&resolved.stdout).unwrap();
    for program in ["community-svc", "webhook-edge"] {
        let environment = resolved["services"][program]["environment"]
            .as_object()
            .unwrap();
        let mut given: Vec<_> = environment
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        // As its image has them: beyond loopback.
        given.push(("COMMUNITY_SVC_LISTEN", "0.0.0.0:50051"));
        given.push(("WEBHOOK_EDGE_LISTEN", "0.0.0.0:8080"));
        given.retain(|(key, _)| program == "community-svc" || *key != "COMMUNITY_SVC_LISTEN");
        given.retain(|(key, _)| program == "webhook-edge" || *key != "WEBHOOK_EDGE_LISTEN");
        let (code, printed) = settings::run(program, &["config", "check"], &given).await;
        // Nobody answers under these names here, and 78 would be for the settings.
        assert_eq!(code, Some(1), "{program}: {printed}");
        assert!(!printed.contains("unknown setting"), "{printed}");
    }
}

/// Which labels each metric has, once everything was used that alerts and panels look at.
async fn shown() -> BTreeMap<String, BTreeSet<String>> {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_MAX_CONNECTIONS_PER_ADDRESS", "8")
        .edge_setting("WEBHOOK_EDGE_MAX_CONNECTIONS_PER_ADDRESS", "8")
        .start()
        .await;
    let world = sandbox.fake.world().await;
    let member = world.all("members")[0]["id"].as_str().unwrap().to_owned();
    by_id(&sandbox.clients, &member).await;
    let request = CreatePostRequest {
        request_id: "1b4e28ba-2fa1-4d2e-883f-0016d3cca427".to_owned(),
        ..post_in(&space_for_posts(&world))
    };
    create(&sandbox, request).await.unwrap();
    let url = sandbox.clients.edge_url("/webhooks/bettermode");
    let unsigned = sandbox.clients.http().post(url).body("{}").send().await;
    assert_eq!(unsigned.unwrap().status(), 401);
    sandbox.forwarded().await;
    let addresses = [
        sandbox.clients.service_address(),
        sandbox.clients.edge_address(),
    ];
    let crowd = addresses.iter().flat_map(|address| {
        (0..12).map(move |_| TcpStream::connect(address).expect("the port is open"))
    });
    let crowd: Vec<_> = crowd.collect();
    let shown = eventually("both programs have refused connections", async || {
        let mut shown = BTreeMap::new();
        for url in [
            sandbox.service_admin_url("/metrics"),
            sandbox.edge_admin_url("/metrics"),
        ] {
            let text = clients::http()
                .get(url)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            shown.extend(series(&text));
        }
        let refused = shown
            .keys()
            .filter(|name| name.ends_with("_connections_refused_total"));
        let effects = shown.contains_key("projections_total");
        if refused.count() == 2 && effects {
            Ok(shown)
        } else {
            Err(format!("{shown:?}"))
        }
    })
    .await;
    drop(crowd);
    shown
}

/// The series of a scrape: name and labels.
fn series(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let labels = found.entry(name.to_owned()).or_default();
        if let Some((_, rest)) = line.split_once('{') {
            let (inside, _) = rest.rsplit_once('}').unwrap();
            let names = inside.split("\",").filter_map(|pair| pair.split_once('='));
            labels.extend(names.map(|(label, _)| label.to_owned()));
        }
    }
    found
}

#[tokio::test]
async fn alerts_and_dashboard_ask_for_metrics_and_labels_that_exist() {
    let shown = shown().await;
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let queries = alerts().into_iter().chain(
        panels(&dashboard)
            .into_iter()
            .map(|(query, legend)| (legend, query)),
    );
    let sources = sources();
    for (name, text) in queries {
        let query = Query::parse(&text);
        assert!(!query.selectors.is_empty(), "{name}: {text}");
        let mut there: BTreeSet<_> = OF_PROMETHEUS
            .iter()
            .map(|label| (*label).to_owned())
            .collect();
        for selector in &query.selectors {
            let labels = match selector.metric.as_str() {
                "up" => BTreeSet::from(["job".to_owned(), "instance".to_owned()]),
                metric => shown.get(metric).cloned().unwrap_or_else(|| {
                    panic!(
                        "{name}: neither program shows {metric}; they show {:?}",
                        shown.keys()
                    )
                }),
            };
            for (label, operator, value) in &selector.matchers {
                assert!(
                    labels.contains(label),
                    "{name}: {} has no label {label}",
                    selector.metric
                );
                assert_value(&sources, label, operator, value);
            }
            there.extend(labels);
        }
        for label in &query.labels {
            assert!(
                there.contains(label),
                "{name}: nothing in {text} has a label {label}"
            );
        }
        for label in name
            .split("{{")
            .skip(1)
            .filter_map(|rest| rest.split("}}").next())
        {
            let kept = query.labels.iter().any(|by| by == label) || query.labels.is_empty();
            assert!(there.contains(label) && kept, "the legend {name} of {text}");
        }
    }
}

/// All that the programs' own code says, for the values that their labels have.
fn sources() -> String {
    let root = repository::root();
    let folders = [
        "community-svc/src",
        "webhook-edge/src",
        "crates/service-kit/src",
    ];
    let files = repository::files().into_iter();
    let files = files.filter(|path| {
        folders
            .iter()
            .any(|folder| path.starts_with(root.join(folder)))
    });
    files
        .map(|path| fs::read_to_string(path).unwrap_or_default())
        .collect()
}

/// That a label can have this value: a code, a job, or what the programs' code names.
fn assert_value(sources: &str, label: &str, operator: &str, value: &str) {
    let is_pattern = value.contains(['.', '*', '(']);
    let values = if operator.ends_with('~') && !is_pattern {
        value.split('|').collect()
    } else {
        vec![value]
    };
    let jobs = read("deploy/prometheus/prometheus.yaml");
    for value in values {
        let exists = match label {
            _ if is_pattern => value.starts_with(".*/"),
            "job" => jobs.contains(&format!("job_name: {value}\n")),
            "code" if value.parse::<u16>().is_ok() => value.len() == 3,
            "code" => (0..=16).any(|code| format!("{:?}", Code::from_i32(code)) == value),
            _ => {
                sources.contains(&format!("\"{value}\""))
                    || ErrorReason::from_str_name(&format!("ERROR_REASON_{value}")).is_some()
            }
        };
        assert!(exists, "{label} is never {value:?}");
    }
}

#[test]
fn every_alert_has_a_section_of_the_run_book_and_every_section_an_alert() {
    let page = read("docs/runbook.md");
    let sections: BTreeMap<_, _> = page
        .split("\n### ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .map(|(title, text)| {
            (
                title.to_owned(),
                text.split("\n## ").next().unwrap_or_default(),
            )
        })
        .collect();
    let rules = read(ALERTS);
    let names: BTreeSet<_> = alerts().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        sections.keys().cloned().collect(),
        "alerts, sections"
    );
    for (name, text) in sections {
        for lead in ["**Means:**", "**Look:**", "**Do:**"] {
            assert!(text.contains(lead), "docs/runbook.md#{name} has no {lead}");
        }
        let link = format!("runbook: docs/runbook.md#{}\n", name.to_ascii_lowercase());
        assert!(rules.contains(&link), "no alert has {link}");
    }
}

#[test]
fn the_dashboard_is_whole() {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let source = read("deploy/grafana/provisioning/datasources/prometheus.yaml");
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut cells = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let place = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{panel}");
        for row in place("y")..place("y") + place("h") {
            for column in place("x")..place("x") + place("w") {
                assert!(
                    cells.insert((row, column)),
                    "two panels at {row}, {column}: {panel}"
                );
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(
            panel["description"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{panel}"
        );
        let uid = panel["datasource"]["uid"].as_str().unwrap();
        assert!(source.contains(&format!("uid: {uid}\n")), "{panel}");
    }
}
