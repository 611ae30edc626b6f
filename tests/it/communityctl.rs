//! The operator's command line against the running system: what it prints, for people and
//! for programs, and how it ends.

use integration_tests::{Ctl, Sandbox, eventually, tools};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::projections::projected;
use crate::replaying::give_up_on_all;
use crate::stored_events::{event, ingest};

#[tokio::test]
async fn events_are_listed_filtered_and_paged_as_json_lines_and_as_a_table() {
    let sandbox = Sandbox::start().await;
    for numbers in [0..500, 500..520] {
        let many = numbers.map(|number| event(number, "event.many"));
        ingest(&sandbox, many).await;
    }
    ingest(&sandbox, [event(900, "event.other")]).await;
    projected(&sandbox).await;
    let ctl = Ctl::of(&sandbox);
    let all = ctl.run(&["events", "list", "--limit", "510", "--type", "event.many"]);
    let all = all.ended_with(0).json();
    assert_eq!(all.len(), 510);
    assert_eq!(all[0]["event"]["eventId"], "event-000519");
    assert_eq!(all[0]["event"]["payloadBytes"], 2);
    assert_eq!(all[0]["event"].get("payload"), None);
    let range = [
        "events",
        "list",
        "--since",
        "2023-11-14T22:13:25Z",
        "--until",
        "2023-11-14T22:13:30Z",
    ];
    assert_eq!(ctl.run(&range).ended_with(0).json().len(), 5);
    let with = ctl.run(&["events", "list", "--limit", "1", "--payload"]);
    assert_eq!(with.ended_with(0).one()["event"]["payload"], json!({}));

    let table = ctl.run(&["events", "list", "--type", "event.other", "--table"]);
    let table = table.ended_with(0).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("EVENT ID"), "{table}");
    assert!(
        lines[1].contains("event.other") && lines[1].ends_with("done"),
        "{table}"
    );
    let none = ctl.run(&["events", "list", "--state", "dead", "--table"]);
    assert_eq!(none.ended_with(0).stdout, "No stored event fits.\n");
    let wrong = ctl.run(&["events", "list", "--since", "yesterday"]);
    assert!(wrong.ended_with(2).stderr.contains("yesterday"));
}

#[tokio::test]
async fn one_event_is_shown_whole_and_its_payload_byte_for_byte() {
    let sandbox = Sandbox::start().await;
    let mut sent = event(1, "event.got");
    sent.payload = b"{ \"name\" : \"Zo\\u00eb\" }".to_vec().into();
    ingest(&sandbox, [sent.clone()]).await;
    projected(&sandbox).await;
    let ctl = Ctl::of(&sandbox);
    let got = ctl
        .run(&["events", "get", &sent.event_id])
        .ended_with(0)
        .one();
    assert_eq!(got["event"]["payload"]["name"], "Zoë");
    assert_eq!(got["state"], "WEBHOOK_EVENT_STATE_DONE");
    let raw = ctl
        .run(&["events", "get", &sent.event_id, "--raw"])
        .ended_with(0);
    assert_eq!(raw.stdout.as_bytes(), &sent.payload[..]);
    let people = ctl
        .run(&["events", "get", &sent.event_id, "--table"])
        .ended_with(0);
    assert!(people.stdout.contains("state     done"), "{people:?}");

    let missing = ctl.run(&["events", "get", "nobody"]).ended_with(3);
    let said = missing.error();
    assert_eq!(said["reason"], "WEBHOOK_EVENT_NOT_FOUND");
    assert!(said["nextStep"].as_str().unwrap().contains("events list"));
    let people = ctl
        .run(&["events", "get", "nobody", "--table"])
        .ended_with(3);
    assert!(
        people
            .stderr
            .contains("[WEBHOOK_EVENT_NOT_FOUND]\n  communityctl events list")
    );
}

