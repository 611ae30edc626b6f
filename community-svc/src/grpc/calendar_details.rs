//! What an event consists of, checked: all of it for a new one, some for a change.

use bettermode::{EventChange, EventDetails, MemberId, PhysicalPlace, VirtualPlace};
use community_proto::v1 as pb;
use community_proto::v1::calendar_event_details::Description;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use url::Url;

use super::validate;
use crate::error::Error;
use crate::html;

const MAX_PLACES: usize = 5;
const MAX_HOSTS: usize = 20;
const MAX_CAPACITY: i32 = 1_000_000;

/// Every path that an update mask may hold.
const PATHS: [&str; 11] = [
    "title",
    "text",
    "html",
    "start_time",
    "end_time",
    "time_zone",
    "physical_places",
    "virtual_places",
    "host_member_ids",
    "capacity",
    "silent",
];

/// The details of a new event.
pub(super) fn whole(details: pb::CalendarEventDetails) -> Result<EventDetails, Error> {
    let start = start(details.start_time)?;
    let end = end(details.end_time)?;
    in_order(Some(start), Some(end))?;
    Ok(EventDetails {
        title: title(details.title)?,
        html: description(details.description)?,
        start,
        end,
        time_zone: time_zone(&details.time_zone)?,
        physical_places: physical_places(details.physical_places)?,
        virtual_places: virtual_places(details.virtual_places)?,
        host_ids: hosts(details.host_member_ids)?,
        capacity: capacity(details.capacity)?,
        notify: !details.silent,
    })
}

/// What is to be changed: the fields that the mask names, and without one those that
/// are set.
pub(super) fn change(
    details: &pb::CalendarEventDetails,
    mask: &[String],
) -> Result<EventChange, Error> {
    let mask = if mask.is_empty() {
        set_in(details)
    } else {
        known(mask)?
    };
    if mask.is_empty() {
        return Err(Error::invalid("details", "must hold what is to be changed"));
    }
    let mut change = EventChange::default();
    for path in mask {
        let details = details.clone();
        match path {
            "title" => change.title = Some(title(details.title)?),
            "text" | "html" => change.html = Some(described(path, details.description)?),
            "start_time" => change.start = Some(start(details.start_time)?),
            "end_time" => change.end = Some(end(details.end_time)?),
            "time_zone" => change.time_zone = Some(time_zone(&details.time_zone)?),
            "physical_places" => {
                change.physical_places = Some(physical_places(details.physical_places)?);
            }
            "virtual_places" => {
                change.virtual_places = Some(virtual_places(details.virtual_places)?);
            }
            "host_member_ids" => change.host_ids = Some(hosts(details.host_member_ids)?),
            "capacity" => change.capacity = Some(some_capacity(details.capacity)?),
            _ => change.notify = Some(!details.silent),
        }
    }
    in_order(change.start, change.end)?;
    Ok(change)
}

fn known(mask: &[String]) -> Result<Vec<&'static str>, Error> {
    let known = |path: &String| {
        let found = PATHS.iter().find(|known| *known == path).copied();
        found.ok_or_else(|| {
            let rule = format!("must hold fields of details: {}", PATHS.join(", "));
            Error::invalid("update_mask", rule)
        })
    };
    mask.iter().map(known).collect()
}

fn set_in(details: &pb::CalendarEventDetails) -> Vec<&'static str> {
    let description = match &details.description {
        Some(Description::Text(_)) => Some("text"),
        Some(Description::Html(_)) => Some("html"),
        None => None,
    };
    let set = [
        ("title", !details.title.is_empty()),
        ("start_time", details.start_time.is_some()),
        ("end_time", details.end_time.is_some()),
        ("time_zone", !details.time_zone.is_empty()),
        ("physical_places", !details.physical_places.is_empty()),
        ("virtual_places", !details.virtual_places.is_empty()),
        ("host_member_ids", !details.host_member_ids.is_empty()),
        ("capacity", details.capacity != 0),
        ("silent", details.silent),
    ];
    let set = set.into_iter().filter(|(_, set)| *set);
    set.map(|(path, _)| path).chain(description).collect()
}

fn title(title: String) -> Result<String, Error> {
    validate::text("details.title", title, 1, 255)
}

fn description(description: Option<Description>) -> Result<String, Error> {
    Ok(
        match validate::required("details.description", description)? {
            Description::Text(text) => {
                html::from_text(&validate::text("details.text", text, 1, 20_000)?)
            }
            Description::Html(html) => {
                html::sanitise(&validate::text("details.html", html, 1, 100_000)?)
            }
        },
    )
}

