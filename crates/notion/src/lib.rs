#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod client;
mod config;
mod error;
mod id;
mod limiter;
pub mod link;
mod mask;
mod query;
mod row;
mod schema;
mod text;
mod value;

pub use client::{Client, Created, FoundSource, Key, Random, Requests};
pub use config::{Config, ConfigError, DEFAULT_API_URL, VERSION};
pub use error::Error;
pub use id::{DataSourceId, DatabaseId, InvalidId, PageId, PropertyId};
pub use limiter::Limiter;
pub use query::{Filter, Query, QueryPage};
pub use row::Row;
pub use schema::{DataSource, Property, PropertyKind};
pub use text::{ITEMS, UNITS, split, utf16_len};
pub use value::{Properties, Value};
pub use vendor_transport::{Transport, TransportError};
