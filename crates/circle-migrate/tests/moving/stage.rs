//! A snapshot, a fake and a ledger in a temporary directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use circle_migrate::Error;
use circle_migrate::ledger::{Ledger, Pair};
use circle_migrate::links::CsvLinker;
use circle_migrate::migration::{Migration, Source};
use circle_migrate::options::MoveArgs;
use circle_migrate::progress::Progress;
use circle_migrate::report::{Report, of_ledger, of_plan};
use circle_migrate::run::Run;
use circle_migrate::snapshot::{Arrived, CommunityId, Entity, ListKey, Wanted, Writer};
use circle_migrate::target::{Pacer, Target};
use fake_bettermode::{Fake, FakeConfig, Generation, Limits};
use http::{Method, Request, Response};
use jiff::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use service_kit::clock::{Clock, SharedClock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) const TOKEN: &str = "a-static-token-of-the-test";
pub(crate) const NETWORK: &str = "NETWORK001";
pub(crate) const COMMUNITY: u64 = 77;

/// The clock of tokio, which tests pause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokioClock {
    first: Timestamp,
    began: Instant,
}

impl TokioClock {
    pub(crate) fn new() -> Self {
        Self {
            first: "2026-03-01T12:00:00Z".parse().unwrap(),
            began: Instant::now(),
        }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.first + self.began.elapsed()
    }
}

/// Records of Circle to make a snapshot of.
#[derive(Default, Clone)]
pub(crate) struct Records(Vec<(Entity, Value)>);

impl Records {
    pub(crate) fn with(mut self, entity: Entity, record: Value) -> Self {
        self.0.push((entity, record));
        self
    }

    pub(crate) fn person(self, id: u64, email: &str) -> Self {
        self.with(Entity::Members, person(id, email))
    }

    pub(crate) fn write(&self, directory: &Path) {
        let whose = Writer::binding(
            CommunityId::new(COMMUNITY),
            Some("Old home".to_owned()),
            "https://app.circle.so/".to_owned(),
        );
        let wanted = Wanted {
            content: true,
            space_members: true,
        };
        let now = Timestamp::UNIX_EPOCH;
        let mut writer = Writer::open(directory, &whose, wanted, false, now).unwrap();
        for entity in Entity::ALL {
            let of_kind =
                |(kind, record): &(Entity, Value)| (*kind == entity).then(|| record.clone());
            let records: Vec<Value> = self.0.iter().filter_map(of_kind).collect();
            let key = ListKey::of(entity);
            writer.position(key).unwrap();
            let arrived = Arrived {
                page: 1,
                per_page: 100,
                count: Some(u64::try_from(records.len()).unwrap()),
                has_next_page: false,
                records,
            };
            writer.page(key, &arrived).unwrap();
            writer.end_list(key).unwrap();
        }
        writer.finish(now).unwrap();
    }
}

/// Somebody who took part.
pub(crate) fn person(id: u64, email: &str) -> Value {
    json!({
        "id": id, "user_id": 9_000 + id, "community_id": COMMUNITY, "email": email,
        "name": format!("Person {id}"), "headline": format!("Line {id}"), "active": true,
        "created_at": "2024-02-03T10:15:30.123Z", "member_since": "2024-02-03T10:20:00.000Z",
        "profile_confirmed_at": "2024-02-03T10:20:00.000Z",
        "accepted_invitation": "2024-02-03 10:16:02 UTC",
        "flattened_profile_fields": { "location": "London", "interests": ["Maths", "Engines"] },
    })
}

pub(crate) struct Stage {
    pub(crate) home: tempfile::TempDir,
    pub(crate) fake: Fake,
    pub(crate) clock: TokioClock,
    pub(crate) stop: CancellationToken,
}

impl Stage {
    pub(crate) fn new(records: &Records) -> Self {
        Self::with(records, |_| {})
    }

    pub(crate) fn with(records: &Records, change: impl FnOnce(&mut FakeConfig)) -> Self {
        let clock = TokioClock::new();
        let mut config = FakeConfig {
            generation: Generation::Published,
            network_id: Some(NETWORK.to_owned()),
            static_token: Some(TOKEN.to_owned()),
            limits: Limits::unlimited(),
            time: Arc::new(move || clock.now()),
            ..FakeConfig::default()
        };
        change(&mut config);
        let home = tempfile::tempdir().unwrap();
        records.write(&home.path().join("snapshot"));
        Self {
            home,
            fake: Fake::new(config),
            clock,
            stop: CancellationToken::new(),
        }
    }

    pub(crate) fn snapshot(&self) -> PathBuf {
        self.home.path().join("snapshot")
    }

