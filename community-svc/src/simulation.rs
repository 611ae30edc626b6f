//! `TESTING_MODE`: the fake BetterMode inside this process.
//!
//! Requests are handed over as values: no socket is opened, so nothing can leave
//! the machine. What is written lives as long as the process and sends no webhooks.

use bettermode::{Credentials, Transport};
use fake_bettermode::{Fake, FakeConfig};
use secrecy::SecretString;

/// The token that the built-in fake accepts; it opens nothing else.
const TOKEN: &str = "testing-mode";

/// A transport that ends in a fresh fake, and credentials that it accepts.
#[must_use]
pub fn start() -> (Transport, Credentials) {
    let config = FakeConfig {
        static_token: Some(TOKEN.to_owned()),
        ..FakeConfig::default()
    };
    let fake = Fake::new(config);
    let transport = Transport::from_fn(move |request| {
        let fake = fake.clone();
        async move { fake.handle(request).await }
    });
    (
        transport,
        Credentials::StaticToken(SecretString::from(TOKEN)),
    )
}
