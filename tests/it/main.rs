//! The system from outside, over real programs and real stores. A file for each
//! behaviour, in the order in which to read them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test fails"
)]

mod direct_messages;
mod members;
mod posts;
mod upstream_failures;

mod stored_events;
mod webhook_refusals;
mod webhook_to_event;

mod limits;
mod outages;
mod replicas;
mod shutdown;

mod config;
mod keeps_secrets;
mod switched_off;
mod testing_mode;

mod contract;
mod vendor_schema;
mod vendor_signature;

mod dependencies_point_inward;
mod every_rpc_is_covered;
mod tidy;

mod grpcurl;
mod raw_grpc;
mod repository;