    pub(crate) fn target(&self) -> Target {
        let fake = self.fake.clone();
        self.target_over(move |request| {
            let fake = fake.clone();
            async move { fake.handle(request).await }
        })
    }

    /// The target over what stands before the fake.
    pub(crate) fn target_over<F, Fut>(&self, answer: F) -> Target
    where
        F: Fn(Request<Bytes>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let credentials = bettermode::Credentials::StaticToken(TOKEN.into());
        let config = bettermode::Config::new(credentials);
        let transport = bettermode::Transport::from_fn(answer);
        let clock: SharedClock = Arc::new(self.clock);
        Target::new(
            config,
            transport,
            Arc::new(Pacer::new()),
            clock,
            CancellationToken::new(),
        )
    }

    pub(crate) fn pair() -> Pair {
        Pair {
            community: COMMUNITY,
            network: NETWORK.to_owned(),
        }
    }

    pub(crate) fn run(&self, target: Target, options: MoveArgs) -> Run {
        let ledger = Ledger::open(self.home.path(), Self::pair()).unwrap();
        let linker = CsvLinker {
            path: self.home.path().join("community_members.csv"),
        };
        let clock: SharedClock = Arc::new(self.clock);
        let (stop, progress) = (self.stop.clone(), Progress::quiet());
        Run::new(
            target,
            ledger,
            options,
            clock,
            stop,
            progress,
            Box::new(linker),
        )
    }

    pub(crate) async fn apply(&self, options: MoveArgs) -> Result<Report, Error> {
        self.apply_over(self.target(), options).await
    }

    pub(crate) async fn apply_over(
        &self,
        target: Target,
        options: MoveArgs,
    ) -> Result<Report, Error> {
        let source = Source::open(&self.snapshot())?;
        let migration = Migration::new(source, &options, None)?;
        let with_content = options.content;
        let run = self.run(target, options);
        migration.apply(&run, &mut StdRng::seed_from_u64(1)).await?;
        of_ledger(&migration.source, &run.ledger, with_content, run.now())
    }

    pub(crate) async fn plan(&self, options: MoveArgs) -> Result<Report, Error> {
        let source = Source::open(&self.snapshot())?;
        let migration = Migration::new(source, &options, None)?;
        let ledger = Ledger::read(self.home.path(), Self::pair())?;
        let plan = migration.plan(&self.target(), &ledger, &options).await?;
        of_plan(&migration, &plan, &ledger, self.clock.now())
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        control(&self.fake, method, path, body).await
    }

    pub(crate) async fn fault(&self, name: &str, setting: Value) {
        self.control(Method::POST, &format!("/_fake/faults/{name}"), setting)
            .await;
    }

    pub(crate) async fn no_faults(&self) {
        self.control(Method::DELETE, "/_fake/faults", json!({}))
            .await;
    }

    pub(crate) async fn world(&self) -> Value {
        world(&self.fake).await
    }

    /// So many requests that change something were sent.
    pub(crate) async fn mutations(&self) -> u64 {
        mutations(&self.fake).await
    }

    /// Everybody who was invited accepts.
    pub(crate) async fn everybody_accepts(&self) {
        self.control(Method::POST, "/_fake/invitations/accept", json!({}))
            .await;
    }
}

pub(crate) async fn control(fake: &Fake, method: Method, path: &str, body: Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let answer = fake.handle(request).await;
    assert!(answer.status().is_success(), "{path}: {answer:?}");
    serde_json::from_slice(answer.body()).unwrap()
}

pub(crate) async fn world(fake: &Fake) -> Value {
    control(fake, Method::GET, "/_fake/world?q=", json!({})).await
}

pub(crate) async fn mutations(fake: &Fake) -> u64 {
    let counters = control(fake, Method::GET, "/_fake/counters", json!({})).await;
    let names = [
        "inviteMembers",
        "joinNetwork",
        "updateMember",
        "upsertExtraProperty",
        "createCollection",
        "createSpace",
        "addSpaceMembers",
        "createPost",
        "createReply",
    ];
    let count = |name: &&str| counters["byOperation"][*name].as_u64().unwrap_or(0);
    names.iter().map(count).sum()
}

/// Options that wait for nothing.
pub(crate) fn options() -> MoveArgs {
    MoveArgs {
        settle_seconds: 1,
        ..MoveArgs::default()
    }
}

/// As many as a part of the world holds.
pub(crate) fn rows<'a>(world: &'a Value, part: &str) -> &'a [Value] {
    world[part].as_array().unwrap()
}

pub(crate) fn find<'a>(rows: &'a [Value], key: &str, value: &str) -> &'a Value {
    rows.iter()
        .find(|row| row[key] == value)
        .unwrap_or_else(|| panic!("no {key} {value} in {rows:#?}"))
}

/// Far longer than anything takes at simulated time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3600);
