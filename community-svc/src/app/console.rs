//! The console, out of the parts that the RPCs are made of.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use rand::RngExt as _;
use service_kit::clock::SharedClock;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::console::{Console, Parts};
use crate::server;

pub(super) use crate::console::Opened;

/// The console, where a token is set.
#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
pub(super) fn open(
    config: &Config,
    admin: &TcpListener,
    parts: &server::Parts,
    (registry, clock): (&Arc<Registry>, SharedClock),
) -> Option<Opened> {
    let settings = config.console.as_ref()?;
    let address = admin.local_addr().unwrap_or(config.admin_listen);
    if !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "the console is on a port beyond this machine, without TLS: let nobody reach it but a \
             proxy that speaks TLS"
        );
    }
    tracing::info!(url = %format_args!("http://{address}/console"), "console is on");
    let parts = Parts {
        events: parts.webhook_events.clone(),
        effects: parts.activities.effects.clone(),
        members: parts.community.members.clone(),
        health: parts.community.health.clone(),
        clock,
    };
    Some(Console::open(
        settings,
        address.port(),
        parts,
        Arc::clone(registry),
        // From the system's source, as rand seeds this generator.
        Arc::new(|| rand::rng().random()),
    ))
}
