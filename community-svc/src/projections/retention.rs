//! Old events, activities and writes go, by age.

use std::time::Duration;

use service_kit::shutdown::Shutdown;

use crate::activities::SharedActivityStore;
use crate::events::SharedEventStore;
use crate::stores::StoreError;
use crate::writes::SharedWriteStore;

/// How often what became too old is looked for.
const EVERY: Duration = Duration::from_secs(3_600);
/// How soon again after a store did not answer.
const AGAIN: Duration = Duration::from_secs(60);

/// Keeps events for `events_for` (for ever without one), activities and writes as long
/// as their stores were told, until the service drains.
pub async fn keep(
    events: SharedEventStore,
    events_for: Option<Duration>,
    activities: SharedActivityStore,
    writes: SharedWriteStore,
    shutdown: Shutdown,
) {
    loop {
        let wait = match once(&events, events_for, &activities, &writes).await {
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
    writes: &SharedWriteStore,
) -> Result<(), StoreError> {
    let (events, activities) = (events.retain(events_for).await?, activities.prune().await?);
    let writes = writes.prune().await?;
    if events + activities + writes > 0 {
        tracing::info!(events, activities, writes, "deleted what was too old");
    }
    Ok(())
}
