//! From the contract's messages. They stop here.

use community_proto::v1;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::model::{Activity, Address, Event, Member, MemberId};

pub(super) fn member(member: v1::Member) -> Member {
    let status = status(&member);
    Member {
        id: MemberId::new(member.id),
        username: member.username,
        name: member.name,
        email: Address(member.email),
        status,
        role: member.role.map(|role| role.name).unwrap_or_default(),
        tagline: member.tagline,
        external_id: member.external_id,
        locale: member.locale,
        picture_url: member.profile_picture_url,
        url: member.url,
        fields: member.fields.into_iter().map(field).collect(),
        joined_at: member.create_time.and_then(time),
        updated_at: member.update_time.and_then(time),
        last_seen_at: member.last_seen_time.and_then(time),
        verified_at: member.verify_time.and_then(time),
    }
}

fn status(member: &v1::Member) -> String {
    match member.status() {
        v1::MemberStatus::Verified => "Active",
        v1::MemberStatus::Unverified => "Pending",
        v1::MemberStatus::Suspended => "Suspended",
        v1::MemberStatus::Deleted => "Deleted",
        v1::MemberStatus::Blocked => "Blocked",
        v1::MemberStatus::Unspecified => &member.raw_status,
    }
    .to_owned()
}

/// A value that is no JSON is kept as the text it is.
fn field(field: v1::MemberField) -> (String, Json) {
    let value = serde_json::from_str(&field.json_value);
    (field.key, value.unwrap_or(Json::String(field.json_value)))
}

/// Nothing for one without a time, which the contract rules out.
pub(super) fn activity(activity: v1::Activity) -> Option<Activity> {
    let subject = activity.subject.unwrap_or_default();
    Some(Activity {
        occurred_at: activity.occur_time.and_then(time)?,
        event_id: activity.event_id,
        member_id: MemberId::new(activity.member_id),
        kind: activity.kind,
        activity_type: activity.activity_type,
        post_id: subject.post_id,
        parent_post_id: subject.parent_post_id,
        space_id: subject.space_id,
        reaction: subject.reaction,
        url: activity.url,
    })
}

pub(super) fn event(stored: v1::StoredWebhookEvent) -> Option<Event> {
    let event = stored.event?;
    let received_at = event.receive_time.and_then(time)?;
    Some(Event {
        occurred_at: event.occur_time.and_then(time).unwrap_or(received_at),
        id: event.event_id,
        event_type: event.event_type,
        object_id: event.object_id,
        received_at,
    })
}

pub(super) fn time(time: prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(time.seconds, time.nanos).ok()
}

pub(super) fn to_proto(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond(),
    }
}
