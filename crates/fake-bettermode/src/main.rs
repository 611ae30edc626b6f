//! The fake BetterMode as a program: options, logs, a socket, and an end on a signal.

mod options;

use std::error::Error;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use fake_bettermode::Fake;
use http::Request;
use options::{LogFormat, Options};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    start_logs(&options);
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "stopped");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    if options.print_demo {
        return print_demo(&Fake::new(options.config(options.listen)?)).await;
    }
    let listener = TcpListener::bind(options.listen).await?;
    let addr = listener.local_addr()?;
    let fake = Fake::new(options.config(addr)?);
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
        .with_ansi(std::io::stderr().is_terminal())
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
