//! Moving people and content, against a fake BetterMode: in this process and at simulated
//! time, or the built program and sockets where it is about being killed.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod content;
mod interruption;
mod people;
mod program;
mod scale;
mod stage;
mod unknown;