#[tokio::test]
async fn a_watch_goes_on_where_it_ended_also_when_the_service_restarts() {
    let mut sandbox = Sandbox::start().await;
    let ctl = Ctl::of(&sandbox);
    let arguments = ["events", "watch", "--token-file", "watch.token"];
    let mut watch = ctl.program(&sandbox, &arguments);
    watch.start().await;
    let token = sandbox.folder().join("watch.token");
    eventually("the watch has begun", async || {
        if token.is_file() {
            Ok(())
        } else {
            Err("no token yet")
        }
    })
    .await;
    ingest(&sandbox, [event(1, "event.watched")]).await;
    let line = watch.line_with("event-000001").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["event"]["eventType"], "event.watched");
    assert!(!line["resumeToken"].as_str().unwrap().is_empty());

    sandbox.service.restart().await;
    ingest(&sandbox, [event(2, "event.watched")]).await;
    watch.line_with("event-000002").await;
    eventually("the place is kept", async || {
        let kept = std::fs::read_to_string(&token).unwrap();
        let shown = watch.log().contains(&kept);
        if shown { Ok(()) } else { Err(kept) }
    })
    .await;
    watch.kill();

    // What comes while nobody watches is shown by the next watch, and nothing twice.
    ingest(
        &sandbox,
        [event(3, "event.watched"), event(4, "event.watched")],
    )
    .await;
    let token = token.to_str().unwrap();
    let rest = ctl.run(&["events", "watch", "--token-file", token, "--limit", "2"]);
    let rest = rest.ended_with(0).json();
    let ids: Vec<_> = rest.iter().map(|line| &line["event"]["eventId"]).collect();
    assert_eq!(ids, ["event-000003", "event-000004"]);
    let from = rest[0]["resumeToken"].as_str().unwrap();
    let again = ctl.run(&["events", "watch", "--from", from, "--limit", "1", "--table"]);
    assert!(again.ended_with(0).stdout.starts_with("event-000004"));
    let _ran = ctl
        .run(&["events", "watch", "--from", "nonsense"])
        .ended_with(6);
}

#[tokio::test]
async fn dead_letters_are_replayed_after_a_dry_run_that_changes_nothing() {
    let mut sandbox = Sandbox::start().await;
    ingest(&sandbox, (0..3).map(|number| event(number, "event.dead"))).await;
    projected(&sandbox).await;
    sandbox.service.terminate().await;
    give_up_on_all(&sandbox);
    sandbox.service.restart().await;
    let ctl = Ctl::of(&sandbox);
    let dead = || ctl.run(&["events", "dead-letters"]).ended_with(0).json();
    assert_eq!(dead().len(), 3);
    assert_eq!(dead()[0]["reason"], "the record would not take it");
    assert_eq!(dead()[0]["projection"], "PROJECTION_MEMBERS");

    let range = [
        "events",
        "replay",
        "--since",
        "2023-01-01T00:00:00Z",
        "--state",
        "dead",
    ];
    let blind = ctl.run(&range).ended_with(2);
    assert!(blind.stderr.contains("--dry-run"), "{blind:?}");
    let tried = ctl
        .run(&[&range[..], &["--dry-run"]].concat())
        .ended_with(0)
        .one();
    assert_eq!(
        (&tried["eventCount"], &tried["dryRun"]),
        (&json!("3"), &json!(true))
    );
    let table = ctl.run(&[&range[..], &["--dry-run", "--table"]].concat());
    assert!(
        table
            .ended_with(0)
            .stdout
            .contains("3 events would run again")
    );
    assert_eq!(dead().len(), 3);

    let one = ctl.run(&["events", "replay", "event-000000", "unknown"]);
    let one = one.ended_with(3).one();
    assert_eq!(one["unknownEventIds"], json!(["unknown"]));
    let done = ctl
        .run(&[&range[..], &["--yes"]].concat())
        .ended_with(0)
        .one();
    assert_eq!(done["dryRun"], false);
    projected(&sandbox).await;
    assert!(dead().is_empty());
}

