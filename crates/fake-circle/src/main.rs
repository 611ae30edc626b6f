//! The fake Circle as a program: options, logs, a socket, and an end on a signal.

mod options;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser as _;
use fake_circle::Fake;
use fake_kit::program;
use options::Options;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    program::start_logs(&options.log_level, options.log_format);
    program::exit_code(run(&options).await)
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(options.listen).await?;
    let addr = listener.local_addr()?;
    let fake = Fake::new(options.config());
    tracing::info!(%addr, "listening");
    program::until_a_signal(|stop| fake.serve(listener, stop)).await?;
    Ok(())
}
