//! The pages, one file each.

pub(super) mod dead_letters;
pub(super) mod event;
pub(super) mod events;
pub(super) mod login;
pub(super) mod member;
pub(super) mod members;
pub(super) mod overview;
pub(super) mod replay;
