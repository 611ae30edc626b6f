//! The frame of a stand-in that is a program: logs, and an end on a signal.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// Writes logs to standard error from now on.
///
/// # Panics
/// When logs are written somewhere already.
pub fn start_logs(level: &str, format: LogFormat) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.init(),
    }
}

/// The exit code of what a program did; an error is logged.
pub fn exit_code(outcome: Result<(), impl std::fmt::Display>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "stopped");
            ExitCode::FAILURE
        }
    }
}

/// Runs what `serving` makes until it ends, or until SIGTERM or Ctrl-C; then it is told
/// to stop by the token, and waited for.
///
/// # Errors
/// When signals cannot be listened for.
pub async fn until_a_signal<F>(serving: impl FnOnce(CancellationToken) -> F) -> io::Result<()>
where
    F: Future<Output = ()>,
{
    let stop = CancellationToken::new();
    let serving = serving(stop.clone());
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
