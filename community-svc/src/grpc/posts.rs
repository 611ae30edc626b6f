//! Writing posts.

use bettermode::{MemberId, PostTypeId, SpaceId};
use community_proto::v1 as pb;
use community_proto::v1::create_post_request::Content;

use super::{Community, convert, validate};
use crate::error::Error;
use crate::html;
use crate::posts::NewPost;

const MAX_TAGS: usize = 20;

pub(super) async fn create(
    community: &Community,
    request: pb::CreatePostRequest,
) -> Result<pb::CreatePostResponse, Error> {
    let post = community.posts.create(new_post(request)?).await?;
    Ok(pb::CreatePostResponse {
        post: Some(convert::post(post)),
    })
}

fn new_post(request: pb::CreatePostRequest) -> Result<NewPost, Error> {
    let space = validate::id("space_id", request.space_id)?;
    let title = validate::text("title", request.title, 1, 255)?;
    let html = match validate::required("content", request.content)? {
        Content::Text(text) => html::from_text(&validate::text("text", text, 1, 100_000)?),
        Content::Html(html) => html::sanitise(&validate::text("html", html, 1, 500_000)?),
    };
    if request.tags.len() > MAX_TAGS {
        return Err(Error::invalid(
            "tags",
            format!("must be at most {MAX_TAGS}"),
        ));
    }
    let tags = validate::each("tags", request.tags, |field, tag| {
        validate::text(field, tag, 1, 100)
    })?;
    Ok(NewPost {
        space: SpaceId::new(space),
        title,
        html,
        post_type: validate::optional_id("post_type_id", request.post_type_id)?
            .map(PostTypeId::new),
        author: validate::optional_id("author_member_id", request.author_member_id)?
            .map(MemberId::new),
        publish: !request.draft,
        tags,
    })
}
