//! Settings: what is printed, what is refused, and the example file that documents
//! every one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use integration_tests::sandbox::{CLIENT_SECRET, NETWORK_ID, WEBHOOK_SECRET};
use integration_tests::{Sandbox, eventually, tools};
use tempfile::TempDir;

use crate::repository;
use crate::settings::{PRINTING, printed, run, setting};

/// Of the example file, what no program prints that serves: the fake's own and circle-migrate's.
const NOT_PRINTED: &[&str] = &[
    "CIRCLE_API_TOKEN",
    "CIRCLE_API_URL",
    "CIRCLE_AUTH_SCHEME",
    "CIRCLE_COMMUNITY_ID",
    "CIRCLE_MIGRATE_BATCH_SIZE",
    "CIRCLE_MIGRATE_DEADLINE_MINUTES",
    "CIRCLE_MIGRATE_MAX_MEMBERS",
    "CIRCLE_MIGRATE_MAX_REQUESTS",
    "CIRCLE_MIGRATE_SNAPSHOT",
    "CIRCLE_MIGRATE_WORK_DIR",
    "FAKE_BETTERMODE_LISTEN",
    "FAKE_NOTION_LISTEN",
];

#[tokio::test]
async fn the_service_prints_its_settings_without_secrets_and_tries_each_dependency() {
    let sandbox = Sandbox::builder().with_redis().with_mongodb().start().await;
    let mut check = sandbox.service.another(&[]).arg("config").arg("check");
    let status = check.run_to_end().await;
    let printed = check.log();
    assert_eq!(status.code(), Some(0), "{printed}");
    for line in [
        format!("BETTERMODE_NETWORK_ID={NETWORK_ID} (environment)"),
        "BETTERMODE_CLIENT_SECRET=[redacted] (environment)".to_owned(),
        "BETTERMODE_API_TOKEN= (not set)".to_owned(),
        "COMMUNITY_SVC_MEMBER_TTL_SECONDS=300 (default)".to_owned(),
        format!("bettermode: ok (network {NETWORK_ID}"),
        "cache: ok (redis)".to_owned(),
        "event_store: ok (mongodb)".to_owned(),
    ] {
        assert!(printed.contains(&line), "no {line:?} in:\n{printed}");
    }
    assert!(!printed.contains(CLIENT_SECRET), "{printed}");
}

#[tokio::test]
async fn the_service_says_which_dependency_does_not_answer() {
    let sandbox = Sandbox::start().await;
    let mut check = sandbox.service.another(&[]).arg("config").arg("check");
    check.set("BETTERMODE_CLIENT_SECRET", "not-the-right-secret");
    check.set("REDIS_URL", "redis://:hidden-password@127.0.0.1:1");
    let status = check.run_to_end().await;
    let printed = check.log();
    assert_eq!(status.code(), Some(1), "{printed}");
    assert!(printed.contains("bettermode: FAILED"), "{printed}");
    assert!(printed.contains("check BETTERMODE_API_TOKEN"), "{printed}");
    assert!(printed.contains("cache: FAILED"), "{printed}");
    assert!(!printed.contains("not-the-right-secret") && !printed.contains("hidden-password"));
}

#[tokio::test]
async fn the_edge_prints_its_settings_without_secrets_and_asks_the_service() {
    let mut sandbox = Sandbox::start().await;
    let mut check = sandbox.edge.another(&[]).arg("config").arg("check");
    let status = check.run_to_end().await;
    let printed = check.log();
    assert_eq!(status.code(), Some(0), "{printed}");
    assert!(
        printed.contains("BETTERMODE_WEBHOOK_SECRET=[redacted] (environment)"),
        "{printed}"
    );
    assert!(printed.contains("community-svc: ok"), "{printed}");
    assert!(!printed.contains(WEBHOOK_SECRET), "{printed}");

    sandbox.service.kill();
    let mut check = sandbox.edge.another(&[]).arg("config").arg("check");
    assert_eq!(check.run_to_end().await.code(), Some(1));
    assert!(check.log().contains("community-svc:"), "{}", check.log());
}

