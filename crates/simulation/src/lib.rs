#![doc = include_str!("../README.md")]

use std::time::Duration;

pub mod chance;
pub mod clock;
pub mod disk;
pub mod edge;
pub mod faults;
pub mod host;
pub mod journal;
pub mod laws;
pub mod ledger;
pub mod mail;
pub mod many;
pub mod network;
pub mod one;
pub mod people;
pub mod power;
pub mod records;
pub mod run;
pub mod service;
pub mod tables;
pub mod vendor;

use network::Host;

/// Hosts.
pub const EDGES: [Host; 2] = ["edge-1", "edge-2"];
/// The one that runs the service.
pub const SERVICE: Host = "service";
/// The one where BetterMode is.
pub const VENDOR: Host = "vendor";
/// The one that reads.
pub const READER: Host = "reader";
/// The one that sends what it has seen.
pub const STRANGER: Host = "stranger";

/// The secret that webhooks are signed with.
const SECRET: &str = "the secret of the simulation";
/// The token of the service at the vendor's.
const TOKEN: &str = "simulation";
/// What the vendor allows in 10 s.
const REQUESTS: u32 = 20;
/// How long copies of members are fresh.
const TTL: Duration = Duration::from_secs(120);
/// How old they may get.
const MAX_AGE: Duration = Duration::from_secs(900);
/// By how much the service's clock can be wrong.
const WRONG_CLOCK: Duration = Duration::from_secs(60);
