//! Places where a test makes the process die, or a step fail.
//!
//! Only a build with the feature `failpoints` has them; in every other build the
//! functions do nothing and cost nothing. Such a build reads `FAILPOINTS`, for
//! example `queue.synced=kill@17,queue.sync=error@3+`: the process kills itself
//! with SIGKILL when it passes `queue.synced` for the 17th time, and
//! `queue.sync` fails from the 3rd time on (without `+`: that time only). A file
//! named by `FAILPOINTS_CLOCK_OFFSET_FILE` holds the seconds by which the wall
//! clock is wrong; it is read whenever the time is, so that the clock can step.

use std::io;

use jiff::SignedDuration;

/// Dies here when `FAILPOINTS` says so.
#[inline]
pub fn reached(name: &'static str) {
    #[cfg(feature = "failpoints")]
    active::reached(name);
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}

/// Fails here when `FAILPOINTS` says so.
///
/// # Errors
/// An I/O error that names the failpoint, in builds with the feature only.
#[inline]
pub fn error(name: &'static str) -> io::Result<()> {
    #[cfg(feature = "failpoints")]
    return active::error(name);
    #[cfg(not(feature = "failpoints"))]
    {
        let _ = name;
        Ok(())
    }
}

/// By how much the wall clock is to be wrong; zero in builds without the feature.
#[inline]
#[must_use]
pub fn clock_offset() -> SignedDuration {
    #[cfg(feature = "failpoints")]
    return active::clock_offset();
    #[cfg(not(feature = "failpoints"))]
    SignedDuration::ZERO
}

#[cfg(feature = "failpoints")]
mod active {
    use std::collections::HashMap;
    use std::io;
    use std::path::PathBuf;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use jiff::SignedDuration;
    use rustix::process::{Signal, getpid, kill_process};

    #[derive(PartialEq, Eq)]
    enum Action {
        Kill,
        Error,
    }

    struct Failpoint {
        action: Action,
        at: u64,
        and_later: bool,
        passed: AtomicU64,
    }

    static FAILPOINTS: LazyLock<HashMap<String, Failpoint>> = LazyLock::new(read);
    static CLOCK_OFFSET: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| variable("FAILPOINTS_CLOCK_OFFSET_FILE").map(PathBuf::from));

    pub(super) fn clock_offset() -> SignedDuration {
        let Some(file) = &*CLOCK_OFFSET else {
            return SignedDuration::ZERO;
        };
        // A file that is missing, or being written, is no step.
        let text = std::fs::read_to_string(file).unwrap_or_default();
        SignedDuration::from_secs(text.trim().parse().unwrap_or(0))
    }

    pub(super) fn reached(name: &str) {
        if is_hit(name, &Action::Kill) {
            // Nothing runs after this: no destructor, no flush.
            let _sent = kill_process(getpid(), Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }

    pub(super) fn error(name: &str) -> io::Result<()> {
        if is_hit(name, &Action::Error) {
            return Err(io::Error::other(format!("failpoint {name}")));
        }
        Ok(())
    }

    fn is_hit(name: &str, action: &Action) -> bool {
        let Some(point) = FAILPOINTS.get(name).filter(|point| point.action == *action) else {
            return false;
        };
        let pass = point.passed.fetch_add(1, Ordering::Relaxed) + 1;
        pass == point.at || (point.and_later && pass > point.at)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "no setting of the product: only builds for fault tests read it"
    )]
    fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read() -> HashMap<String, Failpoint> {
        let text = variable("FAILPOINTS").unwrap_or_default();
        text.split(',')
            .filter(|part| !part.is_empty())
            .map(|part| parse(part).unwrap_or_else(|| panic!("FAILPOINTS: cannot read {part}")))
            .collect()
    }

    fn parse(part: &str) -> Option<(String, Failpoint)> {
        let (name, rule) = part.split_once('=')?;
        let (action, at) = rule.split_once('@')?;
        let action = match action {
            "kill" => Action::Kill,
            "error" => Action::Error,
            _ => return None,
        };
        let (at, and_later) = match at.strip_suffix('+') {
            Some(at) => (at, true),
            None => (at, false),
        };
        let point = Failpoint {
            action,
            at: at.parse().ok()?,
            and_later,
            passed: AtomicU64::new(0),
        };
        Some((name.to_owned(), point))
    }
}
