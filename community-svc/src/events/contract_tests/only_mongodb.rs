//! What is MongoDB's alone: the documents, the indexes, being away.

use mongodb::bson::{Bson, Document, doc};
use secrecy::SecretString;
use service_kit::clock::SharedClock;
use service_kit::env::{Env as _, ProcessEnv};
use uuid::Uuid;

use super::{clock, event, with_payload};
use crate::events::{Error, EventStore as _, FollowError, MongoStore, WatchFilter};
use crate::stores::MongoLink;

/// A store in a database that no other test uses.
pub(in crate::events) fn open(clock: SharedClock) -> MongoStore {
    let uri = ProcessEnv
        .get("TEST_MONGODB_URI")
        .expect("TEST_MONGODB_URI is not set: run cargo xtask test, which starts a MongoDB");
    let database = format!("test_{}", Uuid::new_v4().simple());
    let link = MongoLink::new(&SecretString::from(uri), &database).unwrap();
    MongoStore::new(link, clock)
}

pub(in crate::events) async fn drop_database(store: &MongoStore) {
    store.database().await.drop().await.unwrap();
}

#[test]
fn settings_that_cannot_be_used_are_refused_without_being_repeated() {
    for (uri, database, setting) in [
        ("http://u:secret@host", "community", "MONGODB_URI"),
        ("mongodb://u:secret@host:port", "community", "MONGODB_URI"),
        ("mongodb://host", "", "MONGODB_DATABASE"),
        ("mongodb://host", "a.b", "MONGODB_DATABASE"),
    ] {
        let error = MongoLink::new(&uri.into(), database).unwrap_err();
        assert!(error.to_string().starts_with(setting), "{error}");
        assert!(!format!("{error:?}{error}").contains("secret"));
    }
}

#[tokio::test]
async fn a_mongodb_that_is_away_fails_the_call_and_not_the_start() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let uri = format!("mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=200");
    let link = MongoLink::new(&uri.into(), "community").unwrap();
    let store = MongoStore::new(link, clock());
    for error in [
        store.ping().await.unwrap_err(),
        store.ingest(&[event("one", 0)]).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("MONGODB_URI"), "{error}");
    }
}

mod real_mongodb {
    use super::*;

    async fn documents(store: &MongoStore) -> Vec<Document> {
        use futures::TryStreamExt as _;
        let database = store.database().await;
        let collection = database.collection("bettermode_webhook_events");
        let found = collection.find(doc! {}).sort(doc! { "event_id": 1 }).await;
        found.unwrap().try_collect().await.unwrap()
    }

    #[tokio::test]
    async fn a_document_reads_as_the_guide_says() {
        let store = open(clock());
        store.ingest(&[event("one", 0)]).await.unwrap();
        let found = documents(&store).await.remove(0);
        assert_eq!(found.get_str("event_type").unwrap(), "post.published");
        let timestamp = found.get_datetime("timestamp").unwrap();
        assert_eq!(timestamp.to_string(), "2026-03-04 5:06:06.987 +00:00:00");
        let data = found.get_document("data").unwrap();
        let expected = doc! { "big": Bson::Int64(5_000_000_000), "id": "one", "n": Bson::Int32(7) };
        assert_eq!(data, &expected);
        assert_eq!(found.get_str("format").unwrap(), "bettermode");
        drop_database(&store).await;
    }

    #[tokio::test]
    async fn data_without_a_bson_form_is_left_out_and_says_why() {
        let store = open(clock());
        let batch = [
            with_payload("a", r#"{"data":{"$set":1}}"#),
            with_payload("b", r#"{"data":{"a\u0000":1}}"#),
            with_payload("c", r#"{"data":{"a":18446744073709551615}}"#),
            with_payload("d", r#"{"data":{"a.b":1}}"#),
            with_payload("e", r#"{"data":[1]}"#),
        ];
        store.ingest(&batch).await.unwrap();
        let found = documents(&store).await;
        let omitted: Vec<_> = found
            .iter()
            .map(|one| one.get_str("data_omitted").ok())
            .collect();
        assert_eq!(
            omitted,
            [
                Some("a name starts with a dollar sign"),
                Some("a name holds a NUL character"),
                Some("a whole number is larger than 64 bits with a sign hold"),
                None,
                None,
            ]
        );
        let kept: Vec<_> = found.iter().map(|one| one.contains_key("data")).collect();
        assert_eq!(kept, [false, false, false, true, false]);
        drop_database(&store).await;
    }

    async fn index_of(store: &MongoStore, keys: Document) -> Option<Document> {
        let answer = store
            .database()
            .await
            .run_command(doc! { "listIndexes": "bettermode_webhook_events" })
            .await
            .unwrap();
        let indexes = answer.get_document("cursor").unwrap();
        let mut indexes = indexes.get_array("firstBatch").unwrap().iter();
        indexes
            .find_map(|index| {
                index
                    .as_document()
                    .filter(|index| index.get_document("key").ok() == Some(&keys))
            })
            .cloned()
    }

    #[tokio::test]
    async fn the_index_on_event_id_is_unique() {
        let store = open(clock());
        store.ingest(&[event("one", 0)]).await.unwrap();
        let index = index_of(&store, doc! { "event_id": 1 }).await.unwrap();
        assert!(index.get_bool("unique").unwrap());
        drop_database(&store).await;
    }

    #[tokio::test]
    async fn mongodb_is_told_how_long_events_that_are_done_are_kept() {
        let store = open(clock());
        store.ingest(&[event("one", 0)]).await.unwrap();
        for days in [Some(8_u32), Some(30), None, Some(9)] {
            let age = days.map(|days| std::time::Duration::from_secs(u64::from(days) * 86_400));
            store.retain(age).await.unwrap();
            let index = index_of(&store, doc! { "received_at": 1 }).await;
            let kept = index.as_ref().map(|index| {
                let of = index.get_document("partialFilterExpression").unwrap();
                assert_eq!(of, &doc! { "state": "done" });
                let seconds = index.get("expireAfterSeconds").unwrap();
                seconds
                    .as_i32()
                    .map(i64::from)
                    .or(seconds.as_i64())
                    .unwrap()
            });
            assert_eq!(kept, days.map(|days| i64::from(days) * 86_400));
        }
        drop_database(&store).await;
    }

    #[tokio::test]
    async fn a_token_of_another_database_is_refused() {
        use futures::StreamExt as _;
        let (one, other) = (open(clock()), open(clock()));
        let mut steps = one.follow(None, WatchFilter::default()).await.unwrap();
        let token = steps.next().await.unwrap().unwrap().token;
        let refused = other.follow(Some(token), WatchFilter::default()).await;
        assert!(matches!(refused.err(), Some(FollowError::InvalidToken)));
        for store in [one, other] {
            drop_database(&store).await;
        }
    }

    #[tokio::test]
    async fn events_stay_unique_when_the_indexes_are_lost() {
        let store = open(clock());
        store.ingest(&[event("one", 0)]).await.unwrap();
        let database = store.database().await;
        let collection = database.collection::<Document>("bettermode_webhook_events");
        collection.drop_indexes().await.unwrap();
        store.ingest(&[event("one", 0)]).await.unwrap();
        assert_eq!(documents(&store).await.len(), 1);
        drop_database(&store).await;
    }
}
