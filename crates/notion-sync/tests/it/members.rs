//! Rows of members.

use std::time::Duration;

use jiff::ToSpan as _;
use notion_sync::state::Source;
use serde_json::{Value as Json, json};

use crate::bench::{Bench, column, control, fill, text};
use crate::community::id;

#[tokio::test(start_paused = true)]
async fn a_first_comparison_fills_the_hub_and_the_next_one_makes_no_call() {
    let bench = Bench::new().await;
    bench.community.add_members(230);
    let now = bench.now();
    for number in 0..40 {
        bench
            .community
            .happens(number, "post.created", now - 1.hour(), now);
    }
    let engine = bench.engine().await;
    fill(&engine).await;
    assert_eq!(
        (
            bench.members().await.len(),
            bench.activity_rows().await.len()
        ),
        (230, 40)
    );
    let row = bench.row_of(7).await;
    for (name, value) in [
        ("Member Name", json!("Member 7")),
        ("Member Email", json!("member7@example.org")),
        ("BetterMode Member ID", json!("m7")),
        ("Join Date", json!("2025-01-10T12:00:00.000Z")),
        ("Membership Status", json!("Active")),
        ("Primary Platform", json!("BetterMode")),
        ("Engagement Score", json!(10.0)),
        ("Posts", json!(1.0)),
    ] {
        assert_eq!(column(&row, name), &value, "{name}");
    }
    let before = bench.requests().await;
    fill(&engine).await;
    assert_eq!(
        bench.requests().await,
        before,
        "nothing changed, nothing is asked"
    );
    // Nor after a new start, but for the two questions that look the columns up.
    drop(engine);
    let engine = bench.engine().await;
    let before = bench.requests().await;
    fill(&engine).await;
    assert_eq!(bench.requests().await, before);
}

#[tokio::test(start_paused = true)]
async fn edits_of_people_in_their_own_columns_survive_every_write() {
    let bench = Bench::new().await;
    bench.community.add_members(3);
    let engine = bench.engine().await;
    fill(&engine).await;
    let row = bench.row_of(1).await;
    let path = format!("/pages/{}", row["id"].as_str().unwrap());
    let edit = json!({ "properties": { "Notes": { "rich_text": text("met in Berlin") } } });
    control(&bench.fake, "PATCH", &path, edit).await;

    bench
        .community
        .change(1, |member| member.name = "Countess 1".to_owned());
    let event = bench.community.announces("member.updated", 1, bench.now());
    bench.arrive(&engine, vec![event]).await;
    bench.settle(&engine).await;

    let row = bench.row_of(1).await;
    assert_eq!(column(&row, "Member Name"), "Countess 1");
    assert_eq!(column(&row, "Notes"), "met in Berlin");
    let sent = bench.sent.lock().unwrap();
    let notes = sent
        .iter()
        .filter(|(_, _, body)| body.windows(5).any(|part| part == b"Notes"));
    assert_eq!(notes.count(), 0, "the column was not even named");
}

#[tokio::test(start_paused = true)]
async fn many_events_of_one_member_within_the_window_are_one_write() {
    let mut bench = Bench::new().await;
    bench.activities = None;
    bench.community.add_members(5);
    let engine = bench.engine().await;
    fill(&engine).await;
    let before = bench.count("update_page").await;
    for _ in 0..20 {
        let now = bench.now();
        let event = bench.community.happens(2, "reply.created", now, now);
        bench.arrive(&engine, vec![event]).await;
        engine.settle_members().await.unwrap();
    }
    bench.settle(&engine).await;
    // 40 s of events: the window of 30 s ends once while they come, and once after.
    assert_eq!(bench.count("update_page").await, before + 2);
    let row = bench.row_of(2).await;
    assert_eq!(column(&row, "Replies"), 20.0);
    assert_eq!(column(&row, "Engagement Score"), 100.0);
}

#[tokio::test(start_paused = true)]
async fn a_changed_member_is_read_newer_than_the_event() {
    let bench = Bench::new().await;
    bench.community.add_members(1);
    let engine = bench.engine().await;
    fill(&engine).await;
    let now = bench.now();
    let posted = bench.community.happens(0, "post.created", now, now);
    bench.arrive(&engine, vec![posted]).await;
    bench.settle(&engine).await;
    let changed = bench.community.announces("member.updated", 0, bench.now());
    bench.arrive(&engine, vec![changed.clone()]).await;
    bench.settle(&engine).await;
    let asked = bench.community.world().newer_than.clone();
    let to_the_millisecond =
        jiff::Timestamp::from_millisecond(changed.received_at.as_millisecond());
    assert_eq!(asked, [None, Some(to_the_millisecond.unwrap())]);
}

