//! Reading and writing reactions.

use bettermode::{MemberId, PostId};
use community_proto::v1 as pb;

use super::{Community, page_token, post_answers, post_values, validate};
use crate::error::Error;
use crate::reactions::{Direction, Place};

/// What page tokens are bound to, beside the post and the key.
const LIST: &str = "ListReactions";

pub(super) async fn add(
    community: &Community,
    request: pb::AddReactionRequest,
) -> Result<pb::AddReactionResponse, Error> {
    let who = request.member_id;
    let wanted = reaction(request.post_id, request.reaction, who)?;
    write(community, Direction::Add, wanted).await?;
    Ok(pb::AddReactionResponse {})
}

pub(super) async fn remove(
    community: &Community,
    request: pb::RemoveReactionRequest,
) -> Result<pb::RemoveReactionResponse, Error> {
    let who = request.member_id;
    let wanted = reaction(request.post_id, request.reaction, who)?;
    write(community, Direction::Remove, wanted).await?;
    Ok(pb::RemoveReactionResponse {})
}

pub(super) async fn list(
    community: &Community,
    mut request: pb::ListReactionsRequest,
) -> Result<pb::ListReactionsResponse, Error> {
    let limit = post_values::page_size(std::mem::take(&mut request.page_size))?;
    let token = std::mem::take(&mut request.page_token);
    let post = post_values::post_id(request.post_id.clone())?;
    let only = validate::optional_id("reaction", request.reaction.clone())?;
    let reactions = &community.reactions;
    let page = match page_token::decode(LIST, &request, &token)? {
        None => reactions.first(&post, only.as_deref(), limit).await?,
        Some(place) => {
            let place: Place =
                serde_json::from_slice(&place).map_err(|_| Error::InvalidPageToken)?;
            reactions.go_on(&post, place, limit).await?
        }
    };
    let next_page_token = match page.next {
        None => String::new(),
        Some(place) => {
            let place = serde_json::to_vec(&place).map_err(|_| Error::Internal)?;
            page_token::encode(LIST, &request, &place)
        }
    };
    let counts = page.counts.into_iter();
    Ok(pb::ListReactionsResponse {
        reactions: page
            .reactions
            .into_iter()
            .map(post_answers::reaction)
            .collect(),
        counts: counts.map(post_answers::reaction_count).collect(),
        next_page_token,
    })
}

/// A post, a key and who reacts.
type Wanted = (PostId, String, Option<MemberId>);

fn reaction(post: String, reaction: String, member: String) -> Result<Wanted, Error> {
    Ok((
        post_values::post_id(post)?,
        validate::id("reaction", reaction)?,
        post_values::member("member_id", member)?,
    ))
}

async fn write(community: &Community, direction: Direction, wanted: Wanted) -> Result<(), Error> {
    let (post, key, member) = wanted;
    let reaction = community
        .reactions
        .prepare(direction, post, key, member.as_ref())?;
    reaction.attempt().await
}
