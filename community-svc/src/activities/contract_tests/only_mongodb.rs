//! What is MongoDB's alone: documents, plans, expiry, what it needs to count.

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use secrecy::SecretString;
use service_kit::env::{Env as _, ProcessEnv};
use uuid::Uuid;

use super::{activity, clock, retention};
use crate::activities::mongo::filter;
use crate::activities::mongo::indexes::of_list;
use crate::activities::{ActivityQuery, ActivityStore as _, MongoActivities, Retention};
use crate::stores::MongoLink;

/// A store in a database that no other test uses.
pub(super) fn open() -> (MongoActivities, MongoLink) {
    let uri = ProcessEnv
        .get("TEST_MONGODB_URI")
        .expect("TEST_MONGODB_URI is not set: run cargo xtask test, which starts a MongoDB");
    let database = format!("test_{}", Uuid::new_v4().simple());
    let link = MongoLink::new(&SecretString::from(uri), &database).unwrap();
    (
        MongoActivities::new(link.clone(), clock(), retention()),
        link,
    )
}

mod real_mongodb {
    use super::*;

    async fn explain(database: &Database, find: Document) -> String {
        let answer = database
            .run_command(doc! { "explain": find, "verbosity": "queryPlanner" })
            .await
            .unwrap();
        let plan = answer.get_document("queryPlanner").unwrap();
        plan.get_document("winningPlan").unwrap().to_string()
    }

    fn list(member: bool, kind: bool, goes_on: bool) -> Document {
        let query = ActivityQuery {
            member_id: member.then(|| activity("e", "ada", 0).member_id),
            kind: kind.then(|| "post.created".to_owned()),
            from: Some(activity("e", "ada", 0).occurred_at),
            before: goes_on.then(|| activity("e", "ada", 9).cursor()),
            ..ActivityQuery::default()
        };
        doc! {
            "find": "bettermode_member_activities",
            "filter": filter(query),
            "sort": { "timestamp": -1, "_id": -1 },
            "limit": 50,
            "hint": of_list(member, kind),
        }
    }

    #[tokio::test]
    async fn lists_and_counts_search_an_index_and_do_not_sort() {
        let (store, link) = open();
        store.put(&[activity("e1", "ada", 0)]).await.unwrap();
        let database = link.database().await.unwrap();
        let mut finds = Vec::new();
        for (member, kind, index) in [
            (false, false, "timestamp_-1__id_-1"),
            (true, false, "member_id_1_timestamp_-1__id_-1"),
            (false, true, "kind_1_timestamp_-1__id_-1"),
            (true, true, "member_id_1_kind_1_timestamp_-1__id_-1"),
        ] {
            finds.push((list(member, kind, false), index));
            finds.push((list(member, kind, true), index));
        }
        finds.push((
            doc! {
                "find": "bettermode_activity_counts",
                "filter": { "ranked": true, "level": "all", "period": "" },
                "sort": { "count": -1, "member_id": 1 },
                "limit": 10,
            },
            "level_1_period_1_count_-1_member_id_1",
        ));
        finds.push((
            doc! {
                "find": "bettermode_activity_counts",
                "filter": { "_id": { "$gte": " day 2026-03-", "$lt": " day 2026-03U" } },
                "sort": { "_id": 1 },
            },
            "_id_",
        ));
        for (find, index) in finds {
            let plan = explain(&database, find.clone()).await;
            assert!(
                plan.contains(&format!("\"indexName\": \"{index}\"")),
                "{find}: {plan}"
            );
            for stage in ["\"COLLSCAN\"", "\"SORT\""] {
                assert!(!plan.contains(stage), "{find}: {plan}");
            }
        }
        database.drop().await.unwrap();
    }

    #[tokio::test]
    async fn a_document_reads_as_the_guide_says() {
        let (store, link) = open();
        store.put(&[activity("e1", "ada", 0)]).await.unwrap();
        let database = link.database().await.unwrap();
        let collection = database.collection::<Document>("bettermode_member_activities");
        let found = collection.find_one(doc! {}).await.unwrap().unwrap();
        assert_eq!(found.get_str("member_id").unwrap(), "ada");
        assert_eq!(found.get_str("activity_type").unwrap(), "post");
        let timestamp = found.get_datetime("timestamp").unwrap();
        assert_eq!(timestamp.to_string(), "2026-03-04 5:06:07.089 +00:00:00");
        let data = doc! { "member_id": "ada", "post_id": "P1", "space_id": "S1" };
        assert_eq!(found.get_document("data").unwrap(), &data);
        database.drop().await.unwrap();
    }

    async fn expiry(database: &Database, collection: &str) -> Option<Bson> {
        let answer = database.run_command(doc! { "listIndexes": collection });
        let answer = answer.await.unwrap();
        let indexes = answer.get_document("cursor").unwrap();
        let indexes = indexes.get_array("firstBatch").unwrap();
        indexes
            .iter()
            .filter_map(Bson::as_document)
            .find_map(|index| index.get("expireAfterSeconds").cloned())
    }

    #[tokio::test]
    async fn mongodb_is_told_how_long_to_keep_and_told_anew_when_that_changes() {
        let (_, link) = open();
        let database = link.database().await.unwrap();
        for (days, seconds) in [(0, None), (8, Some(691_200)), (9, Some(777_600)), (0, None)] {
            let store = MongoActivities::new(link.clone(), clock(), Retention::days(days));
            for _ in 0..2 {
                store.prune().await.unwrap();
            }
            for collection in ["bettermode_member_activities", "bettermode_activity_counts"] {
                let found = expiry(&database, collection).await;
                let found = found.and_then(|found| match found {
                    Bson::Int32(seconds) => Some(i64::from(seconds)),
                    Bson::Int64(seconds) => Some(seconds),
                    _ => None,
                });
                assert_eq!(found, seconds, "{collection} {days}");
            }
        }
        database.drop().await.unwrap();
    }
}
