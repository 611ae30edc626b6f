//! Events of newer networks. Older ones write an event as a post with dated fields.
//!
//! What the operations take and answer is known from introspection, their rules are not:
//! what is refused here is what their types and names imply.

use serde_json::{Map, Value, json};

use super::access;
use super::args::Args;
use super::list::{self, Item};
use super::query::visible_space;
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::time::iso;
use crate::world::World;
use crate::world::ids;
use crate::world::rows::{Event, Registration};

/// Puts an event into a space's calendar.
pub(crate) fn create_event(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let space = visible_space(call, &world, args.required("spaceId")?, "spaceId")?;
    let author = access::writer(call, &world, space)?;
    let space_id = space.id.clone();
    let input = args.object("input");
    let id = world.id(ids::POST);
    let slug = match input.text("slug") {
        Some(slug) => slug.to_owned(),
        None => ids::slug(&mut world.rng, input.required("title")?),
    };
    let now = iso(call.now);
    let mut view = json!({
        "id": id,
        "slug": slug,
        "status": "published",
        "spaceId": space_id,
        "createdById": author,
        "capacity": null,
        "physicalLocations": [],
        "virtualLocations": [],
        "url": format!("https://{}/event/{slug}-{id}", world.network.domain),
        "createdAt": now,
        "updatedAt": now,
    });
    set(&mut world, &mut view, input)?;
    let event = Event {
        id,
        view,
        registrations: Vec::new(),
    };
    let answer = shown(&event);
    world.events.insert(event);
    Ok(answer)
}

/// Changes an event; absent fields stay.
pub(crate) fn update_event(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let id = own_event(call, &world, args)?;
    let event = world.events.get(&id);
    let mut view = event.map(|event| event.view.clone()).unwrap_or_default();
    set(&mut world, &mut view, args.object("input"))?;
    view["updatedAt"] = json!(iso(call.now));
    let event = world.events.get_mut(&id);
    let event = event.ok_or_else(|| Refusal::not_found("Event", "id"))?;
    event.view = view;
    Ok(shown(event))
}

/// Deletes an event of one's own; admins delete every one.
pub(crate) fn delete_event(call: &Call<'_>, args: Args<'_>) -> Result<(), Refusal> {
    let mut world = call.world.borrow_mut();
    let id = own_event(call, &world, args)?;
    if let Some(event) = world.events.get_mut(&id) {
        event.view["status"] = json!("deleted");
        event.view["updatedAt"] = json!(iso(call.now));
    }
    Ok(())
}

/// Registers the caller; doing it twice is no error, a full event is one.
pub(crate) fn register(call: &Call<'_>, args: Args<'_>) -> Result<(), Refusal> {
    let mut world = call.world.borrow_mut();
    let member = call.viewer.member_id().ok_or_else(Refusal::forbidden)?;
    let member = member.to_owned();
    let id = visible_event(call, &world, args.required("eventId")?, "eventId")?
        .id
        .clone();
    let registration = Registration {
        id: world.id(ids::LONG),
        member_id: member.clone(),
        at: call.now,
    };
    let event = world.events.get_mut(&id);
    let event = event.ok_or_else(|| Refusal::not_found("Event", "eventId"))?;
    if event
        .registrations
        .iter()
        .any(|one| one.member_id == member)
    {
        return Ok(());
    }
    let places = event.view["capacity"].as_u64();
    if places.is_some_and(|places| event.registrations.len() as u64 >= places) {
        return Err(Refusal::new(Code::Validation, "the event is full").field("eventId"));
    }
    event.registrations.push(registration);
    Ok(())
}

/// One event; a deleted one is a tombstone.
pub(crate) fn one(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let event = world.events.get(args.required("id")?);
    event
        .filter(|event| sees(call, world, event))
        .map(shown)
        .ok_or_else(|| Refusal::not_found("Event", "id"))
}

/// Published events.
pub(crate) fn page(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let spaces = args.texts("spaceIds");
    for space in spaces.iter().flatten() {
        visible_space(call, world, space, "spaceIds")?;
    }
    let order = args.text("orderBy").unwrap_or("startTime");
    let items = world.events.iter().enumerate().filter(|(_, event)| {
        let space = event.view["spaceId"].as_str().unwrap_or_default();
        event.view["status"] == "published"
            && sees(call, world, event)
            && spaces.as_ref().is_none_or(|ids| ids.contains(&space))
    });
    let items = items.map(|(place, event)| Item {
        id: event.id.clone(),
        sort: format!(
            "{}{place:09}",
            event.view[order].as_str().unwrap_or_default()
        ),
        view: shown(event),
    });
    list::page(items.collect(), order, args)
}

