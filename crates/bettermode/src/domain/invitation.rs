//! Invitations to the community by e-mail.

use jiff::Timestamp;

use crate::{Email, InvitationId, MemberId, RoleId, SpaceId};

/// People to invite, all in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitations {
    /// Whom.
    pub invitees: Vec<Invitee>,
    /// Words for the invitation's e-mail, plain text.
    pub message: Option<String>,
    /// The role that they get; `None` for the community's ordinary one.
    pub role_id: Option<RoleId>,
    /// Spaces that they join along with the community; none for its own choice.
    pub space_ids: Vec<SpaceId>,
}

/// Somebody to invite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitee {
    /// Where the invitation goes.
    pub email: Email,
    /// How to greet them.
    pub name: Option<String>,
}

/// An invitation that BetterMode recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// BetterMode's id.
    pub id: InvitationId,
    /// Where it went; absent when what BetterMode sent is no address.
    pub email: Option<Email>,
    /// How far it got, as BetterMode spells it, for example `Pending`.
    pub status: String,
    /// The role that they get.
    pub role_id: RoleId,
    /// The member who the invited one became.
    pub member_id: Option<MemberId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}
