//! Telling which kinds of webhook the network can send.

use bettermode::EventType;
use community_proto::v1 as pb;

use super::{Community, convert};
use crate::error::Error;

pub(super) async fn list(
    community: &Community,
    request: pb::ListEventTypesRequest,
) -> Result<pb::ListEventTypesResponse, Error> {
    let options = convert::read_options(request.read_options)?;
    let read = community.event_types.all(&options).await?;
    let kinds = read.value().into_iter().flatten();
    Ok(pb::ListEventTypesResponse {
        event_types: kinds.map(event_type).collect(),
        freshness: Some(convert::freshness(&read)),
    })
}

fn event_type(kind: &EventType) -> pb::EventType {
    pb::EventType {
        name: kind.name.clone(),
        noun: kind.noun.clone(),
        verb: kind.verb.clone(),
        required_scope: kind.required_scope.clone(),
        short_description: kind.short_description.clone(),
        description: kind.description.clone(),
    }
}
