//! What a failure of the GraphQL client means to our callers.
//!
//! The client's texts can quote the vendor, so none of them reaches a caller; they
//! go to the log, once, here.

use bettermode::Subject;

use super::Error;

/// What was being done: for texts, and to name a field of ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// To be read after "while" or "allow": "reading a member".
    pub(crate) attempted: &'static str,
    /// What named the member, for when BetterMode has none such.
    pub(crate) member: &'static str,
    /// The vendor's field names and ours.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    /// The field of ours that says where or to whom, for refusals.
    pub(crate) subject: Option<&'static str>,
}

impl Call {
    const fn reading(attempted: &'static str) -> Self {
        Self {
            attempted,
            member: "id",
            fields: &[],
            subject: None,
        }
    }

    pub(crate) const CAPABILITIES: Self = Self::reading("asking the network what it can do");

    pub(crate) const NETWORK: Self = Self::reading("reading the network");

    /// Reading a member who was named by `member`.
    pub(crate) const fn member(member: &'static str) -> Self {
        Self {
            member,
            ..Self::reading("reading a member")
        }
    }

    pub(crate) const POST_TYPES: Self = Self {
        member: "author_member_id",
        fields: &[("spaceId", "space_id")],
        subject: Some("space_id"),
        ..Self::reading("reading the space's post types")
    };

    pub(crate) const POST: Self = Self {
        attempted: "creating a post",
        member: "author_member_id",
        fields: &[
            ("spaceId", "space_id"),
            ("postTypeId", "post_type_id"),
            ("tagNames", "tags"),
            ("title", "title"),
            ("content", "content"),
            ("mappingFields", "content"),
        ],
        subject: Some("space_id"),
    };

    pub(crate) const DIRECT_MESSAGE: Self = Self {
        attempted: "sending a direct message",
        member: "recipient_member_id",
        fields: &[
            ("recipientId", "recipient_member_id"),
            ("memberIds", "recipient_member_id"),
            ("content", "content"),
            ("mappingFields", "content"),
        ],
        subject: Some("recipient_member_id"),
    };

    /// A direct message that is sent as a member: either of the two may be unknown.
    pub(crate) const DIRECT_MESSAGE_AS: Self = Self {
        member: "recipient_member_id or sender_member_id",
        ..Self::DIRECT_MESSAGE
    };

    pub(crate) const LOOK_FOR_MESSAGE: Self = Self {
        attempted: "looking for a direct message",
        ..Self::DIRECT_MESSAGE
    };

    /// The error for our caller; the client's own goes to the log.
    pub(crate) fn failed(self, error: &bettermode::Error) -> Error {
        let attempted = self.attempted;
        let ours = self.meaning(error);
        let error: &dyn std::error::Error = error;
        match ours.code() {
            tonic::Code::NotFound | tonic::Code::InvalidArgument => {
                tracing::debug!(attempted, error, "BetterMode refused");
            }
            _ => tracing::warn!(attempted, error, "BetterMode call failed"),
        }
        ours
    }

    fn meaning(self, error: &bettermode::Error) -> Error {
        use bettermode::Error as Upstream;
        let attempted = self.attempted;
        match error {
            Upstream::Transport { .. } | Upstream::Unavailable { .. } => {
                Error::UpstreamUnavailable {
                    attempted,
                    retry_after: None,
                }
            }
            Upstream::CircuitOpen { retry_after, .. } => Error::UpstreamUnavailable {
                attempted,
                retry_after: Some(*retry_after),
            },
            Upstream::OutcomeUnknown { .. } => Error::OutcomeUnknown { attempted },
            Upstream::TokenRefused | Upstream::NetworkIdMissing => Error::UpstreamTokenRefused,
            Upstream::PermissionDenied { .. } => Error::UpstreamPermissionDenied {
                attempted,
                field: self.subject,
            },
            Upstream::NotFound { what } => match what {
                Subject::Member => Error::MemberNotFound { by: self.member },
                Subject::Space => Error::SpaceNotFound,
                Subject::PostType => Error::PostTypeNotFound(
                    "the network has no post type that fits; an administrator has to allow one",
                ),
                Subject::Network => Error::UpstreamTokenRefused,
                Subject::Conversation => Error::UpstreamRejected {
                    attempted,
                    field: self.subject,
                },
            },
            Upstream::EmailNotVisible => Error::EmailNotVisible,
            Upstream::RateLimited { retry_after, .. } => Error::UpstreamRateLimited {
                retry_after: *retry_after,
            },
            Upstream::InvalidInput { field, .. } => Error::UpstreamRejected {
                attempted,
                field: field.as_deref().and_then(|field| self.our_field(field)),
            },
            // Codes that nothing here knows are about the request too: what broke on
            // the vendor's side has variants of its own.
            Upstream::ActionFailed { .. }
            | Upstream::TooComplex { .. }
            | Upstream::Upstream { .. } => Error::UpstreamRejected {
                attempted,
                field: None,
            },
            Upstream::ImpersonationUnavailable => Error::ImpersonationUnavailable,
            _ => Error::UpstreamUnintelligible { attempted },
        }
    }

    /// The vendor names a field by its path: `input.postTypeId`.
    fn our_field(self, theirs: &str) -> Option<&'static str> {
        theirs.split(['.', '[', ']']).find_map(|part| {
            self.fields
                .iter()
                .find(|(vendor, _)| *vendor == part)
                .map(|(_, ours)| *ours)
        })
    }
}
