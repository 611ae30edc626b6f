//! Pages of members: by a free-text search, by role, by status.
//!
//! Also the way to find a member by e-mail address: no snapshot of the schema has a
//! query for it, and the search may return other people, so the caller compares.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, Id, MEMBER_COST, member_from},
};
use crate::{Email, Member, MemberFilter, MemberStatus, paging::Page};

/// How many members a page asks for.
pub(crate) const PAGE: i64 = 20;

/// How many members [`sample`] asks for.
const SAMPLE: i64 = 5;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/member_search.graphql",
    normalization = "rust",
    fragments_other_variant = "true",
    skip_serializing_none
)]
pub(crate) struct MemberSearch;

operation!(MemberSearch, member_search, Read, Member, |variables| {
    page_cost(variables.limit, MEMBER_COST)
});
member_from!(member_search);

pub(crate) fn variables(email: &Email, after: Option<String>) -> member_search::Variables {
    page(Some(email.as_str().to_owned()), PAGE, after)
}

/// What a filter lets through.
pub(crate) fn list(
    filter: &MemberFilter,
    limit: u32,
    after: Option<String>,
) -> member_search::Variables {
    let roles = filter.role_ids.iter().map(|id| id.as_str().to_owned());
    let roles: Vec<_> = roles.collect();
    let all = page(filter.query.clone(), i64::from(limit), after);
    member_search::Variables {
        role_ids: Some(roles).filter(|roles| !roles.is_empty()),
        status: if filter.statuses.is_empty() {
            all.status
        } else {
            Some(filter.statuses.iter().map(status).collect())
        },
        ..all
    }
}

fn status(status: &MemberStatus) -> member_search::MemberStatusInput {
    use member_search::MemberStatusInput::{Other, Suspended, Unverified, Verified};
    match status {
        MemberStatus::Verified => Verified,
        MemberStatus::Unverified => Unverified,
        MemberStatus::Suspended => Suspended,
        // Not listed by any network, which then says so.
        other => Other(other.raw().to_owned()),
    }
}

/// A few members, whoever they are: to see whether the token sees addresses.
pub(crate) fn sample() -> member_search::Variables {
    page(None, SAMPLE, None)
}

fn page(query: Option<String>, limit: i64, after: Option<String>) -> member_search::Variables {
    use member_search::MemberStatusInput::{Suspended, Unverified, Verified};
    member_search::Variables {
        query,
        limit,
        after,
        role_ids: None,
        status: Some(vec![Verified, Unverified, Suspended]),
    }
}

pub(crate) fn answer(data: member_search::ResponseData) -> Page<Member> {
    Page {
        nodes: data
            .members
            .nodes
            .into_iter()
            .flatten()
            .map(Member::from)
            .collect(),
        end_cursor: data.members.page_info.end_cursor,
        has_next: data.members.page_info.has_next_page,
    }
}

/// How many there are in all, where the vendor counts.
pub(crate) fn total(data: &member_search::ResponseData) -> Option<i64> {
    data.members.total_count
}
