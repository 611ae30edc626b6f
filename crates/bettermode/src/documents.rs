//! The documents that this client sends, for tests that check them against a
//! schema from elsewhere.

use std::{borrow::Cow, sync::LazyLock};

use crate::{
    MemberId,
    operations::{
        Operation, add_space_members, create_post, event_types, invite_members, limited_token,
        member, member_invitations, member_search, member_spaces, members_by_alias, members_by_ids,
        network, private_space, remove_space_members, root_fields, send_message, space,
        space_members, space_post_types, spaces, update_member,
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
            of::<add_space_members::AddSpaceMembers>(
                add_space_members::add_space_members::QUERY,
                false,
            ),
            of::<create_post::CreatePostMutation>(create_post::create_post_mutation::QUERY, false),
            of::<event_types::EventTypes>(event_types::event_types::QUERY, false),
            of::<invite_members::InviteMembers>(invite_members::invite_members::QUERY, false),
            of::<limited_token::LimitedToken>(limited_token::limited_token::QUERY, false),
            of::<member_invitations::MemberInvitations>(
                member_invitations::member_invitations::QUERY,
                false,
            ),
            of::<member::MemberQuery>(member::member_query::QUERY, false),
            of::<member_search::MemberSearch>(member_search::member_search::QUERY, false),
            of::<member_spaces::MemberSpaces>(member_spaces::member_spaces::QUERY, false),
            of::<members_by_alias::MembersByAlias>(
                members_by_alias::MembersByAlias::document(&aliases),
                false,
            ),
            of::<members_by_ids::MembersByIds>(members_by_ids::members_by_ids::QUERY, true),
            of::<network::NetworkQuery>(network::network_query::QUERY, false),
            of::<private_space::PrivateSpace>(private_space::private_space::QUERY, false),
            of::<remove_space_members::RemoveSpaceMembers>(
                remove_space_members::remove_space_members::QUERY,
                false,
            ),
            of::<root_fields::RootFields>(include_str!("operations/root_fields.graphql"), false),
            of::<send_message::SendMessage>(send_message::send_message::QUERY, true),
            of::<space_members::SpaceMembers>(space_members::space_members::QUERY, false),
            of::<space_post_types::SpacePostTypes>(
                space_post_types::space_post_types::QUERY,
                false,
            ),
            of::<space::SpaceQuery>(space::space_query::QUERY, false),
            of::<spaces::Spaces>(spaces::spaces::QUERY, false),
            of::<update_member::UpdateMember>(update_member::update_member::QUERY, false),
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
