//! Whether the worker can do its job now.

use std::sync::{Mutex, PoisonError};

use service_kit::admin::Readiness;

/// The parts that can be in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Following the events of community-svc.
    Follow,
    /// Writing to Notion.
    Write,
}

/// What is in the way of each part; nothing is known at the start.
#[derive(Debug)]
pub struct Health {
    follow: Mutex<Option<String>>,
    write: Mutex<Option<String>>,
}

impl Default for Health {
    fn default() -> Self {
        let unknown = |what: &str| Mutex::new(Some(format!("{what} was not asked yet")));
        Self {
            follow: unknown("community-svc"),
            write: unknown("Notion"),
        }
    }
}

impl Health {
    /// This part works. Logs when it did not.
    pub fn works(&self, part: Part) {
        let before = self.set(part, None);
        if before.is_some() {
            tracing::info!(?part, "works");
        }
    }

    /// This is in the way. Logs when it is new.
    pub fn obstacle(&self, part: Part, what: &str) {
        let before = self.set(part, Some(what.to_owned()));
        if before.as_deref() != Some(what) {
            tracing::warn!(?part, what, "does not work");
        }
    }

    fn set(&self, part: Part, what: Option<String>) -> Option<String> {
        let slot = match part {
            Part::Follow => &self.follow,
            Part::Write => &self.write,
        };
        std::mem::replace(
            &mut *slot.lock().unwrap_or_else(PoisonError::into_inner),
            what,
        )
    }
}

impl Readiness for Health {
    fn obstacles(&self) -> Vec<String> {
        let read = |slot: &Mutex<Option<String>>| {
            slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        [read(&self.follow), read(&self.write)]
            .into_iter()
            .flatten()
            .collect()
    }
}
