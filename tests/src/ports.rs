//! Ports for programs that come back on the same port after they were killed.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the system takes ports for outgoing connections,
/// so that nothing else takes one while its program is down.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// An address on this machine that nothing listens on, given out once in this
/// process. Processes that run at once begin at different places.
#[must_use]
pub fn free() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let offset = start.wrapping_add(step) % u32::from(COUNT);
        let port = FIRST + u16::try_from(offset).expect("less than COUNT");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free between {FIRST} and {}", FIRST + COUNT);
}

#[cfg(test)]
mod tests {
    use super::free;

    #[test]
    fn no_address_is_given_out_twice() {
        let mut addresses: Vec<_> = (0..50).map(|_| free()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 50);
    }
}
