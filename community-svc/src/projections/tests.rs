//! The projector over real stores in a file, and over stores that fail as told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bettermode::{Credentials, MemberId};
use bytes::Bytes;
use prometheus_client::registry::Registry;
use serde_json::json;
use service_kit::clock::ManualClock;
use service_kit::tasks::Tasks;

use super::*;
use crate::activities::{
    Activity, ActivityQuery, ActivityStore, Period, Retention, SqliteActivities, Summary,
    SummaryQuery,
};
use crate::cache::{Cache, LeaseCheck, Policy};
use crate::community_members::{MemberStore, SqliteCommunityMembers};
use crate::events::replay::Preview as _;
use crate::events::{DeadLetterQuery, EventState, Format, NewEvent, SqliteStore};
use crate::members::Members;
use crate::rate_limit::{Limiter, Settings};
use crate::spaces::Spaces;
use crate::stores::SqliteFile;
use crate::upstream::Upstream;

/// How the activity store behaves.
#[derive(Debug, Default)]
struct Mood {
    /// So many calls fail as if the store were away.
    away: AtomicU32,
    calls: AtomicU32,
}

/// An activity store that is away, or refuses every activity of the member
/// "poison".
#[derive(Debug)]
struct Moody(SqliteActivities, Arc<Mood>);

#[async_trait]
impl ActivityStore for Moody {
    fn kind(&self) -> &'static str {
        "sqlite"
    }
    async fn put(&self, activities: &[Activity]) -> Result<(), StoreError> {
        self.1.calls.fetch_add(1, Ordering::Relaxed);
        let away = &self.1.away;
        if away
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            .is_ok()
        {
            return Err(StoreError::Unavailable {
                store: "sqlite",
                attempted: "storing activities",
                advice: "look",
                source: "gone".into(),
            });
        }
        if activities
            .iter()
            .any(|one| one.member_id.as_str() == "poison")
        {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT);
            return Err(StoreError::Unavailable {
                store: "sqlite",
                attempted: "storing activities",
                advice: "look",
                source: rusqlite::Error::SqliteFailure(code, None).into(),
            });
        }
        self.0.put(activities).await
    }
    async fn missing(&self, activities: &[Activity]) -> Result<Vec<Activity>, StoreError> {
        self.0.missing(activities).await
    }
    async fn list(&self, query: ActivityQuery) -> Result<Vec<Activity>, StoreError> {
        self.0.list(query).await
    }
    async fn summary(&self, query: SummaryQuery) -> Result<Summary, StoreError> {
        self.0.summary(query).await
    }
    async fn erase(&self, member: &MemberId) -> Result<u64, StoreError> {
        self.0.erase(member).await
    }
    async fn prune(&self) -> Result<u64, StoreError> {
        self.0.prune().await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }
}

/// A projector over stores in a directory of its own.
struct Bench {
    events: SharedEventStore,
    members: Arc<dyn MemberStore>,
    effects: Effects,
    projector: Projector,
    mood: Arc<Mood>,
    clock: Arc<ManualClock>,
    _directory: tempfile::TempDir,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new("2026-03-04T06:00:00Z".parse().unwrap()));
    let file = SqliteFile::open(directory.path()).unwrap();
    let metrics = Metrics::register(&mut Registry::default());
    let events: SharedEventStore = Arc::new(SqliteStore::new(file.clone(), clock.clone()));
    let members = Arc::new(SqliteCommunityMembers::new(file.clone(), clock.clone()));
    let mood = Arc::new(Mood::default());
    let activities = SqliteActivities::new(file, clock.clone(), Retention::FOREVER);
    let activities = Arc::new(Moody(activities, Arc::clone(&mood)));
    let effects = Effects::new(
        copies(&clock, &metrics),
        members.clone(),
        activities,
        Duration::from_secs(300),
    );
    let tools = (clock.clone() as SharedClock, Arc::new(|| 0.5) as Random);
    let projector = Projector::new(Arc::clone(&events), effects.clone(), 3, tools, metrics);
    Bench {
        events,
        members,
        effects,
        projector,
        mood,
        clock,
        _directory: directory,
    }
}

