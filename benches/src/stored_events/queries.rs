//! Asks the service a question many times and keeps how long each answer took.

use std::net::SocketAddr;
use std::time::Instant;

use community_proto::v1::activity_service_client::ActivityServiceClient;
use community_proto::v1::webhook_event_service_client::WebhookEventServiceClient;
use rand::rngs::StdRng;
use tonic::transport::Channel;

use super::data::World;
use super::fill;
use super::questions::{Question, Request};
use crate::client::microseconds;
use crate::figures::Latencies;

/// Pages of 500 that are turned before a deep page is measured, as far as there are any.
const PAGES_BEFORE_DEEP: usize = 40;
const LARGEST_PAGE: i32 = 500;

/// A question's latencies.
pub(super) struct Asked {
    pub(super) name: &'static str,
    pub(super) latencies: Latencies,
}

/// A caller of the service.
pub(super) struct Ask {
    events: WebhookEventServiceClient<Channel>,
    activities: ActivityServiceClient<Channel>,
}

impl Ask {
    pub(super) async fn new(address: SocketAddr) -> Self {
        let channel = fill::channel(address).await;
        Self {
            events: WebhookEventServiceClient::new(channel.clone()),
            activities: ActivityServiceClient::new(channel),
        }
    }

    /// Asks so many times.
    pub(super) async fn often(
        &mut self,
        question: &Question,
        samples: usize,
        world: &World,
        rng: &mut StdRng,
    ) -> Asked {
        let mut latencies = Vec::with_capacity(samples);
        let mut token = String::new();
        if question.is_deep() {
            token = self.far_behind(question, world, rng).await;
        }
        let start = token.clone();
        while latencies.len() < samples {
            let request = with_page(question.make(world, rng), None, &token);
            let sent = Instant::now();
            let next = self.once(request).await;
            latencies.push(microseconds(sent.elapsed()));
            if question.is_deep() {
                token = if next.is_empty() { start.clone() } else { next };
            }
        }
        Asked {
            name: question.name,
            latencies: Latencies::new(latencies),
        }
    }

    /// Asks once; returns the token of the next page, empty without one.
    pub(super) async fn once(&mut self, request: Request) -> String {
        match request {
            Request::Events(request) => {
                let answer = self.events.list_webhook_events(request).await;
                answer
                    .expect("events can be listed")
                    .into_inner()
                    .next_page_token
            }
            Request::Activities(request) => {
                let answer = self.activities.list_member_activities(request).await;
                answer
                    .expect("activities can be listed")
                    .into_inner()
                    .next_page_token
            }
            Request::Summary(request) => {
                let answer = self.activities.get_activity_summary(request).await;
                answer.expect("activities are counted");
                String::new()
            }
        }
    }

    async fn far_behind(&mut self, question: &Question, world: &World, rng: &mut StdRng) -> String {
        let mut token = String::new();
        for _ in 0..PAGES_BEFORE_DEEP {
            let request = with_page(question.make(world, rng), Some(LARGEST_PAGE), &token);
            let next = self.once(request).await;
            if next.is_empty() {
                break;
            }
            token = next;
        }
        token
    }
}

fn with_page(mut request: Request, size: Option<i32>, token: &str) -> Request {
    match &mut request {
        Request::Events(request) => {
            token.clone_into(&mut request.page_token);
            request.page_size = size.unwrap_or(request.page_size);
        }
        Request::Activities(request) => {
            token.clone_into(&mut request.page_token);
            request.page_size = size.unwrap_or(request.page_size);
        }
        Request::Summary(_) => {}
    }
    request
}
