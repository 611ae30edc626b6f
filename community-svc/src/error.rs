//! Every way a call can fail, and the only place that makes a `tonic::Status`.
//!
//! An [`Error`] knows its reason, its code, what to tell the caller and which
//! details to attach. docs/errors.md lists them all; a test keeps it complete.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::Duration;

use community_proto::v1::ErrorReason;
use tonic::{Code, Status};

mod details;
mod from_bettermode;
mod from_library;
mod post_calls;

pub(crate) use from_bettermode::Call;

/// When to call again after a failure that does not say how long it lasts.
const SOME_TIME: Duration = Duration::from_secs(1);

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A field breaks its rule.
    #[error("{field} {rule}")]
    InvalidField {
        /// Path of the field in the request: `tags[2]`.
        field: Cow<'static, str>,
        /// What it must be, to be read after the field's name.
        rule: String,
    },
    /// No such member.
    #[error(
        "the community has no member with this {by}; check it, and that the service uses the right network"
    )]
    MemberNotFound {
        /// Which identifier was used: id, username, e-mail address.
        by: &'static str,
    },
    /// Nobody visible has the address, and some addresses are hidden.
    #[error(
        "no member with this e-mail address is visible, and the service's token may not see every \
         address; use an app token or an administrator's token"
    )]
    EmailNotVisible,
    /// No such space.
    #[error("the community has no space with this id")]
    SpaceNotFound,
    /// No such space, in a call that is about the space.
    #[error(
        "the community has no space with this id, or the service's token does not see it; check it"
    )]
    NoSuchSpace,
    /// No such conversation, or one of others.
    #[error(
        "the reader takes part in no such conversation; check conversation_id or member_id, and \
         reader_member_id"
    )]
    ConversationNotFound,
    /// No such event.
    #[error("the community has no event with this id; check it, or it is cancelled")]
    EventNotFound,
    /// The network cannot do or keep something.
    #[error(
        "the community's network has no way of {what}; leave it out, or have the network or its \
         post type changed in BetterMode"
    )]
    NotSupportedByNetwork {
        /// To be read after "way of".
        what: &'static str,
    },
    /// No post type fits.
    #[error("{0}")]
    PostTypeNotFound(&'static str),
    /// No such post, or a deleted one.
    #[error("the community has no post or reply with this id, or it is deleted; check the id")]
    PostNotFound,
    /// BetterMode does not allow it.
    #[error(
        "BetterMode does not allow {attempted} with the service's token; check the app's or member's \
         permissions in BetterMode"
    )]
    UpstreamPermissionDenied {
        /// What was attempted.
        attempted: &'static str,
        /// The field that names what may not be touched, where one does.
        field: Option<&'static str>,
    },
    /// BetterMode refuses our credentials.
    #[error(
        "BetterMode refused the service's credentials; check BETTERMODE_API_TOKEN, or \
         BETTERMODE_CLIENT_ID, BETTERMODE_CLIENT_SECRET and BETTERMODE_NETWORK_ID"
    )]
    UpstreamTokenRefused,
    /// The upstream budget is used up.
    #[error(
        "the community's BetterMode request budget is used up; call again after {retry_after:?}"
    )]
    UpstreamRateLimited {
        /// When a call can succeed again.
        retry_after: Duration,
    },
    /// BetterMode does not answer.
    #[error("BetterMode did not answer while {attempted}; nothing was changed, call again later")]
    UpstreamUnavailable {
        /// What was attempted.
        attempted: &'static str,
        /// When a call can succeed again, where that is known.
        retry_after: Option<Duration>,
    },
    /// BetterMode's answer makes no sense to us.
    #[error(
        "BetterMode's answer while {attempted} could not be understood; the service's log has more"
    )]
    UpstreamUnintelligible {
        /// What was attempted.
        attempted: &'static str,
    },
    /// BetterMode refuses a value.
    #[error("BetterMode refused a value while {attempted}; correct it and call again")]
    UpstreamRejected {
        /// What was attempted.
        attempted: &'static str,
        /// The field of our request that it is about, where that is known.
        field: Option<&'static str>,
    },
    /// A write may or may not have happened.
    #[error(
        "BetterMode did not confirm {attempted}: it may or may not have happened; look before sending it again"
    )]
    OutcomeUnknown {
        /// What was attempted.
        attempted: &'static str,
    },
    /// A write with this id is under way, or is not settled yet.
    #[error(
        "a write with this request_id is not settled yet; call again with the same request_id after \
         {retry_after:?}, it is not sent a second time meanwhile"
    )]
    RequestInProgress {
        /// When it can be settled.
        retry_after: Duration,
    },
    /// The id was used for another write.
    #[error(
        "request_id was used for another write; use a new one for each write, and the same one to \
         send the same write again"
    )]
    RequestIdReused,
    /// The record of writes does not answer.
    #[error(
        "the record of writes did not answer, so this call sent nothing; call again with the same \
         request_id"
    )]
    WriteStoreUnavailable,
    /// A setting rules the call out.
    #[error("the BetterMode integration is switched off by INTEGRATION_ENABLE_BETTERMODE=false")]
    IntegrationDisabled,
    /// Acting for a member needs client credentials.
    #[error(
        "acting for a member needs BETTERMODE_CLIENT_ID and BETTERMODE_CLIENT_SECRET; the service \
         runs with a static BETTERMODE_API_TOKEN"
    )]
    ImpersonationUnavailable,
    /// Only a cached copy was wanted, and there is none.
    #[error(
        "no cached copy is as new as the call asks for; allow an upstream read with \
         read_options.cache, or an older copy with read_options.max_staleness"
    )]
    NotCached,
    /// The shared cache does not answer.
    #[error(
        "the shared cache did not answer: other replicas may still serve the old copy; call again"
    )]
    CacheUnavailable,
    /// The event store does not answer.
    #[error("the event store did not answer; nothing is lost if you send the same events again")]
    EventStoreUnavailable,
    /// No such event.
    #[error("the store has no webhook event with this id; check it, or it was too old to be kept")]
    WebhookEventNotFound,
    /// The resume token is not ours.
    #[error("resume_token is damaged or of another store; watch without one")]
    InvalidResumeToken,
    /// Events after the resume token are gone.
    #[error(
        "what follows resume_token is no longer there; list what was missed, and watch without a token"
    )]
    ResumeTokenExpired,
    /// The store has no change streams.
    #[error("the event store cannot be followed: MongoDB must run as a replica set for that")]
    WatchUnavailable,
    /// The service stops.
    #[error("the service is stopping; watch again from the last resume token")]
    WatchEnded,
    /// The page token is not ours, or not for this query.
    #[error("page_token is damaged or belongs to another query; start again without one")]
    InvalidPageToken,
    /// No known token, nor a known certificate.
    #[error(
        "send a token that the service knows as `authorization: Bearer ...` metadata, or call with \
         a client certificate whose name it knows"
    )]
    Unauthenticated,
    /// The caller is known and may not.
    #[error(
        "the caller {caller} lacks the scope {needed} that this method needs; whoever runs the \
         service grants it in COMMUNITY_SVC_AUTH"
    )]
    ScopeMissing {
        /// The caller's name.
        caller: String,
        /// Scopes of which one would do, joined by "or".
        needed: String,
    },
    /// The caller calls more than is theirs.
    #[error("the caller {caller} is at its limit of {limit}; call again after {retry_after:?}")]
    CallerLimited {
        /// The caller's name.
        caller: String,
        /// Which limit: calls at once, or calls in a second.
        limit: &'static str,
        /// When a call can succeed again.
        retry_after: Duration,
    },
    /// The caller's time is over.
    #[error("the call's deadline passed before there was an answer")]
    DeadlineExceeded,
    /// Too many calls at once.
    #[error("the service has more calls than it can answer in time; call again shortly")]
    Overloaded,
    /// A fault of ours.
    #[error("internal error; the service's log has it under this call's x-request-id")]
    Internal,
    /// What the gRPC library itself refused.
    #[error("{message}")]
    Transport {
        /// The library's code.
        code: Code,
        /// The library's text.
        message: String,
    },
}

