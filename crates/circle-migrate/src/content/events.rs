//! Events, as posts of a kind that has dates: nothing else in BetterMode keeps when an
//! event was announced, and by whom.

use std::time::Duration;

use bettermode::{EventDetails, PhysicalPlace, VirtualPlace};
use jiff::Timestamp;
use serde_json::Value;

use super::html;
use super::posts::owner;
use super::works::{Content, Kind, Piece, Work};
use crate::Error;
use crate::key::Subject;
use crate::snapshot::Event;

/// What is to happen to events.
///
/// # Errors
/// [`Error::Ledger`].
pub fn plan_events(content: &Content<'_>, events: &[Event]) -> Result<Vec<Work>, Error> {
    events
        .iter()
        .map(|event| plan_event(content, event))
        .collect()
}

fn plan_event(content: &Content<'_>, event: &Event) -> Result<Work, Error> {
    let id = event.id.get();
    let space = event.space.as_ref().map_or(0, |space| space.id.get());
    let text = event.body.as_ref().and_then(|body| body.text());
    let text = html::clean(text.unwrap_or_default());
    let title = event
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let title = title.map(str::to_owned).or_else(|| html::title_of(&text));
    let skip = match (event.starts_at, &title) {
        (None, _) => Some("no_date"),
        (_, None) => Some("no_text"),
        _ => None,
    };
    let author = match event.community_member_id {
        Some(member) => content.authors.member(member),
        None => content
            .authors
            .of(event.user_id, event.member_email.as_deref()),
    };
    let place = content.fates.of(Subject::Space, space);
    let step = content.decide((Subject::Event, id), skip, place, &author)?;
    let at = event
        .created_at
        .or(event.starts_at)
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let details = event
        .starts_at
        .zip(title)
        .map(|(start, title)| details(event, start, title));
    let piece = details.map(|details| Piece {
        space,
        kind: Kind::Event {
            details: Box::new(details),
        },
        html: if text.is_empty() {
            "<p></p>".to_owned()
        } else {
            text
        },
        owner: owner(&author),
        author_name: event.member_name.clone(),
        at,
    });
    Ok(Work {
        id,
        step,
        at,
        piece,
    })
}

fn details(event: &Event, start: Timestamp, title: String) -> EventDetails {
    let duration = event.duration_in_seconds.map(Duration::from_secs);
    let by_duration = duration.and_then(|duration| start.checked_add(duration).ok());
    let place = event.in_person_location.as_deref().and_then(place);
    let url = event
        .virtual_location_url
        .clone()
        .filter(|url| url.starts_with("http"));
    EventDetails {
        title,
        html: String::new(),
        start,
        end: event.ends_at.or(by_duration).unwrap_or(start),
        time_zone: "UTC".to_owned(),
        physical_places: place.into_iter().collect(),
        virtual_places: url
            .into_iter()
            .map(|url| VirtualPlace {
                url,
                provider: None,
            })
            .collect(),
        host_ids: Vec::new(),
        capacity: None,
        notify: false,
    }
}

/// A place as text, which can be JSON with the address inside.
fn place(text: &str) -> Option<PhysicalPlace> {
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    let inside = parsed.as_ref().and_then(|value| {
        let keys = ["formatted_address", "address", "name"];
        keys.iter().find_map(|key| value.get(key)?.as_str())
    });
    let name = match (inside, &parsed) {
        (Some(name), _) => name,
        (None, Some(Value::Object(_))) => return None,
        (None, _) => text,
    };
    let name = name.trim();
    (!name.is_empty()).then(|| PhysicalPlace {
        name: Some(name.to_owned()),
        ..PhysicalPlace::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_text_or_json_as_text() {
        let name = |text: &str| place(text).and_then(|place| place.name);
        assert_eq!(name("Town hall").as_deref(), Some("Town hall"));
        let json = r#"{"formatted_address":"1 Main St","geometry":{}}"#;
        assert_eq!(name(json).as_deref(), Some("1 Main St"));
        assert_eq!(name(r#"{"geometry":{}}"#), None);
        assert_eq!(name("  "), None);
    }
}
