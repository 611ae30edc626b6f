//! What a service stands on beside its settings: the real things, unless a simulation of
//! the whole system brings its own.

use bettermode::Transport;
use service_kit::blocking::Blocking;

use crate::cache::LeaseCheck;

/// The way out and the way down. The default is what every program has.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    /// The way to BetterMode; HTTPS to the address in the settings where there is none.
    pub transport: Option<Transport>,
    /// Where SQLite runs.
    pub blocking: Blocking,
    /// Whether fills of the cache show their leases.
    pub lease_check: LeaseCheck,
}
