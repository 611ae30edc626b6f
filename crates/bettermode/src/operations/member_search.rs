//! Pages of a free-text search over members of every status.
//!
//! The way to find a member by e-mail address: no snapshot of the schema has a
//! query for it, and the search may return other people, so the caller compares.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, MEMBER_COST, member_from},
};
use crate::{Email, Member, paging::Page};

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
