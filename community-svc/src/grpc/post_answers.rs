//! Posts, replies and reactions as the contract has them.

use bettermode::{CustomField, Post, PostDetails, PostStatus, Reaction, ReactionCount, Tag};
use community_proto::v1 as pb;

use super::convert::timestamp;

pub(super) fn post(post: Post) -> pb::Post {
    let details = post.details.unwrap_or_default();
    pb::Post {
        id: post.id.as_str().to_owned(),
        space_id: post.space_id.as_str().to_owned(),
        post_type_id: post.post_type_id.as_str().to_owned(),
        owner_member_id: post.owner_id.as_str().to_owned(),
        created_by_member_id: post.created_by_id.as_str().to_owned(),
        title: post.title.unwrap_or_default(),
        status: status(&post.status).into(),
        raw_status: post.status.raw().to_owned(),
        url: post.url.unwrap_or_default(),
        create_time: Some(timestamp(post.created_at)),
        update_time: Some(timestamp(post.updated_at)),
        publish_time: post.published_at.map(timestamp),
        replied_to_post_id: id(post.replied_to_id.as_ref()),
        short_content_html: post.short_content.unwrap_or_default(),
        reactions_count: post.reactions_count,
        replies_count: post.replies_count,
        total_replies_count: post.total_replies_count,
        last_activity_time: post.last_activity_at.map(timestamp),
        content_html: details.content().unwrap_or_default(),
        fields: details.fields.into_iter().map(field).collect(),
        tags: details.tags.into_iter().map(tag).collect(),
    }
}

/// A reply; what it answers is told even where BetterMode does not tell it.
pub(super) fn reply(reply: Post, parent: &str) -> pb::Reply {
    let content = reply.details.as_ref().and_then(PostDetails::content);
    let post_id = id(reply.replied_to_id.as_ref());
    pb::Reply {
        id: reply.id.as_str().to_owned(),
        post_id: if post_id.is_empty() {
            parent.to_owned()
        } else {
            post_id
        },
        space_id: reply.space_id.as_str().to_owned(),
        post_type_id: reply.post_type_id.as_str().to_owned(),
        owner_member_id: reply.owner_id.as_str().to_owned(),
        created_by_member_id: reply.created_by_id.as_str().to_owned(),
        content_html: content.unwrap_or_default(),
        short_content_html: reply.short_content.unwrap_or_default(),
        status: status(&reply.status).into(),
        raw_status: reply.status.raw().to_owned(),
        url: reply.url.unwrap_or_default(),
        reactions_count: reply.reactions_count,
        replies_count: reply.replies_count,
        create_time: Some(timestamp(reply.created_at)),
        update_time: Some(timestamp(reply.updated_at)),
        publish_time: reply.published_at.map(timestamp),
    }
}

pub(super) fn reaction(reaction: Reaction) -> pb::Reaction {
    pb::Reaction {
        reaction: reaction.reaction,
        member_id: reaction.member_id.as_str().to_owned(),
        member_name: reaction.member_name.unwrap_or_default(),
    }
}

pub(super) fn reaction_count(count: ReactionCount) -> pb::ReactionCount {
    pb::ReactionCount {
        reaction: count.reaction,
        count: count.count,
    }
}

fn id(id: Option<&bettermode::PostId>) -> String {
    id.map(|id| id.as_str().to_owned()).unwrap_or_default()
}

fn field(field: CustomField) -> pb::PostField {
    pb::PostField {
        key: field.key,
        json_value: field.json_value,
    }
}

fn tag(tag: Tag) -> pb::PostTag {
    pb::PostTag {
        id: tag.id.as_str().to_owned(),
        title: tag.title,
        slug: tag.slug,
    }
}

fn status(status: &PostStatus) -> pb::PostStatus {
    match status {
        PostStatus::Published => pb::PostStatus::Published,
        PostStatus::Draft => pb::PostStatus::Draft,
        PostStatus::Blocked => pb::PostStatus::Blocked,
        PostStatus::Deleted => pb::PostStatus::Deleted,
        PostStatus::Archived => pb::PostStatus::Archived,
        PostStatus::Other(_) => pb::PostStatus::Unspecified,
    }
}
