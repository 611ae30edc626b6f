//! Pages of all members, with what somebody needs who matches them by address.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, fields_of, filled, spelling},
};
use crate::{MemberId, RosterEntry, paging::Page};

/// An entry with its fields: 1 + 5.
pub(crate) const ENTRY_COST: u32 = 6;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/member_roster.graphql",
    normalization = "rust",
    fragments_other_variant = "true",
    skip_serializing_none
)]
pub(crate) struct MemberRoster;

operation!(MemberRoster, member_roster, Read, Member, |variables| {
    page_cost(variables.limit, ENTRY_COST)
});

pub(crate) fn variables(limit: u32, after: Option<String>) -> member_roster::Variables {
    use member_roster::MemberStatusInput::{Suspended, Unverified, Verified};
    member_roster::Variables {
        limit: i64::from(limit),
        after,
        status: Some(vec![Verified, Unverified, Suspended]),
    }
}

/// How many there are in all, where the vendor counts.
pub(crate) fn total(data: &member_roster::ResponseData) -> Option<i64> {
    data.members.total_count
}

pub(crate) fn answer(data: member_roster::ResponseData) -> Page<RosterEntry> {
    let page = data.members;
    let entry = |node: member_roster::MemberRosterMembersNodes| RosterEntry {
        id: MemberId::new(node.id),
        name: filled(node.name),
        email: filled(node.email),
        status: spelling(node.status).into(),
        tagline: filled(node.tagline),
        fields: fields_of!(node.fields),
        created_at: node.created_at,
    };
    Page {
        nodes: page.nodes.into_iter().flatten().map(entry).collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    }
}
