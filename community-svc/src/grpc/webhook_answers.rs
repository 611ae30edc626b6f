//! Answering webhooks whose sender waits.

use community_proto::v1 as pb;

use super::validate;
use crate::error::Error;
use crate::webhook_answers::{self, Answer};

pub(super) fn answer(
    request: pb::AnswerWebhookRequest,
) -> Result<pb::AnswerWebhookResponse, Error> {
    let event = validate::required("event", request.event)?;
    let answer = webhook_answers::answer(&event.event_type, &event.payload).ok_or_else(|| {
        Error::invalid(
            "event.event_type",
            "must be a type whose sender waits for an answer, such as GET_SETTINGS",
        )
    })?;
    Ok(match answer {
        Answer::Succeeded(data) => pb::AnswerWebhookResponse {
            data: data.to_string().into_bytes(),
            ..pb::AnswerWebhookResponse::default()
        },
        Answer::Failed { code, message } => pb::AnswerWebhookResponse {
            error_code: code,
            error_message: message.to_owned(),
            ..pb::AnswerWebhookResponse::default()
        },
    })
}
