//! What the documents about posts share.

/// A post as lists have it: all scalars.
pub(in crate::operations) const POST_COST: u32 = 1;
/// A reply with its fields: 1 + 5.
pub(in crate::operations) const REPLY_COST: u32 = 6;
/// A post with fields and tags: 1 + 5 + 5.
pub(in crate::operations) const FULL_POST_COST: u32 = 11;

/// `From` one of a document's fragments for [`Post`](crate::Post); the last argument
/// makes the details of it.
macro_rules! post_from {
    ($module:ident, $parts:ident, |$from:ident| $details:expr) => {
        impl From<$module::$parts> for $crate::Post {
            fn from($from: $module::$parts) -> Self {
                use $crate::operations::parts::{count, filled, spelling};
                let details = $details;
                Self {
                    id: $crate::PostId::new($from.id),
                    space_id: $crate::SpaceId::new($from.space_id),
                    post_type_id: $crate::PostTypeId::new($from.post_type_id),
                    owner_id: $crate::MemberId::new($from.owner_id),
                    created_by_id: $crate::MemberId::new($from.created_by_id),
                    title: filled($from.title),
                    status: spelling($from.status).into(),
                    url: filled($from.url),
                    created_at: $from.created_at,
                    updated_at: $from.updated_at,
                    published_at: $from.published_at,
                    replied_to_id: filled($from.replied_to_id).map($crate::PostId::new),
                    short_content: filled($from.short_content),
                    reactions_count: count($from.reactions_count),
                    replies_count: count($from.replies_count),
                    total_replies_count: count($from.total_replies_count),
                    last_activity_at: $from.last_activity_at,
                    details,
                }
            }
        }
    };
}

/// A fragment's fields that have a value.
macro_rules! fields_of {
    ($fields:expr) => {
        $fields
            .into_iter()
            .flatten()
            .filter_map(|field| {
                let json_value = field.value.filter(|value| value != "null")?;
                Some($crate::CustomField {
                    key: field.key,
                    json_value,
                })
            })
            .collect()
    };
}

/// A fragment's tags.
macro_rules! tags_of {
    ($tags:expr) => {
        $tags
            .into_iter()
            .flatten()
            .map(|tag| $crate::Tag {
                id: $crate::TagId::new(tag.id),
                title: tag.title,
                slug: tag.slug,
            })
            .collect()
    };
}

/// A page of a document's nodes, each turned into the domain.
macro_rules! page_of {
    ($page:expr) => {{
        let page = $page;
        Page {
            nodes: page.nodes.into_iter().flatten().map(Into::into).collect(),
            end_cursor: page.page_info.end_cursor,
            has_next: page.page_info.has_next_page,
        }
    }};
}

/// Values as a document's input takes them.
macro_rules! mapping_fields {
    ($module:ident, $fields:expr) => {{
        use $crate::MappingType;
        use $module::PostMappingTypeEnum as Wire;
        let wire = |kind| match kind {
            MappingType::Text => Wire::Text,
            MappingType::Html => Wire::Html,
            MappingType::Date => Wire::Date,
            MappingType::Number => Wire::Number,
            MappingType::Boolean => Wire::Boolean,
            MappingType::Image => Wire::Image,
            MappingType::TextArray => Wire::TextArray,
            MappingType::NumberArray => Wire::NumberArray,
            MappingType::Other(text) => Wire::Other(text),
        };
        let field = |field: $crate::MappingField| $module::PostMappingFieldInput {
            key: field.key,
            type_: wire(field.kind),
            value: field.json_value,
        };
        $fields.into_iter().map(field).collect::<Vec<_>>()
    }};
}

/// `variables` of a document that lists posts by a query.
macro_rules! post_page_variables {
    ($module:ident) => {
        pub(crate) fn variables(query: &PostQuery, after: Option<String>) -> $module::Variables {
            use $crate::PostOrder;
            use $module::PostListOrderByEnum as Wire;
            use $module::{PostListFilterByEnum, PostListFilterByInput, PostListFilterByOperator};
            let since = query.created_since.map(|since| PostListFilterByInput {
                key: PostListFilterByEnum::CreatedAt,
                operator: Some(PostListFilterByOperator::Gte),
                value: $crate::operations::parts::json_moment(since),
                key_string: None,
            });
            let space = query.space_id.as_ref().map(|id| id.as_str().to_owned());
            let kind = query.post_type_id.as_ref().map(|id| id.as_str().to_owned());
            $module::Variables {
                space_ids: space.map(|id| vec![id]),
                post_type_ids: kind.map(|id| vec![id]),
                filter_by: since.map(|since| vec![since]),
                order_by: Some(match query.order {
                    PostOrder::PublishedAt => Wire::PublishedAt,
                    PostOrder::CreatedAt => Wire::CreatedAt,
                    PostOrder::UpdatedAt => Wire::UpdatedAt,
                    PostOrder::LastActivityAt => Wire::LastActivityAt,
                }),
                reverse: Some(!query.ascending),
                limit: query.limit.into(),
                after,
            }
        }
    };
}

/// `variables` of a document that lists a member's posts, replies left out.
macro_rules! member_post_page_variables {
    ($module:ident) => {
        pub(crate) fn variables(
            member: &MemberId,
            ascending: bool,
            limit: u32,
            after: Option<String>,
        ) -> $module::Variables {
            $module::Variables {
                member_id: member.as_str().to_owned(),
                has_parent: Some(false),
                reverse: Some(!ascending),
                limit: limit.into(),
                after,
            }
        }
    };
}
pub(in crate::operations) use {
    fields_of, mapping_fields, member_post_page_variables, page_of, post_from, post_page_variables,
    tags_of,
};
