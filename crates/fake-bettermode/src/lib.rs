#![doc = include_str!("../README.md")]

mod complexity;
mod config;
mod control;
mod counters;
mod fake;
mod faults;
mod graphql;
mod limits;
mod refusal;
mod resolve;
mod schema;
mod server;
mod time;
mod tokens;
mod webhook;
mod world;

#[cfg(test)]
mod tests;

pub use config::{FakeConfig, Generation};
pub use fake::Fake;
pub use fake_kit::time::{TimeSource, system_time};
pub use faults::{Fault, Setting};
pub use limits::Limits;
pub use webhook::signature::sign;
pub use webhook::{HeaderPair, SendError, Sender, WebhookConfig};
