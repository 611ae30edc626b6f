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

impl v1::ErrorReason {
    /// The reason as `google.rpc.ErrorInfo` carries it: the enum's name without its
    /// prefix.
    #[must_use]
    pub fn as_reason(self) -> &'static str {
        let name = self.as_str_name();
        name.strip_prefix("ERROR_REASON_").unwrap_or(name)
    }
}
