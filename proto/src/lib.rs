#![doc = include_str!("../README.md")]

pub mod methods;

/// What the workspace wants of hand-written code; generated code cannot have it.
#[cfg(feature = "client")]
#[warn(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)]
pub mod client;

/// Version 1 of the contract; grows, never breaks.
#[allow(
    clippy::all,
    clippy::pedantic,
    missing_docs,
    reason = "generated code follows its generator"
)]
pub mod v1 {
    include!("gen/community.v1.rs");
}

/// All messages and services in the protobuf descriptor format, comments included.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/descriptor.binpb");

/// The domain of every `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "community.v1";

/// Where every reason is explained: a file of the repository, until somebody publishes it
/// at an address of its own.
pub const ERROR_DOCS: &str = "docs/errors.md";

/// The place in [`ERROR_DOCS`] that explains this reason, as `google.rpc.Help` links to it.
#[must_use]
pub fn error_help(reason: v1::ErrorReason) -> String {
    format!("{ERROR_DOCS}#{}", reason.as_reason().to_ascii_lowercase())
}

/// The HTTP status that stands for a gRPC code, as `google/rpc/code.proto` maps them: for
/// gateways that answer in HTTP.
#[must_use]
pub fn http_status(code: tonic::Code) -> u16 {
    use tonic::Code;
    match code {
        Code::Ok => 200,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Cancelled => 499,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
    }
}

impl v1::ErrorReason {
    /// The reason as `google.rpc.ErrorInfo` carries it: the enum's name without its
    /// prefix.
    #[must_use]
    pub fn as_reason(self) -> &'static str {
        let name = self.as_str_name();
        name.strip_prefix("ERROR_REASON_").unwrap_or(name)
    }
}
