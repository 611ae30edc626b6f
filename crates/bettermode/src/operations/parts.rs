//! Parts that several documents share: what they cost, and how they enter the
//! domain.
//!
//! The generator makes separate types for each document, so the conversions are
//! macros over the document's module.

use jiff::Timestamp;

mod posts;

pub(super) use posts::{
    FULL_POST_COST, POST_COST, REPLY_COST, fields_of, mapping_fields, member_post_page_variables,
    page_of, post_from, post_page_variables, tags_of,
};

/// The schema's scalar for moments.
pub(super) type DateTime = Timestamp;
/// The schema's scalar for ids, by the name that the generator gives it.
pub(super) type Id = String;

/// A member with role, picture and fields: 1 + 1 + 1 + 5.
pub(super) const MEMBER_COST: u32 = 8;
/// A post type with its mappings: 1 + 5.
pub(super) const POST_TYPE_COST: u32 = 6;

/// Drops the empty texts that the vendor sends for "none".
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// `From<MemberParts>` for [`Member`](crate::Member).
macro_rules! member_from {
    ($module:ident) => {
        impl From<$module::MemberParts> for $crate::Member {
            fn from(parts: $module::MemberParts) -> Self {
                use $crate::operations::parts::filled;
                let picture = parts.profile_picture.and_then(|picture| match picture {
                    $module::MemberPartsProfilePicture::Image(image) => Some(image.url),
                    _ => None,
                });
                let field = |field: $module::MemberPartsFields| {
                    let json_value = field.value.filter(|value| value != "null")?;
                    Some($crate::CustomField {
                        key: field.key,
                        json_value,
                    })
                };
                let role = |role: $module::MemberPartsRole| $crate::Role {
                    id: $crate::RoleId::new(role.id),
                    name: role.name,
                    kind: role.type_.map($crate::operations::parts::spelling),
                };
                Self {
                    id: $crate::MemberId::new(parts.id),
                    username: parts.username,
                    name: filled(parts.name),
                    email: filled(parts.email),
                    status: $crate::operations::parts::spelling(parts.status).into(),
                    role: parts.role.map(role),
                    tagline: filled(parts.tagline),
                    external_id: filled(parts.external_id),
                    locale: parts.locale,
                    profile_picture_url: filled(picture),
                    url: filled(parts.url),
                    fields: parts
                        .fields
                        .into_iter()
                        .flatten()
                        .filter_map(field)
                        .collect(),
                    created_at: parts.created_at,
                    updated_at: parts.updated_at,
                    last_seen_at: parts.last_seen_at,
                    verified_at: parts.verified_at,
                }
            }
        }
    };
}

/// The [`SpaceRole`](crate::SpaceRole) of a generated one.
macro_rules! space_role {
    ($role:expr) => {{
        let role = $role;
        $crate::SpaceRole {
            id: $crate::SpaceRoleId::new(role.id),
            name: role.name,
            kind: role.type_.map($crate::operations::parts::spelling),
        }
    }};
}

/// `From<SpaceParts>` for [`Space`](crate::Space).
macro_rules! space_from {
    ($module:ident) => {
        impl From<$module::SpaceParts> for $crate::Space {
            fn from(parts: $module::SpaceParts) -> Self {
                use $crate::operations::parts::{count, filled, spelling};
                Self {
                    id: $crate::SpaceId::new(parts.id),
                    name: parts.name,
                    slug: parts.slug,
                    description: filled(parts.description),
                    kind: spelling(parts.type_).into(),
                    private: parts.private.unwrap_or(false),
                    hidden: parts.hidden.unwrap_or(false),
                    invite_only: parts.invite_only.unwrap_or(false),
                    members_count: count(parts.members_count),
                    posts_count: parts.posts_count.map(count),
                    collection_id: filled(parts.group_id),
                    created_by_id: $crate::MemberId::new(parts.created_by_id),
                    url: filled(parts.url),
                    created_at: parts.created_at,
                }
            }
        }
    };
}

/// `From<InvitationParts>` for [`Invitation`](crate::Invitation).
macro_rules! invitation_from {
    ($module:ident) => {
        impl From<$module::InvitationParts> for $crate::Invitation {
            fn from(parts: $module::InvitationParts) -> Self {
                use $crate::operations::parts::{filled, spelling};
                Self {
                    id: $crate::InvitationId::new(parts.id),
                    email: $crate::Email::parse(&parts.invitee_email).ok(),
                    status: spelling(parts.status),
                    role_id: $crate::RoleId::new(parts.role_id),
                    member_id: filled(parts.invitee_id).map($crate::MemberId::new),
                    created_at: parts.created_at,
                    expires_at: parts.expires_at,
                }
            }
        }
    };
}

/// `From<PostTypeParts>` for [`PostType`](crate::PostType).
macro_rules! post_type_from {
    ($module:ident) => {
        impl From<$module::PostTypeParts> for $crate::PostType {
            fn from(parts: $module::PostTypeParts) -> Self {
                let mapping = |mapping: $module::PostTypePartsMappings| $crate::PostTypeMapping {
                    key: mapping.key,
                    kind: $crate::operations::parts::spelling(mapping.type_).into(),
                    required: mapping.required.unwrap_or(false),
                };
                Self {
                    id: $crate::PostTypeId::new(parts.id),
                    name: parts.name,
                    slug: parts.slug,
                    mappings: parts.mappings.into_iter().flatten().map(mapping).collect(),
                }
            }
        }
    };
}
pub(super) use {invitation_from, member_from, post_type_from, space_from, space_role};

/// A count as the vendor sends it; one below zero is none.
pub(super) fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// A moment as a filter's value has it: JSON text, in UTC with milliseconds.
pub(super) fn json_moment(at: Timestamp) -> String {
    at.strftime("\"%Y-%m-%dT%H:%M:%S%.3fZ\"").to_string()
}

/// The vendor's spelling of a generated enum's value.
pub(super) fn spelling(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
