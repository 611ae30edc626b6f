//! `extract`: Circle, read once into a snapshot.

use std::io::Write as _;

use crate::Error;
use crate::circle::{self, CircleError, Client, Community};
use crate::cli::extract::Args;
use crate::config::{CircleConfig, Config};
use crate::extract::{Extractor, Lines};
use crate::snapshot::{ListState, Manifest, Wanted, Writer};

use super::{Context, Ending, unless_stopped};

/// The most rows of a page that Circle documents for any list.
const MOST_ROWS: u32 = 100;

/// Reads Circle into the snapshot, or goes on where an earlier run stopped.
///
/// # Errors
/// What stops it, see [`Error`]; what was read until then is kept.
pub async fn run(args: Args, context: &Context) -> Result<Ending, Error> {
    let config = &context.config;
    let client = client(config, "extract")?;
    let asking = async { Ok(community(&client, &config.circle).await?) };
    let community = unless_stopped(context, asking).await?;
    let wanted = Wanted {
        content: args.content,
        space_members: args.space_members,
    };
    let address = config.circle.api_url.as_ref();
    let whose = Writer::binding(
        community.id,
        community.name,
        address.map(ToString::to_string).unwrap_or_default(),
    );
    let now = context.clock.now();
    let writer = Writer::open(&config.snapshot_dir, &whose, wanted, args.delta, now)?;
    let extractor = Extractor {
        client: &client,
        writer,
        per_page: config.batch_size.get().min(MOST_ROWS),
        clock: context.clock.clone(),
        stop: context.shutdown.draining().clone(),
        watch: &Lines::default(),
    };
    let result = extractor.run().await;
    let requests = client.spent().requests;
    tracing::info!(requests, "requests to Circle in this run");
    let manifest = result?;
    let drifted = drifted(&manifest);
    say(config, &manifest, requests, &drifted);
    Ok(if drifted.is_empty() {
        Ending::Complete
    } else {
        Ending::Partial
    })
}

/// A client for a command that talks to Circle.
pub(super) fn client(config: &Config, command: &'static str) -> Result<Client, Error> {
    let token = config.circle.token(command)?;
    let transport = circle::https()?;
    let seed = rand::random();
    Ok(Client::new(&config.circle, token, transport, seed)?)
}

/// The community of the token, which must be the configured one.
pub(super) async fn community(
    client: &Client,
    config: &CircleConfig,
) -> Result<Community, CircleError> {
    let community = client.community().await?;
    let Some(wanted) = &config.community else {
        return Ok(community);
    };
    let is_wanted = *wanted == community.id.to_string() || community.slug.as_ref() == Some(wanted);
    if is_wanted {
        return Ok(community);
    }
    Err(CircleError::OtherCommunity {
        found: community.id.to_string(),
        wanted: wanted.clone(),
    })
}

/// The lists of the last pass that changed while they were read, or hid rows.
fn drifted(manifest: &Manifest) -> Vec<(&str, &ListState)> {
    let last = manifest.passes.last();
    last.into_iter()
        .flat_map(|pass| &pass.lists)
        .filter(|(_, state)| state.has_drifted())
        .map(|(name, state)| (name.as_str(), state))
        .collect()
}

fn say(config: &Config, manifest: &Manifest, requests: u64, drifted: &[(&str, &ListState)]) {
    let mut out = std::io::stdout().lock();
    let directory = config.snapshot_dir.display();
    let id = manifest.community_id;
    let _closed = writeln!(
        out,
        "community {id} is in {directory}; this run took {requests} requests"
    );
    for (name, state) in drifted {
        let count = |count: Option<u64>| count.map_or("?".to_owned(), |count| count.to_string());
        let _closed = writeln!(
            out,
            "{name}: {} read, but Circle counted {} at the start and {} at the end: run `circle-migrate extract --delta`",
            state.counts.distinct(),
            count(state.count_at_start),
            count(state.count_at_end),
        );
    }
}
