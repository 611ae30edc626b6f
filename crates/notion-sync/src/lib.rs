#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod app;
pub mod check;
pub mod cli;
pub mod commands;
pub mod community;
pub mod config;
pub mod engagement;
pub mod engine;
pub mod error;
pub mod health;
pub mod lock;
pub mod mapping;
pub mod metrics;
pub mod model;
pub mod row;
pub mod state;
pub mod worker;
pub mod writer;
