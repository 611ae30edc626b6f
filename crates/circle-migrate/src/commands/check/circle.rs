//! Circle's side: about ten requests.

use std::collections::BTreeMap;

use super::super::Context;
use super::super::extract::{client, community};
use super::Findings;
use crate::Error;
use crate::circle::{Client, List};
use crate::config::AuthScheme;
use crate::snapshot::{Confirmation, Entity, ListKey, Member, ProfileField};

const ROWS: u64 = 100;

/// Tries Circle's token and looks at what an extract would meet.
///
/// # Errors
/// [`Error`] when Circle does not answer; what was found until then stays.
pub(super) async fn check(context: &Context, findings: &mut Findings) -> Result<(), Error> {
    let config = &context.config;
    let client = client(config, "check")?;
    let found = community(&client, &config.circle).await?;
    let scheme = match config.circle.auth_scheme {
        AuthScheme::Bearer => "Bearer",
        AuthScheme::Token => "Token",
    };
    let name = found.name.unwrap_or_default();
    findings.good(
        "Circle token",
        format!("community {} ({name}), sent as {scheme}", found.id),
    );
    if config.circle.community.is_none() {
        findings.note(
            "CIRCLE_COMMUNITY_ID",
            format!(
                "not set: set it to {}, so that no other token is taken",
                found.id
            ),
        );
    }
    let members = people(&client, findings).await?;
    fields(&client, findings).await?;
    let mut counts = BTreeMap::from([(Entity::Members, members)]);
    let kinds = [
        Entity::SpaceGroups,
        Entity::Spaces,
        Entity::Posts,
        Entity::Comments,
        Entity::Events,
    ];
    for entity in kinds {
        counts.insert(entity, count(&client, entity).await?);
    }
    let listed = kinds.map(|entity| format!("{} {entity}", counts[&entity]));
    findings.good("Circle content", listed.join(", "));
    quota(&client, &counts, findings);
    Ok(())
}

/// The first page of people, as a sample; says how many there are.
async fn people(client: &Client, findings: &mut Findings) -> Result<u64, Error> {
    let page = client.page(list(Entity::Members, 100)).await?;
    let total = page.count.unwrap_or(page.records.len() as u64);
    let sample: Vec<Member> = page
        .records
        .into_iter()
        .filter_map(|record| serde_json::from_value(record).ok())
        .collect();
    let unusable = sample
        .iter()
        .filter(|member| bettermode::Email::parse(member.email.as_deref().unwrap_or("")).is_err())
        .count();
    let unconfirmed = sample
        .iter()
        .filter(|member| member.confirmation() == Confirmation::Unconfirmed)
        .count();
    let size = sample.len();
    findings.good(
        "Circle people",
        format!("{total} in all; of the first {size}, {unconfirmed} never confirmed"),
    );
    if size > 0 && unusable == size {
        findings.bad(
            "Circle addresses",
            "no row has an e-mail address: the token must be an admin's",
        );
    } else if unusable > 0 {
        findings.note(
            "Circle addresses",
            format!("{unusable} of the first {size} have none that is usable"),
        );
    } else {
        findings.good(
            "Circle addresses",
            format!("all of the first {size} have one"),
        );
    }
    Ok(total)
}

async fn fields(client: &Client, findings: &mut Findings) -> Result<(), Error> {
    let page = client.page(list(Entity::ProfileFields, 100)).await?;
    let names = page.records.into_iter().filter_map(|record| {
        let field: ProfileField = serde_json::from_value(record).ok()?;
        let kind = field.field_type.unwrap_or_default();
        Some(format!("{} ({kind})", field.key.or(field.label)?))
    });
    let names: Vec<_> = names.collect();
    let text = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    findings.good("Circle profile fields", text);
    Ok(())
}

/// What an extract costs. Circle tells nobody how much of the month is left.
fn quota(client: &Client, counts: &BTreeMap<Entity, u64>, findings: &mut Findings) {
    let pages = |entity: &Entity| counts[entity].div_ceil(ROWS).max(1);
    // The community, labels and fields beside them.
    let people = pages(&Entity::Members) + 3;
    let all: u64 = counts.keys().map(pages).sum::<u64>() + 3;
    findings.note(
        "Circle quota",
        format!(
            "extract takes about {people} requests, with --content {all}; a month has 5000 (Business), \
             30000 (Enterprise) or 250000, and Circle does not tell how many are left"
        ),
    );
    let spent = client.spent();
    if let Some(left) = spent.left
        && left < people
    {
        findings.note(
            "--max-requests",
            format!("{left} are left after this check: an extract will need more than one run"),
        );
    }
}

async fn count(client: &Client, entity: Entity) -> Result<u64, Error> {
    let page = client.page(list(entity, 1)).await?;
    Ok(page.count.unwrap_or(page.records.len() as u64))
}

fn list(entity: Entity, per_page: u32) -> List {
    List {
        key: ListKey::of(entity),
        page: 1,
        per_page,
    }
}
