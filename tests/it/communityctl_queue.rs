//! The edge's queue from the command line: how full it is, what waits, dead letters, and
//! who may see them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use integration_tests::{Ctl, Sandbox, eventually};
use service_kit::clock::{Clock as _, SystemClock};
use service_kit::tasks::Tasks;
use webhook_edge::payload::Payload;
use webhook_edge::queue::{Options, Queue, SEGMENT_BYTES};
use webhook_edge::signature::Delivery;

use crate::webhook_to_event::subscription;

fn id(number: u32) -> String {
    format!("{number:032}")
}

/// As an edge leaves its queue behind whose service has refused the first `dead` of these.
async fn leave_behind(sandbox: &Sandbox, count: u32, dead: usize) {
    let options = Options {
        dir: sandbox.folder().join("webhook-edge"),
        max_bytes: 1 << 30,
        dedup: Duration::from_secs(7 * 24 * 3600),
        segment_bytes: SEGMENT_BYTES,
    };
    let queue = Queue::open(&options, Arc::new(SystemClock), &Tasks::new()).unwrap();
    for number in 0..count {
        let body = Bytes::from(subscription(
            "space.updated",
            &id(number),
            "ada@example.com",
        ));
        let delivery = Delivery::new("/webhooks/bettermode", http::HeaderMap::new(), body);
        let delivery = delivery.trust_unsigned(SystemClock.now());
        let Payload::Event(event) = Payload::read(&delivery, None).unwrap() else {
            panic!("it is an event");
        };
        queue.append(&event).await.unwrap();
    }
    let waiting = queue.read(None, dead, usize::MAX).await.unwrap();
    for queued in waiting {
        let reason = "refused 5 times: it was not liked".to_owned();
        queue.bury(queued.position, reason).await.unwrap();
    }
    queue.close().await;
}

#[tokio::test]
async fn dead_letters_are_listed_and_put_back_and_reach_the_service() {
    let mut sandbox = Sandbox::start().await;
    sandbox.edge.terminate().await;
    leave_behind(&sandbox, 4, 3).await;
    sandbox.edge.start().await;
    sandbox.forwarded().await;
    let ctl = Ctl::of(&sandbox);

    let stats = ctl.run(&["queue", "stats"]).ended_with(0).one();
    assert_eq!(
        (&stats["waiting"], &stats["dead_letters"]),
        (&0.into(), &3.into())
    );
    let dead = ctl.run(&["queue", "list", "--dead"]).ended_with(0);
    assert!(!dead.stdout.contains("ada@"), "{dead:?}");
    let dead = dead.json();
    assert_eq!(dead.len(), 3);
    assert_eq!(dead[0]["event_id"], id(0));
    assert!(dead[0]["reason"].as_str().unwrap().contains("not liked"));
    let table = ctl
        .run(&["queue", "list", "--dead", "--table"])
        .ended_with(0);
    assert!(table.stdout.contains("POSITION") && table.stdout.contains("not liked"));
    // Something of the bridge wants looking at.
    assert!(
        ctl.run(&["status"])
            .ended_with(1)
            .stdout
            .contains("3 dead letters")
    );

    let first = dead[0]["position"].to_string();
    let one = ctl.run(&["queue", "redrive", &first]).ended_with(0).one();
    assert_eq!(one["redriven"], 1);
    let again = ctl.run(&["queue", "redrive", &first]).ended_with(1).one();
    assert_eq!(
        (&again["asked"], &again["redriven"]),
        (&1.into(), &0.into())
    );
    let rest = ctl
        .run(&["queue", "redrive", "--all", "--table"])
        .ended_with(0);
    assert!(rest.stdout.contains("2 of 2 dead letters"), "{rest:?}");
    sandbox.forwarded().await;
    for number in 0..3 {
        let event = ctl.run(&["events", "get", &id(number)]).ended_with(0).one();
        assert_eq!(event["event"]["eventType"], "space.updated");
    }
    let _ran = ctl.run(&["status"]).ended_with(0);
}

#[tokio::test]
async fn what_waits_is_listed_while_the_service_is_away() {
    let mut sandbox = Sandbox::start().await;
    sandbox.service.kill();
    for number in 0..3 {
        let body = subscription("space.waiting", &id(number), "");
        assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
    }
    let ctl = Ctl::of(&sandbox);
    let waiting = ctl
        .run(&["queue", "list", "--limit", "2"])
        .ended_with(0)
        .json();
    assert_eq!(waiting.len(), 2);
    assert_eq!(waiting[0]["event_id"], id(0));
    let after = waiting[1]["position"].to_string();
    let rest = ctl.run(&["queue", "list", "--after", &after]).ended_with(0);
    assert_eq!(rest.one()["event_id"], id(2));
    let full = ctl.run(&["queue", "stats", "--table"]).ended_with(0);
    assert!(full.stdout.contains("waiting       3"), "{full:?}");
    eventually("the edge notices", async || {
        let status = ctl.run(&["status", "--timeout", "2"]);
        if status.code == 1 && status.stdout.contains("is community-svc running") {
            Ok(())
        } else {
            Err(format!("{status:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn with_an_admin_token_nothing_is_told_without_it() {
    let sandbox = Sandbox::builder()
        .edge_setting("WEBHOOK_EDGE_ADMIN_TOKEN", "a-token-of-operators")
        .start()
        .await;
    let ctl = Ctl::of(&sandbox);
    let refused = ctl.run(&["queue", "stats"]).ended_with(4);
    let said = refused.error();
    assert!(
        said["nextStep"]
            .as_str()
            .unwrap()
            .contains("WEBHOOK_EDGE_ADMIN_TOKEN")
    );
    let _ran = ctl.run(&["doctor", "--recent"]).ended_with(4);
    let ctl = ctl.with("WEBHOOK_EDGE_ADMIN_TOKEN", "a-token-of-operators");
    let _ran = ctl.run(&["queue", "stats"]).ended_with(0);
    // Probes and scrapers need none.
    let ready = sandbox
        .clients
        .http()
        .get(sandbox.edge_admin_url("/readyz"));
    assert_eq!(ready.send().await.unwrap().status(), 200);
    assert!(!sandbox.edge.log().contains("a-token-of-operators"));
}

#[tokio::test]
async fn an_edge_without_a_queue_says_so() {
    let sandbox = Sandbox::builder().acknowledging_when_stored().start().await;
    let ctl = Ctl::of(&sandbox);
    let none = ctl.run(&["queue", "list"]).ended_with(3);
    assert!(
        none.error()["error"]
            .as_str()
            .unwrap()
            .contains("WEBHOOK_ACK=stored")
    );
    let _ran = ctl.run(&["status"]).ended_with(0);
}
