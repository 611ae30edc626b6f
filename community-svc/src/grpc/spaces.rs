//! Spaces, and who is in them.

use bettermode::{MemberId, Space, SpaceId, SpaceMember, SpaceRole, SpaceRoleId, SpaceType};
use community_proto::v1 as pb;

use super::keyed::{Key, Kind};
use super::{Community, convert, page_token, validate};
use crate::error::Error;
use crate::writes::{Made, repeatable};

mod place;

use place::Place;

/// A refusal is looked into.
const ADD: Kind = Kind {
    method: "AddSpaceMember",
    attempted: "putting a member into a space",
    requests: 2,
};
const REMOVE: Kind = Kind {
    method: "RemoveSpaceMember",
    attempted: "taking a member out of a space",
    requests: 2,
};

/// What page tokens are bound to, beside the filters.
const SPACES: &str = "ListSpaces";
const SPACE_MEMBERS: &str = "ListSpaceMembers";

const DEFAULT_PAGE: u32 = 50;
const MAX_SPACES: u32 = 100;
/// Each costs 10 points, and BetterMode announces 1,000 as the most for one request.
const MAX_SPACE_MEMBERS: u32 = 90;
const MAX_QUERY: usize = 200;
const MAX_TYPES: usize = 5;
const MAX_ROLES: usize = 20;

pub(super) async fn list(
    community: &Community,
    mut request: pb::ListSpacesRequest,
) -> Result<pb::ListSpacesResponse, Error> {
    let options = convert::read_options(request.read_options.take())?;
    let limit = std::mem::take(&mut request.page_size);
    let limit = validate::page_size(limit, DEFAULT_PAGE, MAX_SPACES)?;
    let token = std::mem::take(&mut request.page_token);
    let after = page_token::decode(SPACES, &request, &token)?
        .map(|place| Place::from_bytes(&place).ok_or(Error::InvalidPageToken))
        .transpose()?;
    let query = validate::text("query", request.query.clone(), 0, MAX_QUERY)?.to_lowercase();
    let kinds = kinds(&request.types)?;
    let read = community.spaces.all(&options).await?;
    let wanted = |space: &&Space| {
        after.as_ref().is_none_or(|after| after.is_before(space))
            && (kinds.is_empty() || kinds.contains(&space.kind))
            && holds(space, &query)
    };
    let mut found = read.value().into_iter().flatten().filter(wanted);
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let page: Vec<&Space> = found.by_ref().take(size).collect();
    let next_page_token = match page.last() {
        Some(last) if found.next().is_some() => {
            page_token::encode(SPACES, &request, &Place::of(last).to_bytes())
        }
        _ => String::new(),
    };
    Ok(pb::ListSpacesResponse {
        spaces: page.into_iter().map(space).collect(),
        next_page_token,
        freshness: Some(convert::freshness(&read)),
    })
}

/// Whether a space's texts hold `query`, which is in lower case.
fn holds(space: &Space, query: &str) -> bool {
    let texts = [&space.name, &space.slug];
    let mut texts = texts.into_iter().chain(&space.description);
    query.is_empty() || texts.any(|text| text.to_lowercase().contains(query))
}

fn kinds(asked: &[i32]) -> Result<Vec<SpaceType>, Error> {
    if asked.len() > MAX_TYPES {
        return Err(Error::invalid(
            "types",
            format!("must be at most {MAX_TYPES}"),
        ));
    }
    let kind = |asked: &i32| match pb::SpaceType::try_from(*asked) {
        Ok(pb::SpaceType::Group) => Ok(SpaceType::Group),
        Ok(pb::SpaceType::Broadcast) => Ok(SpaceType::Broadcast),
        Ok(pb::SpaceType::Page) => Ok(SpaceType::Page),
        Ok(pb::SpaceType::Entity) => Ok(SpaceType::Entity),
        Ok(pb::SpaceType::PrivateMessage | pb::SpaceType::Unspecified) | Err(_) => Err(
            Error::invalid("types", "must be GROUP, BROADCAST, PAGE or ENTITY"),
        ),
    };
    asked.iter().map(kind).collect()
}

pub(super) async fn get(
    community: &Community,
    request: pb::GetSpaceRequest,
) -> Result<pb::GetSpaceResponse, Error> {
    let options = convert::read_options(request.read_options)?;
    let id = SpaceId::new(validate::id("space_id", request.space_id)?);
    let read = community.spaces.by_id(&id, &options).await?;
    Ok(pb::GetSpaceResponse {
        space: read.value().map(space),
        freshness: Some(convert::freshness(&read)),
    })
}

