//! Circle's webhooks, in the three shapes of the integration that this product replaces.
//!
//! Flat objects: a new member (`name`, `email`, `membership_level`, `interest_groups`,
//! `profile_url`), an activity (`member_email`, `activity_type`, `activity_url`,
//! `activity_content`, `timestamp`), an event (`event_type`, `event_data`). Which it is, is
//! said by the path; nothing else of the body is needed, and it is kept as it came. They name
//! people by e-mail address alone and have no id, so two with the same body on the same path
//! are one.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::fields::Fields;
use super::ids::{EventId, MemberId, NetworkId, ObjectId};
use super::{Error, Event, Format};
use crate::signature::{Delivery, Verified};

/// What Circle tells of; each has a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircleTopic {
    /// Somebody joined.
    NewMember,
    /// Somebody did something.
    MemberActivity,
    /// Something about an event.
    Event,
}

impl CircleTopic {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::NewMember, Self::MemberActivity, Self::Event];

    /// Its path.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::NewMember => "/webhooks/circleso/new_member",
            Self::MemberActivity => "/webhooks/circleso/member_activity",
            Self::Event => "/webhooks/circleso/event",
        }
    }

    /// What its events are called.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        match self {
            Self::NewMember => "circle.new_member",
            Self::MemberActivity => "circle.member_activity",
            Self::Event => "circle.event",
        }
    }

    /// The topic whose path this is.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.path() == path)
    }

    /// Reads a webhook that carries the secret.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] when the body is no JSON object.
    pub fn read(self, delivery: &Delivery<Verified>) -> Result<Event, Error> {
        let fields = Fields::read(delivery.body()).ok_or(Error::NotAnObject)?;
        let occurred_at: Option<Timestamp> =
            fields.text("timestamp").and_then(|time| time.parse().ok());
        Ok(Event {
            id: EventId::new(self.digest_of(delivery.body())),
            envelope_type: self.event_type().to_owned(),
            event_type: self.event_type().to_owned(),
            noun: String::new(),
            verb: String::new(),
            network_id: NetworkId::default(),
            actor_id: MemberId::default(),
            object_id: ObjectId::default(),
            occurred_at,
            received_at: delivery.received_at(),
            format: Format::Circle,
            path: self.path().into(),
            body: delivery.body().clone(),
            trace_parent: None,
        })
    }

    /// The path counts too: the same body means something else there.
    fn digest_of(self, body: &[u8]) -> String {
        let digest = Sha256::new()
            .chain_update(self.path())
            .chain_update([0])
            .chain_update(body)
            .finalize();
        format!("sha256:{}", hex::encode(digest))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn read(topic: CircleTopic, body: &'static str) -> Result<Event, Error> {
        let body = Bytes::from_static(body.as_bytes());
        let delivery = Delivery::new(topic.path(), HeaderMap::new(), body);
        topic.read(&delivery.trust_unsigned(Timestamp::UNIX_EPOCH))
    }

    const ACTIVITY: &str = r#"{"member_email":"a@example.org","activity_type":"post",
        "timestamp":"2024-05-06T07:08:09Z"}"#;

    #[test]
    fn the_path_says_what_it_is_and_the_body_is_kept() {
        for topic in CircleTopic::ALL {
            let event = read(topic, ACTIVITY).unwrap();
            assert_eq!(event.event_type, topic.event_type());
            assert_eq!(event.path, topic.path());
            assert_eq!(event.body, ACTIVITY.as_bytes());
            assert_eq!(event.format, Format::Circle);
            assert_eq!(CircleTopic::of(topic.path()), Some(topic));
        }
        let event = read(CircleTopic::MemberActivity, ACTIVITY).unwrap();
        let expected = "2024-05-06T07:08:09Z".parse().unwrap();
        assert_eq!(event.occurred_at, Some(expected));
        assert_eq!(CircleTopic::of("/webhooks/circleso/"), None);
    }

    #[test]
    fn the_same_body_on_the_same_path_is_one_event_and_on_another_path_another() {
        let id = |topic, body| read(topic, body).unwrap().id;
        let [member, activity, _] = CircleTopic::ALL;
        assert_eq!(id(member, ACTIVITY), id(member, ACTIVITY));
        assert_ne!(id(member, ACTIVITY), id(activity, ACTIVITY));
        assert_ne!(id(member, "{}"), id(member, "{ }"));
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for body in ["", "[]", "7", "{"] {
            let refused = read(CircleTopic::Event, body);
            assert_eq!(refused.err(), Some(Error::NotAnObject), "{body}");
        }
    }
}
