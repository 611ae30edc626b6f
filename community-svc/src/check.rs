//! The commands that look and tell: `config check` and `healthcheck`.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use service_kit::clock::{SharedClock, SystemClock};
use service_kit::http::tls::{Protocol, Tls};
use service_kit::tasks::Tasks;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app;
use crate::config::{Config, Loaded};
use crate::error::Call;
use crate::ground::Ground;
use crate::metrics::Metrics;
use crate::stores::Stores;
use crate::upstream::Upstream;

const PATIENCE: Duration = Duration::from_secs(15);

/// Prints the settings and tries each dependency: BetterMode by reading the
/// network, the stores by a ping. Exit code 0 when all of them answer.
pub async fn config(loaded: &Loaded, out: &mut (dyn Write + Send)) -> ExitCode {
    let mut lines: Vec<String> = loaded.resolved.iter().map(ToString::to_string).collect();
    for key in &loaded.unknown {
        lines.push(format!(
            "{key}: unknown setting is ignored; is it misspelt?"
        ));
    }
    lines.push(String::new());
    let mut results = dependencies(&loaded.config).await;
    results.extend(certificate(&loaded.config));
    let all_answer = results.iter().all(|(_, result)| result.is_ok());
    for (name, result) in results {
        lines.push(match result {
            Ok(found) => format!("{name}: ok ({found})"),
            Err(problem) => format!("{name}: FAILED: {problem}"),
        });
    }
    print(out, &lines);
    exit_code(all_answer)
}

/// Asks a running service's `/readyz`. Exit code 0 when it is ready.
pub async fn health(config: &Config, out: &mut (dyn Write + Send)) -> ExitCode {
    let answer = tokio::time::timeout(PATIENCE, readyz(config)).await;
    let (ready, line) = match answer {
        Ok(Ok(answer)) => (answer.starts_with("HTTP/1.1 200"), last_line(&answer)),
        Ok(Err(error)) => (
            false,
            format!("{} does not answer: {error}", config.admin_listen),
        ),
        Err(_) => (false, format!("{} took too long", config.admin_listen)),
    };
    print(out, &[line]);
    exit_code(ready)
}

async fn readyz(config: &Config) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(config.admin_listen).await?;
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// What is to be said about the certificate of the gRPC port; nothing without one.
fn certificate(config: &Config) -> Option<(&'static str, Result<String, String>)> {
    let files = config.door.tls.clone()?;
    let shown = files.certificate.display().to_string();
    let loaded = Tls::load(files, Protocol::Http2);
    Some((
        "certificate",
        loaded.map(|_| shown).map_err(|error| error.to_string()),
    ))
}

fn last_line(answer: &str) -> String {
    answer.lines().last().unwrap_or_default().to_owned()
}

async fn dependencies(config: &Config) -> Vec<(&'static str, Result<String, String>)> {
    let clock: SharedClock = Arc::new(SystemClock);
    let stores = match Stores::open(config, &Ground::default(), &clock, &Tasks::new(), None) {
        Ok(stores) => stores,
        Err(error) => return vec![("stores", Err(error.to_string()))],
    };
    let (cache, events, activities, bettermode) = tokio::join!(
        tokio::time::timeout(PATIENCE, stores.cache.ping()),
        tokio::time::timeout(PATIENCE, stores.events.ping()),
        tokio::time::timeout(PATIENCE, stores.activities.check()),
        tokio::time::timeout(PATIENCE, bettermode(config, &stores, &clock)),
    );
    vec![
        ("bettermode", bettermode.unwrap_or_else(|_| Err(too_long()))),
        ("cache", told(cache, stores.cache.kind())),
        ("event_store", told(events, stores.events.kind())),
        ("activity_store", told(activities, stores.activities.kind())),
    ]
}

async fn bettermode(
    config: &Config,
    stores: &Stores,
    clock: &SharedClock,
) -> Result<String, String> {
    if !config.bettermode.enabled {
        return Ok("disabled by INTEGRATION_ENABLE_BETTERMODE".to_owned());
    }
    let client = app::client(&config.bettermode, &stores.limiter, clock)
        .map_err(|error| error.to_string())?;
    let metrics = Metrics::register(&mut prometheus_client::registry::Registry::default());
    let upstream = Upstream::new(client, Arc::clone(clock), metrics);
    let network = upstream.client().network().await;
    let network = upstream
        .settle(Call::NETWORK, network)
        .map_err(|error| error.to_string())?;
    if let Some(expected) = &config.bettermode.network_id
        && *expected != network.id
        && !config.bettermode.testing
    {
        return Err(format!(
            "the credentials are for network {}, BETTERMODE_NETWORK_ID is {expected}",
            network.id
        ));
    }
    Ok(format!("network {}, {}", network.id, network.name))
}

fn told<E: std::error::Error>(
    result: Result<Result<(), E>, tokio::time::error::Elapsed>,
    kind: &str,
) -> Result<String, String> {
    match result {
        Ok(Ok(())) => Ok(kind.to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(too_long()),
    }
}

fn too_long() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}

fn print(out: &mut (dyn Write + Send), lines: &[String]) {
    for line in lines {
        // A closed pipe: nobody is reading any more.
        if writeln!(out, "{line}").is_err() {
            return;
        }
    }
}

fn exit_code(ok: bool) -> ExitCode {
    if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
