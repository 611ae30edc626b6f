//! What every event store must do, over each of them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use service_kit::clock::ManualClock;
use trace_kit::TraceParent;

use super::{EventQuery, Format, NewEvent, SharedEventStore};

mod bodies;
mod erasing;
mod following;
mod ingesting;
mod listing;
pub(super) mod only_mongodb;
mod only_sqlite;
mod replaying;
mod working;

/// Runs each function over both stores.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            use crate::events::contract_tests::{clock, only_sqlite};

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let directory = tempfile::tempdir().unwrap();
                let store = only_sqlite::open(directory.path(), clock());
                super::$name(std::sync::Arc::new(store)).await;
            })+
        }
        mod real_mongodb {
            use crate::events::contract_tests::{clock, only_mongodb};

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let store = std::sync::Arc::new(only_mongodb::open(clock()));
                super::$name(store.clone()).await;
                only_mongodb::drop_database(&store).await;
            })+
        }
    };
}

use contract;

contract!(the_store_answers_a_ping);

pub(super) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(time("2026-03-04T05:06:08.250Z")))
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An event that is all filled in, received at 05:06:07.000 plus `millis`.
pub(super) fn event(id: &str, millis: u64) -> NewEvent {
    NewEvent {
        event_id: id.to_owned(),
        event_type: "post.published".to_owned(),
        noun: Some("POST".to_owned()),
        verb: Some("PUBLISHED".to_owned()),
        network_id: Some("net1".to_owned()),
        actor_member_id: Some("mem1".to_owned()),
        object_id: Some("post1".to_owned()),
        occurred_at: Some(time("2026-03-04T05:06:06.987Z")),
        received_at: time("2026-03-04T05:06:07Z") + Duration::from_millis(millis),
        format: Format::BetterMode,
        path: "/webhooks/bettermode".to_owned(),
        payload: Bytes::from(format!(
            r#"{{ "type":"SUBSCRIPTION", "data":{{"id":"{id}","n":7,"big":5000000000}} }}"#
        )),
        trace_parent: TraceParent::new(7, 8, true),
    }
}

fn with_payload(id: &str, payload: impl Into<Bytes>) -> NewEvent {
    NewEvent {
        payload: payload.into(),
        ..event(id, 0)
    }
}

async fn ids(store: &SharedEventStore, query: EventQuery) -> Vec<String> {
    let events = store.list(query).await.unwrap();
    events
        .into_iter()
        .map(|found| found.event.event_id)
        .collect()
}

fn first(limit: usize) -> EventQuery {
    EventQuery {
        limit,
        ..EventQuery::default()
    }
}

async fn the_store_answers_a_ping(store: SharedEventStore) {
    store.ping().await.unwrap();
}
