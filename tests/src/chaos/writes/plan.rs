//! What is to become of each message, by its number and the seed.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// One message that somebody wants sent.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) request_id: String,
    pub(super) recipient: String,
    pub(super) text: String,
    /// How many call for it at once.
    pub(super) callers: usize,
    /// The caller leaves after the first call that did not tell.
    pub(super) gives_up: bool,
    /// Whoever got the answer asks again, with the same content and with another.
    pub(super) asks_again: bool,
}

impl Plan {
    pub(super) fn of(seed: u64, number: u32, recipients: &[String]) -> (Self, StdRng) {
        let mut rng = StdRng::seed_from_u64(seed ^ (u64::from(number) << 32));
        let is_common = rng.random_bool(0.2);
        // Few words to few members: the same at the same time, under other ids.
        let people = if is_common { 3 } else { recipients.len() };
        let recipient = recipients[rng.random_range(0..people)].clone();
        let text = if is_common {
            format!("again {}", rng.random_range(0..2))
        } else {
            format!("message {number}")
        };
        let plan = Self {
            request_id: request_id(&mut rng),
            recipient,
            text,
            callers: if rng.random_bool(0.05) { 2 } else { 1 },
            gives_up: rng.random_bool(0.01),
            asks_again: rng.random_bool(0.05),
        };
        (plan, rng)
    }
}

/// A random UUID, version 4.
fn request_id(rng: &mut StdRng) -> String {
    let mut bytes: [u8; 16] = rng.random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex::encode(bytes);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
    parts.join("-")
}
