//! The engine and the worker against a fake Notion in the same process, at simulated time:
//! waits cost nothing, and how long something takes is exact.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test fails"
)]

mod activities;
mod bench;
mod checking;
mod community;
mod crashes;
mod members;
mod oddities;
mod volume;
