//! The properties that the app keeps with a member.

use graphql_client::GraphQLQuery;

use super::operation;
use crate::{CustomField, MemberId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/extra_properties.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct ExtraProperties;

operation!(ExtraProperties, extra_properties, Read, Member, |_| 5);

pub(crate) fn variables(member: &MemberId, key: &str) -> extra_properties::Variables {
    extra_properties::Variables {
        entity_id: Some(member.as_str().to_owned()),
        entity_type: extra_properties::ExtraPropertyEntityType::Member,
        keys: Some(vec![key.to_owned()]),
    }
}

pub(crate) fn answer(data: extra_properties::ResponseData) -> Vec<CustomField> {
    let property = |property: extra_properties::ExtraPropertiesExtraProperties| CustomField {
        key: property.key,
        json_value: property.value,
    };
    data.extra_properties.into_iter().map(property).collect()
}
