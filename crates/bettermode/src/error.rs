//! Everything that can go wrong between a call and its answer.
//!
//! The texts are for people; a program matches the variant. No variant carries
//! a token, a secret or an e-mail address: what the vendor wrote passes through
//! a filter that takes addresses out.

use std::time::Duration;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer, and nothing was changed: a read that failed, or a mutation
    /// that was never sent. Calling again is safe.
    #[error("failed to reach BetterMode for {operation}: {detail}; calling again is safe")]
    Transport {
        /// The document's name.
        operation: &'static str,
        /// What happened.
        detail: String,
    },
    /// A mutation was sent and no usable answer came: it may or may not have
    /// happened.
    #[error("{operation} was sent and not answered ({detail}); look before sending it again")]
    OutcomeUnknown {
        /// The document's name.
        operation: &'static str,
        /// What happened.
        detail: String,
    },
    /// BetterMode refuses the token, or the app's credentials, also after a
    /// renewal.
    #[error(
        "BetterMode refuses the access token or the client credentials; check them, \
         the network id, and that the app is installed in the community"
    )]
    TokenRefused,
    /// The token is good, and its member may not do this.
    #[error("BetterMode does not permit {operation} to this token: {message}")]
    PermissionDenied {
        /// The document's name.
        operation: &'static str,
        /// BetterMode's text.
        message: String,
    },
    /// There is no such thing in the community.
    #[error("BetterMode has no such {what}")]
    NotFound {
        /// What was asked for.
        what: Subject,
    },
    /// No member with this address is visible, and at least one member who came
    /// up in the search hides their address from this token.
    #[error("no visible member has this e-mail address, and the token may not see every address")]
    EmailNotVisible,
    /// A limit is reached, nothing was changed.
    #[error("the limit of calls to BetterMode is reached; call again in {} ms", retry_after.as_millis())]
    RateLimited {
        /// When to call again.
        retry_after: Duration,
        /// True when BetterMode said so, false when the own budget did.
        by_vendor: bool,
    },
    /// The document costs more complexity points than BetterMode allows one.
    #[error("BetterMode finds {operation} too complex: {message}; ask for less at a time")]
    TooComplex {
        /// The document's name.
        operation: &'static str,
        /// BetterMode's text.
        message: String,
    },
    /// A value is not acceptable.
    #[error("BetterMode refuses {}: {message}", field.as_deref().unwrap_or("a value"))]
    InvalidInput {
        /// The field, where it is known.
        field: Option<String>,
        /// What is wrong with it.
        message: String,
    },
    /// BetterMode answered a mutation with `status: failed` and no reason.
    #[error("BetterMode answered that {operation} failed and gave no reason")]
    ActionFailed {
        /// The document's name.
        operation: &'static str,
    },
    /// An answer had errors beside its data, and the data cannot be trusted to
    /// be whole.
    #[error("BetterMode answered {operation} in part (code {code}): {message}")]
    PartialData {
        /// The document's name.
        operation: &'static str,
        /// BetterMode's code.
        code: String,
        /// BetterMode's text.
        message: String,
    },
    /// The answer is not what the schema promises.
    #[error("failed to understand BetterMode's answer to {operation}: {detail}")]
    Undecodable {
        /// The document's name.
        operation: &'static str,
        /// What is wrong with it; nothing of its content.
        detail: String,
    },
    /// The network has no operation for this, or one with other arguments than
    /// ours. Nothing was sent.
    #[error("this network has no way of {what}")]
    NotSupported {
        /// What was attempted, to be read after "way of".
        what: &'static str,
    },
    /// Acting for a member needs client credentials.
    #[error("a static token cannot act for a member; configure a client id and secret")]
    ImpersonationUnavailable,
    /// Client credentials are of no use without the community's id.
    #[error("client credentials need the network id; configure it")]
    NetworkIdMissing,
    /// BetterMode broke while answering a read, also after the repeats. Calling
    /// again later is safe.
    #[error("BetterMode could not answer {operation} (code {code}): {message}; call again later")]
    Unavailable {
        /// The document's name.
        operation: &'static str,
        /// BetterMode's code, or `HTTP` and the status.
        code: String,
        /// BetterMode's text.
        message: String,
    },
    /// BetterMode failed several times in a row, so nothing is sent to it for now.
    /// Nothing was changed.
    #[error(
        "BetterMode is down: {operation} was not sent; call again in {} ms",
        retry_after.as_millis()
    )]
    CircuitOpen {
        /// The document's name.
        operation: &'static str,
        /// When a call may go out again, to find out how it is.
        retry_after: Duration,
    },
    /// Any other error that BetterMode reports.
    #[error("BetterMode answered {operation} with code {code}: {message}")]
    Upstream {
        /// The document's name.
        operation: &'static str,
        /// BetterMode's code.
        code: String,
        /// BetterMode's text.
        message: String,
    },
}

/// What a call was about, to name what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The community.
    Network,
    /// A member.
    Member,
    /// A space, or what is in it.
    Space,
    /// A post type that fits.
    PostType,
    /// A post or a reply.
    Post,
    /// A conversation between members.
    Conversation,
    /// An event.
    Event,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Network => "network",
            Self::Member => "member",
            Self::Space => "space",
            Self::PostType => "post type",
            Self::Post => "post",
            Self::Conversation => "conversation",
            Self::Event => "event",
        })
    }
}
