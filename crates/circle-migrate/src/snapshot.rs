//! Circle's records on this machine.
//!
//! One directory, readable by its owner alone: `manifest.json`, which binds it to one
//! community, and one file for each kind of record, `members.jsonl` and so on. Each line is
//! one row as Circle sent it, with its SHA-256 and the page it was on; after the rows of a
//! page comes a line that closes it. Nothing is ever changed in place: a row that is read
//! again and differs is appended, and the last line of an id counts.

mod entity;
mod error;
mod files;
mod ids;
mod lenient;
mod line;
mod manifest;
mod reader;
mod records;
mod writer;

pub use entity::{Entity, ListKey};
pub use error::SnapshotError;
pub use ids::{
    CommentId, CommunityId, EventId, MemberId, PostId, ProfileFieldId, SpaceGroupId, SpaceId,
    SpaceMemberId, TagId, UserId,
};
pub use manifest::{Counts, ListState, Manifest, Pass, Wanted};
pub use reader::{Entry, Snapshot};
pub use records::{
    Body, Comment, CommentPost, Confirmation, Event, Member, MemberTag, Person, Post, ProfileField,
    ProfileValue, Record, Space, SpaceGroup, SpaceMember, SpaceRef,
};
pub use writer::{Arrived, PageOutcome, Position, Writer};

#[cfg(test)]
mod tests;
