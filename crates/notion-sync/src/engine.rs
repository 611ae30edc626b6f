//! What is done, without when: events are taken in and understood, rows written, everything
//! compared.

use std::sync::Arc;
use std::time::Duration;

use notion::{Client, DataSource, DataSourceId, DatabaseId};
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;

use crate::community::Community;
use crate::error::Error;
use crate::mapping::{ActivityField, Layout, Mapping, MemberField};
use crate::metrics::Metrics;
use crate::state::{Source, State, meta};
use crate::writer::Writer;

mod compare;
mod index;
mod intake;
mod settle;

pub use compare::Compared;
pub use index::Indexed;

/// What an engine is made of.
pub struct Parts {
    /// The community.
    pub community: Arc<dyn Community>,
    /// Notion.
    pub notion: Client,
    /// What is remembered.
    pub state: State,
    /// Which columns, with what.
    pub mapping: Mapping,
    /// BetterMode's id of the network.
    pub network: String,
    /// How long changes of one member are gathered before the row is written.
    pub window: Duration,
    /// The time.
    pub clock: SharedClock,
    /// What is counted.
    pub metrics: Metrics,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// Where rows go.
#[derive(Debug, Clone)]
pub struct Targets {
    /// The Community Hub.
    pub members: DataSource,
    /// The activities, where they get rows.
    pub activities: Option<DataSource>,
}

/// Does the work. One at a time for each data source.
pub struct Engine {
    parts: Parts,
    members: Table<MemberField>,
    activities: Option<Table<ActivityField>>,
}

struct Table<F> {
    layout: Layout<F>,
    writer: Writer,
}

impl Targets {
    /// Looks them up: each id is a database's or a data source's.
    ///
    /// # Errors
    /// [`Error::Notion`].
    pub async fn find(
        notion: &Client,
        members: &DatabaseId,
        activities: Option<&DatabaseId>,
    ) -> Result<Self, Error> {
        Ok(Self {
            members: notion.resolve(members).await?,
            activities: match activities {
                Some(id) => Some(notion.resolve(id).await?),
                None => None,
            },
        })
    }

    /// Their ids.
    #[must_use]
    pub fn ids(&self) -> Vec<&DataSourceId> {
        let activities = self.activities.as_ref();
        activities
            .into_iter()
            .chain([&self.members])
            .map(|source| &source.id)
            .collect()
    }
}

impl Engine {
    /// An engine over these data sources.
    ///
    /// # Errors
    /// [`Error::Columns`] when they do not fit the mapping, [`Error::State`] when what is
    /// remembered is of others.
    pub async fn new(parts: Parts, targets: &Targets) -> Result<Self, Error> {
        let hub = &targets.members.id;
        let layout = Layout::new(&parts.mapping.members, &targets.members, hub);
        let layout = layout.map_err(|problems| Error::Columns {
            what: "the Community Hub (NOTION_COMMUNITY_HUB_DB)",
            problems,
        })?;
        let mut bindings = vec![
            (meta::NETWORK, parts.network.clone()),
            (meta::MEMBERS, hub.to_string()),
        ];
        let members = table(&parts, layout, Source::Members);
        let activities = match (&parts.mapping.activities, &targets.activities) {
            (Some(mapped), Some(source)) => {
                let layout = Layout::new(mapped, source, hub).map_err(|problems| {
                    let what = "the activities (NOTION_ACTIVITIES_DB)";
                    Error::Columns { what, problems }
                })?;
                bindings.push((meta::ACTIVITIES, source.id.to_string()));
                Some(table(&parts, layout, Source::Activities))
            }
            _ => None,
        };
        parts.state.bind(bindings).await?;
        Ok(Self {
            parts,
            members,
            activities,
        })
    }

    /// What is remembered.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.parts.state
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.parts.metrics
    }

    /// How many requests were sent to Notion.
    #[must_use]
    pub fn requests(&self) -> notion::Requests {
        self.parts.notion.requests()
    }

    /// The community.
    #[must_use]
    pub fn community(&self) -> &Arc<dyn Community> {
        &self.parts.community
    }

    /// Refreshes the gauges.
    ///
    /// # Errors
    /// [`Error::State`].
    pub async fn observe(&self) -> Result<crate::state::Backlog, Error> {
        let backlog = self.parts.state.backlog().await?;
        let requests = self.parts.notion.requests();
        self.parts
            .metrics
            .observe(&backlog, requests, self.parts.clock.now());
        Ok(backlog)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("network", &self.parts.network)
            .finish_non_exhaustive()
    }
}

fn table<F>(parts: &Parts, layout: Layout<F>, which: Source) -> Table<F> {
    let writer = Writer {
        notion: parts.notion.clone(),
        source: layout.source.clone(),
        which,
        key: layout.key.clone(),
        state: parts.state.clone(),
        metrics: parts.metrics.clone(),
        clock: Arc::clone(&parts.clock),
    };
    Table { layout, writer }
}
