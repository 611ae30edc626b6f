//! What the gRPC library refused by itself, in the terms of the contract.

use tonic::Code;

use super::Error;

impl Error {
    /// An error that the library made before our code saw the call. It has no details.
    ///
    /// Most are about a message that does not decode or is too large. The library calls
    /// that `INTERNAL`, `OUT_OF_RANGE` or `RESOURCE_EXHAUSTED`, none of which tells a caller
    /// that the request is at fault, and two of which are retried.
    pub(crate) fn of_library(code: Code, message: &str) -> Self {
        let code = match code {
            Code::Internal | Code::OutOfRange | Code::ResourceExhausted => Code::InvalidArgument,
            // The library's own expiry of a deadline.
            Code::Cancelled => Code::DeadlineExceeded,
            other => other,
        };
        Self::Transport {
            code,
            message: message.to_owned(),
        }
    }
}
