//! Old events and activities go, by age.

use std::time::Duration;

use service_kit::shutdown::Shutdown;

use crate::activities::SharedActivityStore;
use crate::events::SharedEventStore;
use crate::stores::StoreError;

/// How often what became too old is looked for.
const EVERY: Duration = Duration::from_secs(3_600);
/// How soon again after a store did not answer.
const AGAIN: Duration = Duration::from_secs(60);

/// Keeps events for `events_for` (for ever without one) and activities as long as
/// their store was told, until the service drains.
pub async fn keep(
    events: SharedEventStore,
    events_for: Option<Duration>,
    activities: SharedActivityStore,
    shutdown: Shutdown,
) {
    loop {
        let wait = match once(&events, events_for, &activities).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not delete what is too old; trying again in a minute"
                );
                AGAIN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shutdown.draining().cancelled() => return,
        }
    }
}

async fn once(
    events: &SharedEventStore,
    events_for: Option<Duration>,
    activities: &SharedActivityStore,
) -> Result<(), StoreError> {
    let (events, activities) = (events.retain(events_for).await?, activities.prune().await?);
    if events + activities > 0 {
        tracing::info!(events, activities, "deleted what was too old");
    }
    Ok(())
}
