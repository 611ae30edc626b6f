//! Reading and writing replies.

use bettermode::{Post, PostId, PostTypeId};
use community_proto::v1 as pb;
use community_proto::v1::create_reply_request::Content;

use super::keyed::{Key, Kind};
use super::post_values::{self, Body};
use super::{Community, page_token, post_answers, validate};
use crate::error::Error;
use crate::replies::NewReply;
use crate::writes::{Found, Made};

/// The post types that may answer, who we are, and the reply.
const CREATE: Kind = Kind {
    method: "CreateReply",
    attempted: "creating a reply",
    requests: 3,
};

/// What page tokens are bound to, beside the post and the order.
const LIST: &str = "ListReplies";

pub(super) async fn create(
    community: &Community,
    mut request: pb::CreateReplyRequest,
) -> Result<pb::CreateReplyResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(CREATE, &key, &request)?;
    let new = new_reply(request)?;
    let (replies, sought) = (community.replies.clone(), new.clone());
    let looking = replies.clone();
    community
        .writes
        .run(
            key.write(|| sought.effect()),
            async move {
                let parent = new.post.clone();
                Ok(created(replies.create(new).await?, &parent))
            },
            move |since| async move {
                let parent = sought.post.clone();
                let found = looking.prepare(sought).await?.lookup(since).await?;
                Ok(Found::sighting(found, |reply| created(reply, &parent)))
            },
        )
        .await
}

fn created(reply: Post, parent: &PostId) -> Made<pb::CreateReplyResponse> {
    let id = reply.id.as_str().to_owned();
    let reply = Some(post_answers::reply(reply, parent.as_str()));
    Made::object(id, pb::CreateReplyResponse { reply })
}

pub(super) async fn list(
    community: &Community,
    mut request: pb::ListRepliesRequest,
) -> Result<pb::ListRepliesResponse, Error> {
    let limit = post_values::page_size(std::mem::take(&mut request.page_size))?;
    let token = std::mem::take(&mut request.page_token);
    let post = post_values::post_id(request.post_id.clone())?;
    let ascending = is_ascending(&request.order_by)?;
    let after = post_values::cursor(page_token::decode(LIST, &request, &token)?)?;
    let page = community
        .replies
        .list(&post, ascending, limit, after)
        .await?;
    let next = page.next.as_deref();
    let next_page_token = next.map(|next| page_token::encode(LIST, &request, next.as_bytes()));
    let replies = page.items.into_iter();
    Ok(pb::ListRepliesResponse {
        replies: replies
            .map(|reply| post_answers::reply(reply, post.as_str()))
            .collect(),
        next_page_token: next_page_token.unwrap_or_default(),
    })
}

fn new_reply(request: pb::CreateReplyRequest) -> Result<NewReply, Error> {
    let post = post_values::post_id(request.post_id)?;
    let body = match validate::required("content", request.content)? {
        Content::Text(text) => Body::Text(text),
        Content::Html(html) => Body::Html(html),
    };
    Ok(NewReply {
        post,
        html: post_values::body(body)?,
        post_type: validate::optional_id("post_type_id", request.post_type_id)?
            .map(PostTypeId::new),
        author: post_values::member("author_member_id", request.author_member_id)?,
    })
}

fn is_ascending(order_by: &str) -> Result<bool, Error> {
    let words: Vec<_> = order_by.split_whitespace().collect();
    match words[..] {
        [] | ["create_time"] | ["create_time", "asc"] => Ok(true),
        ["create_time", "desc"] => Ok(false),
        _ => Err(Error::invalid(
            "order_by",
            "must be create_time or create_time desc",
        )),
    }
}
