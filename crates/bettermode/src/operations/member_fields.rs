//! The custom profile fields that the community's administrators made.

use graphql_client::GraphQLQuery;

use super::{operation, parts::spelling};
use crate::MemberField;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/member_fields.graphql",
    normalization = "rust",
    fragments_other_variant = "true",
    skip_serializing_none
)]
pub(crate) struct MemberFields;

operation!(MemberFields, member_fields, Read, Network, |_| 1 + 1 + 5);

pub(crate) fn variables() -> member_fields::Variables {
    member_fields::Variables
}

pub(crate) fn answer(data: member_fields::ResponseData) -> Vec<MemberField> {
    let fields = data.network.member_fields.map(|schema| schema.fields);
    let live = fields.into_iter().flatten();
    let live = live.filter(|field| field.archived != Some(true));
    live.map(|field| MemberField {
        key: field.key,
        name: field.name,
        kind: spelling(field.type_).into(),
    })
    .collect()
}
