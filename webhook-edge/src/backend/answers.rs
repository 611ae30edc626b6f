//! Asking the service what to answer.

use async_trait::async_trait;
use community_proto::v1;
use community_proto::v1::webhook_event_service_client::WebhookEventServiceClient;
use serde_json::{Value, json};

use trace_kit::{Span, TraceParent};

use super::{Backend, to_error, to_proto};
use crate::answers::{Answer, Answers, BUDGET};
use crate::forward::Error;
use crate::payload::Event;
use crate::traces;

/// The call, by its full name.
const ANSWER: &str = "community.v1.WebhookEventService/AnswerWebhook";

#[async_trait]
impl Answers for Backend {
    async fn ask(&self, event: Event) -> Result<Answer, Error> {
        let traces = self.traces.as_ref();
        let call = traces.and_then(|it| it.call_for(ANSWER, &event));
        let answer = self
            .ask_under(event, call.as_ref().map(Span::context))
            .await;
        if let Some(call) = call {
            traces::finish(call, answer.as_ref().err());
        }
        answer
    }
}

impl Backend {
    async fn ask_under(&self, event: Event, parent: Option<TraceParent>) -> Result<Answer, Error> {
        let event_type = event.envelope_type.clone();
        let event = v1::WebhookEvent {
            event_type,
            ..to_proto(event)
        };
        // Never tried again: by then the sender would have waited too long.
        let request = v1::AnswerWebhookRequest { event: Some(event) };
        let request = self.request(request, BUDGET, parent);
        let answer = WebhookEventServiceClient::new(self.channel.clone())
            .answer_webhook(request)
            .await
            .map_err(|status| to_error(&status))?
            .into_inner();
        to_answer(answer)
    }
}

fn to_answer(answer: v1::AnswerWebhookResponse) -> Result<Answer, Error> {
    if answer.error_code != 0 {
        return Ok(Answer::Failed {
            code: answer.error_code,
            message: answer.error_message,
        });
    }
    let data: Value = match answer.data.as_slice() {
        [] => json!({}),
        data => serde_json::from_slice(data).map_err(|_| Error::NoResult)?,
    };
    Ok(Answer::Succeeded(data))
}
