//! A link to the Redis that the tests run against.

use secrecy::SecretString;
use service_kit::env::{Env as _, ProcessEnv};

use super::RedisLink;

/// A link to `TEST_REDIS_URL`.
pub(crate) fn link() -> RedisLink {
    let url = ProcessEnv
        .get("TEST_REDIS_URL")
        .expect("TEST_REDIS_URL is not set: run cargo xtask test, which starts a Redis");
    RedisLink::new(&SecretString::from(url)).unwrap()
}

/// A link to a port that nobody listens on.
pub(crate) fn dead_link() -> RedisLink {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    RedisLink::new(&format!("redis://127.0.0.1:{port}").into()).unwrap()
}
