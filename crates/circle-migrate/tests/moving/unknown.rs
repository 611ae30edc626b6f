//! When nobody knows whether something happened: crashes, time-outs, outages, signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use circle_migrate::Error;
use circle_migrate::key::Subject;
use circle_migrate::options::MoveArgs;
use serde_json::json;
use tokio::sync::Notify;

use crate::stage::{PATIENCE, Records, Stage, options, rows};

fn people(count: u64) -> Records {
    (1..=count).fold(Records::default(), |records, id| {
        records.person(id, &format!("person{id}@example.net"))
    })
}

/// Dies when the first request for `operation` is on its way: before it arrives, or after
/// it was carried out and before its answer is there.
async fn crash(stage: &Stage, options: MoveArgs, operation: &'static str, arrives: bool) {
    let (died, once) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let (fake, dying) = (stage.fake.clone(), Arc::clone(&died));
    let target = stage.target_over(move |request| {
        let (fake, dying, once) = (fake.clone(), Arc::clone(&dying), Arc::clone(&once));
        async move {
            let body = String::from_utf8_lossy(request.body()).into_owned();
            let hit = body.contains(operation) && !once.swap(true, Ordering::Relaxed);
            if hit && !arrives {
                dying.notify_one();
                std::future::pending::<()>().await;
            }
            let answer = fake.handle(request).await;
            if hit {
                dying.notify_one();
                std::future::pending::<()>().await;
            }
            answer
        }
    });
    tokio::select! {
        ended = stage.apply_over(target, options) => panic!("{operation} never sent: {ended:?}"),
        () = died.notified() => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_sending_and_writing_down_invites_nobody_twice_and_forgets_nobody() {
    for arrives in [true, false] {
        let stage = Stage::new(&people(60));
        // So that a second invitation would be seen.
        stage.fault("accept_reinvites", json!({})).await;
        crash(&stage, options(), "inviteMembers", arrives).await;
        let report = stage.apply(options()).await.unwrap();
        assert_eq!(
            report.count(Subject::Member, "invited"),
            60,
            "arrives: {arrives}"
        );
        assert_eq!(
            rows(&stage.world().await, "invitations").len(),
            60,
            "arrives: {arrives}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_an_account_is_made_makes_one() {
    for arrives in [true, false] {
        let stage = Stage::new(&people(3));
        let options = MoveArgs {
            create_accounts: true,
            ..options()
        };
        crash(&stage, options.clone(), "joinNetwork", arrives).await;
        let report = stage.apply(options).await.unwrap();
        assert_eq!(report.count(Subject::Member, "created"), 3);
        let world = stage.world().await;
        let ours = |row: &&serde_json::Value| row["email"].as_str().unwrap().starts_with("person");
        assert_eq!(rows(&world, "members").iter().filter(ours).count(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_whose_answer_never_came_is_found_and_not_sent_again() {
    for fault in ["status_5xx_after", "cut_body"] {
        let stage = Stage::new(&people(30));
        stage.fault("accept_reinvites", json!({})).await;
        let setting = json!({ "count": 1, "operation": "inviteMembers" });
        stage.fault(fault, setting).await;
        let report = stage.apply(options()).await.unwrap();
        assert_eq!(report.count(Subject::Member, "invited"), 30, "{fault}");
        assert_eq!(
            rows(&stage.world().await, "invitations").len(),
            30,
            "{fault}"
        );
        assert!(report.is_complete());
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_that_was_lost_is_sent_again_and_given_up_on_after_three_times() {
    let stage = Stage::new(&people(2));
    let lost = json!({ "count": 1, "operation": "inviteMembers" });
    stage.fault("status_5xx", lost).await;
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "invited"), 2);
    let stage = Stage::new(&people(2));
    stage
        .fault("status_5xx", json!({ "operation": "inviteMembers" }))
        .await;
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "failed"), 2);
    assert!(!report.is_complete());
    stage.no_faults().await;
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "invited"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_waited_for() {
    let stage = Stage::new(&people(30));
    let limit = json!({ "count": 3, "value": 7, "operation": "inviteMembers" });
    stage.fault("status_429", limit).await;
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "invited"), 30);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_stops_the_run_and_leaves_nothing_in_doubt() {
    let stage = Stage::new(&people(30));
    stage
        .fault("expired_token", json!({ "operation": "inviteMembers" }))
        .await;
    let stopped = stage.apply(options()).await.unwrap_err();
    let refused = Error::Target(bettermode::Error::TokenRefused);
    assert_eq!(stopped.to_string(), refused.to_string());
    stage.no_faults().await;
    stage.fault("refuse_mutations", json!({})).await;
    let stopped = stage.apply(options()).await.unwrap_err();
    let denied = matches!(
        stopped,
        Error::Target(bettermode::Error::PermissionDenied { .. })
    );
    assert!(denied, "{stopped}");
    stage.no_faults().await;
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "invited"), 30);
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_the_run_after_so_many_failures_and_says_how_to_go_on() {
    let stage = Stage::new(&people(3));
    stage.fault("status_5xx", json!({})).await;
    let ended = tokio::time::timeout(PATIENCE, stage.apply(options()))
        .await
        .unwrap();
    let stopped = ended.unwrap_err();
    assert!(
        matches!(stopped, Error::TargetGone { failures: 10, .. }),
        "{stopped}"
    );
    assert!(
        stopped.to_string().contains("circle-migrate resume"),
        "{stopped}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_run_after_the_chunk_in_hand_and_the_next_goes_on() {
    let stage = Stage::new(&people(60));
    let (fake, stop) = (stage.fake.clone(), stage.stop.clone());
    let target = stage.target_over(move |request| {
        let (fake, stop) = (fake.clone(), stop.clone());
        async move {
            if String::from_utf8_lossy(request.body()).contains("inviteMembers") {
                stop.cancel();
            }
            fake.handle(request).await
        }
    });
    let stopped = stage.apply_over(target, options()).await.unwrap_err();
    assert!(matches!(stopped, Error::Stopped), "{stopped}");
    assert_eq!(rows(&stage.world().await, "invitations").len(), 25);
    let stage = Stage {
        stop: tokio_util::sync::CancellationToken::new(),
        ..stage
    };
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "invited"), 60);
    assert_eq!(rows(&stage.world().await, "invitations").len(), 60);
}
