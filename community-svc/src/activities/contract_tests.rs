//! What every activity store must do, over each of them.

use std::sync::Arc;

use bettermode::{MemberId, PostId, SpaceId};
use futures::future::join_all;
use jiff::Timestamp;
use service_kit::clock::ManualClock;

use super::{
    Activity, ActivityQuery, ActivityType, Cursor, Period, Retention, SharedActivityStore, Subject,
    Summary, SummaryQuery,
};

mod only_mongodb;
mod only_sqlite;

/// Runs each function over both stores, which keep what happened in the last 30
/// days.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let directory = tempfile::tempdir().unwrap();
                let store = super::only_sqlite::open(directory.path());
                super::$name(std::sync::Arc::new(store)).await;
            })+
        }
        mod real_mongodb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (store, link) = super::only_mongodb::open();
                super::$name(std::sync::Arc::new(store)).await;
                link.database().await.unwrap().drop().await.unwrap();
            })+
        }
    };
}

contract!(
    an_activity_comes_back_as_it_was_stored,
    an_activity_is_stored_and_counted_once,
    many_at_once_store_and_count_one_activity_once,
    a_batch_that_names_an_activity_twice_means_it_once,
    one_event_can_concern_two_members,
    the_latest_comes_first_and_pages_follow_each_other,
    a_list_keeps_to_its_filters,
    a_summary_counts_kinds_parts_and_members,
    a_summary_of_one_member_counts_that_member,
    a_period_without_activity_has_no_counts,
    an_erased_member_is_named_nowhere_and_the_counts_of_all_stay,
    a_member_is_not_erased_with_one_whose_id_is_longer,
    what_is_too_old_is_neither_stored_nor_counted,
    the_store_is_fit_to_count,
);

pub(super) const NOW: &str = "2026-03-04T12:00:00Z";

pub(super) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(time(NOW)))
}

