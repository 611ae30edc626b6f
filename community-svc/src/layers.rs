//! What every call passes, one concern a file. `server.rs` has the order and its
//! reasons.

pub mod auth;
pub(crate) mod complete_errors;
pub(crate) mod deadline;
pub(crate) mod observe;
pub(crate) mod panics;
pub(crate) mod request_id;
pub(crate) mod shed;