/// The description, which has to be the one that the mask names.
fn described(path: &str, given: Option<Description>) -> Result<String, Error> {
    let fits = match &given {
        Some(Description::Text(_)) => path == "text",
        Some(Description::Html(_)) => path == "html",
        None => false,
    };
    if !fits {
        let rule = "names text or html, whichever details.description is set to";
        return Err(Error::invalid("update_mask", rule));
    }
    description(given)
}

fn start(at: Option<prost_types::Timestamp>) -> Result<Timestamp, Error> {
    moment("details.start_time", at)
}

fn end(at: Option<prost_types::Timestamp>) -> Result<Timestamp, Error> {
    moment("details.end_time", at)
}

fn moment(field: &'static str, at: Option<prost_types::Timestamp>) -> Result<Timestamp, Error> {
    let at = validate::optional_time(field, at)?;
    validate::required(field, at)
}

fn in_order(start: Option<Timestamp>, end: Option<Timestamp>) -> Result<(), Error> {
    match (start, end) {
        (Some(start), Some(end)) if end < start => Err(Error::invalid(
            "details.end_time",
            "must not be before details.start_time",
        )),
        _ => Ok(()),
    }
}

/// The zone's name as the database spells it.
fn time_zone(name: &str) -> Result<String, Error> {
    let zone = TimeZone::get(name).ok();
    let name = zone.as_ref().and_then(TimeZone::iana_name);
    name.map(str::to_owned).ok_or_else(|| {
        let rule = "must be the IANA name of a time zone, such as Europe/Lisbon";
        Error::invalid("details.time_zone", rule)
    })
}

fn hosts(ids: Vec<String>) -> Result<Vec<MemberId>, Error> {
    const FIELD: &str = "details.host_member_ids";
    at_most(FIELD, ids.len(), MAX_HOSTS)?;
    let ids = ids.into_iter();
    ids.map(|id| validate::id(FIELD, id).map(MemberId::new))
        .collect()
}

fn capacity(places: i32) -> Result<Option<u32>, Error> {
    match places {
        0 => Ok(None),
        1..=MAX_CAPACITY => Ok(u32::try_from(places).ok()),
        _ => Err(Error::invalid(
            "details.capacity",
            format!("must be between 0 and {MAX_CAPACITY}"),
        )),
    }
}

fn some_capacity(places: i32) -> Result<u32, Error> {
    capacity(places)?.ok_or_else(|| {
        let rule = "must be at least 1: a capacity cannot be taken away again";
        Error::invalid("details.capacity", rule)
    })
}

fn physical_places(places: Vec<pb::PhysicalPlace>) -> Result<Vec<PhysicalPlace>, Error> {
    at_most("details.physical_places", places.len(), MAX_PLACES)?;
    places.into_iter().map(physical_place).collect()
}

fn physical_place(place: pb::PhysicalPlace) -> Result<PhysicalPlace, Error> {
    const FIELD: &str = "details.physical_places";
    let text = |value, most| {
        let text = validate::text(FIELD, value, 0, most)?;
        Ok::<_, Error>(Some(text).filter(|text| !text.trim().is_empty()))
    };
    let on_the_globe =
        |point: &pb::GeoPoint| point.latitude.abs() <= 90.0 && point.longitude.abs() <= 180.0;
    if !place.position.as_ref().is_none_or(on_the_globe) {
        let rule = "must have a latitude of -90 to 90 and a longitude of -180 to 180";
        return Err(Error::invalid(FIELD, rule));
    }
    let position = place.position.map(|at| (at.latitude, at.longitude));
    let place = PhysicalPlace {
        name: text(place.name, 255)?,
        address: text(place.address, 500)?,
        place_id: text(place.place_id, 255)?,
        position,
    };
    if place.name.is_none() && place.address.is_none() {
        return Err(Error::invalid(FIELD, "must have a name or an address"));
    }
    Ok(place)
}

fn virtual_places(places: Vec<pb::VirtualPlace>) -> Result<Vec<VirtualPlace>, Error> {
    at_most("details.virtual_places", places.len(), MAX_PLACES)?;
    places.into_iter().map(virtual_place).collect()
}

fn virtual_place(place: pb::VirtualPlace) -> Result<VirtualPlace, Error> {
    const FIELD: &str = "details.virtual_places";
    let url = validate::text(FIELD, place.url, 1, 2_000)?;
    let parsed = Url::parse(&url).ok();
    let web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.host().is_some();
    if !parsed.as_ref().is_some_and(web) {
        return Err(Error::invalid(
            FIELD,
            "must have absolute URLs with https or http",
        ));
    }
    let provider = validate::text(FIELD, place.provider, 0, 100)?;
    Ok(VirtualPlace {
        url,
        provider: Some(provider).filter(|provider| !provider.trim().is_empty()),
    })
}

fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), Error> {
    if count > most {
        return Err(Error::invalid(field, format!("must be at most {most}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
