//! The documents that this client sends, for tests that check them against a
//! schema from elsewhere.

use std::{borrow::Cow, sync::LazyLock};

use crate::{
    MemberId,
    operations::{
        Operation, add_reaction, add_space_members, auth_member, chat_messages, chat_with_member,
        collections, create_collection, create_event, create_post, create_reply, create_space,
        delete_event, delete_event_post, delete_post, event, event_post, event_posts, event_types,
        events, extra_properties, full_member_post_page, full_post_page, invite_members,
        join_network, limited_token, member, member_fields, member_invitations, member_post_page,
        member_roster, member_search, member_spaces, members_by_alias, members_by_ids, network,
        post, post_for_update, post_page, private_messages, private_space, reaction_counts,
        reaction_page, register_for_event, remove_reaction, remove_space_members, reply_page,
        reply_types, root_fields, send_message, space, space_members, space_post_types, spaces,
        update_event, update_event_post, update_member, update_post, upsert_extra_property,
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
        let mut documents = of_posts();
        documents.extend(of_events_and_conversations());
        documents.extend(of_moving_in());
        documents.extend([
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
        ]);
        documents.sort_by_key(|document| document.name);
        documents
    });
    &DOCUMENTS
}

/// Those about posts, replies and reactions; every network has them.
fn of_posts() -> Vec<Document> {
    vec![
        of::<add_reaction::AddReaction>(add_reaction::add_reaction::QUERY, false),
        of::<auth_member::AuthMember>(auth_member::auth_member::QUERY, false),
        of::<create_reply::CreateReplyMutation>(create_reply::create_reply_mutation::QUERY, false),
        of::<delete_post::DeletePost>(delete_post::delete_post::QUERY, false),
        of::<full_member_post_page::FullMemberPostPage>(
            full_member_post_page::full_member_post_page::QUERY,
            false,
        ),
        of::<full_post_page::FullPostPage>(full_post_page::full_post_page::QUERY, false),
        of::<member_post_page::MemberPostPage>(member_post_page::member_post_page::QUERY, false),
        of::<post_for_update::PostForUpdate>(post_for_update::post_for_update::QUERY, false),
        of::<post_page::PostPage>(post_page::post_page::QUERY, false),
        of::<post::PostQuery>(post::post_query::QUERY, false),
        of::<reaction_counts::ReactionCounts>(reaction_counts::reaction_counts::QUERY, false),
        of::<reaction_page::ReactionPage>(reaction_page::reaction_page::QUERY, false),
        of::<remove_reaction::RemoveReaction>(remove_reaction::remove_reaction::QUERY, false),
        of::<reply_page::ReplyPage>(reply_page::reply_page::QUERY, false),
        of::<reply_types::ReplyTypes>(reply_types::reply_types::QUERY, false),
        of::<update_post::UpdatePostMutation>(update_post::update_post_mutation::QUERY, false),
    ]
}

/// Those about events and conversations; some only newer networks have.
fn of_events_and_conversations() -> Vec<Document> {
    vec![
        of::<chat_messages::ChatMessages>(chat_messages::chat_messages::QUERY, true),
        of::<chat_with_member::ChatWithMember>(chat_with_member::chat_with_member::QUERY, true),
        of::<create_event::CreateEvent>(create_event::create_event::QUERY, true),
        of::<delete_event::DeleteEvent>(delete_event::delete_event::QUERY, true),
        of::<delete_event_post::DeleteEventPost>(
            delete_event_post::delete_event_post::QUERY,
            false,
        ),
        of::<event_post::EventPost>(event_post::event_post::QUERY, false),
        of::<event_posts::EventPosts>(event_posts::event_posts::QUERY, false),
        of::<event::EventQuery>(event::event_query::QUERY, true),
        of::<events::Events>(events::events::QUERY, true),
        of::<register_for_event::RegisterForEvent>(
            register_for_event::register_for_event::QUERY,
            true,
        ),
        of::<update_event::UpdateEvent>(update_event::update_event::QUERY, true),
        of::<update_event_post::UpdateEventPost>(
            update_event_post::update_event_post::QUERY,
            false,
        ),
        of::<private_messages::PrivateMessages>(private_messages::private_messages::QUERY, false),
    ]
}

/// Those that only a migration needs.
fn of_moving_in() -> Vec<Document> {
    vec![
        of::<collections::Collections>(collections::collections::QUERY, false),
        of::<create_collection::CreateCollection>(
            create_collection::create_collection::QUERY,
            false,
        ),
        of::<create_space::CreateSpace>(create_space::create_space::QUERY, false),
        of::<extra_properties::ExtraProperties>(extra_properties::extra_properties::QUERY, false),
        of::<join_network::JoinNetwork>(join_network::join_network::QUERY, false),
        of::<member_fields::MemberFields>(member_fields::member_fields::QUERY, false),
        of::<member_roster::MemberRoster>(member_roster::member_roster::QUERY, false),
        of::<upsert_extra_property::UpsertExtraProperty>(
            upsert_extra_property::upsert_extra_property::QUERY,
            false,
        ),
    ]
}

fn of<O: Operation>(source: impl Into<Cow<'static, str>>, newer: bool) -> Document {
    Document {
        name: O::NAME,
        source: source.into(),
        newer,
    }
}
