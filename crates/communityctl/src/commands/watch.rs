//! `events watch`: every event once, also past restarts of the service and of this program.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use community_proto::v1::{WatchWebhookEventsRequest, WatchWebhookEventsResponse};
use tonic::{Code, Status};

use super::{Context, Outcome, event_json, files};
use crate::cli::Watch;
use crate::error::Error;
use crate::output::safe;
use crate::proto_json::ProtoJson;
use crate::service::Service;

/// How long it waits before it goes on after the stream broke, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

pub(super) async fn run(context: &mut Context<'_>, watch: Watch) -> Result<Outcome, Error> {
    let service = Service::of(context)?;
    let mut events = service.client.webhook_events();
    let mut watching = Watching {
        json: ProtoJson::new()?,
        token: match (&watch.from, &watch.token_file) {
            (Some(token), _) => token.clone(),
            (None, Some(path)) => files::token(path)?,
            (None, None) => String::new(),
        },
        seen: 0,
        watch,
    };
    let mut pause = PAUSE.0;
    // The first time an error is one; later the service may be restarting.
    let mut was_connected = false;
    loop {
        let request = watching.request();
        let opened = events.watch_webhook_events(request);
        let broken = match opened.await {
            Ok(stream) => {
                was_connected = true;
                let mut stream = stream.into_inner();
                loop {
                    match stream.message().await {
                        Ok(Some(step)) => {
                            pause = PAUSE.0;
                            if watching.take(context, step)? {
                                return Ok(Outcome::Good);
                            }
                        }
                        Ok(None) => break None,
                        Err(status) => break Some(status),
                    }
                }
            }
            Err(status) => Some(status),
        };
        if let Some(status) = broken
            && (!was_connected || !can_go_on(&status))
        {
            return Err(service.failed("watching events")(status));
        }
        // Beside the output, which may be read by a program.
        let _closed = writeln!(
            std::io::stderr(),
            "communityctl: the stream ended; going on in {} s",
            pause.as_secs()
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// Whether the stream broke in a way that passes: not when the token is refused.
fn can_go_on(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
            | Code::ResourceExhausted
            | Code::Aborted
    )
}

struct Watching {
    json: ProtoJson,
    watch: Watch,
    token: String,
    seen: u64,
}

impl Watching {
    fn request(&self) -> WatchWebhookEventsRequest {
        let filters = self.watch.filters.clone();
        WatchWebhookEventsRequest {
            resume_token: self.token.clone(),
            event_type: filters.event_type.unwrap_or_default(),
            member_id: filters.member.unwrap_or_default(),
        }
    }

    /// Shows one step and remembers where it was; true when it was the last wanted.
    fn take(
        &mut self,
        context: &mut Context<'_>,
        step: WatchWebhookEventsResponse,
    ) -> Result<bool, Error> {
        if let Some(stored) = &step.event {
            if context.output.is_json() {
                let mut line = event_json::line(&self.json, stored, self.watch.payload)?;
                line["resumeToken"] = step.resume_token.as_str().into();
                context.output.json(&line)?;
            } else {
                let cells: Vec<String> = event_json::row(stored)
                    .iter()
                    .map(|cell| safe(cell))
                    .collect();
                context.output.text(&cells.join("  "))?;
            }
            self.seen += 1;
        }
        self.token = step.resume_token;
        // After it was shown: a crash in between shows it again and loses nothing.
        if let Some(path) = &self.watch.token_file {
            keep(path, &self.token)?;
        }
        Ok(self.watch.limit.is_some_and(|limit| self.seen >= limit))
    }
}

fn keep(path: &Path, token: &str) -> Result<(), Error> {
    files::replace(path, token.as_bytes())
}
