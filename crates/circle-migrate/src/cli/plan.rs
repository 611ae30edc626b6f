//! `plan`.

/// Arguments of `plan`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {}
