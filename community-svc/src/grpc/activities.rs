//! What members do: listing, counting, and erasing a member's data.

use bettermode::MemberId;
use community_proto::v1 as pb;

use super::{Activities, convert, page_token, validate};
use crate::activities::{
    Activity, ActivityQuery, Cursor, MemberActivity, Period, Summary, SummaryQuery,
};
use crate::error::Error;
use crate::stores::StoreError;

/// What page tokens are bound to, beside the filters.
const LIST: &str = "ListMemberActivities";
const MAX_PAGE: i32 = 500;
const DEFAULT_PAGE: i32 = 50;
const MAX_MOST_ACTIVE: i32 = 100;
const DEFAULT_MOST_ACTIVE: i32 = 10;

/// The longest name of a kind that can be asked for; none that is kept is longer.
const MAX_KIND: usize = 64;

pub(super) async fn list(
    service: &Activities,
    mut request: pb::ListMemberActivitiesRequest,
) -> Result<pb::ListMemberActivitiesResponse, Error> {
    let asked = std::mem::take(&mut request.page_size);
    let limit = size("page_size", asked, DEFAULT_PAGE, MAX_PAGE)?;
    let token = std::mem::take(&mut request.page_token);
    // What is left of the request are its filters.
    let filters = request.clone();
    let before = match page_token::decode(LIST, &filters, &token)? {
        Some(place) => Some(Cursor::from_bytes(&place).ok_or(Error::InvalidPageToken)?),
        None => None,
    };
    let kind = validate::text("kind", request.kind, 0, MAX_KIND)?;
    let query = ActivityQuery {
        member_id: validate::optional_id("member_id", request.member_id)?.map(MemberId::new),
        kind: (!kind.is_empty()).then_some(kind),
        from: validate::optional_time("occur_time_from", request.occur_time_from)?,
        until: validate::optional_time("occur_time_until", request.occur_time_until)?,
        before,
        // One more than asked for tells whether there is a next page.
        limit: limit + 1,
    };
    let store = service.effects.activities();
    let mut found = store.list(query).await.map_err(|error| failed(&error))?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_page_token = match found.last() {
        Some(last) if has_more => page_token::encode(LIST, &filters, &last.cursor().to_bytes()),
        _ => String::new(),
    };
    Ok(pb::ListMemberActivitiesResponse {
        activities: found.into_iter().map(activity).collect(),
        next_page_token,
    })
}

pub(super) async fn summarise(
    service: &Activities,
    request: pb::GetActivitySummaryRequest,
) -> Result<pb::GetActivitySummaryResponse, Error> {
    let member_id = validate::optional_id("member_id", request.member_id)?;
    let period = Period::parse(&request.period)
        .map_err(|invalid| Error::invalid("period", invalid.to_string()))?;
    let (field, count) = ("most_active_count", request.most_active_count);
    let query = SummaryQuery {
        member_id: member_id.map(MemberId::new),
        period,
        most_active: size(field, count, DEFAULT_MOST_ACTIVE, MAX_MOST_ACTIVE)?,
    };
    let store = service.effects.activities();
    let found = store.summary(query).await;
    Ok(summary(found.map_err(|error| failed(&error))?))
}

pub(super) async fn erase(
    service: &Activities,
    request: pb::EraseMemberDataRequest,
) -> Result<pb::EraseMemberDataResponse, Error> {
    let member = MemberId::new(validate::id("member_id", request.member_id)?);
    let erased = service.effects.erase(&service.events, &member).await;
    let erased = erased.map_err(|error| failed(&error))?;
    tracing::info!(
        events = erased.events,
        activities = erased.activities,
        record = erased.record,
        "erased a member's data"
    );
    Ok(pb::EraseMemberDataResponse {
        event_count: number(erased.events),
        activity_count: number(erased.activities),
        member_record: erased.record,
    })
}

/// Zero stands for the default; more than the most for the most.
fn size(field: &'static str, asked: i32, default: i32, most: i32) -> Result<usize, Error> {
    let size = match asked {
        ..0 => return Err(Error::invalid(field, "must not be negative")),
        0 => default,
        size => size.min(most),
    };
    Ok(usize::try_from(size).unwrap_or(1))
}

fn failed(error: &StoreError) -> Error {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "failed to serve activities"
    );
    Error::EventStoreUnavailable
}

fn activity(activity: Activity) -> pb::Activity {
    let id = |id: Option<MemberId>| id.map_or(String::new(), |id| id.as_str().to_owned());
    let subject = activity.subject;
    pb::Activity {
        event_id: activity.event_id,
        member_id: activity.member_id.as_str().to_owned(),
        kind: activity.kind,
        activity_type: activity.activity_type.name().to_owned(),
        actor_member_id: id(activity.actor_id),
        subject: Some(pb::ActivitySubject {
            member_id: id(subject.member_id),
            post_id: subject
                .post_id
                .map_or(String::new(), |id| id.as_str().to_owned()),
            parent_post_id: subject
                .parent_post_id
                .map_or(String::new(), |id| id.as_str().to_owned()),
            space_id: subject
                .space_id
                .map_or(String::new(), |id| id.as_str().to_owned()),
            reaction: subject.reaction.unwrap_or_default(),
        }),
        occur_time: Some(convert::timestamp(activity.occurred_at)),
        receive_time: Some(convert::timestamp(activity.received_at)),
        url: activity.url.unwrap_or_default(),
        platform: "bettermode".to_owned(),
        network_id: activity.network_id.unwrap_or_default(),
    }
}

fn summary(summary: Summary) -> pb::GetActivitySummaryResponse {
    pb::GetActivitySummaryResponse {
        total_count: number(summary.total),
        counts_by_kind: summary
            .by_kind
            .into_iter()
            .map(|(kind, count)| pb::KindCount {
                kind,
                count: number(count),
            })
            .collect(),
        counts_by_time: summary
            .by_part
            .into_iter()
            .map(|(begin, count)| pb::TimeCount {
                start_time: Some(convert::timestamp(begin)),
                count: number(count),
            })
            .collect(),
        most_active_members: summary.most_active.iter().map(member).collect(),
        last_active_time: summary.last_active.map(convert::timestamp),
    }
}

fn member(member: &MemberActivity) -> pb::MemberCount {
    pb::MemberCount {
        member_id: member.member_id.as_str().to_owned(),
        count: number(member.count),
        last_active_time: Some(convert::timestamp(member.last_active)),
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
