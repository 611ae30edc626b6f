#![doc = include_str!("../README.md")]

pub mod answers;
pub mod app;
pub mod backend;
pub mod check;
pub mod cli;
pub mod config;
pub mod forward;
pub mod forwarder;
pub mod health;
pub mod metrics;
pub mod payload;
pub mod queue;
pub mod rejection;
pub mod routes;
pub mod signature;
