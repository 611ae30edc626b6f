//! The built program, both fakes on sockets, from an empty directory to the end.

use std::process::{Command, Output, Stdio};

use fake_bettermode::{Fake, FakeConfig, Limits};
use tokio_util::sync::CancellationToken;

use crate::stage::{NETWORK, Records, TOKEN, mutations};

/// A fake BetterMode on a socket, and a directory.
pub(crate) struct Site {
    pub(crate) fake: Fake,
    pub(crate) home: tempfile::TempDir,
    pub(crate) url: String,
    stop: CancellationToken,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let fake = Fake::new(FakeConfig {
            network_id: Some(NETWORK.to_owned()),
            static_token: Some(TOKEN.to_owned()),
            limits: Limits::unlimited(),
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
            home: tempfile::tempdir().unwrap(),
            url,
            stop,
        }
    }

    pub(crate) fn snapshot(&self, records: &Records) {
        records.write(&self.home.path().join("circle-migrate/snapshot"));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_circle-migrate"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("BETTERMODE_API_URL", &self.url)
            .env("BETTERMODE_API_TOKEN", TOKEN)
            .env("BETTERMODE_NETWORK_ID", NETWORK)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

fn people(count: u64) -> Records {
    (1..=count).fold(Records::default(), |records, id| {
        records.person(id, &format!("person{id}@example.net"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_apply_verify_and_report_end_as_they_promise() {
    let site = Site::new().await;
    site.snapshot(&people(30));
    let planned = site.run(&["plan"]).await;
    assert_eq!(planned.status.code(), Some(0), "{}", said(&planned));
    assert!(
        said(&planned).contains("30  would_invite"),
        "{}",
        said(&planned)
    );
    assert_eq!(mutations(&site.fake).await, 0);
    let nothing = site.run(&["resume"]).await;
    assert_eq!(nothing.status.code(), Some(1), "{}", said(&nothing));
    let applied = site.run(&["apply"]).await;
    assert_eq!(applied.status.code(), Some(0), "{}", said(&applied));
    assert!(
        !said(&applied).contains("@example.net\n"),
        "addresses are masked"
    );
    let verified = site.run(&["verify", "--deep"]).await;
    assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
    let reported = site.run(&["report"]).await;
    assert_eq!(reported.status.code(), Some(0), "{}", said(&reported));
    let path = site.home.path().join("circle-migrate/report/result.json");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("person1@"), "addresses are masked");
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["sections"][0]["tallies"][0]["count"], 30);
    let writes = mutations(&site.fake).await;
    let again = site.run(&["resume"]).await;
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert_eq!(mutations(&site.fake).await, writes);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_ends_with_two_when_somebody_could_not_be_moved() {
    let site = Site::new().await;
    site.snapshot(&people(2).person(3, "bridge-bot@example.com"));
    let applied = site.run(&["apply", "--settle-seconds", "0"]).await;
    assert_eq!(applied.status.code(), Some(2), "{}", said(&applied));
    let said = said(&applied);
    assert!(said.contains("1  failed"), "{said}");
    assert!(
        !said.contains("bridge-bot@"),
        "addresses are masked: {said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_another_pair_and_a_wrong_token_stop_it() {
    let site = Site::new().await;
    site.snapshot(&people(1));
    let applied = site.run(&["apply"]).await;
    assert_eq!(applied.status.code(), Some(0), "{}", said(&applied));
    let other = site
        .run(&["apply", "--bettermode-network-id", "OTHER"])
        .await;
    assert_eq!(other.status.code(), Some(1), "{}", said(&other));
    assert!(said(&other).contains("--work-dir"), "{}", said(&other));
    let mut command = site.command(&["plan"]);
    command.env("BETTERMODE_API_TOKEN", "wrong");
    let refused = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(
        said(&refused).contains("refuses the access token"),
        "{}",
        said(&refused)
    );
}
