//! `verify`.

/// Arguments of `verify`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {}
