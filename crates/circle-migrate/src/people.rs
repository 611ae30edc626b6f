//! People: who of the snapshot is to be moved, and how.

mod accounts;
mod address;
mod choose;
mod invite;
mod mapping;
mod plan;
mod profile;

pub use accounts::make_accounts;
pub use address::Address;
pub use choose::{Choice, Person, Rules, SkipReason, choose};
pub use invite::{Guest, invite, reconcile};
pub use mapping::{Mapping, MappingError, PeopleMapping};
pub use plan::plan_people;
pub(crate) use profile::milliseconds;
pub use profile::{Fill, MARK, Profiles};