#[tokio::test]
async fn a_test_webhook_is_signed_and_sent_and_seen_in_the_store() {
    let sandbox = Sandbox::start().await;
    let ctl = Ctl::of(&sandbox);
    let challenge = ctl.run(&["send"]).ended_with(0).one();
    assert_eq!(challenge["taken"], true);
    let event = ctl.run(&[
        "send",
        "--event",
        "space.updated",
        "--member",
        "ada",
        "--wait",
    ]);
    let event = event.ended_with(0).one();
    assert_eq!(event["state"], "done");
    let id = event["eventId"].as_str().unwrap();
    let stored = ctl.run(&["events", "get", id]).ended_with(0).one();
    assert_eq!(stored["event"]["actorMemberId"], "ada");

    // By hand: what sign prints is what the edge takes.
    let body = sandbox.folder().join("body.json");
    std::fs::write(&body, r#"{"type":"TEST","data":{"challenge":"by hand"}}"#).unwrap();
    let body = body.to_str().unwrap();
    let url = sandbox.clients.edge_url("/webhooks/bettermode");
    let curl = ctl
        .run(&["sign", body, "--curl", &url, "--table"])
        .ended_with(0)
        .stdout;
    let mut shell = std::process::Command::new("/bin/sh");
    let command = curl.replacen("curl", &tools::tool("TEST_CURL").display().to_string(), 1);
    let ran = tools::finish(shell.arg("-c").arg(command));
    assert!(ran.stdout.contains("by hand"), "{ran:?}");
    let headers = ctl
        .run(&["sign", body, "--timestamp", "17"])
        .ended_with(0)
        .one();
    assert_eq!(headers["X-BetterMode-Request-Timestamp"], "17");

    let old = ctl
        .run(&["send", "--timestamp", "1700000000000", "--table"])
        .ended_with(1);
    assert!(
        old.stdout.contains("communityctl doctor --recent"),
        "{old:?}"
    );
    let foreign = ctl.with("BETTERMODE_NETWORK_ID", "elsewhere");
    let arguments = ["send", "--event", "space.updated", "--table"];
    let foreign = foreign.run(&arguments).ended_with(1);
    assert!(
        foreign.stdout.contains("BETTERMODE_NETWORK_ID"),
        "{foreign:?}"
    );
}

#[tokio::test]
async fn a_member_is_read_by_id_user_name_and_address() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let [id, username, email] =
        ["id", "username", "email"].map(|field| world.text(&format!("/members/0/{field}")));
    let ctl = Ctl::of(&sandbox);
    for who in [
        vec!["members", "get", &id],
        vec!["members", "get", "--username", &username],
        vec!["members", "get", "--email", &email],
        vec!["members", "get", "--fresh", &id],
    ] {
        let member = ctl.run(&who).ended_with(0).one();
        assert_eq!(member["member"]["id"], id.as_str(), "{who:?}");
        assert!(member["freshness"]["source"].is_string());
    }
    let people = ctl.run(&["members", "get", &id, "--table"]).ended_with(0);
    assert!(people.stdout.contains(&username), "{people:?}");
    let nobody = ctl.run(&["members", "get", "nobody"]).ended_with(3);
    assert_eq!(nobody.error()["reason"], "MEMBER_NOT_FOUND");
}

#[tokio::test]
async fn a_token_that_is_made_lets_its_caller_in_with_its_scopes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("callers");
    let path = path.to_str().unwrap();
    let ctl = Ctl::alone().with("COMMUNITY_SVC_AUTH_FILE", path);
    let make = |name, scopes| {
        let arguments = [
            "tokens",
            "new",
            name,
            "--scopes",
            scopes,
            "--append-to",
            path,
        ];
        let made = ctl.run(&arguments).ended_with(0).one();
        made["token"].as_str().unwrap().to_owned()
    };
    let (reader, operator) = (make("crm", "read"), make("ops", "read+admin"));
    let listed = ctl.run(&["tokens", "list"]).ended_with(0);
    let digest = hex::encode(Sha256::digest(&reader));
    assert!(!listed.stdout.contains(&digest) && !listed.stdout.contains(&reader));
    assert_eq!(listed.json()[1]["scopes"], json!(["read", "admin"]));
    let table = ctl.run(&["tokens", "list", "--table"]).ended_with(0).stdout;
    assert!(
        table.contains("crm") && table.contains(&digest[..8]),
        "{table}"
    );

    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_AUTH_FILE", path)
        .start_listening()
        .await;
    let ctl = Ctl::of(&sandbox);
    let stranger = ctl.run(&["events", "list"]).ended_with(4);
    assert!(
        stranger.error()["nextStep"]
            .as_str()
            .unwrap()
            .contains("COMMUNITY_SVC_TOKEN")
    );
    let reader = ctl.clone().with("COMMUNITY_SVC_TOKEN", &reader);
    let _ran = reader.run(&["events", "list"]).ended_with(0);
    let refused = reader.run(&["events", "dead-letters"]).ended_with(4);
    assert_eq!(refused.error()["reason"], "SCOPE_MISSING");
    let operator = ctl.with("COMMUNITY_SVC_TOKEN", &operator);
    let _ran = operator.run(&["events", "dead-letters"]).ended_with(0);

    for wrong in [
        ["tokens", "new", "a:b"].as_slice(),
        &["tokens", "new", "a", "--scopes", "all"],
    ] {
        let _ran = Ctl::alone().run(wrong).ended_with(2);
    }
    let _ran = Ctl::alone().run(&["tokens", "list"]).ended_with(3);
}

