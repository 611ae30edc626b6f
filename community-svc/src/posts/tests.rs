//! Writes against the built-in fake: prepared, looked for, attempted, found.

use bettermode::{Config, PostId, Sighting, TimeSource, UnlimitedBudget};
use jiff::Timestamp;
use service_kit::clock::{SharedClock, SystemClock};

use super::*;
use crate::metrics::Metrics;
use crate::reactions::{Direction, Reactions};
use crate::replies::{NewReply, Replies};

const LONG_AGO: Timestamp = Timestamp::UNIX_EPOCH;

fn upstream() -> Upstream {
    let (transport, credentials) = crate::simulation::start();
    let clock: SharedClock = std::sync::Arc::new(SystemClock);
    let time = std::sync::Arc::clone(&clock);
    let time: TimeSource = std::sync::Arc::new(move || time.now());
    let budget = std::sync::Arc::new(UnlimitedBudget);
    let client = bettermode::Client::new(Config::new(credentials), transport, budget, time);
    let metrics = Metrics::register(&mut prometheus_client::registry::Registry::default());
    Upstream::new(client, clock, metrics)
}

/// Any post that is there.
async fn some_post(posts: &Posts) -> Post {
    let filter = PostFilter {
        limit: 1,
        ..PostFilter::default()
    };
    posts.list(&filter, None).await.unwrap().items.remove(0)
}

fn ids(sighting: Sighting<Post>) -> Vec<PostId> {
    match sighting {
        Sighting::Seen(posts) => posts.into_iter().map(|post| post.id).collect(),
        Sighting::CannotTell => panic!("it could tell"),
    }
}

#[tokio::test]
async fn what_is_prepared_is_found_once_it_was_attempted_and_not_before() {
    let posts = Posts::new(upstream());
    let new = NewPost {
        space: some_post(&posts).await.space_id,
        values: Values {
            title: Some("Found again".to_owned()),
            html: Some("<p>Body</p>".to_owned()),
            fields: Vec::new(),
        },
        post_type: None,
        author: None,
        publish: true,
        tags: Vec::new(),
    };
    let creation = posts.prepare_post(new).await.unwrap();
    assert!(ids(creation.lookup(LONG_AGO).await.unwrap()).is_empty());
    let post = creation.attempt().await.unwrap();
    assert_eq!(
        ids(creation.lookup(LONG_AGO).await.unwrap()),
        std::slice::from_ref(&post.id)
    );

    let change = PostChange {
        id: post.id.clone(),
        values: Values {
            title: Some("Changed".to_owned()),
            ..Values::default()
        },
        tags: None,
        publish: false,
        actor: None,
    };
    let change = posts.prepare_change(change).await.unwrap();
    assert_eq!(change.lookup().await.unwrap(), None);
    change.attempt().await.unwrap();
    let changed = change.lookup().await.unwrap().unwrap();
    assert_eq!(changed.status, bettermode::PostStatus::Published);

    let deletion = posts.prepare_deletion(post.id.clone(), None).unwrap();
    assert!(!deletion.lookup().await.unwrap());
    deletion.attempt().await.unwrap();
    assert!(deletion.lookup().await.unwrap());
    assert_eq!(change.attempt().await, Err(Error::PostNotFound));
}

#[tokio::test]
async fn replies_and_reactions_are_found_once_they_were_attempted_and_not_before() {
    let upstream = upstream();
    let post = some_post(&Posts::new(upstream.clone())).await.id;
    let new = NewReply {
        post: post.clone(),
        html: "<p>An answer</p>".to_owned(),
        post_type: None,
        author: None,
    };
    let reply = Replies::new(upstream.clone()).prepare(new).await.unwrap();
    assert!(ids(reply.lookup(LONG_AGO).await.unwrap()).is_empty());
    let created = reply.attempt().await.unwrap();
    assert_eq!(ids(reply.lookup(LONG_AGO).await.unwrap()), [created.id]);

    let reactions = Reactions::new(upstream);
    for direction in [Direction::Add, Direction::Remove] {
        let key = "rocket".to_owned();
        let reaction = reactions
            .prepare(direction, post.clone(), key, None)
            .unwrap();
        assert!(!reaction.lookup().await.unwrap(), "{direction:?}");
        reaction.attempt().await.unwrap();
        assert!(reaction.lookup().await.unwrap(), "{direction:?}");
    }
}
