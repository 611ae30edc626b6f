//! The shipped client while replicas are restarted one after the other: nobody who uses
//! it notices.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use community_proto::client::Client;
use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::send_direct_message_request::Content;
use community_proto::v1::{GetMemberRequest, SendDirectMessageRequest};
use futures::future::join_all;
use integration_tests::{Program, Sandbox, eventually, tools};
use serde_json::json;
use tokio::sync::watch;
use tonic::{Response, Status};

/// How many restarts a run has; `TEST_ROLLING_RESTARTS` for another number.
const RESTARTS: usize = 6;
const READERS: usize = 4;
const WRITERS: usize = 4;

/// What the callers saw.
#[derive(Default)]
struct Seen {
    /// Which processes answered: each begins its request ids with a number of its own.
    processes: BTreeSet<String>,
    reads: usize,
    writes: usize,
    failures: Vec<String>,
}

#[tokio::test]
async fn no_call_fails_while_replicas_are_restarted_one_after_the_other() {
    let restarts = tools::number("TEST_ROLLING_RESTARTS", RESTARTS);
    let mut sandbox = two_replicas_without_limits().await;
    let mut replica = sandbox.another_service().await;
    let addresses = [
        sandbox.clients.service_address(),
        replica.clients.service_address(),
    ];
    let client = Client::builder(
        addresses.map(|address| format!("http://{address}")),
        rand::random,
    );
    let client = client.build().unwrap();

    let seen = Mutex::new(Seen::default());
    let (stop, stopped) = watch::channel(false);
    let world = sandbox.fake.world().await;
    let members: Vec<_> = (0..READERS.max(WRITERS))
        .map(|number| world.text(&format!("/members/{number}/id")))
        .collect();
    let (client, calls, stopped) = (&client, &seen, &stopped);
    let reading = members[..READERS].iter().map(|id| async move {
        while !*stopped.borrow() {
            read(client, id, calls).await;
        }
    });
    let writing = members[..WRITERS].iter().map(|id| async move {
        while !*stopped.borrow() {
            write(client, id, calls).await;
        }
    });
    let operator = async {
        for number in 0..restarts {
            all_answer(&seen, 2 + number).await;
            let program = if number % 2 == 0 {
                &mut sandbox.service
            } else {
                &mut replica.program
            };
            restart(program).await;
        }
        all_answer(&seen, 2 + restarts).await;
        stop.send(true).unwrap();
    };
    tokio::join!(operator, join_all(reading), join_all(writing));

    let seen = seen.into_inner().unwrap();
    let Seen { reads, writes, .. } = seen;
    assert!(
        seen.failures.is_empty(),
        "{} of {reads} reads and {writes} writes failed: {:#?}",
        seen.failures.len(),
        &seen.failures[..seen.failures.len().min(10)]
    );
    assert!(reads > restarts && writes > restarts, "{reads}, {writes}");
    let sent = sandbox.fake.requests("sendMessageToMember").await;
    assert_eq!(sent, writes as u64, "a write was sent twice");
    tools::say(&format!(
        "{restarts} restarts, {reads} reads and {writes} writes, none failed, none doubled"
    ));
}

/// One replica of them; its messages take a moment, so that some are always under way.
async fn two_replicas_without_limits() -> Sandbox {
    let sandbox = Sandbox::builder()
        .with_redis()
        .with_mongodb()
        .fake_setting("FAKE_BETTERMODE_NO_LIMITS", "true")
        .service_setting("BETTERMODE_RATE_LIMIT_REQUESTS", "1000000")
        .service_setting("BETTERMODE_RATE_LIMIT_COMPLEXITY", "1000000000")
        .start()
        .await;
    let late = json!({ "value": 50, "operation": "sendMessageToMember" });
    sandbox.fake.fault("latency_ms", late).await;
    sandbox
}

/// SIGTERM as an orchestrator sends it, and a new process on the same address.
async fn restart(program: &mut Program) {
    let status = program.terminate().await;
    assert_eq!(status.code(), Some(0), "{status}");
    program.start().await;
}

/// Waits until so many processes have answered in all, so that each of them has served
/// before it is ended.
async fn all_answer(seen: &Mutex<Seen>, count: usize) {
    eventually("the new process has calls", async || {
        let seen = lock(seen);
        match seen.processes.len() {
            found if found == count => Ok(()),
            found => Err(format!("{found} of {count}: {:?}", seen.failures.last())),
        }
    })
    .await;
}

async fn read(client: &Client, id: &str, seen: &Mutex<Seen>) {
    let request = GetMemberRequest {
        identifier: Some(Identifier::MemberId(id.to_owned())),
        read_options: None,
    };
    let answer = client.community().get_member(request).await;
    let mut seen = lock(seen);
    seen.reads += 1;
    seen.note("read", answer);
}

async fn write(client: &Client, id: &str, seen: &Mutex<Seen>) {
    let request = SendDirectMessageRequest {
        recipient_member_id: id.to_owned(),
        content: Some(Content::Text("Still here".to_owned())),
        ..SendDirectMessageRequest::default()
    };
    let answer = client.community().send_direct_message(request).await;
    let mut seen = lock(seen);
    seen.writes += 1;
    seen.note("write", answer);
}

impl Seen {
    fn note<T>(&mut self, what: &str, answer: Result<Response<T>, Status>) {
        match answer {
            Ok(answer) => {
                let id = answer.metadata().get("x-request-id").unwrap();
                let process = id.to_str().unwrap()[..16].to_owned();
                self.processes.insert(process);
            }
            Err(status) => self.failures.push(format!("{what}: {status:?}")),
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
