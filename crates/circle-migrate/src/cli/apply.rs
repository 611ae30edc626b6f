//! `apply`.

/// Arguments of `apply`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {}
