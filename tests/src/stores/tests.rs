use mongodb::bson::{Document, doc};

use super::{MongoDb, Redis};

#[tokio::test]
async fn a_killed_redis_comes_back_empty_on_the_same_port() {
    let mut redis = Redis::start().await;
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd("SET")
        .arg("key")
        .arg("value")
        .query_async(&mut connection)
        .await
        .unwrap();

    redis.program.kill();
    assert!(client.get_multiplexed_async_connection().await.is_err());

    redis.restart().await;
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let value: Option<String> = redis::cmd("GET")
        .arg("key")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(value, None);
}

#[tokio::test]
async fn a_killed_mongodb_keeps_what_was_written_with_majority() {
    let mut mongo = MongoDb::start().await;
    let client = mongodb::Client::with_uri_str(mongo.uri()).await.unwrap();
    let events = client.database("harness").collection::<Document>("events");
    events.insert_one(doc! { "_id": "kept" }).await.unwrap();

    mongo.program.kill();
    mongo.restart().await;

    let client = mongodb::Client::with_uri_str(mongo.uri()).await.unwrap();
    let events = client.database("harness").collection::<Document>("events");
    let found = events.find_one(doc! { "_id": "kept" }).await.unwrap();
    assert_eq!(found, Some(doc! { "_id": "kept" }));
}
