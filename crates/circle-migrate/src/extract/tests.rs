use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fake_circle::{Fake, Fault, Setting};
use jiff::Timestamp;
use service_kit::clock::ManualClock;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::circle::testing::{client, client_with, fake, settings};
use crate::snapshot::{CommunityId, Member, Snapshot};

fn writer(home: &Path, wanted: Wanted, delta: bool) -> Writer {
    let whose = Writer::binding(
        CommunityId::new(77),
        None,
        "https://app.circle.so/".to_owned(),
    );
    Writer::open(home, &whose, wanted, delta, Timestamp::UNIX_EPOCH).unwrap()
}

fn extractor(client: &Client, writer: Writer, per_page: u32) -> Extractor<'_> {
    Extractor {
        client,
        writer,
        per_page,
        clock: Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)),
        stop: CancellationToken::new(),
        watch: &Silent,
    }
}

async fn people(fake: &Fake, home: &Path, per_page: u32, delta: bool) -> Result<Manifest, Error> {
    let client = client(fake);
    let writer = writer(home, Wanted::default(), delta);
    extractor(&client, writer, per_page).run().await
}

fn members(manifest: &Manifest) -> &ListState {
    manifest.list(ListKey::of(Entity::Members)).unwrap()
}

fn count(home: &Path) -> usize {
    Snapshot::open(home, None).unwrap().count(Entity::Members)
}

fn times(count: u32) -> Setting {
    Setting {
        count: Some(count),
        path: Some("community_members".to_owned()),
        ..Setting::default()
    }
}

#[tokio::test(start_paused = true)]
async fn everybody_is_read_once_and_each_id_is_different() {
    let home = tempfile::tempdir().unwrap();
    let manifest = people(&fake(|_| {}), home.path(), 25, false).await.unwrap();
    let state = members(&manifest);
    assert_eq!((state.pages, state.counts.new), (3, 60));
    assert!(!state.has_drifted());
    assert_eq!(count(home.path()), 60);
}

#[tokio::test(start_paused = true)]
async fn an_empty_last_page_ends_the_list() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    fake.set_fault(Fault::EmptyLastPage, times(9));
    let manifest = people(&fake, home.path(), 20, false).await.unwrap();
    assert_eq!((members(&manifest).pages, count(home.path())), (4, 60));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_comes_on_two_pages_is_one_person() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    fake.set_fault(Fault::DuplicateRow, times(9));
    let manifest = people(&fake, home.path(), 20, false).await.unwrap();
    assert_eq!(members(&manifest).counts.duplicates, 2);
    assert_eq!(count(home.path()), 60);
}

#[tokio::test(start_paused = true)]
async fn a_per_page_that_is_echoed_lower_loses_nobody() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    let lower = Setting {
        value: Some(7),
        ..Setting::default()
    };
    fake.set_fault(Fault::PerPageLower, lower);
    let manifest = people(&fake, home.path(), 100, false).await.unwrap();
    assert_eq!(members(&manifest).pages, 9);
    assert_eq!(count(home.path()), 60);
}

#[tokio::test(start_paused = true)]
async fn a_per_page_that_changes_in_between_begins_the_list_again_and_loses_nobody() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    let lower = Setting {
        value: Some(7),
        after: 2,
        path: Some("community_members".to_owned()),
        ..Setting::default()
    };
    fake.set_fault(Fault::PerPageLower, lower);
    let manifest = people(&fake, home.path(), 20, false).await.unwrap();
    assert!(!members(&manifest).has_drifted());
    assert_eq!(count(home.path()), 60);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_repeated_once_is_asked_for_once_more() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    fake.set_fault(Fault::RepeatPage, times(1));
    let manifest = people(&fake, home.path(), 20, false).await.unwrap();
    assert_eq!(members(&manifest).counts.distinct(), 60);
    assert_eq!(count(home.path()), 60);
}

#[tokio::test(start_paused = true)]
async fn a_pager_that_ignores_its_page_ends_the_run_and_leaves_no_whole_snapshot() {
    for fault in [Fault::IgnorePage, Fault::IgnorePageSilently] {
        let home = tempfile::tempdir().unwrap();
        let fake = fake(|_| {});
        fake.set_fault(fault, times(u32::MAX));
        let error = people(&fake, home.path(), 20, false).await.unwrap_err();
        assert!(
            matches!(error, Error::Circle(CircleError::Stuck { .. })),
            "{error}"
        );
        let requests = fake.counters()["requests"].as_u64().unwrap();
        assert!(requests < 10, "{requests}");
        assert!(Snapshot::open(home.path(), None).is_err());
        // Once Circle is well again, the rest is read.
        fake.clear_faults();
        people(&fake, home.path(), 20, false).await.unwrap();
        assert_eq!(count(home.path()), 60);
    }
}

