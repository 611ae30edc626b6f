//! Following the store of webhook events.

use std::sync::Arc;

use community_proto::v1 as pb;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use tonic::Status;

use super::{event_type, stored_event, unavailable};
use crate::error::Error;
use crate::events::{FollowError, ResumeToken, Step, WatchFilter};
use crate::grpc::{WebhookEvents, page_token, validate};

/// What a watcher gets.
pub(in crate::grpc) type Stream =
    BoxStream<'static, Result<pb::WatchWebhookEventsResponse, Status>>;

const METHOD: &str = "WatchWebhookEvents";

/// Opens a watch. The stream does nothing unless it is read, which the transport
/// does as fast as the watcher takes it: one that is slow or stands still costs a
/// page of memory and its place among the watchers, and nobody else anything.
pub(in crate::grpc) async fn watch(
    service: &WebhookEvents,
    request: pb::WatchWebhookEventsRequest,
) -> Result<Stream, Error> {
    let filter = WatchFilter {
        event_type: event_type("event_type", request.event_type)?,
        member_id: validate::optional_id("member_id", request.member_id)?,
    };
    let after = match &request.resume_token[..] {
        "" => None,
        token => {
            let bytes = page_token::open(METHOD, &[], token);
            Some(ResumeToken(bytes.ok_or(Error::InvalidResumeToken)?))
        }
    };
    let place = Arc::clone(&service.watchers)
        .try_acquire_owned()
        .map_err(|_| Error::Overloaded)?;
    let steps = service.store.follow(after, filter).await.map_err(refused)?;
    let stopping = service.shutdown.draining().clone().cancelled_owned();
    let stopped = stream::iter([Err(Error::WatchEnded)]);
    let stream = steps
        .map_err(refused)
        .take_until(stopping)
        // Only a service that stops ends a watch without an error.
        .chain(stopped)
        .map(move |step| {
            let _held_until_the_stream_is_dropped = &place;
            step.map(response).map_err(Status::from)
        });
    Ok(stream.boxed())
}

fn response(step: Step) -> pb::WatchWebhookEventsResponse {
    pb::WatchWebhookEventsResponse {
        event: step.event.map(stored_event),
        resume_token: page_token::seal(METHOD, &[], &step.token.0),
    }
}

fn refused(error: FollowError) -> Error {
    match error {
        FollowError::InvalidToken => Error::InvalidResumeToken,
        FollowError::ExpiredToken => Error::ResumeTokenExpired,
        FollowError::Unsupported => Error::WatchUnavailable,
        FollowError::Store(error) => unavailable(error),
    }
}
