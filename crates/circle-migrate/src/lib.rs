#![doc = include_str!("../README.md")]

pub mod circle;
pub mod cli;
pub mod commands;
pub mod config;
pub mod content;
pub mod error;
pub mod extract;
pub mod hiding;
pub mod key;
pub mod ledger;
pub mod links;
pub mod migration;
pub mod options;
pub mod people;
pub mod progress;
pub mod report;
pub mod run;
pub mod snapshot;
pub mod step;
pub mod target;
pub mod verify;

pub use error::Error;
