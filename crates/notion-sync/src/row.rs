//! From the community to a row: key, columns, hash.

use notion::{PageId, Properties, Value};
use sha2::{Digest as _, Sha256};

use crate::engagement::Engagement;
use crate::mapping::{ActivityField, Datum, Layout, MemberField};
use crate::model::{Activity, Member, MemberId};

/// Where everything comes from.
const PLATFORM: &str = "BetterMode";
/// Digits of the hash that are kept: 128 bits.
const HASH_DIGITS: usize = 32;

/// A row as it shall be in Notion.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// What tells it from all others.
    pub key: String,
    /// Over the columns that are managed; the same hash, the same row.
    pub hash: String,
    /// Every managed column by its id, key and hash included.
    pub properties: Properties,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("key", &self.key)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

/// The key of a member's row.
#[must_use]
pub fn member_key(network: &str, member: &MemberId) -> String {
    format!("bettermode:{network}:member:{}", member.as_str())
}

/// The key of an activity's row. One event can concern two members.
#[must_use]
pub fn activity_key(network: &str, activity: &Activity) -> String {
    let (event, member) = (&activity.event_id, activity.member_id.as_str());
    format!("bettermode:{network}:activity:{event}:{member}")
}

/// The row of a member.
#[must_use]
pub fn of_member(
    layout: &Layout<MemberField>,
    network: &str,
    member: &Member,
    engagement: &Engagement,
) -> Row {
    let data = layout.columns.iter().filter_map(|(column, field)| {
        // The service's token may not see addresses: what is in Notion is better than nothing.
        if *field == MemberField::Email && member.email.0.trim().is_empty() {
            return None;
        }
        let value = member_datum(field, member, engagement).into_value(&column.kind)?;
        Some((column.id.as_str().to_owned(), value))
    });
    finish(layout, member_key(network, &member.id), data.collect())
}

/// The row of an activity; `member` is the page of the member, where there is one.
#[must_use]
pub fn of_activity(
    layout: &Layout<ActivityField>,
    network: &str,
    activity: &Activity,
    member: Option<&PageId>,
) -> Row {
    let data = layout.columns.iter().filter_map(|(column, field)| {
        let value = activity_datum(*field, activity, member).into_value(&column.kind)?;
        Some((column.id.as_str().to_owned(), value))
    });
    finish(layout, activity_key(network, activity), data.collect())
}

/// What is written into the row of a member who is gone: the status, and nothing else. `None`
/// when no column holds the status.
#[must_use]
pub fn of_gone_member(layout: &Layout<MemberField>, key: String) -> Option<Row> {
    let (column, _) = layout
        .columns
        .iter()
        .find(|(_, field)| *field == MemberField::Status)?;
    let value = Datum::Text("Deleted".to_owned()).into_value(&column.kind)?;
    Some(finish(
        layout,
        key,
        Properties::from([(column.id.as_str().to_owned(), value)]),
    ))
}

fn finish<F>(layout: &Layout<F>, key: String, mut properties: Properties) -> Row {
    let hash = hash(&properties);
    let text = |text: &str| Value::RichText(text.to_owned());
    properties.insert(layout.key.id.as_str().to_owned(), text(&key));
    properties.insert(layout.hash.id.as_str().to_owned(), text(&hash));
    Row {
        key,
        hash,
        properties,
    }
}

/// Over what would be sent, in the order of the columns' ids.
fn hash(properties: &Properties) -> String {
    let mut digest = Sha256::new();
    for (column, value) in properties {
        digest.update(column.as_bytes());
        digest.update([0]);
        digest.update(value.to_json().to_string().as_bytes());
        digest.update([0]);
    }
    let mut text = hex::encode(digest.finalize());
    text.truncate(HASH_DIGITS);
    text
}

fn member_datum(field: &MemberField, member: &Member, engagement: &Engagement) -> Datum {
    use MemberField as Field;
    let text = |text: &str| Datum::Text(text.to_owned());
    match field {
        Field::Id => text(member.id.as_str()),
        Field::Username => text(&member.username),
        // A row without a title could not be told from others.
        Field::Name if member.name.is_empty() => text(&member.username),
        Field::Name => text(&member.name),
        Field::Email => text(&member.email.0),
        Field::Status => text(&member.status),
        Field::Role => text(&member.role),
        Field::Tagline => text(&member.tagline),
        Field::ExternalId => text(&member.external_id),
        Field::Locale => text(&member.locale),
        Field::PictureUrl => text(&member.picture_url),
        Field::Url => text(&member.url),
        Field::Platform => text(PLATFORM),
        Field::JoinedAt => Datum::Time(member.joined_at),
        Field::UpdatedAt => Datum::Time(member.updated_at),
        Field::LastSeenAt => Datum::Time(member.last_seen_at),
        Field::VerifiedAt => Datum::Time(member.verified_at),
        Field::LastActiveAt => Datum::Time(engagement.last_active_at),
        Field::Score => Datum::Number(engagement.score),
        Field::ActivityCount => number(engagement.total()),
        Field::Count(kind) => number(engagement.count(kind)),
        Field::Custom(key) => {
            let found = member.fields.iter().find(|(known, _)| known == key);
            Datum::Any(found.map(|(_, value)| value.clone()).unwrap_or_default())
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
fn number(count: i64) -> Datum {
    Datum::Number(count as f64)
}

fn activity_datum(field: ActivityField, activity: &Activity, member: Option<&PageId>) -> Datum {
    use ActivityField as Field;
    let text = |text: &str| Datum::Text(text.to_owned());
    match field {
        Field::Title => Datum::Text(title(&activity.kind)),
        Field::Kind => text(&activity.kind),
        Field::Type => text(&activity.activity_type),
        Field::Member => Datum::Pages(member.into_iter().cloned().collect()),
        Field::MemberId => text(activity.member_id.as_str()),
        Field::OccurredAt => Datum::Time(Some(activity.occurred_at)),
        Field::Url => text(&activity.url),
        Field::PostId => text(&activity.post_id),
        Field::ParentPostId => text(&activity.parent_post_id),
        Field::SpaceId => text(&activity.space_id),
        Field::Reaction => text(&activity.reaction),
        Field::EventId => text(&activity.event_id),
        Field::Platform => text(PLATFORM),
    }
}

/// `post.created` as people read it: "Post created".
fn title(kind: &str) -> String {
    let words = kind.replace(['.', '_'], " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_reads_as_words() {
        assert_eq!(title("post.created"), "Post created");
        assert_eq!(title("space.member_added"), "Space member added");
        assert_eq!(title(""), "");
    }

    #[test]
    fn the_hash_depends_on_column_and_value() {
        let one = |column: &str, text: &str| {
            hash(&Properties::from([(
                column.to_owned(),
                Value::RichText(text.to_owned()),
            )]))
        };
        assert_eq!(one("a", "x"), one("a", "x"));
        assert_ne!(one("a", "x"), one("a", "y"));
        assert_ne!(one("a", "x"), one("b", "x"));
        assert_eq!(one("a", "x").len(), HASH_DIGITS);
    }
}
