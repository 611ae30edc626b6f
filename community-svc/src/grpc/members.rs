//! Reading members.

use bettermode::{Email, MemberId};
use community_proto::v1 as pb;
use community_proto::v1::get_member_request::Identifier;

use super::{Community, convert, validate};
use crate::cache::MemberKey;
use crate::error::Error;
use crate::members::Read;

/// The most ids of one call.
const MAX_BATCH: usize = 200;

pub(super) async fn get(
    community: &Community,
    request: pb::GetMemberRequest,
) -> Result<Read, Error> {
    let options = convert::read_options(request.read_options)?;
    match validate::required("identifier", request.identifier)? {
        Identifier::MemberId(id) => {
            let key = MemberKey(MemberId::new(validate::id("member_id", id)?));
            if let Some(read) = community.members.in_memory(&key, &options) {
                return Ok(read);
            }
            community.members.by_id(&key, &options).await
        }
        Identifier::Username(name) => {
            let name = validate::id("username", name)?;
            community.members.by_username(&name, &options).await
        }
    }
}

pub(super) async fn get_by_email(
    community: &Community,
    request: pb::GetMemberByEmailRequest,
) -> Result<pb::GetMemberByEmailResponse, Error> {
    let options = convert::read_options(request.read_options)?;
    let email = validate::text("email", request.email, 3, 320)?;
    let email = Email::parse(&email)
        .map_err(|_| Error::invalid("email", "must be an e-mail address with exactly one \"@\""))?;
    let read = community.members.by_email(&email, &options).await?;
    Ok(pb::GetMemberByEmailResponse {
        freshness: Some(convert::freshness(&read)),
        member: read.value().map(convert::member),
    })
}

pub(super) async fn batch_get(
    community: &Community,
    request: pb::BatchGetMembersRequest,
) -> Result<pb::BatchGetMembersResponse, Error> {
    let options = convert::read_options(request.read_options)?;
    if !(1..=MAX_BATCH).contains(&request.member_ids.len()) {
        return Err(Error::invalid("member_ids", "must hold 1 to 200 ids"));
    }
    let ids = validate::each("member_ids", request.member_ids, validate::id)?;
    let keys: Vec<_> = ids
        .into_iter()
        .map(|id| MemberKey(MemberId::new(id)))
        .collect();
    let reads = keys.iter().map(|key| async move {
        let outcome = community.members.by_id(key, &options).await;
        convert::batch_result(&key.0, outcome)
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
