//! An error on the wire: its code, its text and the details that programs read.

use std::time::Duration;

use community_proto::{ERROR_DOMAIN, error_help};
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::Error;

/// gRPC's trailer for clients that retry by themselves: milliseconds, or a negative
/// number for not at all.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (reason, text) = (error.reason(), error.to_string());
        let metadata = error
            .metadata()
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<std::collections::HashMap<_, _>>();
        let mut details = ErrorDetails::with_error_info(reason.as_reason(), ERROR_DOMAIN, metadata);
        if let Some((field, description)) = error.field() {
            details.add_bad_request_violation(field, description);
        }
        if let Some(kind) = missing(&error) {
            // Its name is what the caller sent, and may be an e-mail address.
            details.set_resource_info(kind, "", "", text.as_str());
        }
        let what = format!("What {} means and what to do", reason.as_reason());
        details.add_help_link(what, error_help(reason));
        let mut trailers = MetadataMap::new();
        say_when_to_retry(&error, &mut details, &mut trailers);
        Self::with_error_details_and_metadata(error.code(), text, details, trailers)
    }
}

/// Tells programs that read details, and clients that retry by themselves: the one place
/// that does.
fn say_when_to_retry(error: &Error, details: &mut ErrorDetails, trailers: &mut MetadataMap) {
    let retried = matches!(error.code(), Code::Unavailable | Code::ResourceExhausted);
    if let Some(delay) = error.retry_after() {
        details.set_retry_info(Some(delay));
        trailers.insert(PUSHBACK, pushback(delay));
    } else if retried {
        // By its code it would be sent again, and fail again.
        trailers.insert(PUSHBACK, MetadataValue::from_static("-1"));
    }
}

/// Rounded up: a moment early is refused again.
fn pushback(delay: Duration) -> MetadataValue<Ascii> {
    let millis = delay.as_nanos().div_ceil(1_000_000);
    MetadataValue::from(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// What is not there, by the name of its message in the contract: `MEMBER_NOT_FOUND` is
/// about a `community.v1.Member`.
fn missing(error: &Error) -> Option<String> {
    if error.code() != Code::NotFound {
        return None;
    }
    let reason = error.reason().as_reason();
    // The other ones are about a member whom the caller may not see.
    let words = match reason.strip_suffix("_NOT_FOUND").unwrap_or("MEMBER") {
        "EVENT" => "CALENDAR_EVENT",
        // Has no message of its own: it is known by those that are in it.
        "CONVERSATION" => "DIRECT_MESSAGE",
        words => words,
    };
    let name = words.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_owned() + &rest.to_ascii_lowercase()
    });
    Some(format!("{ERROR_DOMAIN}.{}", name.collect::<String>()))
}
