//! What runs beside the calls: projections, and what is deleted for its age.

use std::sync::Arc;
use std::time::Duration;

use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;

use super::random;
use crate::activities::SharedActivityStore;
use crate::config::EventsConfig;
use crate::events::SharedEventStore;
use crate::metrics::Metrics;
use crate::projections::{Effects, Projector, retention};
use crate::writes::SharedWriteStore;

/// What goes on while nobody calls.
pub(super) struct Background {
    projector: Projector,
    events: SharedEventStore,
    events_for: Option<Duration>,
    activities: SharedActivityStore,
    writes: SharedWriteStore,
}

impl Background {
    pub(super) fn new(
        events: SharedEventStore,
        effects: Effects,
        writes: SharedWriteStore,
        config: &EventsConfig,
        clock: &SharedClock,
        metrics: &Metrics,
    ) -> Self {
        let activities = Arc::clone(effects.activities());
        let attempts = config.projection_attempts;
        let tools = (Arc::clone(clock), random());
        let days = u64::from(config.event_days);
        Self {
            projector: Projector::new(
                Arc::clone(&events),
                effects,
                attempts,
                tools,
                metrics.clone(),
            ),
            events,
            events_for: (days > 0).then(|| Duration::from_secs(24 * 3_600 * days)),
            activities,
            writes,
        }
    }

    pub(super) fn spawn(self, tasks: &Tasks, shutdown: &Shutdown) {
        tasks.spawn("projector", self.projector.run(shutdown.clone()));
        tasks.spawn(
            "retention",
            retention::keep(
                self.events,
                self.events_for,
                self.activities,
                self.writes,
                shutdown.clone(),
            ),
        );
    }
}
