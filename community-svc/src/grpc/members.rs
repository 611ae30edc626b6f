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
