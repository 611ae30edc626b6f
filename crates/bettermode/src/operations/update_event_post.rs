//! A change of an event that is a post, on older networks.

use graphql_client::GraphQLQuery;

use super::{
    event_post_parts::{EVENT_POST_COST, event_post_from},
    operation,
    parts::{DateTime, Id, filled, spelling},
};
use crate::{EventId, MappingField, MappingType, event_post::EventPost};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/update_event_post.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct UpdateEventPost;

operation!(UpdateEventPost, update_event_post, Write, Event, |_| {
    EVENT_POST_COST
});
event_post_from!(update_event_post);

/// `publish` is always sent: the snapshots of the schema disagree about its default.
pub(crate) fn variables(
    id: &EventId,
    fields: Vec<MappingField>,
    publish: bool,
) -> update_event_post::Variables {
    update_event_post::Variables {
        id: id.as_str().to_owned(),
        input: update_event_post::UpdatePostInput {
            mapping_fields: Some(fields.into_iter().map(mapping_field).collect()),
            publish,
            owner_id: None,
            tag_names: None,
            attachment_ids: None,
            created_at: None,
            published_at: None,
            updated_at: None,
        },
    }
}

pub(crate) fn answer(data: update_event_post::ResponseData) -> EventPost {
    data.update_post.into()
}

fn mapping_field(field: MappingField) -> update_event_post::PostMappingFieldInput {
    update_event_post::PostMappingFieldInput {
        key: field.key,
        type_: mapping_type(field.kind),
        value: field.json_value,
    }
}

fn mapping_type(kind: MappingType) -> update_event_post::PostMappingTypeEnum {
    use update_event_post::PostMappingTypeEnum as Wire;
    match kind {
        MappingType::Text => Wire::Text,
        MappingType::Html => Wire::Html,
        MappingType::Date => Wire::Date,
        MappingType::Number => Wire::Number,
        MappingType::Boolean => Wire::Boolean,
        MappingType::Image => Wire::Image,
        MappingType::TextArray => Wire::TextArray,
        MappingType::NumberArray => Wire::NumberArray,
        MappingType::Other(text) => Wire::Other(text),
    }
}
