//! One row of the ledger.

use std::fmt;

use crate::key::Subject;

macro_rules! texts {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// How it is written.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// What is written so.
            #[must_use]
            pub fn named(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

texts! {
    /// How far a step is.
    State {
        /// To be done; nothing was sent, or what was sent was refused and may be again.
        Planned = "planned",
        /// It may have been sent: look before sending it again.
        InFlight = "in_flight",
        /// Done.
        Done = "done",
        /// Not to be done, for a reason.
        Skipped = "skipped",
        /// BetterMode refuses it; a later `apply` tries again.
        Failed = "failed",
    }
}

texts! {
    /// What was done.
    Outcome {
        /// An account, a space or a post was made.
        Created = "created",
        /// An invitation was sent.
        Invited = "invited",
        /// It was there already.
        Matched = "matched",
        /// An invitation from elsewhere was there already.
        AlreadyInvited = "already_invited",
        /// Something that was there was changed.
        Updated = "updated",
    }
}

texts! {
    /// What a target's id is of.
    TargetKind {
        /// A member.
        Member = "member",
        /// An invitation.
        Invitation = "invitation",
        /// A collection.
        Collection = "collection",
        /// A space.
        Space = "space",
        /// A post or a reply.
        Post = "post",
    }
}

/// Something in BetterMode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// BetterMode's id.
    pub id: String,
}

impl Target {
    /// A target.
    pub fn new(kind: TargetKind, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
        }
    }
}

/// One step and how far it is. `Debug` leaves the address out.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is done.
    pub subject: Subject,
    /// To which record of Circle.
    pub id: u64,
    /// The normalised address, for people.
    pub email: Option<String>,
    /// How far it is.
    pub state: State,
    /// What was done.
    pub outcome: Option<Outcome>,
    /// Why it was skipped, held back or failed.
    pub reason: Option<String>,
    /// What it is in BetterMode.
    pub target: Option<Target>,
    /// How often it was sent.
    pub attempts: u32,
    /// BetterMode's code of the last refusal.
    pub error_code: Option<String>,
    /// Of what was sent, to see whether the source has changed.
    pub payload_hash: Option<String>,
    /// When the row last changed.
    pub updated_at: String,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("subject", &self.subject)
            .field("id", &self.id)
            .field("state", &self.state)
            .field("outcome", &self.outcome)
            .field("reason", &self.reason)
            .field("target", &self.target)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
