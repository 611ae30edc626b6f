#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod answer;
mod control;
mod counters;
mod fake;
mod faults;
mod filter;
mod limits;
mod pages;
mod query;
mod refusal;
mod schema;
mod seed;
mod server;
mod time;
mod values;
mod world;

#[cfg(test)]
mod tests;

pub use fake::{Fake, FakeConfig};
pub use fake_kit::time::{TimeSource, system_time};
pub use faults::{Fault, Setting};
