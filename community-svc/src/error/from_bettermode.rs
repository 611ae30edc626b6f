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

    pub(crate) const LIST_MEMBERS: Self = Self {
        fields: &[
            ("query", "query"),
            ("roleIds", "role_ids"),
            ("status", "statuses"),
            ("after", "page_token"),
        ],
        ..Self::reading("listing members")
    };

    pub(crate) const UPDATE_MEMBER: Self = Self {
        attempted: "changing a member",
        member: "member.id",
        fields: &[
            ("id", "member.id"),
            ("name", "member.name"),
            ("tagline", "member.tagline"),
            ("fields", "member.fields"),
        ],
        subject: Some("member.id"),
    };

    pub(crate) const INVITE_MEMBERS: Self = Self {
        fields: &[
            ("email", "invitees.email"),
            ("invitees", "invitees.email"),
            ("roleId", "role_id"),
            ("defaultSpacesIds", "space_ids"),
            ("invitationMessage", "message"),
        ],
        ..Self::reading("inviting members")
    };

    pub(crate) const INVITATION: Self = Self::reading("looking for an invitation");

    pub(crate) const EVENT_TYPES: Self = Self::reading("reading the kinds of webhook");

    pub(crate) const SPACES: Self = Self::reading("listing spaces");

    pub(crate) const SPACE: Self = Self {
        subject: Some("space_id"),
        ..Self::reading("reading a space")
    };

    pub(crate) const SPACE_MEMBERS: Self = Self {
        fields: &[("roleIds", "role_ids"), ("after", "page_token")],
        subject: Some("space_id"),
        ..Self::reading("listing a space's members")
    };

    pub(crate) const ADD_SPACE_MEMBER: Self = Self {
        attempted: "adding a member to a space",
        member: "member_id",
        fields: &[
            ("spaceId", "space_id"),
            ("memberId", "member_id"),
            ("roleId", "role_id"),
        ],
        subject: Some("space_id"),
    };

    pub(crate) const REMOVE_SPACE_MEMBER: Self = Self {
        attempted: "taking a member out of a space",
        member: "member_id",
        fields: &[("spaceId", "space_id"), ("memberIds", "member_id")],
        subject: Some("space_id"),
    };

    pub(crate) const MEMBERSHIP: Self = Self {
        member: "member_id",
        subject: Some("member_id"),
        ..Self::reading("looking whether a member is in a space")
    };

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
            ("mappingFields", "fields"),
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

    pub(crate) const CONVERSATION: Self = Self {
        attempted: "reading a conversation",
        member: "member_id or reader_member_id",
        fields: &[
            ("chatId", "conversation_id"),
            ("memberIds", "member_id"),
            ("memberId", "member_id"),
        ],
        subject: Some("conversation"),
    };

    const EVENT: Self = Self {
        attempted: "changing an event",
        member: "author_member_id",
        fields: &[
            ("spaceId", "space_id"),
            ("hostIds", "details.host_member_ids"),
            ("startTime", "details.start_time"),
            ("endTime", "details.end_time"),
            ("timeZone", "details.time_zone"),
            ("capacity", "details.capacity"),
            ("physicalLocations", "details.physical_places"),
            ("virtualLocations", "details.virtual_places"),
            ("title", "details.title"),
            ("content", "details.description"),
            ("mappingFields", "details"),
        ],
        subject: Some("event_id"),
    };

    pub(crate) const SCHEDULE_EVENT: Self = Self {
        attempted: "creating an event",
        subject: Some("space_id"),
        ..Self::EVENT
    };

    pub(crate) const UPDATE_EVENT: Self = Self::EVENT;

    pub(crate) const CANCEL_EVENT: Self = Self {
        attempted: "cancelling an event",
        ..Self::EVENT
    };

    pub(crate) const REGISTER_FOR_EVENT: Self = Self {
        attempted: "registering for an event",
        member: "member_id",
        fields: &[("eventId", "event_id")],
        ..Self::EVENT
    };

    pub(crate) const EVENTS: Self = Self {
        attempted: "reading events",
        member: "reader_member_id",
        fields: &[("spaceIds", "space_id"), ("spaceId", "space_id")],
        subject: Some("space_id"),
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
                Subject::Post => Error::PostNotFound,
                Subject::Network => Error::UpstreamTokenRefused,
                Subject::Conversation => Error::ConversationNotFound,
                Subject::Event => Error::EventNotFound,
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
            Upstream::NotSupported { what } => Error::NotSupportedByNetwork { what },
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
