#![doc = include_str!("../README.md")]

pub mod admin;
pub mod blocking;
pub mod clock;
pub mod env;
pub mod failpoints;
pub mod http;
pub mod ports;
pub mod shutdown;
pub mod tasks;
pub mod telemetry;
pub mod threads;
