//! Who was whom in Circle.

use bettermode::MemberId;
use community_proto::v1 as pb;

use super::{Community, validate};
use crate::community_members::{CircleLink, LinkOutcome};
use crate::error::Error;

const MAX_LINKS: usize = 500;

pub(super) async fn link(
    community: &Community,
    request: pb::LinkMembersRequest,
) -> Result<pb::LinkMembersResponse, Error> {
    if !(1..=MAX_LINKS).contains(&request.links.len()) {
        return Err(Error::invalid("links", "must hold 1 to 500 links"));
    }
    let links = validate::each("links", request.links, one)?;
    let outcomes = community.records.link(&links).await.map_err(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the record of members failed"
        );
        Error::EventStoreUnavailable
    })?;
    let results = links.into_iter().zip(outcomes).map(|(link, outcome)| {
        let outcome = match outcome {
            LinkOutcome::Linked => pb::LinkOutcome::Linked,
            LinkOutcome::Conflict => pb::LinkOutcome::Conflict,
        };
        pb::LinkMembersResult {
            bettermode_member_id: link.member_id.as_str().to_owned(),
            outcome: outcome.into(),
        }
    });
    Ok(pb::LinkMembersResponse {
        results: results.collect(),
    })
}

fn one(field: &'static str, link: pb::MemberLink) -> Result<CircleLink, Error> {
    Ok(CircleLink {
        member_id: MemberId::new(validate::id(field, link.bettermode_member_id)?),
        circle_member_id: validate::id(field, link.circle_member_id)?,
    })
}
