//! Reading Circle's Admin API v2, and nothing but reading.
//!
//! Order of what a request passes, outermost first, and why:
//! 1. deadline: a run ends, however long Circle says to wait;
//! 2. retry: every request is a read, so each may be sent again;
//! 3. budget and pace: inside the retry, because every attempt is charged;
//! 4. transport: with its time-out and the limit of the answer's size.

mod answer;
mod client;
mod error;
mod pace;

pub use answer::{Community, Page};
pub use client::{Client, List, Spent, https};
pub use error::CircleError;
pub use vendor_transport::Transport;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
