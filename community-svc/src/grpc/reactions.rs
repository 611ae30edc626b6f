//! Reading and writing reactions.

use bettermode::{MemberId, PostId};
use community_proto::v1 as pb;
use prost::Message;

use super::keyed::{Key, Kind};
use super::{Community, page_token, post_answers, post_values, validate};
use crate::error::Error;
use crate::reactions::{Direction, Place};
use crate::writes::{Found, Made};

const ADD: Kind = Kind {
    method: "AddReaction",
    attempted: "adding a reaction",
    requests: 1,
};
const REMOVE: Kind = Kind {
    method: "RemoveReaction",
    attempted: "taking a reaction back",
    requests: 1,
};

/// What page tokens are bound to, beside the post and the key.
const LIST: &str = "ListReactions";

pub(super) async fn add(
    community: &Community,
    mut request: pb::AddReactionRequest,
) -> Result<pb::AddReactionResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(ADD, &key, &request)?;
    let who = request.member_id;
    let wanted = reaction(request.post_id, request.reaction, who)?;
    let done = pb::AddReactionResponse {};
    write(community, &key, Direction::Add, wanted, done).await
}

pub(super) async fn remove(
    community: &Community,
    mut request: pb::RemoveReactionRequest,
) -> Result<pb::RemoveReactionResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(REMOVE, &key, &request)?;
    let who = request.member_id;
    let wanted = reaction(request.post_id, request.reaction, who)?;
    let done = pb::RemoveReactionResponse {};
    write(community, &key, Direction::Remove, wanted, done).await
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

async fn write<M: Message + Default + Copy + 'static>(
    community: &Community,
    key: &Key,
    direction: Direction,
    (post, reaction, member): Wanted,
    done: M,
) -> Result<M, Error> {
    let reactions = &community.reactions;
    let reaction = reactions.prepare(direction, post, reaction, member.as_ref())?;
    let sought = reaction.clone();
    community
        .writes
        .run(
            key.change(),
            async move { reaction.attempt().await.map(|()| Made::change(done)) },
            move |_| async move { Ok(Found::change(sought.lookup().await?.then_some(done))) },
        )
        .await
}
