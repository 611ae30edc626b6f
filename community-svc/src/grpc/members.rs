//! Reading members.

use bettermode::{Email, MemberId};
use community_proto::v1 as pb;
use community_proto::v1::get_member_request::Identifier;

use super::{Community, convert, validate};
use crate::error::Error;

pub(super) async fn get(
    community: &Community,
    request: pb::GetMemberRequest,
) -> Result<pb::GetMemberResponse, Error> {
    let read = match validate::required("identifier", request.identifier)? {
        Identifier::MemberId(id) => {
            let id = MemberId::new(validate::id("member_id", id)?);
            community.members.by_id(&id).await?
        }
        Identifier::Username(name) => {
            let name = validate::id("username", name)?;
            community.members.by_username(&name).await?
        }
    };
    Ok(pb::GetMemberResponse {
        freshness: Some(convert::freshness(&read)),
        member: Some(convert::member(read.member)),
    })
}

pub(super) async fn get_by_email(
    community: &Community,
    request: &pb::GetMemberByEmailRequest,
) -> Result<pb::GetMemberByEmailResponse, Error> {
    let email = validate::text("email", request.email.clone(), 3, 320)?;
    let email = Email::parse(&email)
        .map_err(|_| Error::invalid("email", "must be an e-mail address with exactly one \"@\""))?;
    let read = community.members.by_email(&email).await?;
    Ok(pb::GetMemberByEmailResponse {
        freshness: Some(convert::freshness(&read)),
        member: Some(convert::member(read.member)),
    })
}

/// The most ids of one call.
const MAX_BATCH: usize = 200;

pub(super) async fn batch_get(
    community: &Community,
    request: pb::BatchGetMembersRequest,
) -> Result<pb::BatchGetMembersResponse, Error> {
    if !(1..=MAX_BATCH).contains(&request.member_ids.len()) {
        return Err(Error::invalid("member_ids", "must hold 1 to 200 ids"));
    }
    let ids = request
        .member_ids
        .into_iter()
        .map(|id| validate::id("member_ids", id).map(MemberId::new))
        .collect::<Result<Vec<_>, _>>()?;
    let reads = ids.into_iter().map(|id| async move {
        let outcome = community.members.by_id(&id).await;
        convert::batch_result(&id, outcome)
    });
    Ok(pb::BatchGetMembersResponse {
        results: futures::future::join_all(reads).await,
    })
}

pub(super) async fn invalidate(
    community: &Community,
    request: pb::InvalidateMemberRequest,
) -> Result<pb::InvalidateMemberResponse, Error> {
    let id = MemberId::new(validate::id("member_id", request.member_id)?);
    community.members.invalidate(&id).await.map_err(|error| {
        tracing::warn!(%error, "could not invalidate a member");
        Error::CacheUnavailable
    })?;
    Ok(pb::InvalidateMemberResponse {})
}
