//! Events on networks without a calendar: posts of a type that has dates.
//!
//! The keys are the community's own, so a field is found by its type and by what its
//! key says. What the post type has no field for cannot be kept, and is refused.

use jiff::Timestamp;
use url::Url;

use crate::{
    CalendarEvent, Error, EventChange, EventId, EventMechanism, MappingField, MappingType,
    MemberId, PhysicalPlace, PostStatus, PostType, PostTypeId, SpaceId, VirtualPlace,
};

/// A post that is an event.
#[derive(Clone, Debug)]
pub(crate) struct EventPost {
    pub(crate) id: EventId,
    pub(crate) space_id: SpaceId,
    pub(crate) post_type_id: PostTypeId,
    pub(crate) created_by_id: MemberId,
    pub(crate) status: PostStatus,
    pub(crate) title: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) fields: Vec<MappingField>,
}

/// Which field of a post type is which part of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) kind: &'a PostType,
    title: &'a str,
    html: Option<&'a str>,
    start: &'a str,
    end: Option<&'a str>,
    zone: Option<&'a str>,
    place: Option<&'a str>,
    link: Option<&'a str>,
    capacity: Option<&'a str>,
}

impl<'a> Layout<'a> {
    /// How this type keeps events; `None` when it has no title or no date.
    pub(crate) fn of(kind: &'a PostType) -> Option<Self> {
        let find = |wanted: &MappingType, words: &[&str]| {
            let mut mappings = kind.mappings.iter();
            let mapping = mappings.find(|mapping| {
                let key = mapping.key.to_lowercase().replace(['_', '-'], "");
                mapping.kind == *wanted && words.iter().any(|word| key.contains(word))
            });
            mapping.map(|mapping| mapping.key.as_str())
        };
        let mut dates = kind
            .mappings
            .iter()
            .filter(|mapping| mapping.kind == MappingType::Date)
            .map(|mapping| mapping.key.as_str());
        let text = &MappingType::Text;
        let start = find(&MappingType::Date, &["start", "begin", "from"])
            .or_else(|| dates.clone().next())?;
        let end = find(&MappingType::Date, &["end", "until", "finish"])
            .or_else(|| dates.find(|key| *key != start))
            .filter(|key| *key != start);
        Some(Self {
            kind,
            title: kind.title_key()?,
            html: kind.content_key(),
            start,
            end,
            zone: find(text, &["timezone"]),
            place: find(text, &["location", "place", "venue", "address"]),
            link: find(text, &["url", "link"]),
            capacity: find(&MappingType::Number, &["capacity", "seats"]),
        })
    }

    /// Whether every field that such a post must have is one that each event fills.
    pub(crate) fn is_enough(&self) -> bool {
        let mut keys = vec![self.title, self.start];
        keys.extend([self.html, self.end, self.zone].into_iter().flatten());
        self.kind.needs_only(&keys)
    }

