//! The fake BetterMode as a program: options, logs, a socket, and an end on a signal.

mod options;

use std::error::Error;
use std::io::Write as _;

use clap::Parser as _;
use fake_bettermode::Fake;
use http::Request;
use options::{LogFormat, Options};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    start_logs(&options);
    let listener = TcpListener::bind(options.listen).await?;
    let addr = listener.local_addr()?;
    let fake = Fake::new(options.config(addr)?);
    if options.print_demo {
        return print_demo(&fake).await;
    }
    tracing::info!(%addr, generation = %options.generation, "listening");
    let stop = CancellationToken::new();
    let serving = fake.serve(listener, stop.clone());
    tokio::pin!(serving);
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        () = &mut serving => return Ok(()),
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    stop.cancel();
    serving.await;
    Ok(())
}

fn start_logs(options: &Options) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&options.log_level))
        .with_writer(std::io::stderr);
    match options.log_format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.init(),
    }
}

/// Writes the world's ids to standard output and ends.
async fn print_demo(fake: &Fake) -> Result<(), Box<dyn Error>> {
    let request = Request::get("/_fake/world").body(bytes::Bytes::new())?;
    let world = fake.handle(request).await.into_body();
    let world: serde_json::Value = serde_json::from_slice(&world)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string_pretty(&world)?)?;
    Ok(())
}
