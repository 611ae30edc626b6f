//! What is being done about posts, replies and reactions.

use super::from_bettermode::Call;

/// Names of the vendor's fields that are about values, and ours.
const VALUES: &[(&str, &str)] = &[
    ("title", "title"),
    ("content", "content"),
    ("mappingFields", "fields"),
    ("tagNames", "tags"),
    ("postTypeId", "post_type_id"),
    ("reaction", "reaction"),
];

impl Call {
    pub(crate) const READ_POST: Self = Self::about_a_post("reading a post");

    pub(crate) const LIST_POSTS: Self = Self {
        member: "author_member_id",
        fields: &[("after", "page_token"), ("postTypeIds", "post_type_id")],
        subject: None,
        ..Self::about_a_post("listing posts")
    };

    /// A look for a post whose creation was not confirmed.
    pub(crate) const LOOK_FOR_POST: Self = Self {
        subject: Some("space_id"),
        ..Self::about_a_post("looking for a post")
    };

    pub(crate) const CHANGE_POST: Self = Self::about_a_post("changing a post");

    pub(crate) const DELETE_POST: Self = Self::about_a_post("deleting a post");

    pub(crate) const REPLY: Self = Self {
        member: "author_member_id",
        ..Self::about_a_post("replying to a post")
    };

    pub(crate) const LIST_REPLIES: Self = Self {
        fields: &[("after", "page_token")],
        ..Self::about_a_post("listing replies")
    };

    pub(crate) const REACT: Self = Self {
        member: "member_id",
        ..Self::about_a_post("reacting to a post")
    };

    pub(crate) const UNREACT: Self = Self {
        member: "member_id",
        ..Self::about_a_post("taking back a reaction")
    };

    pub(crate) const LIST_REACTIONS: Self = Self {
        fields: &[("after", "page_token"), ("reaction", "reaction")],
        ..Self::about_a_post("listing reactions")
    };

    const fn about_a_post(attempted: &'static str) -> Self {
        Self {
            attempted,
            member: "acting_member_id",
            fields: VALUES,
            subject: Some("post_id"),
        }
    }
}