#[tokio::test(start_paused = true)]
async fn rows_that_people_entered_by_hand_are_taken_over_by_their_address() {
    let bench = Bench::new().await;
    bench.community.add_members(4);
    let row = |email: &str, name: &str| {
        json!({ "properties": {
            "Member Name": { "title": text(name) }, "Member Email": { "email": email },
            "Notes": { "rich_text": text("by hand") },
        }})
    };
    bench
        .seed_members(json!([
            row("MEMBER1@example.org", "by hand"),
            row("member2@example.org", "twice"),
            row("member2@example.org", "twice"),
        ]))
        .await;
    let engine = bench.engine().await;
    fill(&engine).await;
    let adopted = bench.row_of(1).await;
    assert_eq!(column(&adopted, "Notes"), "by hand");
    assert_eq!(column(&adopted, "Member Name"), "Member 1");
    // Which of two is meant nobody can tell; both stay, and a new one is made.
    assert_eq!(column(&bench.row_of(2).await, "Notes"), "");
    assert_eq!(bench.members().await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_reported_and_never_deleted() {
    let bench = Bench::new().await;
    bench.community.add_members(2);
    let row = |name: &str| {
        json!({ "properties": {
            "Member Name": { "title": text(name) },
            "External ID": { "rich_text": text("bettermode:net1:member:m1") },
        }})
    };
    let ids = bench
        .seed_members(json!([row("first"), row("second")]))
        .await;
    let engine = bench.engine().await;
    let compared = engine.compare(false).await.unwrap();
    let (source, indexed) = &compared.indexed[0];
    assert_eq!(*source, Source::Members);
    assert_eq!(indexed.duplicates.len(), 1);
    assert_eq!(indexed.duplicates[0].1.as_str(), ids[1].as_str().unwrap());
    let rows = bench.members().await;
    let names: Vec<_> = rows
        .iter()
        .map(|row| column(row, "Member Name").clone())
        .collect();
    assert_eq!(names, ["Member 1", "second", "Member 0"]);
}

#[tokio::test(start_paused = true)]
async fn rows_that_people_deleted_come_back_when_the_member_changes() {
    let bench = Bench::new().await;
    bench.community.add_members(2);
    let engine = bench.engine().await;
    fill(&engine).await;
    for (number, forever) in [(0, ""), (1, "?forever=1")] {
        let page = bench.row_of(number).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        control(
            &bench.fake,
            "DELETE",
            &format!("/pages/{page}{forever}"),
            json!({}),
        )
        .await;
        bench
            .community
            .change(number, |member| member.role = "Admin".to_owned());
        let event = bench
            .community
            .announces("member.updated", number, bench.now());
        bench.arrive(&engine, vec![event]).await;
        bench.settle(&engine).await;
    }
    let rows = bench.members().await;
    let live: Vec<_> = rows.iter().filter(|row| row["in_trash"] == false).collect();
    assert_eq!(live.len(), 2);
    assert!(live.iter().all(|row| column(row, "Role") == "Admin"));
}

#[tokio::test(start_paused = true)]
async fn a_member_who_is_gone_keeps_the_row_with_another_status() {
    let bench = Bench::new().await;
    bench.community.add_members(3);
    let engine = bench.engine().await;
    fill(&engine).await;
    // One is told of by an event, the other found missing by the nightly comparison.
    bench.community.world().members.remove(&id(0));
    let event = bench.community.announces("member.deleted", 0, bench.now());
    bench.arrive(&engine, vec![event]).await;
    bench.settle(&engine).await;
    assert_eq!(
        column(&bench.row_of(0).await, "Membership Status"),
        "Deleted"
    );
    bench.community.world().members.remove(&id(1));
    let compared = engine.compare(false).await.unwrap();
    assert_eq!(compared.gone, 2);
    let row = bench.row_of(1).await;
    assert_eq!(column(&row, "Membership Status"), "Deleted");
    assert_eq!(column(&row, "Member Name"), "Member 1");
    let before = bench.requests().await;
    engine.compare(false).await.unwrap();
    assert_eq!(bench.requests().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_late_event_does_not_move_the_last_activity_back() {
    let bench = Bench::new().await;
    bench.community.add_members(1);
    let engine = bench.engine().await;
    fill(&engine).await;
    let now = bench.now();
    let today = bench.community.happens(0, "post.created", now, now);
    let late = bench
        .community
        .happens(0, "post.created", now - 240.hours(), now);
    bench.arrive(&engine, vec![today, late]).await;
    bench.settle(&engine).await;
    let row = bench.row_of(0).await;
    assert_eq!(
        column(&row, "Last Active Date"),
        &Json::from(format!("{now:.3}"))
    );
    assert_eq!(column(&row, "Posts"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn scores_fade_by_the_nightly_comparison_alone() {
    let bench = Bench::new().await;
    bench.community.add_members(2);
    let now = bench.now();
    for _ in 0..6 {
        bench.community.happens(0, "post.created", now, now);
    }
    let engine = bench.engine().await;
    fill(&engine).await;
    assert_eq!(column(&bench.row_of(0).await, "Engagement Score"), 60.0);
    tokio::time::sleep(Duration::from_secs(30 * 86_400)).await;
    let before = bench.count("update_page").await;
    fill(&engine).await;
    assert_eq!(column(&bench.row_of(0).await, "Engagement Score"), 30.0);
    assert_eq!(
        bench.count("update_page").await,
        before + 1,
        "the other member's row stays"
    );
}

#[tokio::test(start_paused = true)]
async fn an_address_that_the_service_may_not_see_is_not_cleared_in_notion() {
    let bench = Bench::new().await;
    bench.community.add_members(2);
    let engine = bench.engine().await;
    fill(&engine).await;
    bench.community.change(1, |member| {
        member.email.0.clear();
        member.role = "Admin".to_owned();
    });
    fill(&engine).await;
    let row = bench.row_of(1).await;
    assert_eq!(column(&row, "Role"), "Admin");
    assert_eq!(column(&row, "Member Email"), "member1@example.org");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_lost_most_members_marks_nobody_as_gone() {
    let bench = Bench::new().await;
    bench.community.add_members(50);
    let engine = bench.engine().await;
    fill(&engine).await;
    bench.community.world().members.clear();
    let compared = engine.compare(false).await.unwrap();
    assert_eq!((compared.members, compared.failed), (0, 50));
    let rows = bench.members().await;
    assert!(
        rows.iter()
            .all(|row| column(row, "Membership Status") == "Active")
    );
}