/// No request ever goes out: projections do not ask BetterMode.
fn copies(clock: &Arc<ManualClock>, metrics: &Metrics) -> Copies {
    let settings = bettermode::Config::new(Credentials::StaticToken(String::new().into()));
    let transport = settings.https().unwrap();
    let time = Arc::clone(clock);
    let limiter = Arc::new(Limiter::memory(Settings::default()));
    let client = bettermode::Client::new(
        settings,
        transport,
        Arc::clone(&limiter) as Arc<dyn bettermode::Budget>,
        Arc::new(move || service_kit::clock::Clock::now(&*time)),
    );
    let shared: SharedClock = clock.clone();
    let upstream = Upstream::new(client, Arc::clone(&shared), metrics.clone());
    let cache = Cache::new(None, 1 << 20, policy(), shared, Tasks::new());
    Copies {
        spaces: Spaces::new(upstream.clone(), cache.clone()),
        members: Members::new(upstream, limiter, cache, &Tasks::new(), metrics.clone()),
    }
}

fn policy() -> Policy {
    Policy {
        lease_check: LeaseCheck::On,
        fresh_for: Duration::from_secs(300),
        serve_for: Duration::from_secs(300),
        not_found_for: Duration::from_secs(30),
        jitter: Arc::new(|| 1.0),
    }
}

fn event(id: &str, name: &str, member: &str) -> NewEvent {
    let body = json!({
        "type": "SUBSCRIPTION", "networkId": "net1",
        "data": { "id": id, "name": name, "actor": { "id": member }, "object": { "id": member } },
    });
    NewEvent {
        event_id: id.to_owned(),
        event_type: name.to_owned(),
        noun: name.starts_with("member.").then(|| "MEMBER".to_owned()),
        verb: None,
        network_id: Some("net1".to_owned()),
        actor_member_id: Some(member.to_owned()),
        object_id: Some(member.to_owned()),
        occurred_at: Some("2026-03-04T05:00:00Z".parse().unwrap()),
        received_at: "2026-03-04T05:00:01Z".parse().unwrap(),
        format: Format::BetterMode,
        path: "/webhooks/bettermode".to_owned(),
        payload: Bytes::from(body.to_string()),
        trace_parent: None,
    }
}

impl Bench {
    async fn ingest(&self, events: &[NewEvent]) {
        self.events.ingest(events).await.unwrap();
    }

    async fn pass(&mut self) {
        self.projector.pass(|| false).await.unwrap();
    }

    async fn state(&self, id: &str) -> EventState {
        self.events.get(id).await.unwrap().unwrap().state
    }

    async fn total(&self, member: &str) -> u64 {
        let query = SummaryQuery {
            member_id: Some(MemberId::new(member)),
            period: Period::parse("").unwrap(),
            most_active: 0,
        };
        self.effects.activities.summary(query).await.unwrap().total
    }
}

#[tokio::test]
async fn an_event_takes_effect_once_and_is_done() {
    let mut bench = bench();
    bench.ingest(&[event("e1", "member.verified", "ada")]).await;
    assert_eq!(bench.state("e1").await, EventState::Pending);
    for _ in 0..2 {
        bench.pass().await;
        assert_eq!(bench.state("e1").await, EventState::Done);
        assert_eq!(bench.total("ada").await, 1);
        let ids = ["e1".to_owned()];
        let now = service_kit::clock::Clock::now(&*bench.clock);
        bench
            .events
            .redo(&ids, &Projection::ALL, now)
            .await
            .unwrap();
    }
    let record = bench.members.get(&MemberId::new("ada")).await.unwrap();
    assert_eq!(record.unwrap().status.unwrap().value, "VERIFIED");
}

#[tokio::test]
async fn more_than_one_batch_is_projected_in_one_pass() {
    let mut bench = bench();
    let many: Vec<_> = (0..450)
        .map(|n| event(&format!("e{n}"), "post.published", "ada"))
        .collect();
    bench.ingest(&many).await;
    bench.pass().await;
    assert_eq!(bench.total("ada").await, 450);
    assert_eq!(bench.mood.calls.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn one_event_that_fails_does_not_hold_the_others_and_is_given_up_on() {
    let mut bench = bench();
    let batch = [
        event("e1", "post.published", "ada"),
        event("e2", "member.verified", "poison"),
        event("e3", "post.published", "bo"),
    ];
    bench.ingest(&batch).await;
    for attempt in 1..=3 {
        bench.pass().await;
        assert_eq!(bench.state("e1").await, EventState::Done);
        assert_eq!(bench.state("e3").await, EventState::Done);
        let poison = bench.events.get("e2").await.unwrap().unwrap();
        // The other projections of it have run.
        assert_eq!(poison.projections.len(), 1);
        assert_eq!(poison.projections[0].projection, Projection::Activities);
        assert_eq!(poison.projections[0].attempts, attempt);
        bench.clock.advance(RETRY.1);
    }
    assert_eq!(bench.state("e2").await, EventState::Dead);
    let dead = bench
        .events
        .dead_letters(DeadLetterQuery {
            limit: 9,
            ..DeadLetterQuery::default()
        })
        .await
        .unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].reason.contains("constraint"), "{}", dead[0].reason);
    assert_eq!((bench.total("ada").await, bench.total("bo").await), (1, 1));
}

