//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the process's soft limit to `wanted` where the hard one allows it, never
/// lowers it, and returns the limit that holds now.
#[must_use]
pub fn raise_limit(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(current) = current else {
        return u64::MAX;
    };
    let reachable = maximum.map_or(wanted, |maximum| wanted.min(maximum));
    if reachable <= current {
        return current;
    }
    let limit = Rlimit {
        current: Some(reachable),
        maximum,
    };
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => reachable,
        Err(_) => current,
    }
}

#[cfg(test)]
mod tests {
    use super::raise_limit;

    #[test]
    fn the_limit_is_never_lowered() {
        let before = raise_limit(0);
        assert_eq!(raise_limit(1), before);
        assert!(raise_limit(before) >= before);
    }
}
