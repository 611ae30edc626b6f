//! One member, by id or by user name.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, Id, MEMBER_COST, member_from},
};
use crate::{Member, MemberRef};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/member.graphql",
    normalization = "rust",
    fragments_other_variant = "true",
    skip_serializing_none
)]
pub(crate) struct MemberQuery;

operation!(MemberQuery, member_query, Read, Member, |_| MEMBER_COST);
member_from!(member_query);

pub(crate) use member_query::MemberParts;

/// The fragment's text, for documents that are put together at run time.
pub(crate) fn fragment() -> &'static str {
    let start = member_query::QUERY.find("fragment ").unwrap_or(0);
    &member_query::QUERY[start..]
}

pub(crate) fn variables(member: MemberRef<'_>) -> member_query::Variables {
    let (id, username) = match member {
        MemberRef::Id(id) => (Some(id.as_str().to_owned()), None),
        MemberRef::Username(name) => (None, Some(name.to_owned())),
    };
    member_query::Variables { id, username }
}

pub(crate) fn answer(data: member_query::ResponseData) -> Member {
    data.member.into()
}
