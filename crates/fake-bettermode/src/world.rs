//! The state: a community with its members, spaces, posts and messages.
//!
//! Knows nothing of GraphQL, tokens or HTTP. Every change that BetterMode would
//! announce is put into `outbox` as a finished webhook.

pub(crate) mod ids;
mod kinds;
pub(crate) mod names;
pub(crate) mod rows;
pub(crate) mod seed;
pub(crate) mod table;
pub(crate) mod talk;

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;
use rand::rngs::StdRng;

use crate::webhook::Outgoing;
use rows::{
    Collection, Event, Invitation, Member, Message, Network, Post, PostType, Role, RoleType, Space,
    Tag,
};
use table::Table;

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rng: StdRng,
    pub(crate) public_url: String,
    pub(crate) network: Network,
    pub(crate) roles: Table<Role>,
    pub(crate) members: Table<Member>,
    /// Where those that were asked for beyond the usual ones stand among them.
    pub(crate) extra_members: Range<usize>,
    /// The app's own account, which is a member that no list shows.
    pub(crate) bot_id: String,
    pub(crate) invitations: Table<Invitation>,
    /// Addresses in lower case that somebody was invited at, with the newest invitation.
    pub(crate) invited: HashMap<String, String>,
    /// Beside the seeded one, which is the network's.
    pub(crate) collections: Table<Collection>,
    pub(crate) post_types: Table<PostType>,
    pub(crate) spaces: Table<Space>,
    pub(crate) posts: Table<Post>,
    pub(crate) tags: Table<Tag>,
    pub(crate) messages: Table<Message>,
    pub(crate) events: Table<Event>,
    /// Webhooks that nobody has taken yet.
    pub(crate) outbox: Vec<Outgoing>,
}

impl World {
    pub(crate) fn id(&mut self, length: usize) -> String {
        ids::id(&mut self.rng, length)
    }

    pub(crate) fn role_of_kind(&self, kind: RoleType) -> Option<&Role> {
        self.roles.iter().find(|role| role.kind == kind)
    }

    pub(crate) fn role_of(&self, member: &Member) -> Option<&Role> {
        self.roles.get(&member.role_id)
    }

    pub(crate) fn is_admin(&self, member_id: &str) -> bool {
        self.members
            .get(member_id)
            .and_then(|member| self.role_of(member))
            .is_some_and(|role| role.kind == RoleType::Admin)
    }

    /// The kind of role that somebody has in a space: `admin` or `member`.
    pub(crate) fn role_in(&self, space: &Space, member_id: &str) -> &'static str {
        if self.is_admin(member_id) || space.admins.contains(member_id) {
            "admin"
        } else {
            "member"
        }
    }

    pub(crate) fn member_by_username(&self, username: &str) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.username.eq_ignore_ascii_case(username))
    }

    pub(crate) fn post_type_by_slug(&self, slug: &str) -> Option<&PostType> {
        self.post_types.iter().find(|kind| kind.slug == slug)
    }

    /// The answers to a post that anybody can see.
    pub(crate) fn replies<'a>(&'a self, post_id: &'a str) -> impl Iterator<Item = &'a Post> {
        self.posts.iter().filter(move |post| {
            post.status == "PUBLISHED"
                && post.replied_to.first().map(String::as_str) == Some(post_id)
        })
    }

    /// Every published post below a post, however deep.
    pub(crate) fn all_replies(&self, post_id: &str) -> usize {
        let below = |post: &&Post| {
            post.status == "PUBLISHED" && post.replied_to.iter().any(|id| id == post_id)
        };
        self.posts.iter().filter(below).count()
    }

    /// Marks a post and the chain above it as lately used.
    pub(crate) fn touch(&mut self, post_ids: &[String], now: Timestamp) {
        for id in post_ids {
            if let Some(post) = self.posts.get_mut(id) {
                post.last_activity_at = now;
            }
        }
    }
}
