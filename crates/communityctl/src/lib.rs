#![doc = include_str!("../README.md")]

pub mod cli;
pub mod commands;
pub mod error;
pub mod output;

mod admin;
mod capture;
mod proto_json;
mod service;
mod settings;
mod when;
