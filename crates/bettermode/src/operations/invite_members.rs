//! Invitations to the community.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, invitation_from},
};
use crate::{Invitation, Invitee, NewInvitations};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/invite_members.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct InviteMembers;

operation!(InviteMembers, invite_members, Write, Member, |_| 5);
invitation_from!(invite_members);

pub(crate) fn variables(new: NewInvitations) -> invite_members::Variables {
    let spaces: Vec<_> = new.space_ids.iter().map(|id| id.as_str().into()).collect();
    invite_members::Variables {
        input: invite_members::InviteMembersInput {
            invitees: new.invitees.into_iter().map(invitee).collect(),
            invitation_message: new.message,
            role_id: new.role_id.map(|id| id.as_str().to_owned()),
            default_spaces_ids: Some(spaces).filter(|spaces| !spaces.is_empty()),
            expires_at: None,
        },
    }
}

fn invitee(invitee: Invitee) -> invite_members::InviteeInput {
    invite_members::InviteeInput {
        email: invitee.email.as_str().to_owned(),
        name: invitee.name,
        role_id: None,
        default_spaces_ids: None,
    }
}

pub(crate) fn answer(data: invite_members::ResponseData) -> Vec<Invitation> {
    data.invite_members
        .into_iter()
        .map(Invitation::from)
        .collect()
}
