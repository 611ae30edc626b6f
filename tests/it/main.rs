//! The system from outside, over real programs and real stores. A file for each
//! behaviour; the groups below stand in the order in which to read them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test fails"
)]

// What callers can do, and what they hear when BetterMode does not play along.
mod calendar;
mod direct_messages;
mod inviting;
mod linking_members;
mod linking_migrated_members;
mod managing_members;
mod members;
mod memberships;
mod post_changes;
mod post_fields;
mod post_lists;
mod posts;
mod reactions;
mod reading;
mod replies;
mod safe_writes;
mod safe_writes_of_all_kinds;
mod spaces;
mod upstream_failures;

// From a change in the community to a stored event and what comes of it.
mod activities;
mod circle_webhooks;
mod following;
mod projections;
mod replaying;
mod stored_events;
mod synchronous_answers;
mod webhook_refusals;
mod webhook_signatures;
mod webhook_to_event;

// On to Notion.
mod notion_requests;
mod notion_sync;

// Bad days and busy ones.
mod callers_limits;
mod chaos;
mod circuit_breaker;
mod connections;
mod conservation;
mod conservation_metrics;
mod fault_proxy;
mod hostile_callers;
mod hostile_connections;
mod limits;
mod outages;
mod replicas;
mod rolling_restarts;
mod shutdown;

// Who may call.
mod audit;
mod certificates;
mod scopes;
mod tokens;

// Running it.
mod communityctl;
mod communityctl_doctor;
mod communityctl_queue;
mod config;
mod configuration_page;
mod console;
mod console_pages;
mod deployment;
mod keeps_secrets;
mod switched_off;
mod testing_mode;
mod tls;
mod traces;
mod traces_of_callers;

// Promises to strangers: the contract, and the vendor's schema and signature.
mod clients_in_other_languages;
mod contract;
mod vendor_schema;
mod vendor_signature;

// The repository itself.
mod dependencies_point_inward;
mod documentation;
mod every_error_is_complete;
mod every_rpc_is_covered;
mod tidy;

// Helpers that only these tests need.
mod any_request;
mod authority;
mod grpcurl;
mod promql;
mod raw_grpc;
mod raw_h2;
mod raw_http;
mod repository;
mod settings;
