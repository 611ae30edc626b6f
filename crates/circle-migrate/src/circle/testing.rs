//! A fake Circle in the same process, at simulated time.

use std::time::Duration;

use fake_circle::{DEFAULT_TOKEN, Fake, FakeConfig};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Client, Transport};
use crate::config::{AuthScheme, CircleConfig};

/// A fake whose clock is tokio's, which tests pause.
pub(crate) fn fake(change: impl FnOnce(&mut FakeConfig)) -> Fake {
    let began = Instant::now();
    let mut config = FakeConfig {
        time: std::sync::Arc::new(move || {
            let first = Timestamp::from_second(1_750_000_000).unwrap();
            first + began.elapsed()
        }),
        ..FakeConfig::default()
    };
    change(&mut config);
    Fake::new(config)
}

pub(crate) fn settings() -> CircleConfig {
    CircleConfig {
        api_url: Some("https://app.circle.so".parse().unwrap()),
        token: Some(DEFAULT_TOKEN.into()),
        auth_scheme: AuthScheme::Bearer,
        community: None,
        max_requests: None,
        deadline: Duration::from_secs(24 * 3600),
    }
}

pub(crate) fn client_with(fake: &Fake, config: &CircleConfig) -> Client {
    let fake = fake.clone();
    let transport = Transport::from_fn(move |request| {
        let fake = fake.clone();
        async move { fake.handle(request).await }
    });
    let token = config.token.clone().unwrap();
    Client::new(config, &token, transport, 1).unwrap()
}

pub(crate) fn client(fake: &Fake) -> Client {
    client_with(fake, &settings())
}