#[tokio::test]
async fn the_settings_of_both_programs_are_checked_in_one_go() {
    let sandbox = Sandbox::start().await;
    let ctl = Ctl::of(&sandbox);
    let wrong = ctl.run(&["config", "check"]).ended_with(78).json();
    assert_eq!(wrong[0]["program"], "community-svc");
    assert_eq!(
        (&wrong[0]["ok"], &wrong[1]["ok"]),
        (&json!(false), &json!(true))
    );
    let right = ctl
        .with("TESTING_MODE", "true")
        .with("DATA_DIR", sandbox.folder().join("other").to_str().unwrap());
    let lines = right.run(&["config", "check"]).ended_with(0).json();
    let settings = &lines[1]["settings"];
    assert_eq!(settings["BETTERMODE_WEBHOOK_SECRET"]["value"], "[redacted]");
    assert_eq!(
        settings["WEBHOOK_EDGE_TOLERANCE_SECONDS"]["origin"],
        "default"
    );
    let table = right
        .run(&["config", "check", "--table"])
        .ended_with(0)
        .stdout;
    assert!(
        table.contains("webhook-edge: ok\n  WEBHOOK_EDGE_LISTEN="),
        "{table}"
    );
    let elsewhere = right.run(&["config", "check", "--programs", "/nowhere"]);
    assert!(elsewhere.ended_with(3).stderr.contains("--programs"));
}

#[tokio::test]
async fn the_status_tells_every_part_and_ends_with_1_when_one_is_down() {
    let mut sandbox = Sandbox::start().await;
    let ctl = Ctl::of(&sandbox);
    let status = ctl.run(&["status"]).ended_with(0).one();
    assert_eq!(status["ok"], true, "{status}");
    assert_eq!(status["service"]["dependencies"][0]["name"], "bettermode");
    let table = ctl.run(&["status", "--table"]).ended_with(0).stdout;
    for part in ["community-svc", "event_store", "webhook-edge", "queue"] {
        assert!(table.contains(part), "{table}");
    }
    sandbox.edge.kill();
    let status = ctl.run(&["status", "--table"]).ended_with(1).stdout;
    assert!(status.contains("WEBHOOK_EDGE_ADMIN_LISTEN"), "{status}");
    sandbox.service.kill();
    let away = ctl.run(&["events", "list", "--timeout", "1"]).ended_with(5);
    assert!(
        away.error()["nextStep"]
            .as_str()
            .unwrap()
            .contains("COMMUNITY_SVC_URL")
    );
}

#[test]
fn every_command_has_examples_and_shells_complete_them() {
    for command in [
        &["events", "list"][..],
        &["events", "get"],
        &["events", "watch"],
        &["events", "replay"],
        &["events", "dead-letters"],
        &["queue", "stats"],
        &["queue", "list"],
        &["queue", "redrive"],
        &["doctor"],
        &["sign"],
        &["send"],
        &["members", "get"],
        &["tokens", "new"],
        &["tokens", "list"],
        &["config", "check"],
        &["status"],
        &["completions"],
        &[],
    ] {
        let help = Ctl::alone()
            .run(&[command, &["--help"]].concat())
            .ended_with(0);
        assert!(help.stdout.contains("Example"), "{command:?}: {help:?}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = Ctl::alone().run(&["completions", shell]).ended_with(0);
        assert!(script.stdout.contains("dead-letters"), "{shell}");
    }
    let _ran = Ctl::alone().run(&["evnets"]).ended_with(2);
}
