#![doc = include_str!("../README.md")]

mod config;
mod context;
mod current;
mod export;
mod metrics;
pub mod names;
mod span;
mod tracer;

pub use config::{Config, Sampling};
pub use context::{HEADER, Malformed, TraceParent};
pub use current::{Current, Within, current, within};
pub use export::{Exporting, FLUSH_LIMIT, Identity, SetupError, start};
pub use span::{Kind, Span, Value};
pub use tracer::{Start, Tracer};
