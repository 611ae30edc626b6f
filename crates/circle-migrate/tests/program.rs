//! The built program against a fake Circle on a socket.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use circle_migrate::snapshot::{Entity, Snapshot};
use fake_circle::{DEFAULT_TOKEN, Fake, FakeConfig, Fault, Setting};
use tokio_util::sync::CancellationToken;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

struct World {
    fake: Fake,
    url: String,
    home: tempfile::TempDir,
    stop: CancellationToken,
}

impl World {
    async fn new(members: usize) -> Self {
        let fake = Fake::new(FakeConfig {
            members,
            ..FakeConfig::default()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let (serving, until) = (fake.clone(), stop.clone());
        tokio::task::spawn_blocking(move || {
            tokio::runtime::Handle::current().block_on(serving.serve(listener, until));
        });
        Self {
            fake,
            url,
            home: tempfile::tempdir().unwrap(),
            stop,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_circle-migrate"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("CIRCLE_API_URL", &self.url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn with_token(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.env("CIRCLE_API_TOKEN", DEFAULT_TOKEN);
        command
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::open(&self.home.path().join("circle-migrate/snapshot"), None).unwrap()
    }

    fn requests(&self) -> u64 {
        self.fake.counters()["requests"].as_u64().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} does not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn arguments_of(child: &Child) -> String {
    let path = format!("/proc/{}/cmdline", child.id());
    let bytes = fs::read(Path::new(&path)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_given_as_an_option_is_not_in_the_process_list_and_works() {
    let world = World::new(5).await;
    let slow = Setting {
        value: Some(1500),
        count: Some(1),
        ..Setting::default()
    };
    world.fake.set_fault(Fault::LatencyMs, slow);
    let line = [
        "extract",
        "--circle-token",
        DEFAULT_TOKEN,
        "--batch-size",
        "50",
    ];
    let child = world.command(&line).spawn().unwrap();
    until("the first request", || world.requests() > 0).await;
    let arguments = arguments_of(&child);
    assert!(arguments.contains("extract --batch-size 50"), "{arguments}");
    assert!(!arguments.contains(DEFAULT_TOKEN), "{arguments}");
    let environment = fs::read(format!("/proc/{}/environ", child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains(DEFAULT_TOKEN));
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let ended = ended.await.unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    assert_eq!(world.snapshot().count(Entity::Members), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extract_that_is_killed_goes_on_where_it_stopped() {
    let world = World::new(200).await;
    let line = ["extract", "--batch-size", "10"];
    for kill_at in [3, 9, 14] {
        let mut child = world.with_token(&line).spawn().unwrap();
        until("some pages", || world.requests() >= kill_at).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let before = world.requests();
    let ended = output(world.with_token(&line)).await;
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    assert_eq!(world.snapshot().count(Entity::Members), 200);
    // Not from the beginning: 20 pages of people, the community, labels and fields.
    assert!(
        world.requests() - before < 20,
        "{}",
        world.requests() - before
    );
}

/// A BetterMode that takes one token; says where it is.
async fn bettermode(stop: CancellationToken) -> String {
    let fake = fake_bettermode::Fake::new(fake_bettermode::FakeConfig {
        static_token: Some("try-me".to_owned()),
        network_id: Some("NETWORK001".to_owned()),
        limits: fake_bettermode::Limits::unlimited(),
        ..fake_bettermode::FakeConfig::default()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::task::spawn_blocking(move || {
        tokio::runtime::Handle::current().block_on(fake.serve(listener, stop));
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn check_looks_at_bettermode_too() {
    let world = World::new(60).await;
    let url = bettermode(world.stop.clone()).await;
    let check = |network: &str| {
        let mut check = world.with_token(&["check"]);
        check
            .env("BETTERMODE_API_URL", &url)
            .env("BETTERMODE_API_TOKEN", "try-me")
            .env("BETTERMODE_NETWORK_ID", network);
        check
    };
    let ended = output(check("NETWORK001")).await;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(ended.status.code(), Some(0), "{text}");
    for part in [
        "network NETWORK001",
        "BetterMode members",
        "BetterMode fields",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains('@'), "{text}");
    let ended = output(check("ANOTHER")).await;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{text}");
    assert!(text.contains("BETTERMODE_NETWORK_ID is ANOTHER"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_goes_on_where_one_side_fails_and_says_so() {
    let world = World::new(60).await;
    let ended = output(world.with_token(&["check"])).await;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{text}");
    assert!(text.contains("BETTERMODE_API_TOKEN"), "{text}");
    for part in [
        "community 77 (Analytical Engines)",
        "60 in all",
        "interests (checkbox)",
        "40 posts",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains('@'), "{text}");
    let mut wrong = world.command(&["check"]);
    wrong.env("CIRCLE_API_TOKEN", "not-the-token");
    let ended = output(wrong).await;
    assert_eq!(ended.status.code(), Some(2));
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(
        text.contains("BAD") && text.contains("CIRCLE_AUTH_SCHEME=token"),
        "{text}"
    );
    assert_eq!(world.fake.counters()["mutations_refused"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_not_read_twice_by_mistake_and_a_delta_tells_what_changed() {
    let world = World::new(30).await;
    assert!(
        output(world.with_token(&["extract"]))
            .await
            .status
            .success()
    );
    let again = output(world.with_token(&["extract"])).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--delta"));
    let delta = output(world.with_token(&["extract", "--delta"])).await;
    assert!(delta.status.success());
    let text = String::from_utf8_lossy(&delta.stderr).into_owned();
    assert!(text.contains("members: 30 read, 30 unchanged"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_community_is_refused_before_anything_is_read() {
    let world = World::new(5).await;
    let line = ["extract", "--circle-community-id", "78"];
    let ended = output(world.with_token(&line)).await;
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("community 77, not 78"));
    assert_eq!(world.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_option_and_a_wrong_setting_have_exit_codes_of_their_own() {
    let world = World::new(1).await;
    let wrong = output(world.with_token(&["extract", "--batchsize", "3"])).await;
    assert_eq!(wrong.status.code(), Some(64));
    let mut setting = world.with_token(&["extract"]);
    setting.env("CIRCLE_API_TOKN", "x");
    assert_eq!(output(setting).await.status.code(), Some(78));
    assert_eq!(world.requests(), 0);
}
