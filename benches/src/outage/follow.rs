//! Reads the store as a consumer does and compares it with what was acknowledged.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use community_proto::v1::WatchWebhookEventsRequest;
use community_proto::v1::webhook_event_service_client::WebhookEventServiceClient;
use tokio::time::timeout;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

use crate::webhook::Name;

/// No message for so long: there are no more.
const SILENCE: Duration = Duration::from_secs(10);

/// A place in the stream of stored webhooks.
#[derive(Debug, Clone)]
pub(super) struct Place(String);

/// What the stream held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Followed {
    /// Messages with a webhook.
    pub(super) seen: u64,
    /// Webhooks that came more than once.
    pub(super) doubled: u64,
    /// Acknowledged webhooks that did not come.
    pub(super) lost: u64,
    /// Webhooks that came after a later one of the same post.
    pub(super) disordered: u64,
}

impl Followed {
    /// Whether nothing is wrong.
    pub(super) fn is_right(&self) -> bool {
        self.doubled + self.lost + self.disordered == 0
    }
}

/// Where the stream is now.
pub(super) async fn now(service: SocketAddr) -> Place {
    let mut stream = watch(service, String::new()).await;
    let first = stream.message().await.expect("a watch begins well");
    Place(first.expect("a watch begins with a message").resume_token)
}

/// All since `place`, compared with how many webhooks of each post were acknowledged.
pub(super) async fn all(service: SocketAddr, place: Place, sent: &BTreeMap<u32, u32>) -> Followed {
    let mut stream = watch(service, place.0).await;
    let mut posts: BTreeMap<u32, Post> = BTreeMap::new();
    let mut found = Followed::default();
    let wanted: u64 = sent.values().map(|&count| u64::from(count)).sum();
    // One more look after the last, for a message too many.
    while let Ok(message) = timeout(SILENCE, stream.message()).await {
        let message = message
            .expect("the watch goes on")
            .expect("a watch does not end");
        let Some(event) = message.event.and_then(|stored| stored.event) else {
            if found.seen >= wanted {
                break;
            }
            continue;
        };
        let name = Name::of_event_id(&event.event_id).expect("nobody else's webhooks are here");
        posts
            .entry(name.entity)
            .or_default()
            .take(name.sequence, &mut found);
    }
    found.lost = sent
        .iter()
        .map(|(entity, &count)| {
            posts
                .get(entity)
                .map_or(u64::from(count), |post| post.missing(count))
        })
        .sum();
    found
}

/// What came of one post so far.
#[derive(Debug, Default)]
struct Post {
    came: Vec<bool>,
    last: Option<u32>,
}

impl Post {
    fn take(&mut self, sequence: u32, found: &mut Followed) {
        found.seen += 1;
        let index = sequence as usize;
        if self.came.len() <= index {
            self.came.resize(index + 1, false);
        }
        if std::mem::replace(&mut self.came[index], true) {
            found.doubled += 1;
        } else if self.last.is_some_and(|last| last > sequence) {
            found.disordered += 1;
        }
        self.last = self.last.max(Some(sequence));
    }

    fn missing(&self, count: u32) -> u64 {
        let came = |sequence: &u32| self.came.get(*sequence as usize).copied().unwrap_or(false);
        (0..count).filter(|sequence| !came(sequence)).count() as u64
    }
}

async fn watch(
    service: SocketAddr,
    resume_token: String,
) -> Streaming<community_proto::v1::WatchWebhookEventsResponse> {
    let channel: Channel = Endpoint::from_shared(format!("http://{service}"))
        .expect("an address makes a URL")
        .connect()
        .await
        .expect("the service listens");
    let request = WatchWebhookEventsRequest {
        resume_token,
        ..Default::default()
    };
    let mut client = WebhookEventServiceClient::new(channel);
    let answer = client.watch_webhook_events(request).await;
    answer.expect("webhooks can be watched").into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(sequences: &[u32], sent: u32) -> Followed {
        let (mut post, mut found) = (Post::default(), Followed::default());
        for &sequence in sequences {
            post.take(sequence, &mut found);
        }
        found.lost = post.missing(sent);
        found
    }

    #[test]
    fn what_is_lost_doubled_or_out_of_order_is_counted() {
        assert!(followed(&[0, 1, 2], 3).is_right());
        let found = followed(&[0, 2, 1, 1, 4], 6);
        assert_eq!((found.seen, found.doubled), (5, 1));
        assert_eq!((found.disordered, found.lost), (1, 2));
    }
}
