//! `events dead-letters`.

use community_proto::v1::{ListDeadLettersRequest, Projection};

use super::{Context, Outcome, event_json};
use crate::cli::DeadLetters;
use crate::error::Error;
use crate::proto_json::ProtoJson;
use crate::service::Service;
use crate::when;

const HEADS: &[&str] = &[
    "EVENT ID",
    "TYPE",
    "PROJECTION",
    "ATTEMPTS",
    "GIVEN UP",
    "REASON",
];

pub(super) async fn run(context: &mut Context<'_>, which: DeadLetters) -> Result<Outcome, Error> {
    let service = Service::of(context)?;
    let json = ProtoJson::new()?;
    let mut request = ListDeadLettersRequest {
        projection: which
            .projection
            .map_or(0, |name| Projection::from(name).into()),
        ..ListDeadLettersRequest::default()
    };
    let (mut left, mut rows) = (which.limit, Vec::new());
    while left > 0 {
        request.page_size = i32::try_from(left.min(500)).unwrap_or_default();
        let page = service
            .client
            .webhook_events()
            .list_dead_letters(request.clone())
            .await
            .map_err(service.failed("listing dead letters"))?
            .into_inner();
        for letter in &page.dead_letters {
            if context.output.is_json() {
                context.output.json(&json.of("DeadLetter", letter)?)?;
            } else {
                rows.push(vec![
                    letter.event_id.clone(),
                    letter.event_type.clone(),
                    event_json::projection(letter.projection()).to_owned(),
                    letter.attempts.to_string(),
                    when::shown(letter.fail_time.as_ref()),
                    letter.reason.clone(),
                ]);
            }
        }
        left = left.saturating_sub(u32::try_from(page.dead_letters.len()).unwrap_or(u32::MAX));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    if !context.output.is_json() {
        context
            .output
            .table(HEADS, &rows, "Nothing was given up on.")?;
    }
    Ok(Outcome::Good)
}
