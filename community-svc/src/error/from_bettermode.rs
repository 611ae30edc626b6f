//! What a failure of the GraphQL client means to our callers.
//!
//! The client's texts can quote the vendor, so none of them reaches a caller; they
//! go to the log, once, here.

use super::Error;

/// What was being done, for texts and for the meaning of "not found".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// To be read after "while" or "allow": "reading a member".
    pub(crate) attempted: &'static str,
    /// What is missing when BetterMode says that something is.
    pub(crate) missing: Missing,
    /// The vendor's field names and ours.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    /// The field of ours that says where or to whom, for refusals.
    pub(crate) subject: Option<&'static str>,
}

/// What a "not found" is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Missing {
    Member { by: &'static str },
    Recipient,
    Space,
    Nothing,
}

impl Call {
    pub(crate) const fn reading_member(by: &'static str) -> Self {
        Self {
            attempted: "reading a member",
            missing: Missing::Member { by },
            fields: &[],
            subject: None,
        }
    }

    pub(crate) const READING_CAPABILITIES: Self = Self {
        attempted: "asking the network what it can do",
        missing: Missing::Nothing,
        fields: &[],
        subject: None,
    };

    pub(crate) const READING_NETWORK: Self = Self {
        attempted: "reading the network",
        missing: Missing::Nothing,
        fields: &[],
        subject: None,
    };

    pub(crate) const READING_POST_TYPES: Self = Self {
        attempted: "reading the space's post types",
        missing: Missing::Space,
        fields: &[("spaceId", "space_id")],
        subject: Some("space_id"),
    };

    pub(crate) const CREATING_POST: Self = Self {
        attempted: "creating a post",
        missing: Missing::Space,
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

    pub(crate) const SENDING_DIRECT_MESSAGE: Self = Self {
        attempted: "sending a direct message",
        missing: Missing::Recipient,
        fields: &[
            ("recipientId", "recipient_member_id"),
            ("memberIds", "recipient_member_id"),
            ("content", "content"),
        ],
        subject: Some("recipient_member_id"),
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
            Upstream::Transport { .. } => Error::UpstreamUnavailable { attempted },
            Upstream::OutcomeUnknown { .. } => Error::OutcomeUnknown { attempted },
            Upstream::TokenRefused { .. } => Error::UpstreamTokenRefused,
            Upstream::PermissionDenied { .. } => Error::UpstreamPermissionDenied {
                attempted,
                field: self.subject,
            },
            Upstream::NotFound { .. } => match self.missing {
                Missing::Member { by } => Error::MemberNotFound { by },
                Missing::Recipient => Error::MemberNotFound {
                    by: "recipient_member_id",
                },
                Missing::Space => Error::SpaceNotFound,
                Missing::Nothing => Error::UpstreamUnintelligible { attempted },
            },
            Upstream::EmailNotVisible => Error::EmailNotVisible,
            Upstream::RateLimited { retry_after, .. } => Error::UpstreamRateLimited {
                retry_after: *retry_after,
            },
            Upstream::InvalidInput { field, .. } => Error::UpstreamRejected {
                attempted,
                field: field.as_deref().and_then(|field| self.our_field(field)),
            },
            Upstream::ActionFailed { .. } => Error::UpstreamRejected {
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
