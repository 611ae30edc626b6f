//! What a failed call tells a program: everything but the text.

use std::collections::BTreeMap;
use std::time::Duration;

use community_proto::ERROR_DOMAIN;
use community_proto::v1::ErrorReason;
use tonic::{Code, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// A failed call, taken apart.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The gRPC code.
    pub code: Code,
    /// The reason of the `ErrorInfo` that every error carries.
    pub reason: ErrorReason,
    /// The metadata of the `ErrorInfo`.
    pub metadata: BTreeMap<String, String>,
    /// The fields that `BadRequest` names.
    pub fields: Vec<String>,
    /// When calling again can succeed.
    pub retry_after: Option<Duration>,
    /// The text for people.
    pub message: String,
}

impl Failure {
    /// The failure of a call. Panics when the call succeeded, and when the error
    /// lacks what every error of the contract has.
    pub fn of<T>(result: Result<Response<T>, Status>) -> Self {
        match result {
            Ok(_) => panic!("the call succeeded"),
            Err(status) => Self::read(&status),
        }
    }

    /// The same for an error that is at hand.
    #[must_use]
    pub fn read(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details
            .error_info()
            .unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"));
        assert_eq!(info.domain, ERROR_DOMAIN, "{status:?}");
        let name = format!("ERROR_REASON_{}", info.reason);
        let reason = ErrorReason::from_str_name(&name)
            .unwrap_or_else(|| panic!("{} is no reason of the contract", info.reason));
        complete(status, &details, reason);
        let violations = details
            .bad_request()
            .map(|bad| bad.field_violations.as_slice())
            .unwrap_or_default();
        Self {
            code: status.code(),
            reason,
            metadata: info.metadata.clone().into_iter().collect(),
            fields: violations.iter().map(|bad| bad.field.clone()).collect(),
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
            message: status.message().to_owned(),
        }
    }

    /// Panics unless code and reason are these; returns itself for more questions.
    #[must_use]
    pub fn is(self, code: Code, reason: ErrorReason) -> Self {
        assert_eq!((self.code, self.reason), (code, reason), "{self:?}");
        self
    }

    /// Panics unless `BadRequest` names this field and no other.
    pub fn about(self, field: &str) {
        assert_eq!(self.fields, [field], "{self:?}");
    }
}

/// Panics unless the error has what docs/errors.md promises of its kind.
fn complete(status: &Status, details: &ErrorDetails, reason: ErrorReason) {
    let help = details.help().and_then(|help| help.links.first());
    let help = help.unwrap_or_else(|| panic!("no Help in {status:?}"));
    assert_eq!(help.url, community_proto::error_help(reason), "{status:?}");

    let resource = details.resource_info();
    let missing = status.code() == Code::NotFound;
    assert_eq!(resource.is_some(), missing, "ResourceInfo: {status:?}");

    let delay = details.retry_info().and_then(|retry| retry.retry_delay);
    let delay = delay.map(|delay| delay.as_nanos().div_ceil(1_000_000));
    let pushback = status.metadata().get("grpc-retry-pushback-ms");
    let pushback = pushback.map(|text| text.to_str().expect("a number"));
    match (delay, pushback) {
        (Some(delay), Some(pushback)) => assert_eq!(pushback, delay.to_string(), "{status:?}"),
        (None, None) => {
            let retried = [Code::Unavailable, Code::ResourceExhausted];
            assert!(!retried.contains(&status.code()), "no pushback: {status:?}");
        }
        (None, Some("-1")) => {}
        other => panic!("{other:?} does not fit: {status:?}"),
    }
}
