use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{CALL_TIMEOUT, RedisLink, testing};

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_being_repeated() {
    let url = SecretString::from("http://user:secret@host");
    let error = RedisLink::new(&url).unwrap_err();
    assert!(error.to_string().contains("REDIS_URL"));
    assert!(!format!("{error:?}{error}").contains("secret"));
}

#[tokio::test]
async fn a_dead_redis_fails_the_call_and_not_the_start() {
    let link = testing::dead_link();
    let started = Instant::now();
    assert!(link.ping().await.unwrap_err().is_io_error());
    assert!(started.elapsed() < CALL_TIMEOUT);
}

#[tokio::test]
async fn a_silent_redis_costs_one_caller_its_patience_and_not_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let link = RedisLink::new(&url.into()).unwrap();

    let started = Instant::now();
    assert!(link.ping().await.is_err());
    assert!(started.elapsed() < 2 * CALL_TIMEOUT);

    let error = link.ping().await.unwrap_err();
    assert!(error.to_string().contains("a moment ago"), "{error}");
}

mod real_redis {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_was_cut_is_replaced_within_the_same_call() {
        let link = testing::link();
        let id: u64 = link.command(redis::cmd("CLIENT").arg("ID")).await.unwrap();
        let other = testing::link();
        let killed: u64 = other
            .command(redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id))
            .await
            .unwrap();
        assert_eq!(killed, 1);
        link.ping().await.unwrap();
        let new_id: u64 = link.command(redis::cmd("CLIENT").arg("ID")).await.unwrap();
        assert_ne!(new_id, id);
    }
}
