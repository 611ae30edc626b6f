//! The documents that this client sends, for tests that check them against a
//! schema from elsewhere.

use std::{borrow::Cow, sync::LazyLock};

use crate::{
    MemberId,
    operations::{
        Operation, chat_messages, chat_with_member, create_post, limited_token, member,
        member_search, members_by_alias, members_by_ids, network, private_messages, private_space,
        root_fields, send_message, space_post_types,
    },
};

/// The part of BetterMode's schema that the documents are checked against: both
/// generations, what only newer networks have marked `@newer`.
pub const SCHEMA_SDL: &str = include_str!("../schema/bettermode.graphql");

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The name of its operation.
    pub name: &'static str,
    /// Its text.
    pub source: Cow<'static, str>,
    /// True when only newer networks accept it.
    pub newer: bool,
}

/// Every document, in the order of their names. The one whose length varies is
/// here with two members.
#[must_use]
pub fn documents() -> &'static [Document] {
    static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
        let two = [MemberId::new("a"), MemberId::new("b")];
        let aliases = members_by_alias::variables(&two);
        vec![
            of::<chat_messages::ChatMessages>(chat_messages::chat_messages::QUERY, true),
            of::<chat_with_member::ChatWithMember>(chat_with_member::chat_with_member::QUERY, true),
            of::<create_post::CreatePostMutation>(create_post::create_post_mutation::QUERY, false),
            of::<limited_token::LimitedToken>(limited_token::limited_token::QUERY, false),
            of::<member::MemberQuery>(member::member_query::QUERY, false),
            of::<member_search::MemberSearch>(member_search::member_search::QUERY, false),
            of::<members_by_alias::MembersByAlias>(
                members_by_alias::MembersByAlias::document(&aliases),
                false,
            ),
            of::<members_by_ids::MembersByIds>(members_by_ids::members_by_ids::QUERY, true),
            of::<network::NetworkQuery>(network::network_query::QUERY, false),
            of::<private_messages::PrivateMessages>(
                private_messages::private_messages::QUERY,
                false,
            ),
            of::<private_space::PrivateSpace>(private_space::private_space::QUERY, false),
            of::<root_fields::RootFields>(include_str!("operations/root_fields.graphql"), false),
            of::<send_message::SendMessage>(send_message::send_message::QUERY, true),
            of::<space_post_types::SpacePostTypes>(
                space_post_types::space_post_types::QUERY,
                false,
            ),
        ]
    });
    &DOCUMENTS
}

fn of<O: Operation>(source: impl Into<Cow<'static, str>>, newer: bool) -> Document {
    Document {
        name: O::NAME,
        source: source.into(),
        newer,
    }
}