pub(super) fn retention() -> Retention {
    Retention::days(30)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A post of this member, some seconds after 05:06:07.
pub(super) fn activity(event: &str, member: &str, seconds: u64) -> Activity {
    Activity {
        event_id: event.to_owned(),
        member_id: MemberId::new(member),
        kind: "post.created".to_owned(),
        activity_type: ActivityType::Post,
        actor_id: Some(MemberId::new(member)),
        subject: Subject {
            member_id: Some(MemberId::new(member)),
            post_id: Some(PostId::new("P1")),
            space_id: Some(SpaceId::new("S1")),
            ..Subject::default()
        },
        occurred_at: time("2026-03-04T05:06:07.089Z") + std::time::Duration::from_secs(seconds),
        received_at: time("2026-03-04T05:06:08Z"),
        url: Some("https://example.com/p/1".to_owned()),
        network_id: Some("net1".to_owned()),
    }
}

fn of_kind(kind: &str, activity: Activity) -> Activity {
    Activity {
        kind: kind.to_owned(),
        ..activity
    }
}

fn at(when: &str, activity: Activity) -> Activity {
    Activity {
        occurred_at: time(when),
        ..activity
    }
}

fn first(limit: usize) -> ActivityQuery {
    ActivityQuery {
        limit,
        ..ActivityQuery::default()
    }
}

async fn events(store: &SharedActivityStore, query: ActivityQuery) -> Vec<String> {
    let found = store.list(query).await.unwrap();
    found.into_iter().map(|one| one.event_id).collect()
}

async fn summary(store: &SharedActivityStore, member: Option<&str>, period: &str) -> Summary {
    let query = SummaryQuery {
        member_id: member.map(MemberId::new),
        period: Period::parse(period).unwrap(),
        most_active: 10,
    };
    store.summary(query).await.unwrap()
}

async fn an_activity_comes_back_as_it_was_stored(store: SharedActivityStore) {
    let full = activity("e1", "ada", 0);
    let bare = Activity {
        actor_id: None,
        subject: Subject::default(),
        url: None,
        network_id: None,
        activity_type: ActivityType::Other,
        ..activity("e2", "ada", 1)
    };
    let odd = of_kind("reply.created", activity("e3", "$where.x", 2));
    let all = [odd, bare, full];
    assert_eq!(store.missing(&all).await.unwrap(), all);
    store.put(&all).await.unwrap();
    assert_eq!(store.list(first(9)).await.unwrap(), all);
    assert_eq!(store.missing(&all).await.unwrap(), []);
    store.put(&[]).await.unwrap();
}

async fn an_activity_is_stored_and_counted_once(store: SharedActivityStore) {
    let (one, two) = (activity("e1", "ada", 0), activity("e2", "ada", 1));
    store.put(std::slice::from_ref(&one)).await.unwrap();
    for _ in 0..3 {
        store.put(&[one.clone(), two.clone()]).await.unwrap();
    }
    assert_eq!(events(&store, first(9)).await, ["e2", "e1"]);
    for period in ["", "2026", "2026-03", "2026-03-04"] {
        assert_eq!(summary(&store, None, period).await.total, 2, "{period}");
        let of_ada = summary(&store, Some("ada"), period).await;
        assert_eq!(of_ada.total, 2, "{period}");
        assert_eq!(of_ada.by_kind, [("post.created".to_owned(), 2)]);
    }
}

async fn many_at_once_store_and_count_one_activity_once(store: SharedActivityStore) {
    let all: Vec<_> = (0..20)
        .map(|n| activity(&format!("e{n}"), "ada", n))
        .collect();
    let writers = (0..8).map(|n| {
        let (store, mut all) = (Arc::clone(&store), all.clone());
        async move {
            all.rotate_left(n);
            for some in all.chunks(7) {
                store.put(some).await.unwrap();
            }
        }
    });
    join_all(writers).await;
    let counted = summary(&store, None, "").await;
    assert_eq!((counted.total, counted.most_active[0].count), (20, 20));
    assert_eq!(events(&store, first(99)).await.len(), 20);
}

async fn a_batch_that_names_an_activity_twice_means_it_once(store: SharedActivityStore) {
    let one = activity("e1", "ada", 0);
    store.put(&[one.clone(), one]).await.unwrap();
    assert_eq!(summary(&store, None, "").await.total, 1);
}

async fn one_event_can_concern_two_members(store: SharedActivityStore) {
    let joined = of_kind("space.joined", activity("e1", "bo", 0));
    let added = of_kind("space.member_added", activity("e1", "ada", 0));
    store.put(&[joined, added]).await.unwrap();
    assert_eq!(events(&store, first(9)).await, ["e1", "e1"]);
    assert_eq!(summary(&store, None, "").await.total, 2);
}

async fn the_latest_comes_first_and_pages_follow_each_other(store: SharedActivityStore) {
    // Three of each second: the place within it is by id.
    let all: Vec<_> = (0..30)
        .map(|n| activity(&format!("e{n:02}"), "ada", n / 3))
        .collect();
    store.put(&all).await.unwrap();
    let expected: Vec<_> = (0..30).rev().map(|n| format!("e{n:02}")).collect();
    assert_eq!(events(&store, first(99)).await, expected);
    let (mut query, mut found) = (first(7), Vec::new());
    loop {
        let page = store.list(query.clone()).await.unwrap();
        let Some(last) = page.last() else { break };
        query.before = Cursor::from_bytes(&last.cursor().to_bytes());
        found.extend(page.into_iter().map(|one| one.event_id));
    }
    assert_eq!(found, expected);
    assert_eq!(events(&store, first(0)).await, [""; 0]);
}

async fn a_list_keeps_to_its_filters(store: SharedActivityStore) {
    let all = [
        activity("e0", "ada", 0),
        of_kind("reply.created", activity("e1", "ada", 1)),
        activity("e2", "bo", 2),
        of_kind("reply.created", activity("e3", "bo", 3)),
    ];
    store.put(&all).await.unwrap();
    let of = |member: &str, kind: &str, from: u64, until: u64| ActivityQuery {
        member_id: (!member.is_empty()).then(|| MemberId::new(member)),
        kind: (!kind.is_empty()).then(|| kind.to_owned()),
        from: Some(activity("", "", from).occurred_at),
        until: Some(activity("", "", until).occurred_at),
        before: None,
        limit: 9,
    };
    for (query, expected) in [
        (of("", "", 0, 9), vec!["e3", "e2", "e1", "e0"]),
        (of("ada", "", 0, 9), vec!["e1", "e0"]),
        (of("", "reply.created", 0, 9), vec!["e3", "e1"]),
        (of("bo", "post.created", 0, 9), vec!["e2"]),
        (of("", "", 1, 3), vec!["e2", "e1"]),
        (of("bo", "", 3, 3), vec![]),
        (of("nobody", "", 0, 9), vec![]),
    ] {
        assert_eq!(events(&store, query.clone()).await, expected, "{query:?}");
        let goes_on = ActivityQuery {
            before: Some(all[3].cursor()),
            ..query
        };
        let expected: Vec<_> = expected.into_iter().filter(|id| *id != "e3").collect();
        assert_eq!(events(&store, goes_on).await, expected);
    }
    // A bound within a millisecond is a bound all the same.
    let mut within = of("", "", 0, 3);
    within.from = within
        .from
        .map(|from| from + std::time::Duration::from_nanos(1));
    assert_eq!(events(&store, within).await, ["e2", "e1"]);
}

async fn a_summary_counts_kinds_parts_and_members(store: SharedActivityStore) {
    let all = [
        at("2026-02-28T23:59:59.999Z", activity("e0", "ada", 0)),
        at("2026-03-01T00:00:00Z", activity("e1", "ada", 0)),
        at(
            "2026-03-04T05:00:00Z",
            of_kind("reply.created", activity("e2", "bo", 0)),
        ),
        at(
            "2026-03-04T05:59:00Z",
            of_kind("reply.created", activity("e3", "ada", 0)),
        ),
        at(
            "2026-03-04T06:00:00Z",
            of_kind("reply.created", activity("e4", "cy", 0)),
        ),
    ];
    store.put(&all).await.unwrap();
    let part = |at: &str, n: u64| (time(at), n);
    let day = summary(&store, None, "2026-03-04").await;
    assert_eq!(day.total, 3);
    assert_eq!(day.by_kind, [("reply.created".to_owned(), 3)]);
    let hours = [
        part("2026-03-04T05:00:00Z", 2),
        part("2026-03-04T06:00:00Z", 1),
    ];
    assert_eq!(day.by_part, hours);
    assert_eq!(day.last_active, Some(time("2026-03-04T06:00:00Z")));
    let month = summary(&store, None, "2026-03").await;
    let kinds = [
        ("reply.created".to_owned(), 3),
        ("post.created".to_owned(), 1),
    ];
    assert_eq!((month.total, &month.by_kind[..]), (4, &kinds[..]));
    let days = [
        part("2026-03-01T00:00:00Z", 1),
        part("2026-03-04T00:00:00Z", 3),
    ];
    assert_eq!(month.by_part, days);
    let active: Vec<_> = month
        .most_active
        .iter()
        .map(|one| (one.member_id.as_str(), one.count))
        .collect();
    assert_eq!(active, [("ada", 2), ("bo", 1), ("cy", 1)]);
    assert_eq!(
        month.most_active[0].last_active,
        time("2026-03-04T05:59:00Z")
    );
    let year = summary(&store, None, "2026").await;
    let months = [
        part("2026-02-01T00:00:00Z", 1),
        part("2026-03-01T00:00:00Z", 4),
    ];
    assert_eq!(year.by_part, months);
    let ever = summary(&store, None, "").await;
    assert_eq!(ever.by_part, [part("2026-01-01T00:00:00Z", 5)]);
}

async fn a_summary_of_one_member_counts_that_member(store: SharedActivityStore) {
    let all = [
        activity("e0", "ada", 0),
        activity("e1", "ada", 3600),
        activity("e2", "bo", 7200),
    ];
    store.put(&all).await.unwrap();
    let day = summary(&store, Some("ada"), "2026-03-04").await;
    assert_eq!((day.total, day.by_part.len()), (2, 2));
    assert_eq!(day.last_active, Some(all[1].occurred_at));
    assert_eq!(day.most_active, []);
}

async fn a_period_without_activity_has_no_counts(store: SharedActivityStore) {
    store.put(&[activity("e0", "ada", 0)]).await.unwrap();
    for (member, period) in [(None, "2025"), (Some("bo"), ""), (None, "2026-03-05")] {
        assert_eq!(summary(&store, member, period).await, Summary::default());
    }
}

async fn an_erased_member_is_named_nowhere_and_the_counts_of_all_stay(store: SharedActivityStore) {
    let mut reaction = of_kind("reaction.added", activity("e2", "bo", 2));
    reaction.subject.member_id = Some(MemberId::new("ada"));
    let mut moved = of_kind("space.joined", activity("e3", "bo", 3));
    moved.actor_id = Some(MemberId::new("ada"));
    let all = [
        activity("e0", "ada", 0),
        activity("e1", "ada", 1),
        reaction,
        moved,
    ];
    store.put(&all).await.unwrap();
    let ada = MemberId::new("ada");
    assert_eq!(store.erase(&ada).await.unwrap(), 2);
    assert_eq!(store.erase(&ada).await.unwrap(), 0);
    let left = store.list(first(9)).await.unwrap();
    assert_eq!(left.len(), 2);
    assert!(!format!("{left:?}").contains("ada"), "{left:?}");
    assert_eq!(left[1].subject.post_id, all[2].subject.post_id);
    let of_all = summary(&store, None, "").await;
    assert_eq!((of_all.total, of_all.most_active.len()), (4, 1));
    assert_eq!(summary(&store, Some("ada"), "").await, Summary::default());
    // What is still about somebody else stays counted once.
    store.put(&all[2..]).await.unwrap();
    assert_eq!(summary(&store, Some("bo"), "").await.total, 2);
}

async fn a_member_is_not_erased_with_one_whose_id_is_longer(store: SharedActivityStore) {
    let all = [
        activity("e0", "ad", 0),
        activity("e1", "ada", 1),
        activity("e2", "ad!", 2),
    ];
    store.put(&all).await.unwrap();
    store.erase(&MemberId::new("ad")).await.unwrap();
    for (member, count) in [("ad", 0), ("ada", 1), ("ad!", 1)] {
        assert_eq!(
            summary(&store, Some(member), "").await.total,
            count,
            "{member}"
        );
    }
}

async fn what_is_too_old_is_neither_stored_nor_counted(store: SharedActivityStore) {
    let old = at("2026-02-02T11:59:59.999Z", activity("e0", "ada", 0));
    let young = at("2026-02-02T12:00:00Z", activity("e1", "ada", 0));
    store.put(&[old.clone(), young]).await.unwrap();
    assert_eq!(events(&store, first(9)).await, ["e1"]);
    assert_eq!(summary(&store, None, "").await.total, 1);
    assert_eq!(store.missing(&[old]).await.unwrap(), []);
}

async fn the_store_is_fit_to_count(store: SharedActivityStore) {
    store.check().await.unwrap();
    store.prune().await.unwrap();
}

#[test]
fn a_cursor_that_is_none_is_refused() {
    for bytes in [
        &b""[..],
        b"1234567",
        b"\x7f\xff\xff\xff\xff\xff\xff\xffid",
        b"12345678\xff",
    ] {
        assert_eq!(Cursor::from_bytes(bytes), None, "{bytes:?}");
    }
}