#[tokio::test]
async fn a_probe_command_tells_by_its_exit_code_whether_a_program_is_ready() {
    let mut sandbox = Sandbox::start().await;
    let mut service = sandbox.service.another(&[]).arg("healthcheck");
    let mut edge = sandbox.edge.another(&[]).arg("healthcheck");
    assert_eq!(service.run_to_end().await.code(), Some(0));
    assert_eq!(edge.run_to_end().await.code(), Some(0));
    sandbox.service.kill();
    sandbox.edge.kill();
    assert_eq!(service.run_to_end().await.code(), Some(1));
    assert_eq!(edge.run_to_end().await.code(), Some(1));
}

#[tokio::test]
async fn what_is_missing_or_wrong_ends_the_start_with_78_and_its_name() {
    for (name, settings, named) in MISTAKES {
        for arguments in [&[] as &[&str], &["config", "check"]] {
            let (code, printed) = run(name, arguments, settings).await;
            assert_eq!(code, Some(78), "{name} {settings:?}: {printed}");
            assert!(printed.contains(named), "{name} {settings:?}: {printed}");
        }
    }
}

/// A program, settings that do not add up, and the one to be named.
type Mistake = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const MISTAKES: &[Mistake] = &[
    ("community-svc", &[], "BETTERMODE_API_TOKEN"),
    (
        "community-svc",
        &[("BETTERMODE_CLIENT_ID", "a")],
        "BETTERMODE_CLIENT_SECRET",
    ),
    (
        "community-svc",
        &[
            ("BETTERMODE_CLIENT_ID", "a"),
            ("BETTERMODE_CLIENT_SECRET", "b"),
        ],
        "BETTERMODE_NETWORK_ID",
    ),
    (
        "community-svc",
        &[("TESTING_MODE", "true"), ("COMMUNITY_SVC_AUTH", "nonsense")],
        "COMMUNITY_SVC_AUTH",
    ),
    (
        "community-svc",
        &[("TESTING_MODE", "perhaps")],
        "TESTING_MODE",
    ),
    (
        "community-svc",
        &[
            ("TESTING_MODE", "true"),
            ("BETTERMODE_API_GENERATION", "latest"),
        ],
        "BETTERMODE_API_GENERATION",
    ),
    ("notion-sync", &[], "NOTION_API_TOKEN"),
    ("notion-sync", &[], "NOTION_COMMUNITY_HUB_DB"),
    ("webhook-edge", &[], "BETTERMODE_WEBHOOK_SECRET"),
    (
        "webhook-edge",
        &[("BETTERMODE_WEBHOOK_SECRET", "one,,two")],
        "BETTERMODE_WEBHOOK_SECRET",
    ),
    (
        "webhook-edge",
        &[("BETTERMODE_WEBHOOK_SECRET_FILE", "/nowhere")],
        "BETTERMODE_WEBHOOK_SECRET_FILE",
    ),
    (
        "webhook-edge",
        &[
            ("WEBHOOK_EDGE_ALLOW_UNSIGNED", "true"),
            ("WEBHOOK_EDGE_LISTEN", "0.0.0.0:0"),
        ],
        "WEBHOOK_EDGE_LISTEN",
    ),
];

#[tokio::test]
async fn every_mistake_is_named_at_once() {
    let mistakes = [
        ("COMMUNITY_SVC_LISTEN", "here"),
        ("TESTING_MODE", "perhaps"),
    ];
    let (_, printed) = run("community-svc", &[], &mistakes).await;
    for name in ["COMMUNITY_SVC_LISTEN", "TESTING_MODE"] {
        assert!(printed.contains(name), "{printed}");
    }
}

