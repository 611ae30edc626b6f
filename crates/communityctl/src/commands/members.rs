//! `members get`.

use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{
    CacheMode, Freshness, GetMemberByEmailRequest, GetMemberRequest, Member, ReadOptions,
};
use serde_json::json;

use super::{Context, Outcome};
use crate::cli::GetMember;
use crate::error::Error;
use crate::proto_json::ProtoJson;
use crate::service::Service;
use crate::when;

pub(super) async fn get(context: &mut Context<'_>, get: GetMember) -> Result<Outcome, Error> {
    let service = Service::of(context)?;
    let mut community = service.client.community();
    let read_options = get.fresh.then(|| ReadOptions {
        cache: CacheMode::Bypass.into(),
        ..ReadOptions::default()
    });
    let failed = service.failed("reading the member");
    let (member, freshness) = if let Some(email) = get.who.email {
        let request = GetMemberByEmailRequest {
            email,
            read_options,
        };
        let answer = community.get_member_by_email(request).await;
        let answer = answer.map_err(failed)?.into_inner();
        (answer.member, answer.freshness)
    } else {
        let identifier = match get.who.username {
            Some(username) => Identifier::Username(username),
            None => Identifier::MemberId(get.who.id.unwrap_or_default()),
        };
        let request = GetMemberRequest {
            identifier: Some(identifier),
            read_options,
        };
        let answer = community.get_member(request).await;
        let answer = answer.map_err(failed)?.into_inner();
        (answer.member, answer.freshness)
    };
    let (member, freshness) = (member.unwrap_or_default(), freshness.unwrap_or_default());
    if context.output.is_json() {
        let json = ProtoJson::new()?;
        let line = json!({
            "member": json.of("Member", &member)?,
            "freshness": json.of("Freshness", &freshness)?,
        });
        context.output.json(&line)?;
    } else {
        print(context, &member, &freshness)?;
    }
    Ok(Outcome::Good)
}

fn print(context: &mut Context<'_>, member: &Member, freshness: &Freshness) -> Result<(), Error> {
    let role = member.role.as_ref().map(|role| role.name.clone());
    let source = freshness.source().as_str_name().to_ascii_lowercase();
    let source = source.trim_start_matches("source_").replace('_', " ");
    let stale = if freshness.stale { ", stale" } else { "" };
    let fetched = when::shown(freshness.fetched_at.as_ref());
    context.output.pairs(&[
        ("id", member.id.clone()),
        ("user name", member.username.clone()),
        ("name", member.name.clone()),
        ("e-mail", member.email.clone()),
        ("status", member.raw_status.clone()),
        ("role", role.unwrap_or_default()),
        ("tagline", member.tagline.clone()),
        ("external id", member.external_id.clone()),
        ("locale", member.locale.clone()),
        ("page", member.url.clone()),
        ("created", when::shown(member.create_time.as_ref())),
        ("updated", when::shown(member.update_time.as_ref())),
        ("last seen", when::shown(member.last_seen_time.as_ref())),
        ("read from", format!("{source}, fetched {fetched}{stale}")),
    ])?;
    for field in &member.fields {
        context
            .output
            .text(&format!("field {}  {}", field.key, field.json_value))?;
    }
    Ok(())
}
