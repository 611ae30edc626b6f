//! A property that the app keeps with a member.

use graphql_client::GraphQLQuery;

use super::operation;
use crate::MemberId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/upsert_extra_property.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct UpsertExtraProperty;

operation!(
    UpsertExtraProperty,
    upsert_extra_property,
    Write,
    Member,
    |_| 1
);

pub(crate) fn variables(
    member: &MemberId,
    key: &str,
    json_value: String,
) -> upsert_extra_property::Variables {
    upsert_extra_property::Variables {
        input: upsert_extra_property::UpsertExtraPropertyInput {
            entity_id: Some(member.as_str().to_owned()),
            entity_type: upsert_extra_property::ExtraPropertyEntityType::Member,
            key: key.to_owned(),
            value: json_value,
        },
    }
}

pub(crate) fn answer(data: &upsert_extra_property::ResponseData) -> bool {
    use upsert_extra_property::ActionStatus;
    matches!(data.upsert_extra_property.status, ActionStatus::Succeeded)
}
