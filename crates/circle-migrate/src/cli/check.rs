//! `check`.

/// Arguments of `check`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {}
