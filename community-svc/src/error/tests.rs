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
        Error::DeadlineExceeded,
        Error::Overloaded,
        Error::Internal,
        Error::Transport {
            code: Code::Unimplemented,
            message: String::new(),
        },
    ]
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
