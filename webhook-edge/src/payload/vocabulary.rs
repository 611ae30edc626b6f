//! BetterMode's words, as far as its public sources list them.
//!
//! For metrics alone: a word that is not here is stored like any other and counted
//! as unknown. Nothing is ever refused because of this list.

/// Values of `type` (the vendor's app template and its official apps).
const TYPES: &[&str] = &[
    "APP_INSTALLED",
    "APP_UNINSTALLED",
    "CALLBACK_BLOCK",
    "Callback",
    "FEDERATED_SEARCH",
    "GET_SETTINGS",
    "INTERACTION",
    "LOAD_BLOCK",
    "SHORTCUTS_STATES",
    "SUBSCRIPTION",
    "TEST",
    "UPDATE_SETTINGS",
];

/// Values of `data.noun` (the vendor's published types).
const NOUNS: &[&str] = &[
    "APP",
    "APP_INSTALLATION",
    "BADGE",
    "COLLECTION",
    "CUSTOM",
    "EMBED",
    "EXTRA_PROPERTY",
    "IMPORT_REQUEST",
    "MEDIA",
    "MEMBER",
    "MEMBER_BADGE",
    "MEMBER_INVITATION",
    "MEMBER_SESSION",
    "MODERATION",
    "NETWORK",
    "ORGANIZATION",
    "PAGE_CUSTOM_RESPONSE",
    "PLAN",
    "POST",
    "POST_TYPE",
    "REACTION",
    "ROLE",
    "SHORTCUT",
    "SPACE",
    "SPACE_JOIN_REQUEST",
    "SPACE_MEMBERSHIP",
    "SPACE_NETWORK_ROLE",
    "SPACE_POST_TYPE",
    "SPACE_ROLE",
    "SSO",
    "SSO_MEMBERSHIP",
    "SUBSCRIPTION",
    "SYNC_EVENT",
    "TAG",
    "TRACKER",
];

/// Values of `data.verb` (the vendor's published types, older and newer).
const VERBS: &[&str] = &[
    "ACCEPTED",
    "ADDED",
    "BANNED",
    "BLOCKED",
    "CANCELED",
    "CLICKED",
    "CREATED",
    "DELETED",
    "EXPIRED",
    "FAILED",
    "FOLLOWED",
    "GENERATED",
    "HIDDEN",
    "IMPRESSION",
    "MARKED_FOR_PURGE",
    "PERMITTED",
    "PINGED",
    "PINNED",
    "PUBLISHED",
    "PURGED",
    "RECEIVED",
    "REGISTERED",
    "REJECTED",
    "REMOVED",
    "RESENT",
    "REVOKED",
    "SENT",
    "SIGNED_UP",
    "SUCCEEDED",
    "SUSPENDED",
    "UNBLOCKED",
    "UNFOLLOWED",
    "UNHIDDEN",
    "UNPINNED",
    "UNPUBLISHED",
    "UNSUSPENDED",
    "UNVERIFIED",
    "UPDATED",
    "VERIFIED",
    "VIEWED",
];

/// Whether `word` is a type of webhook that BetterMode's sources name.
#[must_use]
pub fn knows_type(word: &str) -> bool {
    TYPES.contains(&word)
}

/// `word` when it is a noun that BetterMode's sources name.
#[must_use]
pub fn known_noun(word: &str) -> Option<&'static str> {
    NOUNS.iter().copied().find(|noun| *noun == word)
}

/// Whether `word` is a verb that BetterMode's sources name.
#[must_use]
pub fn knows_verb(word: &str) -> bool {
    VERBS.contains(&word)
}

/// The key of `data.target` that names a thing of this noun, for events whose
/// `data.object` carries no id (the target keys of the vendor's app template).
#[must_use]
pub fn target_key(noun: &str) -> Option<&'static str> {
    Some(match noun {
        "APP" => "appId",
        "BADGE" => "badgeId",
        "COLLECTION" => "collectionId",
        "MEDIA" => "mediaId",
        "MEMBER" => "memberId",
        "MEMBER_BADGE" => "memberBadgeId",
        "MEMBER_INVITATION" => "invitationId",
        "NETWORK" => "networkId",
        "ORGANIZATION" => "organizationId",
        "POST" => "postId",
        "POST_TYPE" => "postTypeId",
        "REACTION" => "reactionId",
        "SPACE" => "spaceId",
        "SPACE_JOIN_REQUEST" => "requestToJoinId",
        "TAG" => "tagId",
        _ => return None,
    })
}
