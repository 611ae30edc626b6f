//! The kinds of webhook that the fake sends: names from the events list of
//! developers.bettermode.com; `reaction.*` and `member.suspended` from official apps.
//!
//! Verb and noun follow the guide's examples. `verbAction` is known for some only;
//! the others repeat the verb.

/// One kind of event.
#[derive(Debug)]
pub(crate) struct EventKind {
    pub(crate) name: &'static str,
    pub(crate) noun: &'static str,
    pub(crate) verb: &'static str,
    pub(crate) verb_action: &'static str,
    pub(crate) description: &'static str,
    /// The scope an app needs for it; from the guide's permission names.
    pub(crate) scope: &'static str,
}

macro_rules! events {
    ($($constant:ident $name:literal $noun:literal $verb:literal $action:literal $scope:literal $description:literal;)+) => {
        $(pub(crate) static $constant: EventKind = EventKind {
            name: $name, noun: $noun, verb: $verb, verb_action: $action,
            description: $description, scope: $scope,
        };)+
        /// All of them, for `globalEventTypes`.
        pub(crate) static ALL: &[&EventKind] = &[$(&$constant),+];
    };
}

events! {
    MEMBER_CREATED "member.created" "MEMBER" "CREATED" "ADDED" "view_member" "Create Unverified Member";
    MEMBER_VERIFIED "member.verified" "MEMBER" "VERIFIED" "VERIFIED" "view_member" "Verify Member";
    MEMBER_UPDATED "member.updated" "MEMBER" "UPDATED" "UPDATED" "view_member" "Update Member";
    MEMBER_DELETED "member.deleted" "MEMBER" "DELETED" "DELETED" "view_member" "Delete Member";
    MEMBER_SUSPENDED "member.suspended" "MEMBER" "SUSPENDED" "SUSPENDED" "view_member" "Suspend Member";
    MEMBER_UNSUSPENDED "member.unsuspended" "MEMBER" "UNSUSPENDED" "UNSUSPENDED" "view_member" "Unsuspend Member";
    INVITATION_CREATED "member_invitation.created" "MEMBER_INVITATION" "CREATED" "ADDED" "view_member" "Create Member Invitation";
    SPACE_UPDATED "space.updated" "SPACE" "UPDATED" "UPDATED" "view_space" "Update Space";
    MEMBERSHIP_CREATED "space_membership.created" "SPACE_MEMBERSHIP" "CREATED" "ADDED" "view_space" "Create Space Membership";
    MEMBERSHIP_DELETED "space_membership.deleted" "SPACE_MEMBERSHIP" "DELETED" "DELETED" "view_space" "Delete Space Membership";
    POST_CREATED "post.created" "POST" "CREATED" "ADDED" "view_post" "Create Post";
    POST_PUBLISHED "post.published" "POST" "PUBLISHED" "PUBLISHED" "view_post" "Publish Post";
    POST_UPDATED "post.updated" "POST" "UPDATED" "UPDATED" "view_post" "Update Post";
    POST_DELETED "post.deleted" "POST" "DELETED" "DELETED" "view_post" "Delete Post";
    POST_BLOCKED "post.blocked" "POST" "BLOCKED" "BLOCKED" "view_post" "Block Post";
    POST_UNBLOCKED "post.unblocked" "POST" "UNBLOCKED" "UNBLOCKED" "view_post" "Unblock Post";
    REACTION_ADDED "reaction.added" "REACTION" "ADDED" "ADDED" "view_post" "Add Reaction";
    REACTION_REMOVED "reaction.removed" "REACTION" "REMOVED" "REMOVED" "view_post" "Remove Reaction";
    MODERATION_CREATED "moderation.created" "MODERATION" "CREATED" "ADDED" "view_moderation" "Create Moderation Item";
    MODERATION_ACCEPTED "moderation.accepted" "MODERATION" "ACCEPTED" "ACCEPTED" "view_moderation" "Accept Moderation Item";
    MODERATION_REJECTED "moderation.rejected" "MODERATION" "REJECTED" "REJECTED" "view_moderation" "Reject Moderation Item";
}
