//! `report`.

/// Arguments of `report`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {}
