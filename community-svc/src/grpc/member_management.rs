//! Listing, changing and inviting members.

use std::collections::HashSet;

use bettermode::{
    CustomField, Email, Invitation, Invitee, Member, MemberFilter, MemberId, MemberStatus,
    MemberUpdate, NewInvitations, RoleId, SpaceId,
};
use community_proto::v1 as pb;

use super::keyed::{Key, Kind};
use super::{Community, convert, page_token, validate};
use crate::error::Error;
use crate::members::Invited;
use crate::writes::{Found, Made};

const UPDATE: Kind = Kind {
    method: "UpdateMember",
    attempted: "changing a member",
    requests: 1,
};

/// Where BetterMode refuses the whole, each address is a request of its own.
const INVITE: Kind = Kind {
    method: "InviteMembers",
    attempted: "inviting members",
    requests: 6,
};

/// What page tokens are bound to, beside the filters.
const MEMBERS: &str = "ListMembers";

const DEFAULT_PAGE: u32 = 50;
/// Each costs 8 points, and BetterMode announces 1,000 as the most for one request.
const MAX_PAGE: u32 = 100;
const MAX_QUERY: usize = 200;
const MAX_ROLES: usize = 20;
const MAX_FIELDS: usize = 50;
const MAX_INVITEES: usize = 50;
const MAX_SPACES: usize = 20;

pub(super) async fn list(
    community: &Community,
    mut request: pb::ListMembersRequest,
) -> Result<pb::ListMembersResponse, Error> {
    let limit = std::mem::take(&mut request.page_size);
    let limit = validate::page_size(limit, DEFAULT_PAGE, MAX_PAGE)?;
    let token = std::mem::take(&mut request.page_token);
    let after = page_token::decode_text(MEMBERS, &request, &token)?;
    let filter = filter(request.clone())?;
    let page = community.members.list(&filter, limit, after).await?;
    let next = page.next.unwrap_or_default();
    Ok(pb::ListMembersResponse {
        members: page.items.iter().map(convert::member).collect(),
        next_page_token: page_token::encode_text(MEMBERS, &request, &next),
        total_size: convert::total(page.total),
    })
}

fn filter(request: pb::ListMembersRequest) -> Result<MemberFilter, Error> {
    let query = validate::text("query", request.query, 0, MAX_QUERY)?;
    let status = |asked: i32| match pb::MemberStatus::try_from(asked) {
        Ok(pb::MemberStatus::Verified) => Ok(MemberStatus::Verified),
        Ok(pb::MemberStatus::Unverified) => Ok(MemberStatus::Unverified),
        Ok(pb::MemberStatus::Suspended) => Ok(MemberStatus::Suspended),
        _ => Err(Error::invalid(
            "statuses",
            "must be VERIFIED, UNVERIFIED or SUSPENDED",
        )),
    };
    let mut statuses = request
        .statuses
        .into_iter()
        .map(status)
        .collect::<Result<Vec<_>, _>>()?;
    // There are only three; named twice they would be sent twice.
    let mut seen = HashSet::new();
    statuses.retain(|status| seen.insert(status.clone()));
    Ok(MemberFilter {
        query: Some(query).filter(|query| !query.trim().is_empty()),
        role_ids: validate::ids("role_ids", request.role_ids, MAX_ROLES, RoleId::new)?,
        statuses,
    })
}

pub(super) async fn update(
    community: &Community,
    mut request: pb::UpdateMemberRequest,
) -> Result<pb::UpdateMemberResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(UPDATE, &key, &request)?;
    let mask = request.update_mask.map(|mask| mask.paths);
    let (id, update) = changes(request.member, mask.unwrap_or_default())?;
    let (changing, whom, wanted) = (community.members.clone(), id.clone(), update.clone());
    let looking = changing.clone();
    community
        .writes
        .run(
            key.change(),
            async move {
                let member = changing.attempt_update(&whom, wanted).await?;
                Ok(Made::change(updated(&member)))
            },
            move |_| async move {
                let found = looking.lookup_update(&id, &update).await?;
                Ok(Found::change(found.as_ref().map(updated)))
            },
        )
        .await
}

fn updated(member: &Member) -> pb::UpdateMemberResponse {
    pb::UpdateMemberResponse {
        member: Some(convert::member(member)),
    }
}

/// Whom to change, and in what.
fn changes(
    member: Option<pb::Member>,
    mut paths: Vec<String>,
) -> Result<(MemberId, MemberUpdate), Error> {
    let pb::Member {
        id,
        name,
        tagline,
        fields,
        ..
    } = validate::required("member", member)?;
    let id = MemberId::new(validate::id("member.id", id)?);
    if paths.is_empty() {
        let filled = [
            ("name", !name.is_empty()),
            ("tagline", !tagline.is_empty()),
            ("fields", !fields.is_empty()),
        ];
        let filled = filled.into_iter().filter(|(_, filled)| *filled);
        paths = filled.map(|(path, _)| path.to_owned()).collect();
    }
    if paths.is_empty() {
        let rule = "must name something to change, or member must hold it";
        return Err(Error::invalid("update_mask", rule));
    }
    let names = |path: &str| paths.iter().any(|named| named == path);
    let known = ["name", "tagline", "fields"];
    if !paths.iter().all(|path| known.contains(&path.as_str())) {
        let rule = "must name nothing but name, tagline and fields";
        return Err(Error::invalid("update_mask", rule));
    }
    let name = names("name").then(|| validate::text("member.name", name, 1, 255));
    let tagline = names("tagline").then(|| validate::text("member.tagline", tagline, 0, 255));
    let fields = names("fields").then(|| custom_fields(fields));
    let update = MemberUpdate {
        name: name.transpose()?,
        tagline: tagline.transpose()?,
        fields: fields.transpose()?.unwrap_or_default(),
        created_at: None,
    };
    Ok((id, update))
}

