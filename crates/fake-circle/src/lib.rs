#![doc = include_str!("../README.md")]

mod config;
mod control;
mod counters;
mod fake;
mod faults;
mod limits;
mod pages;
mod routes;
mod server;
mod world;

#[cfg(test)]
mod tests;

pub use config::{AuthScheme, DEFAULT_TOKEN, FakeConfig};
pub use fake::Fake;
pub use fake_kit::time::{TimeSource, system_time};
pub use faults::{Fault, Setting};
pub use limits::Limits;
