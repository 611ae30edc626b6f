//! The fake BetterMode as a program: options, logs, a socket, and an end on a signal.

mod options;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use fake_bettermode::Fake;
use fake_kit::program;
use http::Request;
use options::Options;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    program::start_logs(&options.log_level, options.log_format);
    program::exit_code(run(&options).await)
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    if options.print_demo {
        return print_demo(&Fake::new(options.config(options.listen)?)).await;
    }
    let listener = TcpListener::bind(options.listen).await?;
    let addr = listener.local_addr()?;
    let fake = Fake::new(options.config(addr)?);
    tracing::info!(%addr, generation = %options.generation, "listening");
    program::until_a_signal(|stop| fake.serve(listener, stop)).await?;
    Ok(())
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
