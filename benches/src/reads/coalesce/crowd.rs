//! Many who ask at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::affinity;
use crate::reads::client::Reader;

/// The service takes 256 calls at once on a connection.
const CALLS_PER_CONNECTION: usize = 200;

/// Calls that are not made yet.
#[derive(Debug)]
pub(super) struct Crowd {
    services: Vec<SocketAddr>,
    /// Whom each call asks for.
    ids: Vec<String>,
}

/// What came of them.
#[derive(Debug)]
pub(super) struct Asked {
    /// Answers with the member that was asked for.
    pub(super) right: usize,
    /// The first of the others.
    pub(super) failure: Option<String>,
    /// Until the last answer.
    pub(super) time: Duration,
}

impl Crowd {
    /// One call for each id; the services take turns.
    pub(super) fn new(services: Vec<SocketAddr>, ids: Vec<String>) -> Self {
        Self { services, ids }
    }

    /// Makes all calls at once, once all are connected.
    pub(super) async fn ask(self, core: Option<usize>) -> Asked {
        affinity::on_own_thread(core, || self.on_this_thread()).await
    }

    async fn on_this_thread(self) -> Asked {
        let connections = self.ids.len().div_ceil(CALLS_PER_CONNECTION);
        let connections = connections.next_multiple_of(self.services.len());
        let mut readers = Vec::new();
        for service in self.services.iter().cycle().take(connections) {
            readers.push(Reader::connect(*service).await);
        }
        let everybody = Arc::new(Barrier::new(self.ids.len() + 1));
        let mut calls = JoinSet::new();
        for (id, reader) in self.ids.into_iter().zip(readers.iter().cycle()) {
            let (reader, everybody) = (reader.clone(), Arc::clone(&everybody));
            calls.spawn(async move {
                everybody.wait().await;
                one(&reader, &id).await
            });
        }
        everybody.wait().await;
        let start = Instant::now();
        let outcomes = calls.join_all().await;
        let time = start.elapsed();
        Asked {
            right: outcomes.iter().filter(|outcome| outcome.is_none()).count(),
            failure: outcomes.into_iter().flatten().next(),
            time,
        }
    }
}

/// What was wrong, if anything.
async fn one(reader: &Reader, id: &str) -> Option<String> {
    match reader.read(id).await {
        Ok(read) if read.member.id == id => None,
        Ok(read) => Some(format!("asked for {id}, got {}", read.member.id)),
        Err(status) => Some(format!("{:?}: {}", status.code(), status.message())),
    }
}
