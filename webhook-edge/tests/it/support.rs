//! What the tests of the running edge share.

pub(crate) mod http;
pub(crate) mod service;

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(crate) const SECRET: &str = "a-signing-secret";
pub(crate) const NOW_MS: i64 = 1_714_979_290_000;
pub(crate) const MEMBER_CREATED: &str = include_str!("../../fixtures/member_created.json");

/// The headers that BetterMode would send with `body`.
pub(crate) fn signature_headers(
    secret: &str,
    body: &[u8],
    timestamp_ms: i64,
) -> [(String, String); 2] {
    let timestamp = timestamp_ms.to_string();
    let signature = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap()
        .chain_update(&timestamp)
        .chain_update(":")
        .chain_update(body)
        .finalize()
        .into_bytes();
    [
        ("X-BetterMode-Signature".to_owned(), hex::encode(signature)),
        ("X-BetterMode-Request-Timestamp".to_owned(), timestamp),
    ]
}

/// Asks again until `holds` does, at most 20 seconds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let poll = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), poll)
        .await
        .unwrap_or_else(|_| panic!("never happened: {what}"));
}
