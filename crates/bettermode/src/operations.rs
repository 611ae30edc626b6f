//! One file pair per operation: the document as BetterMode reads it, and its
//! types, its cost and its way into the domain.
//!
//! Types that the code generator makes of a document stay inside its file; what
//! leaves is a domain type. Documents are checked against the schema when this
//! crate is compiled.

pub(crate) mod add_reaction;
pub(crate) mod add_space_members;
pub(crate) mod auth_member;
pub(crate) mod chat_messages;
pub(crate) mod chat_with_member;
pub(crate) mod collections;
pub(crate) mod create_collection;
pub(crate) mod create_event;
pub(crate) mod create_post;
pub(crate) mod create_reply;
pub(crate) mod create_space;
pub(crate) mod delete_event;
pub(crate) mod delete_event_post;
pub(crate) mod delete_post;
pub(crate) mod event;
mod event_parts;
pub(crate) mod event_post;
mod event_post_parts;
pub(crate) mod event_posts;
pub(crate) mod event_types;
pub(crate) mod events;
pub(crate) mod extra_properties;
pub(crate) mod full_member_post_page;
pub(crate) mod full_post_page;
pub(crate) mod invite_members;
pub(crate) mod join_network;
pub(crate) mod limited_token;
pub(crate) mod member;
pub(crate) mod member_fields;
pub(crate) mod member_invitations;
pub(crate) mod member_post_page;
pub(crate) mod member_roster;
pub(crate) mod member_search;
pub(crate) mod member_spaces;
pub(crate) mod members_by_alias;
pub(crate) mod members_by_ids;
pub(crate) mod network;
mod parts;
pub(crate) mod post;
pub(crate) mod post_for_update;
pub(crate) mod post_page;
pub(crate) mod private_messages;
pub(crate) mod private_space;
pub(crate) mod reaction_counts;
pub(crate) mod reaction_page;
pub(crate) mod register_for_event;
pub(crate) mod remove_reaction;
pub(crate) mod remove_space_members;
pub(crate) mod reply_page;
pub(crate) mod reply_types;
pub(crate) mod root_fields;
pub(crate) mod send_message;
pub(crate) mod space;
pub(crate) mod space_members;
pub(crate) mod space_post_types;
pub(crate) mod spaces;
pub(crate) mod update_event;
pub(crate) mod update_event_post;
pub(crate) mod update_member;
pub(crate) mod update_post;
pub(crate) mod upsert_extra_property;

use std::borrow::Cow;

use serde::{Serialize, de::DeserializeOwned};

use crate::Subject;

/// Whether an operation changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// May be sent again.
    Read,
    /// Must not be sent twice.
    Write,
}

/// A document with its types.
pub(crate) trait Operation {
    /// The name in the document.
    const NAME: &'static str;
    /// Whether it may be repeated.
    const KIND: Kind;
    /// What is missing when the vendor answers "not found".
    const SUBJECT: Subject;
    /// What goes out.
    type Variables: Serialize + Send + Sync;
    /// What comes back under `data`.
    type Data: DeserializeOwned;

    /// The text of the document.
    fn document(variables: &Self::Variables) -> Cow<'static, str>;

    /// The points that the documented formula gives: scalar 0, object 1 and its
    /// children, list of scalars 1, list of objects 5 times one, page 2 and its
    /// requested size times one.
    fn complexity(variables: &Self::Variables) -> u32;
}

/// Implements [`Operation`] for a type with `#[derive(GraphQLQuery)]`.
macro_rules! operation {
    ($name:ident, $module:ident, $kind:ident, $subject:ident, |$variables:pat_param| $cost:expr) => {
        impl $crate::operations::Operation for $name {
            const NAME: &'static str = $module::OPERATION_NAME;
            const KIND: $crate::operations::Kind = $crate::operations::Kind::$kind;
            const SUBJECT: $crate::Subject = $crate::Subject::$subject;
            type Variables = $module::Variables;
            type Data = $module::ResponseData;

            fn document(_: &Self::Variables) -> std::borrow::Cow<'static, str> {
                $module::QUERY.into()
            }

            fn complexity($variables: &Self::Variables) -> u32 {
                $cost
            }
        }
    };
}
use operation;

/// What a page costs: 2, and the requested size times one node.
pub(crate) fn page_cost(limit: i64, node: u32) -> u32 {
    2 + u32::try_from(limit).unwrap_or(0).saturating_mul(node)
}

#[cfg(test)]
mod tests;
