//! The harness of the tests from outside: built programs, real stores, free
//! ports, captured logs.
//!
//! Everything it starts ends when its value is dropped. It knows the programs by
//! their settings, ports and log lines only, and links none of their code but the
//! contract's. What is missing makes a test fail, never pass: run tests with
//! `cargo xtask test`, which brings the tools and builds the programs.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a harness fails a test by panicking, with a sentence that says why"
)]

pub mod chaos;
pub mod clients;
pub mod ctl;
pub mod errors;
pub mod eventually;
pub mod fake;
pub mod fault_proxy;
pub mod notion;
pub mod otlp;
pub mod ports;
pub mod program;
pub mod sandbox;
pub mod signing;
pub mod stores;
pub mod tools;
pub mod world;

pub use clients::Clients;
pub use ctl::{Ctl, CtlRan};
pub use errors::Failure;
pub use eventually::{eventually, eventually_within};
pub use fake::Fake;
pub use fault_proxy::FaultProxy;
pub use notion::Notion;
pub use otlp::{Collector, Recorded};
pub use program::Program;
pub use sandbox::{Replica, Sandbox, SandboxBuilder};
pub use stores::{MongoDb, Redis};
pub use world::World;
