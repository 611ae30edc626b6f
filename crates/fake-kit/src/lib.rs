//! What the stand-ins for vendors share: a socket, answers, the time, a program's frame.
//!
//! Each stand-in has its own world, rules and faults; nothing here knows a vendor.

pub mod answer;
pub mod program;
mod serve;
pub mod time;

pub use serve::serve;
