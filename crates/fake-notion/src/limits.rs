//! So many requests in a minute.

use jiff::{SignedDuration, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// One window that begins with its first request.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    most: Option<u64>,
    used: u64,
    opened: Option<Timestamp>,
}

impl Window {
    pub(crate) fn new(most: Option<u64>) -> Self {
        Self {
            most,
            used: 0,
            opened: None,
        }
    }

    /// Counts one request; when there is no room, the seconds until there is.
    pub(crate) fn take(&mut self, now: Timestamp) -> Result<(), u64> {
        let Some(most) = self.most else {
            return Ok(());
        };
        let opened = match self.opened {
            Some(opened) if now < opened + WINDOW => opened,
            _ => {
                self.used = 0;
                self.opened = Some(now);
                now
            }
        };
        if self.used >= most {
            let left = (opened + WINDOW).duration_since(now).as_millis();
            return Err(u64::try_from(left).unwrap_or(1).div_ceil(1_000).max(1));
        }
        self.used += 1;
        Ok(())
    }
}
