//! Every key of the cache, with the type of its value. Members are stored under
//! their id; a username and an e-mail address lead to an id, as digests: keys
//! show up in Redis's logs and monitors, where names and addresses must not.

use bettermode::{Email, EventType, Member, MemberId, Space, SpaceId};
use sha2::{Digest as _, Sha256};

use super::CacheKey;

/// A member, under `bettermode:member:ID`.
#[derive(Debug, Clone)]
pub struct MemberKey(pub MemberId);

impl CacheKey for MemberKey {
    type Value = Member;
    const SCHEMA: u32 = 1;

    fn name(&self) -> String {
        format!("bettermode:member:{}", self.0)
    }
}

/// The id of the member with a username, under
/// `bettermode:member-username:` and the SHA-256 of the lower-cased name.
#[derive(Debug, Clone)]
pub struct UsernameKey(String);

impl UsernameKey {
    /// The key for `username`; upper and lower case are the same.
    #[must_use]
    pub fn new(username: &str) -> Self {
        Self(digest(&username.to_lowercase()))
    }
}

impl CacheKey for UsernameKey {
    type Value = MemberId;
    const SCHEMA: u32 = 1;

    fn name(&self) -> String {
        format!("bettermode:member-username:{}", self.0)
    }
}

/// The id of the member with an e-mail address, under
/// `bettermode:member-email:` and the SHA-256 of the normalised address.
#[derive(Debug, Clone)]
pub struct EmailKey(String);

impl EmailKey {
    /// The key for `email`.
    #[must_use]
    pub fn new(email: &Email) -> Self {
        Self(digest(email.as_str()))
    }
}

impl CacheKey for EmailKey {
    type Value = MemberId;
    const SCHEMA: u32 = 1;

    fn name(&self) -> String {
        format!("bettermode:member-email:{}", self.0)
    }
}

/// A space, under `bettermode:space:ID`.
#[derive(Debug, Clone)]
pub struct SpaceKey(pub SpaceId);

impl CacheKey for SpaceKey {
    type Value = Space;
    const SCHEMA: u32 = 1;

    fn name(&self) -> String {
        format!("bettermode:space:{}", self.0)
    }
}

/// Every space that the service's token sees, under `bettermode:spaces`.
#[derive(Debug, Clone, Copy)]
pub struct SpacesKey;

impl CacheKey for SpacesKey {
    type Value = Vec<Space>;
    const SCHEMA: u32 = 1;

    fn name(&self) -> String {
        "bettermode:spaces".to_owned()
    }
}

/// The kinds of webhook that the network can send, under `bettermode:event-types`.
#[derive(Debug, Clone, Copy)]
pub struct EventTypesKey;

impl CacheKey for EventTypesKey {
    type Value = Vec<EventType>;
    const SCHEMA: u32 = 1;

    fn name(&self) -> String {
        "bettermode:event-types".to_owned()
    }
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_under_the_key_that_the_guide_names() {
        let id = MemberId::new("vqEIT9WaEr");
        assert_eq!(MemberKey(id).name(), "bettermode:member:vqEIT9WaEr");
    }

    #[test]
    fn a_username_has_one_key_however_it_is_spelt() {
        let key = UsernameKey::new("Ada").name();
        assert_eq!(key, UsernameKey::new("ada").name());
        assert!(key.starts_with("bettermode:member-username:"));
        assert_eq!(key.len(), "bettermode:member-username:".len() + 64);
    }

    #[test]
    fn the_key_of_an_address_does_not_show_it() {
        let key = EmailKey::new(&Email::parse(" Ada@Example.com ").unwrap()).name();
        assert_eq!(
            key,
            EmailKey::new(&Email::parse("ada@example.com").unwrap()).name()
        );
        assert!(key.starts_with("bettermode:member-email:"));
        assert!(!key.contains("ada"));
    }
}