    /// The fields that a change sets.
    ///
    /// # Errors
    /// [`Error::NotSupported`] for what such a post has no field for.
    pub(crate) fn fields(&self, change: &EventChange) -> Result<Vec<MappingField>, Error> {
        let mut fields = Fields::default();
        let keeps = |key: Option<&'a str>, what| key.ok_or(Error::NotSupported { what });
        if let Some(title) = &change.title {
            fields.0.push(MappingField::text(self.title, title));
        }
        if let Some(html) = &change.html {
            let key = keeps(self.html, "keeping an event's description")?;
            fields.0.push(MappingField::html(key, html));
        }
        if let Some(start) = change.start {
            fields.date(self.start, start);
        }
        if let Some(end) = change.end {
            fields.date(keeps(self.end, "keeping the end of an event")?, end);
        }
        // The times themselves are whole without it.
        if let (Some(zone), Some(key)) = (&change.time_zone, self.zone) {
            fields.0.push(MappingField::text(key, zone));
        }
        if change.host_ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
            keeps(None, "keeping the hosts of an event")?;
        }
        if let Some(capacity) = change.capacity {
            let key = keeps(self.capacity, "keeping an event's capacity")?;
            fields.json(key, MappingType::Number, &capacity.into());
        }
        self.places(change, &mut fields)?;
        Ok(fields.0)
    }

    /// Where there is no field for a link of its own, the place may be one.
    fn places(&self, change: &EventChange, fields: &mut Fields) -> Result<(), Error> {
        let physical = change.physical_places.as_deref();
        let virtual_ = change.virtual_places.as_deref();
        let lines: Option<Vec<String>> =
            physical.map(|places| places.iter().map(PhysicalPlace::line).collect());
        let urls: Option<Vec<String>> =
            virtual_.map(|places| places.iter().map(|place| place.url.clone()).collect());
        if self.link.is_some() {
            fields.one(
                self.place,
                lines.as_deref(),
                "keeping the places of an event",
            )?;
            return fields.one(self.link, urls.as_deref(), "keeping the links of an event");
        }
        let both = match (lines, urls) {
            (Some(lines), Some(urls)) => Some([lines, urls].concat()),
            (lines, urls) => lines.or(urls),
        };
        fields.one(
            self.place,
            both.as_deref(),
            "keeping the places of an event",
        )
    }

    /// The event that a post is; `None` when it has no date to begin at.
    pub(crate) fn read(&self, post: EventPost) -> Option<CalendarEvent> {
        let value = |key: Option<&str>| {
            let field = post
                .fields
                .iter()
                .find(|field| Some(field.key.as_str()) == key)?;
            serde_json::from_str::<serde_json::Value>(&field.json_value).ok()
        };
        let text = |key: Option<&str>| {
            let text = value(key)?.as_str()?.to_owned();
            Some(text).filter(|text| !text.is_empty())
        };
        let date = |key: Option<&str>| text(key)?.parse::<Timestamp>().ok();
        let (links, places): (Vec<_>, Vec<_>) = [text(self.place), text(self.link)]
            .into_iter()
            .flatten()
            .partition(|place| is_link(place));
        Some(CalendarEvent {
            start: date(Some(self.start))?,
            end: date(self.end),
            time_zone: text(self.zone),
            html: text(self.html).unwrap_or_default(),
            title: text(Some(self.title))
                .or_else(|| post.title.clone())
                .unwrap_or_default(),
            physical_places: places.into_iter().map(named).collect(),
            virtual_places: links.into_iter().map(dialled).collect(),
            host_ids: Vec::new(),
            capacity: value(self.capacity)
                .and_then(|value| value.as_u64())
                .and_then(|count| u32::try_from(count).ok()),
            registrations: None,
            status: String::from(post.status).into(),
            url: post.url,
            id: post.id,
            space_id: post.space_id,
            created_by_id: post.created_by_id,
            created_at: post.created_at,
            updated_at: post.updated_at,
            mechanism: EventMechanism::Post,
        })
    }
}

/// The changed fields over those that are there: whether BetterMode keeps what a change
/// leaves out is not documented, so nothing is left out.
pub(crate) fn overlay(old: Vec<MappingField>, new: Vec<MappingField>) -> Vec<MappingField> {
    let stays = |field: &MappingField| !new.iter().any(|changed| changed.key == field.key);
    let mut fields: Vec<_> = old.into_iter().filter(stays).collect();
    fields.extend(new);
    fields
}

#[derive(Default)]
struct Fields(Vec<MappingField>);

impl Fields {
    fn date(&mut self, key: &str, at: Timestamp) {
        let text = at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        self.json(key, MappingType::Date, &text.into());
    }

    fn json(&mut self, key: &str, kind: MappingType, value: &serde_json::Value) {
        self.0.push(MappingField {
            key: key.to_owned(),
            kind,
            json_value: value.to_string(),
        });
    }

    /// A text field has room for one.
    fn one(
        &mut self,
        key: Option<&str>,
        texts: Option<&[String]>,
        what: &'static str,
    ) -> Result<(), Error> {
        match (key, texts) {
            (_, None) | (None, Some([])) => Ok(()),
            (Some(key), Some([])) => {
                self.0.push(MappingField::text(key, ""));
                Ok(())
            }
            (Some(key), Some([text])) => {
                self.0.push(MappingField::text(key, text));
                Ok(())
            }
            _ => Err(Error::NotSupported { what }),
        }
    }
}

fn is_link(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn named(line: String) -> PhysicalPlace {
    PhysicalPlace {
        name: Some(line),
        ..PhysicalPlace::default()
    }
}

fn dialled(url: String) -> VirtualPlace {
    VirtualPlace {
        url,
        provider: None,
    }
}

#[cfg(test)]
mod tests;