fn custom_fields(fields: Vec<pb::MemberField>) -> Result<Vec<CustomField>, Error> {
    let invalid = |rule: &str| Err(Error::invalid("member.fields", rule));
    if !(1..=MAX_FIELDS).contains(&fields.len()) {
        return invalid("must hold 1 to 50 fields");
    }
    let mut seen = HashSet::new();
    if !fields.iter().all(|field| seen.insert(field.key.clone())) {
        return invalid("must hold each key once");
    }
    let field = |field: pb::MemberField| {
        let json_value = validate::text("member.fields", field.json_value, 1, 20_000)?;
        if serde_json::from_str::<serde::de::IgnoredAny>(&json_value).is_err() {
            let rule = "must have JSON text as json_value: a text is in quotes";
            return Err(Error::invalid("member.fields", rule));
        }
        Ok(CustomField {
            key: validate::text("member.fields", field.key, 1, 100)?,
            json_value,
        })
    };
    fields.into_iter().map(field).collect()
}

pub(super) async fn invite(
    community: &Community,
    mut request: pb::InviteMembersRequest,
) -> Result<pb::InviteMembersResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(INVITE, &key, &request)?;
    let new = invitations(request)?;
    let sought: Vec<Email> = new.invitees.iter().map(|one| one.email.clone()).collect();
    let members = community.members.clone();
    let looking = members.clone();
    community
        .writes
        .run(
            key.change(),
            async move {
                let outcomes = members.attempt_invite(new).await?;
                Ok(Made {
                    is_whole: outcomes.iter().all(is_final),
                    ..Made::change(answer(outcomes))
                })
            },
            move |since| async move {
                let mut found = Vec::with_capacity(sought.len());
                for email in &sought {
                    match looking.lookup_invitation(email).await? {
                        Some(made) if made.created_at >= since => found.push(Ok(made)),
                        // Sent again, and BetterMode refuses those that it has invited.
                        _ => return Ok(Found::change(None)),
                    }
                }
                Ok(Found::change(Some(answer(found))))
            },
        )
        .await
}

fn answer(outcomes: Vec<Invited>) -> pb::InviteMembersResponse {
    pb::InviteMembersResponse {
        results: outcomes.into_iter().map(invited).collect(),
    }
}

/// Whether calling again with the same id has nothing left to do for this address.
fn is_final(outcome: &Invited) -> bool {
    !matches!(outcome, Err(error) if error.may_have_happened() || error.retry_after().is_some())
}

fn invitations(request: pb::InviteMembersRequest) -> Result<NewInvitations, Error> {
    if !(1..=MAX_INVITEES).contains(&request.invitees.len()) {
        return Err(Error::invalid("invitees", "must hold 1 to 50 people"));
    }
    let invitees = request.invitees.into_iter().zip(1..);
    let invitees = invitees.map(|(invitee, place)| {
        let email = validate::text("invitees.email", invitee.email, 3, 320)?;
        // Which of them, and never the address.
        let email = Email::parse(&email).map_err(|_| {
            let rule = format!("of entry {place} must be an e-mail address with exactly one \"@\"");
            Error::invalid("invitees.email", rule)
        })?;
        let name = validate::text("invitees.name", invitee.name, 0, 100)?;
        Ok(Invitee {
            email,
            name: Some(name).filter(|name| !name.trim().is_empty()),
        })
    });
    let message = validate::text("message", request.message, 0, 2_000)?;
    Ok(NewInvitations {
        invitees: invitees.collect::<Result<_, Error>>()?,
        message: Some(message).filter(|message| !message.trim().is_empty()),
        role_id: validate::optional_id("role_id", request.role_id)?.map(RoleId::new),
        space_ids: validate::ids("space_ids", request.space_ids, MAX_SPACES, SpaceId::new)?,
    })
}

fn invited(outcome: Invited) -> pb::InviteMembersResult {
    match outcome {
        Ok(made) => pb::InviteMembersResult {
            invitation: Some(invitation(made)),
            error: None,
        },
        Err(error) => pb::InviteMembersResult {
            invitation: None,
            error: Some(pb::InviteMembersError {
                code: error.code().into(),
                reason: error.reason().into(),
                message: error.to_string(),
                retry_after: error
                    .retry_after()
                    .and_then(|wait| prost_types::Duration::try_from(wait).ok()),
            }),
        },
    }
}

fn invitation(made: Invitation) -> pb::MemberInvitation {
    pb::MemberInvitation {
        id: made.id.as_str().to_owned(),
        raw_status: made.status,
        role_id: made.role_id.as_str().to_owned(),
        member_id: made
            .member_id
            .map(|id| id.as_str().to_owned())
            .unwrap_or_default(),
        create_time: Some(convert::timestamp(made.created_at)),
        expire_time: Some(convert::timestamp(made.expires_at)),
    }
}
