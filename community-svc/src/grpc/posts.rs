//! Reading and writing posts.

use bettermode::{Post, PostTypeId, SpaceId};
use community_proto::v1 as pb;
use community_proto::v1::create_post_request::Content;

use super::keyed::{Key, Kind};
use super::post_values::{self, Body};
use super::{Community, page_token, post_answers, validate};
use crate::error::Error;
use crate::posts::{NewPost, Values};
use crate::writes::{Found, Made};

mod change;
mod filter;

/// The post types, who we are, and the post.
const CREATE: Kind = Kind {
    method: "CreatePost",
    attempted: "creating a post",
    requests: 3,
};
/// The post with its type, and the change.
const UPDATE: Kind = Kind {
    method: "UpdatePost",
    attempted: "changing a post",
    requests: 2,
};
const DELETE: Kind = Kind {
    method: "DeletePost",
    attempted: "deleting a post",
    requests: 1,
};

/// What page tokens are bound to, beside the filters.
const LIST: &str = "ListPosts";

pub(super) async fn create(
    community: &Community,
    mut request: pb::CreatePostRequest,
) -> Result<pb::CreatePostResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(CREATE, &key, &request)?;
    let new = new_post(request)?;
    let (posts, sought) = (community.posts.clone(), new.clone());
    let looking = posts.clone();
    community
        .writes
        .run(
            key.write(|| sought.effect()),
            async move { posts.create(new).await.map(created) },
            move |since| async move {
                let found = looking.prepare_post(sought).await?.lookup(since).await?;
                Ok(Found::sighting(found, created))
            },
        )
        .await
}

fn created(post: Post) -> Made<pb::CreatePostResponse> {
    let id = post.id.as_str().to_owned();
    let post = Some(post_answers::post(post));
    Made::object(id, pb::CreatePostResponse { post })
}

pub(super) async fn get(
    community: &Community,
    request: pb::GetPostRequest,
) -> Result<pb::GetPostResponse, Error> {
    let id = post_values::post_id(request.post_id)?;
    let post = community.posts.get(&id).await?;
    Ok(pb::GetPostResponse {
        post: Some(post_answers::post(post)),
    })
}

pub(super) async fn list(
    community: &Community,
    mut request: pb::ListPostsRequest,
) -> Result<pb::ListPostsResponse, Error> {
    let limit = post_values::page_size(std::mem::take(&mut request.page_size))?;
    let token = std::mem::take(&mut request.page_token);
    let filter = filter::filter(request.clone(), limit)?;
    let after = post_values::cursor(page_token::decode(LIST, &request, &token)?)?;
    let page = community.posts.list(&filter, after).await?;
    let next = page.next.as_deref();
    let next_page_token = next.map(|next| page_token::encode(LIST, &request, next.as_bytes()));
    Ok(pb::ListPostsResponse {
        posts: page.items.into_iter().map(post_answers::post).collect(),
        next_page_token: next_page_token.unwrap_or_default(),
    })
}

pub(super) async fn update(
    community: &Community,
    mut request: pb::UpdatePostRequest,
) -> Result<pb::UpdatePostResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(UPDATE, &key, &request)?;
    let change = change::change(request)?;
    let (posts, sought) = (community.posts.clone(), change.clone());
    let looking = posts.clone();
    let updated = |post| pb::UpdatePostResponse {
        post: Some(post_answers::post(post)),
    };
    community
        .writes
        .run(
            key.change(),
            async move { Ok(Made::change(updated(posts.change(change).await?))) },
            move |_| async move {
                let found = looking.prepare_change(sought).await?.lookup().await?;
                Ok(Found::change(found.map(updated)))
            },
        )
        .await
}

pub(super) async fn delete(
    community: &Community,
    mut request: pb::DeletePostRequest,
) -> Result<pb::DeletePostResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(DELETE, &key, &request)?;
    let id = post_values::post_id(request.post_id)?;
    let actor = post_values::member("acting_member_id", request.acting_member_id)?;
    let deletion = community.posts.prepare_deletion(id, actor.as_ref())?;
    let sought = deletion.clone();
    let gone = pb::DeletePostResponse {};
    community
        .writes
        .run(
            key.change(),
            async move { deletion.attempt().await.map(|()| Made::change(gone)) },
            move |_| async move { Ok(Found::change(sought.lookup().await?.then_some(gone))) },
        )
        .await
}

fn new_post(request: pb::CreatePostRequest) -> Result<NewPost, Error> {
    let space = validate::id("space_id", request.space_id)?;
    let post_type = validate::optional_id("post_type_id", request.post_type_id)?;
    // A type that is picked is one with a title and a body; one that is named has its
    // own rules.
    let free = post_type.is_some();
    let title = match request.title {
        empty if empty.is_empty() && free => None,
        title => Some(post_values::title(title)?),
    };
    let body = request.content.map(|content| match content {
        Content::Text(text) => Body::Text(text),
        Content::Html(html) => Body::Html(html),
    });
    let body = match body {
        None if free => None,
        body => Some(post_values::body(validate::required("content", body)?)?),
    };
    Ok(NewPost {
        space: SpaceId::new(space),
        values: Values {
            title,
            html: body,
            fields: post_values::fields(request.fields)?,
        },
        post_type: post_type.map(PostTypeId::new),
        author: post_values::member("author_member_id", request.author_member_id)?,
        publish: !request.draft,
        tags: post_values::tags(request.tags)?,
    })
}
