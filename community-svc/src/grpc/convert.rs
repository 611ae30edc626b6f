//! Our types to the contract's.

use std::time::Duration;

use bettermode::{CustomField, DirectMessage, Mechanism, Member, MemberId, MemberStatus, Role};
use community_proto::v1 as pb;
use jiff::Timestamp;

use crate::cache::{self, Mode, Options, Source};
use crate::error::Error;
use crate::members::Read;

pub(super) fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    // The contract wants nanoseconds to count forward, also before 1970.
    let nanos = at.as_nanosecond();
    prost_types::Timestamp {
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or(i64::MAX),
        nanos: i32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0),
    }
}

pub(super) fn from_timestamp(at: prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(at.seconds, at.nanos).ok()
}

pub(super) fn freshness<V>(read: &cache::Read<V>) -> pb::Freshness {
    pb::Freshness {
        source: match read.source {
            Source::Memory => pb::Source::Memory,
            Source::Redis => pb::Source::Redis,
            Source::BetterMode => pb::Source::Bettermode,
        }
        .into(),
        fetched_at: Some(timestamp(read.fetched_at())),
        stale: read.stale,
    }
}

pub(super) fn batch_result(
    id: &MemberId,
    outcome: Result<Read, Error>,
) -> pb::BatchGetMembersResult {
    let mut result = pb::BatchGetMembersResult {
        member_id: id.as_str().to_owned(),
        ..pb::BatchGetMembersResult::default()
    };
    match outcome {
        Ok(read) => {
            result.freshness = Some(freshness(&read));
            result.member = read.value().map(member);
        }
        Err(error) => {
            result.error = Some(pb::BatchGetMembersError {
                code: error.code().into(),
                reason: error.reason().into(),
                message: error.to_string(),
                retry_after: error
                    .retry_after()
                    .and_then(|wait| prost_types::Duration::try_from(wait).ok()),
            });
        }
    }
    result
}

/// A count; what does not fit is as many as fit, what is not told is 0.
pub(super) fn total(count: Option<u32>) -> i32 {
    i32::try_from(count.unwrap_or(0)).unwrap_or(i32::MAX)
}

/// What a caller allows.
pub(super) fn read_options(options: Option<pb::ReadOptions>) -> Result<Options, Error> {
    let Some(options) = options else {
        return Ok(Options::default());
    };
    let max_staleness = match options.max_staleness {
        None => None,
        Some(limit) => Some(
            Duration::try_from(limit)
                .map_err(|_| Error::invalid("read_options.max_staleness", "must be 0 or more"))?,
        ),
    };
    let mode = match pb::CacheMode::try_from(options.cache) {
        Ok(pb::CacheMode::Unspecified) => Mode::Default,
        Ok(pb::CacheMode::Bypass) => Mode::Bypass,
        Ok(pb::CacheMode::Only) => Mode::Only,
        Err(_) => {
            return Err(Error::invalid(
                "read_options.cache",
                "must be one of the values that CacheMode lists",
            ));
        }
    };
    Ok(Options {
        max_staleness,
        mode,
    })
}

pub(super) fn member(member: &Member) -> pb::Member {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    pb::Member {
        id: member.id.as_str().to_owned(),
        username: member.username.clone(),
        name: text(&member.name),
        email: text(&member.email),
        status: member_status(&member.status).into(),
        raw_status: member.status.raw().to_owned(),
        role: member.role.as_ref().map(role),
        tagline: text(&member.tagline),
        external_id: text(&member.external_id),
        locale: member.locale.clone(),
        profile_picture_url: text(&member.profile_picture_url),
        url: text(&member.url),
        fields: member.fields.iter().filter_map(field).collect(),
        create_time: Some(timestamp(member.created_at)),
        update_time: Some(timestamp(member.updated_at)),
        last_seen_time: member.last_seen_at.map(timestamp),
        verify_time: member.verified_at.map(timestamp),
    }
}

fn member_status(status: &MemberStatus) -> pb::MemberStatus {
    match status {
        MemberStatus::Verified => pb::MemberStatus::Verified,
        MemberStatus::Unverified => pb::MemberStatus::Unverified,
        MemberStatus::Suspended => pb::MemberStatus::Suspended,
        MemberStatus::Deleted => pb::MemberStatus::Deleted,
        MemberStatus::Blocked => pb::MemberStatus::Blocked,
        MemberStatus::Other(_) => pb::MemberStatus::Unspecified,
    }
}

fn role(role: &Role) -> pb::MemberRole {
    pb::MemberRole {
        id: role.id.as_str().to_owned(),
        name: role.name.clone(),
        r#type: role.kind.clone().unwrap_or_default(),
    }
}

/// A field without a value is not set.
fn field(field: &CustomField) -> Option<pb::MemberField> {
    (field.json_value != "null").then(|| pb::MemberField {
        key: field.key.clone(),
        json_value: field.json_value.clone(),
    })
}

pub(super) fn direct_message(message: DirectMessage) -> pb::DirectMessage {
    pb::DirectMessage {
        id: message.id,
        conversation_id: message.conversation_id.as_str().to_owned(),
        recipient_member_id: message.recipient_id.as_str().to_owned(),
        mechanism: match message.mechanism {
            Mechanism::Chat => pb::DirectMessageMechanism::Chat,
            Mechanism::PrivateSpace => pb::DirectMessageMechanism::PrivateSpace,
        }
        .into(),
        send_time: Some(timestamp(message.sent_at)),
        sender_member_id: message.sender_id.as_str().to_owned(),
        content: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_before_1970_keeps_its_nanoseconds_positive() {
        let at: Timestamp = "1969-12-31T23:59:59.25Z".parse().unwrap();
        let converted = timestamp(at);
        assert_eq!((converted.seconds, converted.nanos), (-1, 250_000_000));
        assert_eq!(from_timestamp(converted), Some(at));
    }
}
