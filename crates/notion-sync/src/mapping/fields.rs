//! What can be written: the values of `from` in the mapping file.

use notion::PropertyKind;

/// What a field holds, as far as types of columns go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A moment.
    Time,
    /// Rows of the other data source.
    Pages,
    /// Anything but rows.
    Any,
}

impl Shape {
    /// Whether a column of this type can hold it.
    #[must_use]
    pub fn fits(self, kind: &PropertyKind) -> bool {
        use PropertyKind as Kind;
        match self {
            Self::Pages => *kind == Kind::Relation,
            Self::Any => !matches!(kind, Kind::Relation | Kind::Other(_)),
            Self::Text => matches!(
                kind,
                Kind::Title
                    | Kind::RichText
                    | Kind::Email
                    | Kind::Url
                    | Kind::PhoneNumber
                    | Kind::Select
                    | Kind::Status
                    | Kind::MultiSelect
            ),
            Self::Number => matches!(kind, Kind::Number | Kind::RichText),
            Self::Time => matches!(kind, Kind::Date | Kind::RichText | Kind::Checkbox),
        }
    }
}

/// A set of fields.
pub trait Field: Sized {
    /// Their names.
    const NAMES: &'static [&'static str];
    /// The field of this name.
    fn named(name: &str) -> Option<Self>;
    /// What it holds.
    fn shape(&self) -> Shape;
}

/// What can be written of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is the name in the mapping file, explained in docs/notion.md"
)]
pub enum MemberField {
    Id,
    Username,
    Name,
    Email,
    Status,
    Role,
    Tagline,
    ExternalId,
    Locale,
    PictureUrl,
    Url,
    Platform,
    JoinedAt,
    UpdatedAt,
    LastSeenAt,
    VerifiedAt,
    LastActiveAt,
    Score,
    ActivityCount,
    /// `count.<kind>`
    Count(String),
    /// `field.<key>`: a custom profile field.
    Custom(String),
}

impl Field for MemberField {
    const NAMES: &'static [&'static str] = &[
        "id",
        "username",
        "name",
        "email",
        "status",
        "role",
        "tagline",
        "external_id",
        "locale",
        "picture_url",
        "url",
        "platform",
        "joined_at",
        "updated_at",
        "last_seen_at",
        "verified_at",
        "last_active_at",
        "score",
        "activity_count",
        "count.<kind>",
        "field.<key>",
    ];

    fn named(name: &str) -> Option<Self> {
        if let Some(kind) = name.strip_prefix("count.") {
            return (!kind.is_empty()).then(|| Self::Count(kind.to_owned()));
        }
        if let Some(key) = name.strip_prefix("field.") {
            return (!key.is_empty()).then(|| Self::Custom(key.to_owned()));
        }
        Some(match name {
            "id" => Self::Id,
            "username" => Self::Username,
            "name" => Self::Name,
            "email" => Self::Email,
            "status" => Self::Status,
            "role" => Self::Role,
            "tagline" => Self::Tagline,
            "external_id" => Self::ExternalId,
            "locale" => Self::Locale,
            "picture_url" => Self::PictureUrl,
            "url" => Self::Url,
            "platform" => Self::Platform,
            "joined_at" => Self::JoinedAt,
            "updated_at" => Self::UpdatedAt,
            "last_seen_at" => Self::LastSeenAt,
            "verified_at" => Self::VerifiedAt,
            "last_active_at" => Self::LastActiveAt,
            "score" => Self::Score,
            "activity_count" => Self::ActivityCount,
            _ => return None,
        })
    }

    fn shape(&self) -> Shape {
        match self {
            Self::JoinedAt
            | Self::UpdatedAt
            | Self::LastSeenAt
            | Self::VerifiedAt
            | Self::LastActiveAt => Shape::Time,
            Self::Score | Self::ActivityCount | Self::Count(_) => Shape::Number,
            Self::Custom(_) => Shape::Any,
            _ => Shape::Text,
        }
    }
}

/// What can be written of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is the name in the mapping file, explained in docs/notion.md"
)]
pub enum ActivityField {
    Title,
    Kind,
    Type,
    Member,
    MemberId,
    OccurredAt,
    Url,
    PostId,
    ParentPostId,
    SpaceId,
    Reaction,
    EventId,
    Platform,
}

impl Field for ActivityField {
    const NAMES: &'static [&'static str] = &[
        "title",
        "kind",
        "type",
        "member",
        "member_id",
        "occurred_at",
        "url",
        "post_id",
        "parent_post_id",
        "space_id",
        "reaction",
        "event_id",
        "platform",
    ];

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "title" => Self::Title,
            "kind" => Self::Kind,
            "type" => Self::Type,
            "member" => Self::Member,
            "member_id" => Self::MemberId,
            "occurred_at" => Self::OccurredAt,
            "url" => Self::Url,
            "post_id" => Self::PostId,
            "parent_post_id" => Self::ParentPostId,
            "space_id" => Self::SpaceId,
            "reaction" => Self::Reaction,
            "event_id" => Self::EventId,
            "platform" => Self::Platform,
            _ => return None,
        })
    }

    fn shape(&self) -> Shape {
        match self {
            Self::OccurredAt => Shape::Time,
            Self::Member => Shape::Pages,
            _ => Shape::Text,
        }
    }
}