/// What the caller has to do with an event.
pub(crate) fn props(call: &Call<'_>, world: &World, id: &str, scopes: &Value) -> Value {
    let event = world.events.get(id);
    let mut registrations = event.into_iter().flat_map(|event| &event.registrations);
    let own = registrations.find(|one| call.viewer.member_id() == Some(one.member_id.as_str()));
    let own = own.map(|one| {
        json!({
            "id": one.id,
            "eventId": id,
            "memberId": one.member_id,
            "status": "registered",
            "registeredAt": iso(one.at),
            "cancelledAt": null,
        })
    });
    json!({ "context": "EVENT", "eventRegistration": own, "scopes": scopes })
}

fn shown(event: &Event) -> Value {
    let mut view = event.view.clone();
    view["registrationsCount"] = json!(event.registrations.len());
    view
}

fn sees(call: &Call<'_>, world: &World, event: &Event) -> bool {
    let space = event.view["spaceId"].as_str();
    let space = space.and_then(|id| world.spaces.get(id));
    space.is_some_and(|space| access::sees_space(call, world, space))
}

fn visible_event<'w>(
    call: &Call<'_>,
    world: &'w World,
    id: &str,
    field: &str,
) -> Result<&'w Event, Refusal> {
    let event = world.events.get(id);
    event
        .filter(|event| event.view["status"] != "deleted" && sees(call, world, event))
        .ok_or_else(|| Refusal::not_found("Event", field))
}

fn own_event(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<String, Refusal> {
    let event = visible_event(call, world, args.required("id")?, "id")?;
    if call.viewer.member_id() != event.view["createdById"].as_str() {
        access::admin(call, world)?;
    }
    Ok(event.id.clone())
}

/// Takes over what the input holds, and checks the whole.
fn set(world: &mut World, view: &mut Value, input: Args<'_>) -> Result<(), Refusal> {
    let missing =
        |field: &str| Refusal::new(Code::Missing, format!("{field} is required")).field(field);
    for key in ["title", "content", "timeZone"] {
        if let Some(text) = input.text(key) {
            view[key] = json!(text);
        }
        if view[key].as_str().is_none_or(|text| text.trim().is_empty()) {
            return Err(missing(key));
        }
    }
    let zone = view["timeZone"].as_str().unwrap_or_default();
    if jiff::tz::TimeZone::get(zone).is_err() {
        return Err(Refusal::new(Code::InvalidParameter, "unknown time zone").field("timeZone"));
    }
    for key in ["startTime", "endTime"] {
        if let Some(at) = input.date(key)? {
            view[key] = json!(iso(at));
        }
        if view[key].is_null() {
            return Err(missing(key));
        }
    }
    // ISO 8601 in UTC compares as text.
    if view["endTime"].as_str() < view["startTime"].as_str() {
        let message = "an event ends after it starts";
        return Err(Refusal::new(Code::Validation, message).field("endTime"));
    }
    if let Some(hosts) = input.texts("hostIds") {
        if hosts.iter().any(|host| world.members.get(host).is_none()) {
            return Err(Refusal::new(Code::InvalidParameter, "no such member").field("hostIds"));
        }
        view["hostIds"] = json!(hosts);
    }
    if let Some(capacity) = input.number("capacity") {
        if capacity < 1 {
            let message = "an event has places";
            return Err(Refusal::new(Code::Validation, message).field("capacity"));
        }
        view["capacity"] = json!(capacity);
    }
    places(world, view, input)
}

fn places(world: &mut World, view: &mut Value, input: Args<'_>) -> Result<(), Refusal> {
    if input.get("physicalLocations").is_some() {
        let keys = [
            "displayName",
            "formattedAddress",
            "placeId",
            "latitude",
            "longitude",
        ];
        let place = |given: Args<'_>| -> Value {
            let values = keys.iter().map(|key| {
                let value = given.get(key).cloned().unwrap_or_default();
                ((*key).to_owned(), value)
            });
            Value::Object(values.collect::<Map<_, _>>())
        };
        let given = input.list("physicalLocations");
        view["physicalLocations"] = given.into_iter().map(place).collect();
    }
    if input.get("virtualLocations").is_some() {
        let mut places = Vec::new();
        for given in input.list("virtualLocations") {
            let (provider, url) = (given.required("provider")?, given.required("url")?);
            if !url.starts_with("http") {
                let message = "this is no URL";
                return Err(Refusal::new(Code::Validation, message).field("virtualLocations"));
            }
            let id = world.id(ids::LONG);
            places.push(json!({ "id": id, "provider": provider, "url": url }));
        }
        view["virtualLocations"] = Value::from(places);
    }
    Ok(())
}
