//! The names that spans and their attributes have.
//!
//! OpenTelemetry's, of release 1.42 of its semantic conventions: HTTP is stable there,
//! RPC a release candidate, GraphQL in development. What no convention has a name for
//! begins with `community.`.

pub use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, GRAPHQL_OPERATION_NAME, GRAPHQL_OPERATION_TYPE, HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, RPC_METHOD, RPC_RESPONSE_STATUS_CODE, RPC_SYSTEM_NAME,
    SERVER_ADDRESS, SERVER_PORT, SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, URL_FULL,
    URL_PATH, URL_SCHEME,
};

/// The id by which a webhook is known once.
pub const EVENT_ID: &str = "community.event.id";
/// What the webhook tells of, such as `post.published`.
pub const EVENT_TYPE: &str = "community.event.type";
/// What became of something: `stored`, `duplicate` and so on.
pub const OUTCOME: &str = "community.outcome";
/// How many events went in one call.
pub const BATCH_SIZE: &str = "community.batch.size";
/// How long the event had waited in the queue, in milliseconds.
pub const WAITED_MS: &str = "community.queue.waited_ms";
/// The part of what is made of an event: `cache`, `members`, `activities`.
pub const PROJECTION: &str = "community.projection";
/// What kind of thing a cache entry holds, such as `member`.
pub const CACHE_ENTRY: &str = "community.cache.entry";

/// gRPC's names of its status codes, as [`RPC_RESPONSE_STATUS_CODE`] wants them.
#[must_use]
pub fn status_code(code: tonic::Code) -> &'static str {
    use tonic::Code;
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Whether a status is the server's own fault, so that its span is an error
/// (semantic conventions, gRPC, server spans).
#[must_use]
pub fn is_servers_fault(code: tonic::Code) -> bool {
    use tonic::Code;
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
