//! New values of a member's profile.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, Id, MEMBER_COST, member_from},
};
use crate::{CustomField, Member, MemberId, MemberUpdate};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/update_member.graphql",
    normalization = "rust",
    fragments_other_variant = "true",
    skip_serializing_none
)]
pub(crate) struct UpdateMember;

operation!(UpdateMember, update_member, Write, Member, |_| MEMBER_COST);
member_from!(update_member);

pub(crate) fn variables(id: &MemberId, update: MemberUpdate) -> update_member::Variables {
    let fields: Vec<_> = update.fields.into_iter().map(field).collect();
    update_member::Variables {
        id: Some(id.as_str().to_owned()),
        input: update_member::UpdateMemberInput {
            name: update.name,
            tagline: update.tagline,
            fields: Some(fields).filter(|fields| !fields.is_empty()),
            username: None,
            email: None,
            locale: None,
            profile_picture_id: None,
            banner_id: None,
            role_id: None,
            external_id: None,
            created_at: update.created_at,
            updated_at: None,
        },
    }
}

fn field(field: CustomField) -> update_member::CustomFieldInput {
    update_member::CustomFieldInput {
        key: field.key,
        value: field.json_value,
    }
}

pub(crate) fn answer(data: update_member::ResponseData) -> Member {
    data.update_member.into()
}
