//! Parts of the documents about events that are posts; see `parts` for why it is a macro.

/// A post with its mapping fields: 1 + 5.
pub(super) const EVENT_POST_COST: u32 = 6;

/// `From<EventPostParts>` for [`EventPost`](crate::event_post::EventPost).
macro_rules! event_post_from {
    ($module:ident) => {
        impl From<$module::EventPostParts> for $crate::event_post::EventPost {
            fn from(parts: $module::EventPostParts) -> Self {
                let field = |field: $module::EventPostPartsMappingFields| $crate::MappingField {
                    key: field.key,
                    kind: spelling(field.type_).into(),
                    json_value: field.value,
                };
                let fields = parts.mapping_fields.into_iter().flatten();
                Self {
                    id: $crate::EventId::new(parts.id),
                    space_id: $crate::SpaceId::new(parts.space_id),
                    post_type_id: $crate::PostTypeId::new(parts.post_type_id),
                    created_by_id: $crate::MemberId::new(parts.created_by_id),
                    status: spelling(parts.status).into(),
                    title: filled(parts.title),
                    url: filled(parts.url),
                    created_at: parts.created_at,
                    updated_at: parts.updated_at,
                    fields: fields.map(field).collect(),
                }
            }
        }
    };
}
pub(super) use event_post_from;
