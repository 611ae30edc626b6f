//! Pages of the invitations that a free text finds, or of all.
//!
//! The search may find others' invitations, so the caller compares addresses.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, invitation_from},
};
use crate::{Email, Invitation, paging::Page};

/// How many invitations a page asks for.
pub(crate) const PAGE: i64 = 20;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/member_invitations.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct MemberInvitations;

operation!(
    MemberInvitations,
    member_invitations,
    Read,
    Network,
    |variables| page_cost(variables.limit, 1)
);
invitation_from!(member_invitations);

pub(crate) fn variables(email: &Email, after: Option<String>) -> member_invitations::Variables {
    member_invitations::Variables {
        query: Some(email.as_str().to_owned()),
        limit: PAGE,
        after,
    }
}

/// All of them.
pub(crate) fn list(limit: u32, after: Option<String>) -> member_invitations::Variables {
    member_invitations::Variables {
        query: None,
        limit: i64::from(limit),
        after,
    }
}

pub(crate) fn answer(data: member_invitations::ResponseData) -> Page<Invitation> {
    let page = data.member_invitations;
    Page {
        nodes: page
            .nodes
            .into_iter()
            .flatten()
            .map(Invitation::from)
            .collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    }
}