#[tokio::test]
async fn a_failed_event_waits_longer_each_time() {
    let bench = bench();
    let waits: Vec<_> = (1..=12)
        .map(|failures| bench.projector.delay(RETRY, failures))
        .collect();
    assert_eq!(waits[0], Duration::from_millis(750));
    assert_eq!(waits[1], Duration::from_millis(1_500));
    assert_eq!(waits[11], RETRY.1.mul_f64(0.75));
    assert!(waits.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_costs_no_attempt_and_the_rest_goes_on() {
    let mut bench = bench();
    bench.mood.away.store(1, Ordering::Relaxed);
    bench.ingest(&[event("e1", "member.verified", "ada")]).await;
    bench.pass().await;
    let stored = bench.events.get("e1").await.unwrap().unwrap();
    assert_eq!(stored.state, EventState::Pending);
    assert_eq!(stored.projections.len(), 1);
    assert_eq!(stored.projections[0].attempts, 0);
    // While it rests, other events are not offered to it.
    bench.ingest(&[event("e2", "member.updated", "ada")]).await;
    bench.pass().await;
    assert_eq!(bench.mood.calls.load(Ordering::Relaxed), 1);
    assert!(bench.projector.pause(Projection::Activities).is_some());
    bench.clock.advance(PAUSE.0);
    tokio::time::advance(PAUSE.0).await;
    bench.pass().await;
    assert_eq!(bench.state("e1").await, EventState::Done);
    assert_eq!(bench.state("e2").await, EventState::Done);
    assert_eq!(bench.total("ada").await, 2);
}

#[tokio::test]
async fn it_wakes_for_what_is_stored_and_stops_when_the_service_drains() {
    let bench = bench();
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    let running = tasks.spawn("projector", bench.projector.run(shutdown.clone()));
    for (earlier, wave) in ["first", "second"].into_iter().enumerate() {
        bench
            .events
            .ingest(&[event(wave, "post.published", "ada")])
            .await
            .unwrap();
        let is_there = async {
            let query = || ActivityQuery {
                limit: 9,
                ..ActivityQuery::default()
            };
            while bench.effects.activities.list(query()).await.unwrap().len() <= earlier {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), is_there)
            .await
            .unwrap();
    }
    shutdown.drain();
    tokio::time::timeout(Duration::from_secs(20), running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_preview_says_what_would_change_until_it_has() {
    let mut bench = bench();
    bench
        .ingest(&[event("e1", "member.suspended", "ada")])
        .await;
    let stored = bench.events.get("e1").await.unwrap().unwrap();
    let mut told = Vec::new();
    for projection in Projection::ALL {
        told.extend(bench.effects.changes(&stored, projection).await.unwrap());
    }
    assert_eq!(
        told,
        [
            "would add a record of member ada",
            "would add the activity member.suspended of member ada",
        ]
    );
    bench.pass().await;
    for projection in Projection::ALL {
        let changes = bench.effects.changes(&stored, projection).await.unwrap();
        assert_eq!(changes, [""; 0], "{projection:?}");
    }
}

#[tokio::test]
async fn an_erasure_leaves_nothing_to_project() {
    let mut bench = bench();
    bench.ingest(&[event("e1", "member.verified", "ada")]).await;
    bench.pass().await;
    bench.ingest(&[event("e2", "post.published", "ada")]).await;
    let ada = MemberId::new("ada");
    let erased = bench.effects.erase(&bench.events, &ada).await.unwrap();
    assert_eq!(
        (erased.events, erased.activities, erased.record),
        (2, 1, true)
    );
    bench.pass().await;
    let ids = ["e1".to_owned(), "e2".to_owned()];
    let now = service_kit::clock::Clock::now(&*bench.clock);
    bench
        .events
        .redo(&ids, &Projection::ALL, now)
        .await
        .unwrap();
    bench.pass().await;
    assert_eq!(bench.total("ada").await, 0);
    assert_eq!(bench.members.get(&ada).await.unwrap(), None);
}
