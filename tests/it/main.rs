//! The system from outside, over real programs and real stores. A file for each
//! behaviour, in the order in which to read them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test fails"
)]

mod vendor_schema;
mod vendor_signature;

mod dependencies_point_inward;
mod every_rpc_is_covered;
mod repository;
mod tidy;
