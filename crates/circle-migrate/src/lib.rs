#![doc = include_str!("../README.md")]

pub mod circle;
pub mod cli;
pub mod commands;
pub mod config;
pub mod error;
pub mod extract;
pub mod hiding;
pub mod snapshot;

pub use error::Error;