#[tokio::test(start_paused = true)]
async fn people_who_come_and_go_meanwhile_are_noticed_and_a_delta_sets_it_right() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    let once = |after| Setting { after, ..times(1) };
    fake.set_fault(Fault::MemberLeaves, once(1));
    let manifest = people(&fake, home.path(), 20, false).await.unwrap();
    // The one who moved up to a page that was read is missing, the one who left is there.
    assert!(members(&manifest).has_drifted());
    let manifest = people(&fake, home.path(), 20, true).await.unwrap();
    let state = members(&manifest);
    assert!(!state.has_drifted());
    assert_eq!((state.counts.new, state.counts.gone), (1, 1));
    assert_eq!(count(home.path()), 59);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_field_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    fake.set_fault(Fault::UnknownField, times(9));
    people(&fake, home.path(), 20, false).await.unwrap();
    let snapshot = Snapshot::open(home.path(), None).unwrap();
    let first = snapshot.iter::<Member>().next().unwrap().unwrap();
    assert_eq!(first.record.other["added_last_week"]["by"], "the vendor");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_budget_is_spent_goes_on_where_it_stopped() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    let mut config = settings();
    config.max_requests = Some(2);
    let mut runs = 0;
    loop {
        runs += 1;
        let client = client_with(&fake, &config);
        let writer = writer(home.path(), Wanted::default(), false);
        match extractor(&client, writer, 10).run().await {
            Ok(_) => break,
            Err(Error::Circle(CircleError::BudgetSpent { requests: 2 })) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(runs < 20);
    }
    assert!(runs > 3);
    assert_eq!(count(home.path()), 60);
    let manifest = Snapshot::open(home.path(), None).unwrap();
    assert!(!members(manifest.manifest()).has_drifted());
}

#[tokio::test(start_paused = true)]
async fn a_resumed_run_counts_in_the_pages_of_the_run_before() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    let mut config = settings();
    config.max_requests = Some(3);
    let stopped = client_with(&fake, &config);
    let first = writer(home.path(), Wanted::default(), false);
    assert!(extractor(&stopped, first, 10).run().await.is_err());
    people(&fake, home.path(), 7, false).await.unwrap();
    assert_eq!(count(home.path()), 60);
}

#[tokio::test(start_paused = true)]
async fn a_signal_stops_between_pages_and_says_how_to_go_on() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    let client = client(&fake);
    let extractor = extractor(&client, writer(home.path(), Wanted::default(), false), 10);
    let stop = extractor.stop.clone();
    let run = extractor.run();
    tokio::pin!(run);
    let soon = tokio::time::sleep(Duration::from_millis(600));
    let first = futures::future::select(run.as_mut(), Box::pin(soon)).await;
    assert!(matches!(first, futures::future::Either::Right(_)));
    stop.cancel();
    let error = run.await.unwrap_err().to_string();
    assert!(error.contains("members is read up to page 3"), "{error}");
    people(&fake, home.path(), 10, false).await.unwrap();
    assert_eq!(count(home.path()), 60);
}

#[tokio::test(start_paused = true)]
async fn content_and_who_is_in_which_space_are_read_on_request() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|_| {});
    let client = client(&fake);
    let wanted = Wanted {
        content: true,
        space_members: true,
    };
    let run = extractor(&client, writer(home.path(), wanted, false), 100).run();
    run.await.unwrap();
    let snapshot = Snapshot::open(home.path(), None).unwrap();
    let counts = [
        Entity::SpaceGroups,
        Entity::Spaces,
        Entity::Posts,
        Entity::Events,
    ];
    assert_eq!(counts.map(|entity| snapshot.count(entity)), [3, 8, 40, 6]);
    assert_eq!(snapshot.count(Entity::SpaceMembers), 6 * 60 + 2 * 20);
    assert!(snapshot.count(Entity::Comments) > 40);
    assert_eq!(fake.counters()["mutations_refused"], 0);
}

#[tokio::test(start_paused = true)]
async fn fifty_thousand_people_are_read_under_circles_limits_at_simulated_time() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake(|config| config.members = 50_000);
    let began = Instant::now();
    let manifest = people(&fake, home.path(), 100, false).await.unwrap();
    assert_eq!(members(&manifest).counts.new, 50_000);
    assert_eq!(count(home.path()), 50_000);
    let counters = fake.counters();
    // 500 pages of people, labels and fields: nothing was refused, nothing asked twice.
    assert_eq!(counters["requests"], 502);
    assert_eq!(counters["by_status"]["200"], 502);
    let simulated = began.elapsed().as_secs();
    assert!((125..130).contains(&simulated), "{simulated}");
}