impl Error {
    /// A field that breaks its rule; `rule` is read after the field's name.
    pub(crate) fn invalid(field: impl Into<Cow<'static, str>>, rule: impl Into<String>) -> Self {
        Self::InvalidField {
            field: field.into(),
            rule: rule.into(),
        }
    }

    /// The same error about the value at this place of a repeated field.
    pub(crate) fn at(self, index: usize) -> Self {
        match self {
            Self::InvalidField { field, rule } => Self::invalid(format!("{field}[{index}]"), rule),
            other => other,
        }
    }

    /// No such method, or one that nobody has said who may call.
    pub(crate) fn unknown_method() -> Self {
        Self::Transport {
            code: Code::Unimplemented,
            message: "the service has no such method; check its name".to_owned(),
        }
    }

    /// The reason that programs decide on.
    #[must_use]
    pub fn reason(&self) -> ErrorReason {
        match self {
            Self::InvalidField { .. } => ErrorReason::InvalidField,
            Self::MemberNotFound { .. } => ErrorReason::MemberNotFound,
            Self::EmailNotVisible => ErrorReason::EmailNotVisible,
            Self::SpaceNotFound | Self::NoSuchSpace => ErrorReason::SpaceNotFound,
            Self::ConversationNotFound => ErrorReason::ConversationNotFound,
            Self::EventNotFound => ErrorReason::EventNotFound,
            Self::NotSupportedByNetwork { .. } => ErrorReason::NotSupportedByNetwork,
            Self::PostTypeNotFound(_) => ErrorReason::PostTypeNotFound,
            Self::PostNotFound => ErrorReason::PostNotFound,
            Self::UpstreamPermissionDenied { .. } => ErrorReason::UpstreamPermissionDenied,
            Self::UpstreamTokenRefused => ErrorReason::UpstreamTokenRefused,
            Self::UpstreamRateLimited { .. } => ErrorReason::UpstreamRateLimited,
            Self::UpstreamUnavailable { .. } => ErrorReason::UpstreamUnavailable,
            Self::UpstreamUnintelligible { .. } => ErrorReason::UpstreamUnintelligible,
            Self::UpstreamRejected { .. } => ErrorReason::UpstreamRejected,
            Self::OutcomeUnknown { .. } => ErrorReason::OutcomeUnknown,
            Self::RequestInProgress { .. } => ErrorReason::RequestInProgress,
            Self::RequestIdReused => ErrorReason::RequestIdReused,
            Self::WriteStoreUnavailable => ErrorReason::WriteStoreUnavailable,
            Self::IntegrationDisabled => ErrorReason::IntegrationDisabled,
            Self::ImpersonationUnavailable => ErrorReason::ImpersonationUnavailable,
            Self::NotCached => ErrorReason::NotCached,
            Self::CacheUnavailable => ErrorReason::CacheUnavailable,
            Self::EventStoreUnavailable | Self::WatchEnded => ErrorReason::EventStoreUnavailable,
            Self::WebhookEventNotFound => ErrorReason::WebhookEventNotFound,
            Self::InvalidResumeToken => ErrorReason::InvalidResumeToken,
            Self::ResumeTokenExpired => ErrorReason::ResumeTokenExpired,
            Self::WatchUnavailable => ErrorReason::WatchUnavailable,
            Self::InvalidPageToken => ErrorReason::InvalidPageToken,
            Self::Unauthenticated => ErrorReason::Unauthenticated,
            Self::ScopeMissing { .. } => ErrorReason::ScopeMissing,
            Self::CallerLimited { .. } => ErrorReason::CallerLimitExceeded,
            Self::DeadlineExceeded => ErrorReason::DeadlineExceeded,
            Self::Overloaded => ErrorReason::Overloaded,
            Self::Internal => ErrorReason::Internal,
            Self::Transport { code, .. } => match code {
                Code::Unimplemented => ErrorReason::Unimplemented,
                Code::DeadlineExceeded => ErrorReason::DeadlineExceeded,
                Code::InvalidArgument => ErrorReason::InvalidField,
                _ => ErrorReason::Internal,
            },
        }
    }

