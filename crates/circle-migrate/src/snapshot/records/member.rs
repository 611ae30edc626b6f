//! People.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::record;
use crate::snapshot::ids::{CommunityId, MemberId, ProfileFieldId, TagId, UserId};
use crate::snapshot::lenient;

/// A member of the community. `Debug` shows ids only, so that nobody's address reaches a log.
#[derive(Clone, Deserialize)]
pub struct Member {
    /// What a migration knows this person by.
    pub id: MemberId,
    /// The person in all of Circle; posts and comments name it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user_id: Option<UserId>,
    /// The community.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub community_id: Option<CommunityId>,
    /// The id in addresses of profiles.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub public_uid: Option<String>,
    /// The address as Circle has it; not normalised.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub email: Option<String>,
    /// The name that others see.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub name: Option<String>,
    /// First name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub last_name: Option<String>,
    /// The line below the name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub headline: Option<String>,
    /// Where the picture is; such addresses can expire.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub avatar_url: Option<String>,
    /// The profile's page.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub profile_url: Option<String>,
    /// When the row was made.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub updated_at: Option<Timestamp>,
    /// Null when never seen.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub last_seen_at: Option<Timestamp>,
    /// Null while the invitation is not accepted or the profile not finished.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub profile_confirmed_at: Option<Timestamp>,
    /// Since when somebody counts as a member.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub member_since: Option<Timestamp>,
    /// As Circle writes it: `"2024-09-03 16:20:19 UTC"`, or empty. Read it by
    /// [`accepted_at`](Self::accepted_at) and [`confirmation`](Self::confirmation).
    #[serde(default, deserialize_with = "lenient::optional")]
    pub accepted_invitation: Option<String>,
    /// False for somebody who was just invited.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub active: Option<bool>,
    /// The id at the customer's own sign-in.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub sso_provider_user_id: Option<String>,
    /// How many posts.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub posts_count: Option<u64>,
    /// How many comments.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub comments_count: Option<u64>,
    /// Labels.
    #[serde(default, deserialize_with = "lenient::list")]
    pub member_tags: Vec<MemberTag>,
    /// Custom fields by their keys, the easiest source of them.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub flattened_profile_fields: Option<Map<String, Value>>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(Member, MemberId, Members);

/// Whether somebody ever took part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// The profile is confirmed.
    Confirmed,
    /// Invited, but the profile was never confirmed or the invitation never accepted.
    Unconfirmed,
}

/// The value of a custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileValue {
    /// One text.
    Text(String),
    /// Several texts, of a checkbox.
    List(Vec<String>),
    /// Something else, as JSON.
    Other(Value),
}

impl Member {
    /// Whether somebody ever took part. Both signs must say so: mailing people who never
    /// accepted an invitation is a question of consent.
    #[must_use]
    pub fn confirmation(&self) -> Confirmation {
        let never_accepted = self.accepted_invitation.as_deref() == Some("");
        if self.profile_confirmed_at.is_none() || never_accepted {
            Confirmation::Unconfirmed
        } else {
            Confirmation::Confirmed
        }
    }

    /// When the invitation was accepted, in either way that it may be written.
    #[must_use]
    pub fn accepted_at(&self) -> Option<Timestamp> {
        let text = self.accepted_invitation.as_deref()?.trim();
        if let Ok(at) = text.parse() {
            return Some(at);
        }
        let local: DateTime = text
            .strip_suffix(" UTC")?
            .replacen(' ', "T", 1)
            .parse()
            .ok()?;
        Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// The name to go by: the display name, else first and last, else what is before the `@`.
    #[must_use]
    pub fn display_name(&self) -> Option<String> {
        let filled = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default().trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let names: Vec<_> = [&self.first_name, &self.last_name]
            .into_iter()
            .filter_map(filled)
            .collect();
        filled(&self.name)
            .or_else(|| (!names.is_empty()).then(|| names.join(" ")))
            .or_else(|| Some(filled(&self.email)?.split('@').next()?.to_owned()))
            .filter(|name| !name.is_empty())
    }

    /// Since when this person is a member, as far as Circle says.
    #[must_use]
    pub fn joined_at(&self) -> Option<Timestamp> {
        self.member_since.or(self.created_at)
    }

    /// Custom fields that have a value, by key.
    pub fn profile_values(&self) -> impl Iterator<Item = (&str, ProfileValue)> {
        let fields = self.flattened_profile_fields.iter().flatten();
        fields.filter_map(|(key, value)| Some((key.as_str(), ProfileValue::of(value)?)))
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

impl ProfileValue {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Array(values) if values.is_empty() => None,
            Value::Array(values) => {
                let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
                let texts: Option<Vec<_>> = texts.collect();
                Some(texts.map_or_else(|| Self::Other(value.clone()), Self::List))
            }
            other => Some(Self::Other(other.clone())),
        }
    }
}

/// A label of members.
#[derive(Debug, Clone, Deserialize)]
pub struct MemberTag {
    /// Its id.
    pub id: TagId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub name: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(MemberTag, TagId, MemberTags);

/// A field that profiles have.
#[derive(Debug, Clone, Deserialize)]
pub struct ProfileField {
    /// Its id.
    pub id: ProfileFieldId,
    /// What [`Member::flattened_profile_fields`] calls it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub key: Option<String>,
    /// What people call it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub label: Option<String>,
    /// text, textarea, link, select, checkbox, number; others may come.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub field_type: Option<String>,
    /// Whether it is built into Circle.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub platform_field: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(ProfileField, ProfileFieldId, ProfileFields);
