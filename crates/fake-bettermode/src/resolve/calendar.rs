//! Events of newer networks. Older ones write an event as a post with dated fields.

use serde_json::{Value, json};

use super::access;
use super::args::Args;
use super::query::visible_space;
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::time::iso;
use crate::world::ids;
use crate::world::rows::Event;

/// Puts an event into a space's calendar.
pub(crate) fn create_event(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let space = visible_space(call, &world, args.required("spaceId")?, "spaceId")?;
    let author = access::writer(call, &world, space)?;
    let space_id = space.id.clone();
    let input = args.object("input");
    let missing =
        |field: &str| Refusal::new(Code::Missing, format!("{field} is required")).field(field);
    let title = input.required("title")?;
    if title.trim().is_empty() {
        return Err(missing("title"));
    }
    let start = input
        .date("startTime")?
        .ok_or_else(|| missing("startTime"))?;
    let end = input.date("endTime")?.ok_or_else(|| missing("endTime"))?;
    if end < start {
        let message = "an event ends after it starts";
        return Err(Refusal::new(Code::Validation, message).field("endTime"));
    }
    let zone = input.required("timeZone")?;
    if jiff::tz::TimeZone::get(zone).is_err() {
        return Err(Refusal::new(Code::InvalidParameter, "unknown time zone").field("timeZone"));
    }
    let hosts = input.texts("hostIds").unwrap_or_default();
    if hosts.iter().any(|host| world.members.get(host).is_none()) {
        return Err(Refusal::new(Code::InvalidParameter, "no such member").field("hostIds"));
    }
    let id = world.id(ids::POST);
    let slug = match input.text("slug") {
        Some(slug) => slug.to_owned(),
        None => ids::slug(&mut world.rng, title),
    };
    let now = iso(call.now);
    let view = json!({
        "id": id,
        "title": title,
        "content": input.required("content")?,
        "slug": slug,
        "startTime": iso(start),
        "endTime": iso(end),
        "timeZone": zone,
        "status": "published",
        "spaceId": space_id,
        "createdById": author,
        "hostIds": hosts,
        "capacity": input.number("capacity"),
        "registrationsCount": 0,
        "url": format!("https://{}/event/{slug}-{id}", world.network.domain),
        "createdAt": now,
        "updatedAt": now,
    });
    world.events.insert(Event {
        id,
        view: view.clone(),
    });
    Ok(view)
}
