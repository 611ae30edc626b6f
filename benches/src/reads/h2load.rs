//! h2load (of nghttp2) as the client: it costs little beside what it measures.
//!
//! It posts one prepared call over and over, and knows nothing of gRPC. That every answer
//! is the right one shows in the bytes: an error has none, another answer has others.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use integration_tests::tools;

use super::client::{frame_length, get_member_frame};
use super::stage::{Stage, TOKEN};
use crate::figures::Latencies;
use community_proto::v1::GetMemberResponse;

/// Connections and calls at once on each: enough for a server that has one core.
const CONNECTIONS: usize = 4;
const STREAMS: usize = 32;

/// A call, and what it is answered with.
#[derive(Debug, Clone)]
pub(super) struct H2load {
    frame: PathBuf,
    log: PathBuf,
    answer_bytes: usize,
    core: Option<usize>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) latencies: Latencies,
    /// Answers.
    pub(super) count: usize,
    /// In a second.
    pub(super) rate: f64,
}

impl H2load {
    /// Asks for this member on this core; every answer has to be as long as this one.
    pub(super) fn new(
        stage: &Stage,
        id: &str,
        answer: &GetMemberResponse,
        core: Option<usize>,
    ) -> Self {
        let frame = stage.file("call");
        std::fs::write(&frame, get_member_frame(id)).expect("a temporary folder takes files");
        Self {
            frame,
            log: stage.file("h2load.log"),
            answer_bytes: frame_length(answer),
            core,
        }
    }

    /// Calls the service or the baseline; panics when one answer is not the right one.
    pub(super) async fn run(&self, address: SocketAddr, time: Duration) -> Outcome {
        let mut command = self.command(address, time);
        let ran = tokio::task::spawn_blocking(move || tools::finish(&mut command)).await;
        let ran = ran.expect("h2load is waited for");
        assert!(ran.succeeded, "h2load: {}{}", ran.stdout, ran.stderr);
        let summary = Summary::read(&ran.stdout)
            .unwrap_or_else(|| panic!("h2load wrote no summary: {}", ran.stdout));
        self.check(&summary, &ran.stdout);
        let log = std::fs::read_to_string(&self.log).expect("h2load writes its log");
        Outcome {
            latencies: latencies(&log),
            count: summary.succeeded,
            rate: summary.rate,
        }
    }

    fn command(&self, address: SocketAddr, time: Duration) -> Command {
        let h2load = tools::tool("TEST_H2LOAD");
        let mut command = if let Some(core) = self.core {
            let ourselves = std::env::current_exe().expect("a running program has a path");
            let mut command = Command::new(ourselves);
            command.args(["on-core", &core.to_string()]).arg(h2load);
            command
        } else {
            Command::new(h2load)
        };
        // It appends.
        let _none_yet = std::fs::remove_file(&self.log);
        let clients = CONNECTIONS.to_string();
        let streams = STREAMS.to_string();
        command.args(["-t", "1", "-c", &clients, "-m", &streams]);
        command.arg("-D").arg(time.as_secs().max(1).to_string());
        command
            .arg(format!("--log-file={}", self.log.display()))
            .arg("-d")
            .arg(&self.frame)
            .args(["-H", "content-type: application/grpc"])
            .args(["-H", "te: trailers"])
            .args(["-H", "grpc-timeout: 5S"])
            .args(["-H", &format!("authorization: Bearer {TOKEN}")])
            .arg(format!(
                "http://{address}/community.v1.CommunityService/GetMember"
            ));
        command
    }

    fn check(&self, summary: &Summary, text: &str) {
        let well = summary.succeeded > 0 && summary.failed == 0;
        assert!(well, "calls failed: {text}");
        let right = summary.succeeded * self.answer_bytes;
        // Those that are under way when the time is over are not counted as answers.
        let slack = CONNECTIONS * STREAMS * self.answer_bytes;
        assert!(
            (right..=right + slack).contains(&summary.data_bytes),
            "{} answers of {} bytes are not {} bytes: {text}",
            summary.succeeded,
            self.answer_bytes,
            summary.data_bytes
        );
    }
}

/// What h2load says at its end.
#[derive(Debug, PartialEq)]
struct Summary {
    succeeded: usize,
    /// No answer, or one whose status is not 2xx.
    failed: usize,
    rate: f64,
    data_bytes: usize,
}

impl Summary {
    fn read(text: &str) -> Option<Self> {
        let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
        let [requests, codes, traffic] = ["requests: ", "status codes: ", "traffic: "].map(line);
        // "finished in 5.00s, 35000.00 req/s, 9.52MB/s"
        let rate = line("finished in ")?.split(", ").nth(1)?;
        // "10 total, 10 started, 10 done, 9 succeeded, 1 failed, 0 errored, 0 timeout"
        let before = |text: &str, word: &str| -> Option<usize> {
            let part = text.split(", ").find_map(|part| part.strip_suffix(word))?;
            part.trim().parse().ok()
        };
        // "1.20MB (1258291) total, 2.1KB (2150) headers (space savings 90%), 1MB (7) data"
        let data = traffic?.rsplit_once('(')?.1.split_once(')')?.0;
        let mut others = 0;
        // One that is cut by the end has a status and is not counted as an answer, so
        // these do not add up to the answers.
        for class in ["3xx", "4xx", "5xx"] {
            others += before(codes?, class)?;
        }
        Some(Self {
            succeeded: before(requests?, "succeeded")?,
            failed: others + before(requests?, "failed")?,
            rate: rate.strip_suffix(" req/s")?.parse().ok()?,
            data_bytes: data.parse().ok()?,
        })
    }
}

/// Of each answer: when it was asked for, its status, how many microseconds it took.
fn latencies(log: &str) -> Latencies {
    let lines = log.lines().filter_map(|line| line.rsplit_once('\t'));
    Latencies::new(lines.filter_map(|(_, took)| took.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
finished in 5.02s, 7968.13 req/s, 1.64MB/s
requests: 40000 total, 40128 started, 40000 done, 39990 succeeded, 10 failed, 0 errored, 0 timeout
status codes: 39981 2xx, 0 3xx, 10 4xx, 0 5xx
traffic: 8.24MB (8640123) total, 1.10MB (1153434) headers (space savings 86.50%), 6.75MB (7080000) data
                     min         max         mean         sd        +/- sd
";

    #[test]
    fn its_summary_is_read() {
        let summary = Summary::read(TEXT).unwrap();
        assert_eq!(
            summary,
            Summary {
                succeeded: 39_990,
                failed: 20,
                rate: 7968.13,
                data_bytes: 7_080_000,
            }
        );
        assert_eq!(Summary::read("h2load: no"), None);
    }

    #[test]
    fn its_log_is_read() {
        let latencies = latencies("1700000000000000\t200\t1500\n1700000000000100\t200\t500\n");
        assert_eq!(latencies.count(), 2);
        assert!((latencies.percentile(1.0) - 1.5).abs() < f64::EPSILON);
    }
}