pub(super) async fn list_members(
    community: &Community,
    mut request: pb::ListSpaceMembersRequest,
) -> Result<pb::ListSpaceMembersResponse, Error> {
    let limit = std::mem::take(&mut request.page_size);
    let limit = validate::page_size(limit, DEFAULT_PAGE, MAX_SPACE_MEMBERS)?;
    let token = std::mem::take(&mut request.page_token);
    let after = page_token::decode_text(SPACE_MEMBERS, &request, &token)?;
    let id = SpaceId::new(validate::id("space_id", request.space_id.clone())?);
    let roles = request.role_ids.clone();
    let roles = validate::ids("role_ids", roles, MAX_ROLES, SpaceRoleId::new)?;
    let page = community.spaces.members(&id, &roles, limit, after).await?;
    let next = page.next.unwrap_or_default();
    Ok(pb::ListSpaceMembersResponse {
        space_members: page.items.into_iter().map(space_member).collect(),
        next_page_token: page_token::encode_text(SPACE_MEMBERS, &request, &next),
        total_size: convert::total(page.total),
    })
}

pub(super) async fn add_member(
    community: &Community,
    mut request: pb::AddSpaceMemberRequest,
) -> Result<pb::AddSpaceMemberResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(ADD, &key, &request)?;
    let space = SpaceId::new(validate::id("space_id", request.space_id)?);
    let member = MemberId::new(validate::id("member_id", request.member_id)?);
    let role = validate::optional_id("role_id", request.role_id)?.map(SpaceRoleId::new);
    let spaces = community.spaces.clone();
    let attempt = async move {
        let membership = spaces.attempt_add(&space, &member, role.as_ref()).await?;
        Ok(Made::change(pb::AddSpaceMemberResponse {
            role: membership.role.map(space_role),
        }))
    };
    community
        .writes
        .run(key.change(), attempt, repeatable)
        .await
}

pub(super) async fn remove_member(
    community: &Community,
    mut request: pb::RemoveSpaceMemberRequest,
) -> Result<pb::RemoveSpaceMemberResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(REMOVE, &key, &request)?;
    let space = SpaceId::new(validate::id("space_id", request.space_id)?);
    let member = MemberId::new(validate::id("member_id", request.member_id)?);
    let spaces = community.spaces.clone();
    let attempt = async move {
        spaces.attempt_remove(&space, &member).await?;
        Ok(Made::change(pb::RemoveSpaceMemberResponse {}))
    };
    community
        .writes
        .run(key.change(), attempt, repeatable)
        .await
}

fn space(space: &Space) -> pb::Space {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    pb::Space {
        id: space.id.as_str().to_owned(),
        name: space.name.clone(),
        slug: space.slug.clone(),
        description: text(&space.description),
        r#type: space_type(&space.kind).into(),
        raw_type: space.kind.raw().to_owned(),
        private: space.private,
        hidden: space.hidden,
        invite_only: space.invite_only,
        members_count: convert::total(Some(space.members_count)),
        posts_count: convert::total(space.posts_count),
        collection_id: text(&space.collection_id),
        created_by_member_id: space.created_by_id.as_str().to_owned(),
        url: text(&space.url),
        create_time: Some(convert::timestamp(space.created_at)),
    }
}

fn space_type(kind: &SpaceType) -> pb::SpaceType {
    match kind {
        SpaceType::Group => pb::SpaceType::Group,
        SpaceType::Broadcast => pb::SpaceType::Broadcast,
        SpaceType::Page => pb::SpaceType::Page,
        SpaceType::Entity => pb::SpaceType::Entity,
        SpaceType::PrivateMessage => pb::SpaceType::PrivateMessage,
        SpaceType::Other(_) => pb::SpaceType::Unspecified,
    }
}

fn space_member(inside: SpaceMember) -> pb::SpaceMember {
    pb::SpaceMember {
        member: Some(convert::member(&inside.member)),
        role: inside.role.map(space_role),
    }
}

fn space_role(role: SpaceRole) -> pb::SpaceRole {
    pb::SpaceRole {
        id: role.id.as_str().to_owned(),
        name: role.name,
        r#type: role.kind.unwrap_or_default(),
    }
}
