//! Content: collections, spaces, who is in them, posts, comments, events. In this order,
//! since each needs what is before it.

mod authors;
mod comments;
mod events;
mod html;
mod memberships;
mod posts;
mod spaces;
mod types;
mod works;

pub use authors::{Author, Authors};
pub use comments::plan_comments;
pub use events::plan_events;
pub(crate) use memberships::add_memberships;
pub use memberships::{Membership, plan_memberships};
pub use posts::plan_posts;
pub use spaces::{Privacy, plan_collections, plan_spaces};
pub(crate) use spaces::{make_collections, make_spaces};
pub(crate) use types::PostTypes;
pub(crate) use works::write_works;
pub use works::{Content, Fate, Fates, Work};
