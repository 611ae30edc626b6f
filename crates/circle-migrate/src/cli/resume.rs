//! `resume`.

/// Arguments of `resume`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {}
