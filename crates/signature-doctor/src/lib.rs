#![doc = include_str!("../README.md")]

mod bodies;
mod captured;
mod diagnosis;
mod digest;
mod finding;
mod json_text;
mod scheme;
mod search;
mod secrets;
mod time;

#[cfg(test)]
mod tests;

pub use captured::{Captured, HEADER_NAMES};
pub use diagnosis::{Diagnosis, Terms, WORK_OF_A_SERVER, WORK_OF_A_TOOL, diagnose};
pub use finding::{Finding, LABELS};
pub use scheme::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
pub use secrets::{EmptySecret, Fingerprint, Secrets};