#[tokio::test]
async fn a_misspelt_setting_is_reported_by_both_programs() {
    let sandbox = Sandbox::builder()
        .service_setting("BETTERMODE_NETWROK_ID", "x")
        .edge_setting("WEBHOOK_EDGE_TOLERANCE", "60")
        .start()
        .await;
    sandbox.service.line_with("BETTERMODE_NETWROK_ID").await;
    sandbox.edge.line_with("WEBHOOK_EDGE_TOLERANCE ").await;
    // Settings of the other program are no mistakes.
    for line in sandbox.all_lines() {
        let reported = line.contains("unknown setting");
        assert!(
            !reported || line.contains("NETWROK") || line.contains("TOLERANCE "),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_secret_can_come_from_a_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, format!("{WEBHOOK_SECRET}\n")).unwrap();
    let sandbox = Sandbox::builder()
        .edge_setting("BETTERMODE_WEBHOOK_SECRET", "")
        .edge_setting(
            "BETTERMODE_WEBHOOK_SECRET_FILE",
            &path.display().to_string(),
        )
        .start()
        .await;
    let body = r#"{"type":"TEST","data":{"challenge":"abc"}}"#;
    assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
}

#[tokio::test]
async fn an_edge_that_takes_unsigned_webhooks_shouts_at_every_start() {
    let mut sandbox = Sandbox::builder()
        .edge_setting("BETTERMODE_WEBHOOK_SECRET", "")
        .edge_setting("WEBHOOK_EDGE_ALLOW_UNSIGNED", "true")
        .start()
        .await;
    for starts in 1..=2 {
        // What it wrote may still be on its way to us.
        eventually("the edge shouts", async || {
            let lines = sandbox.edge.json_lines().into_iter();
            let shouts = lines
                .filter(|line| line["level"] == "ERROR" || line["level"] == "WARN")
                .filter(|line| line.to_string().contains("WEBHOOK_EDGE_ALLOW_UNSIGNED"))
                .count();
            if shouts >= starts {
                Ok(())
            } else {
                Err(sandbox.edge.log())
            }
        })
        .await;
        sandbox.edge.restart().await;
    }
    let request = sandbox
        .clients
        .http()
        .post(sandbox.clients.edge_url("/webhooks/bettermode"));
    let unsigned = request.body(r#"{"type":"TEST","data":{"challenge":"abc"}}"#);
    assert_eq!(unsigned.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_example_file_has_exactly_the_settings_of_the_programs_with_their_defaults() {
    let mut known = BTreeMap::new();
    for program in PRINTING {
        known.extend(printed(program).await);
    }
    assert!(known.len() >= 25, "{known:?}");

    let example = fs::read_to_string(repository::root().join(".env.bettermode.example")).unwrap();
    let mut documented = BTreeSet::new();
    for line in example.lines() {
        let uncommented = line.strip_prefix('#').unwrap_or(line);
        let Some((key, value)) = setting(uncommented) else {
            continue;
        };
        assert!(documented.insert(key.to_owned()), "{key} is there twice");
        // A line that is commented out shows the default.
        if line.starts_with('#')
            && let Some(Some(default)) = known.get(key)
        {
            let is_default = value == default || format!("{value}/") == *default;
            assert!(
                is_default,
                "{key} is documented as {value:?}, it is {default:?}"
            );
        }
    }
    let mut known: BTreeSet<_> = known.into_keys().collect();
    known.extend(NOT_PRINTED.iter().map(|key| (*key).to_owned()));
    assert_eq!(documented, known);
}

#[test]
fn every_setting_of_the_example_file_is_explained() {
    let example = fs::read_to_string(repository::root().join(".env.bettermode.example")).unwrap();
    let mut explained = false;
    for line in example.lines() {
        if line.starts_with("# ") {
            explained = true;
        } else if line.is_empty() {
            explained = false;
        } else if setting(line.strip_prefix('#').unwrap_or(line)).is_some() {
            assert!(explained, "nothing explains {line}");
        }
    }
}

#[test]
fn every_setting_of_a_fake_is_in_its_readme() {
    for (fake, at_least) in [("fake-bettermode", 10), ("fake-notion", 5)] {
        settings_are_in_the_readme(fake, at_least);
    }
}

fn settings_are_in_the_readme(name: &str, at_least: usize) {
    let mut fake = std::process::Command::new(tools::built(name));
    let help = tools::finish(fake.env_clear().arg("--help"));
    let readme = repository::root().join(format!("crates/{name}/README.md"));
    let readme = fs::read_to_string(readme).unwrap();
    let settings: Vec<_> = help
        .stdout
        .split("[env: ")
        .skip(1)
        .filter_map(|rest| rest.split(['=', ']']).next())
        .collect();
    assert!(settings.len() >= at_least, "{help:?}");
    for setting in settings {
        assert!(
            readme.contains(setting),
            "the README of {name} does not name {setting}"
        );
    }
}
