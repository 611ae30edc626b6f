#![doc = include_str!("../README.md")]

pub mod cli;
pub mod commands;
pub mod config;
pub mod error;
pub mod snapshot;

pub use error::Error;
