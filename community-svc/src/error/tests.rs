use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic_types::StatusExt as _;

use super::*;

/// One of each; the match in `is_listed` fails to compile when one is added.
fn every_error() -> Vec<Error> {
    vec![
        Error::invalid("text", "must not be empty"),
        Error::MemberNotFound { by: "id" },
        Error::EmailNotVisible,
        Error::SpaceNotFound,
        Error::NoSuchSpace,
        Error::PostTypeNotFound("none"),
        Error::PostNotFound,
        Error::UpstreamPermissionDenied {
            attempted: "x",
            field: Some("space_id"),
        },
        Error::UpstreamTokenRefused,
        Error::UpstreamRateLimited {
            retry_after: Duration::from_millis(1500),
        },
        Error::UpstreamUnavailable {
            attempted: "x",
            retry_after: None,
        },
        Error::UpstreamUnintelligible { attempted: "x" },
        Error::UpstreamRejected {
            attempted: "x",
            field: Some("title"),
        },
        Error::OutcomeUnknown { attempted: "x" },
        Error::RequestInProgress {
            retry_after: Duration::from_millis(1500),
        },
        Error::RequestIdReused,
        Error::WriteStoreUnavailable,
        Error::ConversationNotFound,
        Error::EventNotFound,
        Error::NotSupportedByNetwork { what: "x" },
        Error::IntegrationDisabled,
        Error::ImpersonationUnavailable,
        Error::NotCached,
        Error::CacheUnavailable,
        Error::EventStoreUnavailable,
        Error::WebhookEventNotFound,
        Error::InvalidResumeToken,
        Error::ResumeTokenExpired,
        Error::WatchUnavailable,
        Error::WatchEnded,
        Error::InvalidPageToken,
        Error::Unauthenticated,
        of_scopes(),
        of_limits(),
        Error::DeadlineExceeded,
        Error::Overloaded,
        Error::Internal,
        Error::Transport {
            code: Code::Unimplemented,
            message: String::new(),
        },
    ]
}

fn of_scopes() -> Error {
    Error::ScopeMissing {
        caller: "crm".to_owned(),
        needed: "write".to_owned(),
    }
}

fn of_limits() -> Error {
    Error::CallerLimited {
        caller: "crm".to_owned(),
        limit: "calls at once",
        retry_after: Duration::from_millis(1500),
    }
}

#[test]
fn every_error_carries_its_reason_and_domain() {
    for error in every_error() {
        let status = Status::from(error.clone());
        let details = status.get_error_details();
        let info = details.error_info().expect("ErrorInfo");
        assert_eq!(info.domain, "community.v1");
        assert_eq!(info.reason, error.reason().as_reason());
        assert_eq!(status.code(), error.code());
    }
}

#[test]
fn every_reason_of_the_contract_is_made_and_documented() {
    let made: std::collections::BTreeSet<i32> = every_error()
        .iter()
        .map(|error| error.reason() as i32)
        .collect();
    let docs = include_str!("../../../docs/errors.md");
    // Numbers have gaps.
    for reason in (1..=999).filter_map(|number| ErrorReason::try_from(number).ok()) {
        assert!(made.contains(&(reason as i32)), "nothing makes {reason:?}");
        assert!(
            docs.contains(&format!("`{}`", reason.as_reason())),
            "docs/errors.md lacks {}",
            reason.as_reason()
        );
    }
}

#[test]
fn every_error_leads_to_its_explanation() {
    for error in every_error() {
        let status = Status::from(error.clone());
        let details = status.get_error_details();
        let link = &details.help().expect("Help").links[0];
        let anchor = error.reason().as_reason().to_ascii_lowercase();
        assert_eq!(link.url, format!("docs/errors.md#{anchor}"));
    }
}

#[test]
fn what_is_not_there_is_named_as_the_contract_names_it() {
    let set = FileDescriptorSet::decode(community_proto::FILE_DESCRIPTOR_SET).unwrap();
    let messages: Vec<_> = set
        .file
        .iter()
        .flat_map(|file| &file.message_type)
        .collect();
    let mut count = 0;
    for error in every_error() {
        let status = Status::from(error.clone());
        let details = status.get_error_details();
        let resource = details.resource_info();
        assert_eq!(
            resource.is_some(),
            error.code() == Code::NotFound,
            "{error:?}"
        );
        if let Some(resource) = resource {
            count += 1;
            let name = resource
                .resource_type
                .strip_prefix("community.v1.")
                .unwrap();
            assert!(
                messages.iter().any(|message| message.name() == name),
                "{name}"
            );
        }
    }
    assert!(count >= 3);
}

#[test]
fn whoever_retries_by_itself_is_told_when_or_not_to() {
    for error in every_error() {
        let status = Status::from(error.clone());
        let pushback = status.metadata().get("grpc-retry-pushback-ms");
        let pushback = pushback.map(|value| value.to_str().unwrap().parse::<i64>().unwrap());
        let retried = matches!(error.code(), Code::Unavailable | Code::ResourceExhausted);
        match error.retry_after() {
            Some(delay) => assert_eq!(u128::try_from(pushback.unwrap()), Ok(delay.as_millis())),
            None => assert_eq!(pushback, retried.then_some(-1), "{error:?}"),
        }
    }
    let retry_after = Duration::from_nanos(1_000_001);
    let status = Status::from(Error::UpstreamRateLimited { retry_after });
    assert_eq!(
        status.metadata().get("grpc-retry-pushback-ms").unwrap(),
        "2"
    );
}

#[test]
fn the_place_in_a_list_is_part_of_the_field() {
    let status = Status::from(Error::invalid("tags", "must not be empty").at(2));
    let details = status.get_error_details();
    assert_eq!(
        details.bad_request().unwrap().field_violations[0].field,
        "tags[2]"
    );
    assert_eq!(status.message(), "tags[2] must not be empty");
    assert_eq!(Error::SpaceNotFound.at(2), Error::SpaceNotFound);
}

#[test]
fn what_the_library_refuses_is_the_callers_to_correct() {
    for (code, expected) in [
        (Code::Internal, Code::InvalidArgument),
        (Code::OutOfRange, Code::InvalidArgument),
        (Code::Cancelled, Code::DeadlineExceeded),
        (Code::Unimplemented, Code::Unimplemented),
    ] {
        let error = Error::of_library(code, "text");
        assert_eq!(
            (error.code(), error.to_string()),
            (expected, "text".to_owned())
        );
    }
}

#[test]
fn a_bad_field_is_named_in_bad_request() {
    let status = Status::from(Error::invalid("text", "must not be empty"));
    let details = status.get_error_details();
    let violation = &details.bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "text");
    assert_eq!(status.message(), "text must not be empty");
}

#[test]
fn a_used_up_budget_says_when_to_call_again() {
    let retry_after = Duration::from_millis(1500);
    let status = Status::from(Error::UpstreamRateLimited { retry_after });
    let details = status.get_error_details();
    assert_eq!(details.retry_info().unwrap().retry_delay, Some(retry_after));
}

#[test]
fn an_outage_says_when_bettermode_is_asked_again_and_a_second_where_nobody_knows() {
    let known = Duration::from_millis(7_300);
    let down = bettermode::Error::CircuitOpen {
        operation: "Op",
        retry_after: known,
    };
    let lost = bettermode::Error::Transport {
        operation: "Op",
        detail: String::new(),
    };
    for (error, expected) in [(down, known), (lost, Duration::from_secs(1))] {
        let status = Status::from(Call::NETWORK.failed(&error));
        assert_eq!(status.code(), Code::Unavailable);
        let details = status.get_error_details();
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(expected));
    }
}
