//! What a queue stands on: the operating system, unless a simulation brings its own.

use std::sync::Arc;

use service_kit::blocking::Blocking;

use super::disk::{Disk, SystemDisk};
use super::tables::{Embedded, Tables};
use super::{OpenError, Options, directory};

/// A disk, tables, and who does the work. The default is what every program has.
#[derive(Clone)]
pub struct Ground {
    /// Where the log is.
    pub disk: Arc<dyn Disk>,
    /// Where ids and dead letters are; an embedded store in the queue's directory where
    /// there are none.
    pub tables: Option<Arc<dyn Tables>>,
    /// Where blocking work runs. On a pool, the queue has threads of its own; here, tasks
    /// do what they do, and a gate stands before each group that is written.
    pub blocking: Blocking,
}

impl Default for Ground {
    fn default() -> Self {
        Self {
            disk: Arc::new(SystemDisk),
            tables: None,
            blocking: Blocking::Pool,
        }
    }
}

impl Ground {
    /// Whether the queue has threads of its own.
    pub(super) fn has_threads(&self) -> bool {
        matches!(self.blocking, Blocking::Pool)
    }

    pub(super) fn tables(&self, options: &Options) -> Result<Arc<dyn Tables>, OpenError> {
        match &self.tables {
            Some(tables) => Ok(Arc::clone(tables)),
            None => Ok(Arc::new(Embedded::open(&directory::store(&options.dir))?)),
        }
    }
}
