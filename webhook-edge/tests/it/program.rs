//! The program itself: exit codes, and the log lines that an operator reads.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::http::{get, post};
use crate::support::{MEMBER_CREATED, NOW_MS, SECRET, signature_headers};
use bytes::Bytes;

const WEBHOOKS: &str = "/webhooks/bettermode";

fn program(settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-edge"));
    command
        .env_clear()
        .env("WEBHOOK_EDGE_LISTEN", "127.0.0.1:0")
        .env("WEBHOOK_EDGE_ADMIN_LISTEN", "127.0.0.1:0")
        // Nobody listens on port 1.
        .env("COMMUNITY_SVC_URL", "http://127.0.0.1:1")
        .env("WEBHOOK_ACK", "stored")
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        utf8(&output.stdout),
        utf8(&output.stderr),
    )
}

/// The running program. It is killed if a test forgets to stop it.
struct Edge {
    process: Child,
    lines: Receiver<String>,
    http: SocketAddr,
    /// What it logged so far.
    log: Vec<String>,
}

impl Edge {
    fn start(settings: &[(&str, &str)]) -> Self {
        let mut process = program(settings).spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let (sender, lines) = channel();
        // On a thread, so that waiting for a line can have an end.
        std::thread::spawn(move || {
            let mut lines = stderr.lines().map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line))
        });
        let mut edge = Self {
            process,
            lines,
            http: SocketAddr::from(([0, 0, 0, 0], 0)),
            log: Vec::new(),
        };
        let line = edge.line_with("listening server=\"http\" addr=");
        edge.http = line.rsplit_once('=').unwrap().1.parse().unwrap();
        edge
    }

    /// Waits for a line that holds `part`, at most 20 seconds for each line.
    fn line_with(&mut self, part: &str) -> String {
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(20)) {
            self.log.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
        panic!("no line with {part:?} in\n{}", self.log.join("\n"));
    }

    /// SIGTERM, then every line to the end.
    fn stop(mut self) -> (Option<i32>, String) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.log.extend(self.lines.iter());
        let status = self.process.wait().unwrap();
        (status.code(), self.log.join("\n"))
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _status = self.process.wait();
    }
}

#[test]
fn settings_that_do_not_add_up_are_listed_with_exit_78() {
    let output = program(&[("LOG_FORMAT", "poetry"), ("WEBHOOK_EDGE_LISTEN", "here")]).output();
    let (code, stdout, stderr) = text(&output.unwrap());
    assert_eq!(code, Some(78));
    assert_eq!(stdout, "");
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines[0], "webhook-edge: the settings do not add up:");
    assert!(lines[1].starts_with("WEBHOOK_EDGE_LISTEN=here"), "{stderr}");
    assert!(
        lines[2].starts_with("BETTERMODE_WEBHOOK_SECRET is not set"),
        "{stderr}"
    );
    assert!(lines[3].starts_with("LOG_FORMAT=poetry"), "{stderr}");
    assert_eq!(lines.len(), 4);
}

#[test]
fn config_check_prints_redacted_settings_and_fails_without_the_service() {
    let output = program(&[("BETTERMODE_WEBHOOK_SECRET", SECRET)])
        .args(["config", "check"])
        .output();
    let (code, stdout, _) = text(&output.unwrap());
    assert_eq!(code, Some(1), "{stdout}");
    assert!(
        stdout.contains("BETTERMODE_WEBHOOK_SECRET=[redacted] (environment)\n"),
        "{stdout}"
    );
    assert!(
        stdout.contains("WEBHOOK_EDGE_TOLERANCE_SECONDS=900 (default)\n"),
        "{stdout}"
    );
    assert!(
        stdout.contains("community-svc: community-svc did not answer"),
        "{stdout}"
    );
    assert!(!stdout.contains(SECRET), "{stdout}");
}

#[test]
fn healthcheck_fails_when_nothing_runs() {
    let output = program(&[
        ("BETTERMODE_WEBHOOK_SECRET", SECRET),
        ("WEBHOOK_EDGE_ADMIN_LISTEN", "127.0.0.1:1"),
    ])
    .arg("healthcheck")
    .output();
    let (code, stdout, _) = text(&output.unwrap());
    assert_eq!(code, Some(1));
    assert!(stdout.starts_with("no answer on 127.0.0.1:1"), "{stdout}");
}

#[tokio::test]
async fn a_refused_webhook_is_one_line_with_cause_and_hint_and_nothing_private() {
    let mut edge = Edge::start(&[("BETTERMODE_WEBHOOK_SECRET", SECRET)]);
    let body = Bytes::from(MEMBER_CREATED);

    let wrong = signature_headers("another-secret", &body, NOW_MS);
    assert_eq!(
        post(edge.http, WEBHOOKS, &wrong, body.clone()).await.status,
        401
    );
    let line = edge.line_with("webhook refused");
    assert!(line.contains("WARN"), "{line}");
    assert!(
        line.contains("cause=\"signature does not match any configured secret\" hint=\"BETTERMODE_WEBHOOK_SECRET must be"),
        "{line}"
    );
    assert!(line.contains("kind=\"wrong_secret\""), "{line}");
    assert!(line.contains("path=\"/webhooks/bettermode\""), "{line}");

    let old = signature_headers(SECRET, &body, NOW_MS);
    assert_eq!(
        post(edge.http, WEBHOOKS, &old, body.clone()).await.status,
        401
    );
    let line = edge.line_with("webhook refused");
    assert!(
        line.contains("s ago, more than the 900 s allowed"),
        "{line}"
    );
    assert!(line.contains("diagnosis=\"skew of -"), "{line}");

    assert_eq!(post(edge.http, WEBHOOKS, &[], body).await.status, 401);
    let line = edge.line_with("webhook refused");
    assert!(
        line.contains("cause=\"no x-bettermode-signature header\""),
        "{line}"
    );

    let (code, log) = edge.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("draining"), "{log}");
    for private in [SECRET, "grace@example.com", "Grace", wrong[0].1.as_str()] {
        assert!(!log.contains(private), "{private} is in\n{log}");
    }
}

#[tokio::test]
async fn a_webhook_that_cannot_be_stored_is_an_error_line() {
    let mut edge = Edge::start(&[("WEBHOOK_EDGE_ALLOW_UNSIGNED", "true")]);
    let shout = edge
        .log
        .iter()
        .find(|line| line.contains("SIGNATURES ARE NOT CHECKED"));
    assert!(
        shout.is_some_and(|line| line.contains("WARN")),
        "{:?}",
        edge.log
    );
    let reply = post(edge.http, WEBHOOKS, &[], MEMBER_CREATED.into()).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, "5"));
    let line = edge.line_with("webhook not taken");
    assert!(line.contains("ERROR"), "{line}");
    assert!(
        line.contains("cause=\"community-svc did not answer"),
        "{line}"
    );
    assert!(line.contains("COMMUNITY_SVC_URL"), "{line}");
    assert_eq!(get(edge.http, "/health").await.status, 503);
    assert_eq!(edge.stop().0, Some(0));
}