    /// The gRPC code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::InvalidField { .. }
            | Self::SpaceNotFound
            | Self::PostTypeNotFound(_)
            | Self::UpstreamRejected { .. }
            | Self::RequestIdReused
            | Self::InvalidPageToken
            | Self::InvalidResumeToken => Code::InvalidArgument,
            Self::MemberNotFound { .. }
            | Self::EmailNotVisible
            | Self::NoSuchSpace
            | Self::PostNotFound
            | Self::ConversationNotFound
            | Self::EventNotFound
            | Self::WebhookEventNotFound => Code::NotFound,
            Self::ResumeTokenExpired => Code::OutOfRange,
            Self::UpstreamPermissionDenied { .. } | Self::ScopeMissing { .. } => {
                Code::PermissionDenied
            }
            Self::UpstreamTokenRefused
            | Self::IntegrationDisabled
            | Self::ImpersonationUnavailable
            | Self::NotSupportedByNetwork { .. }
            | Self::NotCached
            | Self::WatchUnavailable => Code::FailedPrecondition,
            Self::UpstreamRateLimited { .. } | Self::Overloaded | Self::CallerLimited { .. } => {
                Code::ResourceExhausted
            }
            Self::UpstreamUnavailable { .. }
            | Self::CacheUnavailable
            | Self::EventStoreUnavailable
            | Self::WriteStoreUnavailable
            | Self::WatchEnded => Code::Unavailable,
            Self::RequestInProgress { .. } => Code::Aborted,
            Self::UpstreamUnintelligible { .. } | Self::Internal => Code::Internal,
            Self::OutcomeUnknown { .. } => Code::Unknown,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Transport { code, .. } => *code,
        }
    }

    /// Whether the write that failed with it may have changed something all the same.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        matches!(
            self,
            Self::OutcomeUnknown { .. }
                | Self::UpstreamUnintelligible { .. }
                | Self::RequestInProgress { .. }
                | Self::DeadlineExceeded
                | Self::Internal
                | Self::Transport { .. }
        )
    }

    /// The answer as HTTP, for layers that stand before gRPC.
    pub(crate) fn into_http(self) -> http::Response<tonic::body::Body> {
        match self {
            Self::Overloaded => refused_for_lack_of_room(),
            error => Status::from(error).into_http(),
        }
    }

    fn field(&self) -> Option<(&str, String)> {
        match self {
            Self::InvalidField { field, rule } => Some((field, rule.clone())),
            Self::SpaceNotFound => Some(("space_id", self.to_string())),
            Self::PostTypeNotFound(_) => Some(("post_type_id", self.to_string())),
            Self::InvalidPageToken => Some(("page_token", self.to_string())),
            Self::RequestIdReused => Some(("request_id", self.to_string())),
            Self::InvalidResumeToken | Self::ResumeTokenExpired => {
                Some(("resume_token", self.to_string()))
            }
            Self::UpstreamRejected {
                field: Some(field), ..
            }
            | Self::UpstreamPermissionDenied {
                field: Some(field), ..
            } => Some((field, self.to_string())),
            _ => None,
        }
    }

    /// When to call again, where that is known.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::UpstreamRateLimited { retry_after }
            | Self::CallerLimited { retry_after, .. }
            | Self::RequestInProgress { retry_after } => Some(*retry_after),
            Self::UpstreamUnavailable { retry_after, .. } => Some(retry_after.unwrap_or(SOME_TIME)),
            Self::CacheUnavailable | Self::EventStoreUnavailable | Self::WriteStoreUnavailable => {
                Some(SOME_TIME)
            }
            Self::Overloaded | Self::WatchEnded => Some(Duration::from_millis(100)),
            _ => None,
        }
    }

    /// What varies in the text, for programs; the text itself is for people.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::InvalidField { field, .. } => vec![("field", field.to_string())],
            Self::MemberNotFound { by } => vec![("identifier", (*by).to_owned())],
            Self::UpstreamPermissionDenied { attempted, .. }
            | Self::UpstreamUnavailable { attempted, .. }
            | Self::UpstreamUnintelligible { attempted }
            | Self::UpstreamRejected { attempted, .. }
            | Self::OutcomeUnknown { attempted } => vec![("attempted", (*attempted).to_owned())],
            Self::NotSupportedByNetwork { what } => vec![("attempted", (*what).to_owned())],
            Self::UpstreamRateLimited { retry_after } | Self::RequestInProgress { retry_after } => {
                vec![("retry_after_ms", retry_after.as_millis().to_string())]
            }
            Self::ScopeMissing { needed, .. } => vec![("scope", needed.clone())],
            Self::CallerLimited {
                limit, retry_after, ..
            } => vec![
                ("limit", (*limit).to_owned()),
                ("retry_after_ms", retry_after.as_millis().to_string()),
            ],
            Self::IntegrationDisabled => {
                vec![("setting", "INTEGRATION_ENABLE_BETTERMODE".to_owned())]
            }
            Self::UpstreamTokenRefused => vec![("setting", "BETTERMODE_API_TOKEN".to_owned())],
            Self::ImpersonationUnavailable => vec![("setting", "BETTERMODE_CLIENT_ID".to_owned())],
            _ => Vec::new(),
        }
    }
}

/// The answer to a call there is no room for. Refusing must cost less than answering, so
/// it is worded once.
fn refused_for_lack_of_room() -> http::Response<tonic::body::Body> {
    static HEADERS: OnceLock<http::HeaderMap> = OnceLock::new();
    let headers = HEADERS.get_or_init(|| {
        let worded: http::Response<tonic::body::Body> = Status::from(Error::Overloaded).into_http();
        worded.into_parts().0.headers
    });
    let mut response = http::Response::new(tonic::body::Body::empty());
    response.headers_mut().clone_from(headers);
    response
}

#[cfg(test)]
mod tests;
