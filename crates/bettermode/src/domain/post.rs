//! Posts, the kinds of post a space takes, and what a new post is made of.
//!
//! BetterMode keeps a post's text in mapping fields: a key and a type that the
//! post type lists, and a value that is JSON inside a string.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CustomField, open_enum};
use crate::{Error, MemberId, PostId, PostTypeId, SpaceId, TagId};

mod edit;
mod query;

pub use edit::{CreateReply, EditablePost, ReplyTarget, UpdatePost};
pub use query::{PostOrder, PostQuery};

/// A post in a space, or a reply, which is a post too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// BetterMode's id.
    pub id: PostId,
    /// The space it is in.
    pub space_id: SpaceId,
    /// Its post type.
    pub post_type_id: PostTypeId,
    /// The member who owns it.
    pub owner_id: MemberId,
    /// The member whose token created it.
    pub created_by_id: MemberId,
    /// The title, plain text; absent for a reply.
    pub title: Option<String>,
    /// Where the post is in its life: moderation may hold what was just created.
    pub status: PostStatus,
    /// Address of the post, an absolute URL.
    pub url: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was published; absent for a draft.
    pub published_at: Option<Timestamp>,
    /// What it answers; absent for a post that is no reply.
    pub replied_to_id: Option<PostId>,
    /// The beginning of the body, HTML that BetterMode shortened.
    pub short_content: Option<String>,
    /// How many reactions it has, of every kind.
    pub reactions_count: u32,
    /// How many replies it has, without replies to replies.
    pub replies_count: u32,
    /// How many replies are below it, however deep.
    pub total_replies_count: u32,
    /// When somebody last wrote to it or reacted, where BetterMode tells.
    pub last_activity_at: Option<Timestamp>,
    /// What costs more to read; absent where it was not asked for.
    pub details: Option<PostDetails>,
}

/// The parts of a post that BetterMode charges for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostDetails {
    /// Fields that have a value, in BetterMode's order.
    pub fields: Vec<CustomField>,
    /// The tags; empty for a reply, whose tags are not asked for.
    pub tags: Vec<Tag>,
}

impl PostDetails {
    /// The body as HTML, as BetterMode has it: the text in the field `content`.
    /// Not sanitised.
    #[must_use]
    pub fn content(&self) -> Option<String> {
        let content = self.fields.iter().find(|field| field.key == "content")?;
        serde_json::from_str(&content.json_value).ok()
    }
}

/// A tag that posts bear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// BetterMode's id.
    pub id: TagId,
    /// The title that people see.
    pub title: String,
    /// The name in addresses.
    pub slug: String,
}

/// A kind of post. Ids, names and keys differ between communities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostType {
    /// BetterMode's id.
    pub id: PostTypeId,
    /// The name that people see, for example "Discussion".
    pub name: String,
    /// The name in addresses, for example `discussion`.
    pub slug: String,
    /// The fields that a post of this type has, in BetterMode's order.
    pub mappings: Vec<PostTypeMapping>,
}

impl PostType {
    /// The key of the title: the mapping `title` of type text.
    #[must_use]
    pub fn title_key(&self) -> Option<&str> {
        self.key("title", &MappingType::Text)
    }

    /// The key of the body: the mapping `content` of type HTML, else the only
    /// HTML mapping there is.
    #[must_use]
    pub fn content_key(&self) -> Option<&str> {
        let mut html = self.mappings.iter().filter(|m| m.kind == MappingType::Html);
        let only = match (html.next(), html.next()) {
            (Some(mapping), None) => Some(mapping.key.as_str()),
            _ => None,
        };
        self.key("content", &MappingType::Html).or(only)
    }

    /// True when a post of this type can be made of these keys alone.
    #[must_use]
    pub fn needs_only(&self, keys: &[&str]) -> bool {
        let mut required = self.mappings.iter().filter(|m| m.required);
        required.all(|m| keys.contains(&m.key.as_str()))
    }

    fn key(&self, key: &str, kind: &MappingType) -> Option<&str> {
        let mut mappings = self.mappings.iter();
        mappings
            .find(|m| m.key == key && m.kind == *kind)
            .map(|m| m.key.as_str())
    }
}

/// One field that posts of a type have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostTypeMapping {
    /// The key, for example `content`.
    pub key: String,
    /// What kind of value it takes.
    pub kind: MappingType,
    /// Whether a post must have it.
    pub required: bool,
}

/// One value of a new post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingField {
    /// The key, as the post type has it.
    pub key: String,
    /// The type, as the post type has it.
    pub kind: MappingType,
    /// The value as JSON text: a string is in quotes.
    pub json_value: String,
}

impl MappingField {
    /// A plain text; the vendor takes it as text, not as markup.
    #[must_use]
    pub fn text(key: &str, text: &str) -> Self {
        Self::string(key, MappingType::Text, text)
    }

    /// A piece of HTML. It goes out as it is: sanitise it before.
    #[must_use]
    pub fn html(key: &str, html: &str) -> Self {
        Self::string(key, MappingType::Html, html)
    }

    fn string(key: &str, kind: MappingType, value: &str) -> Self {
        let json_value = serde_json::Value::from(value).to_string();
        Self {
            key: key.to_owned(),
            kind,
            json_value,
        }
    }
}

/// A post to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatePost {
    /// The space to post in.
    pub space_id: SpaceId,
    /// The type of the post, one that the space takes.
    pub post_type_id: PostTypeId,
    /// The values.
    pub fields: Vec<MappingField>,
    /// True to publish at once, false to leave a draft. Always sent: the
    /// vendor's default is a draft.
    pub publish: bool,
    /// Who owns the post, when that is not the token's member.
    pub owner_id: Option<MemberId>,
    /// Names of tags, made when they do not exist.
    pub tag_names: Vec<String>,
}

impl CreatePost {
    /// A post with a title and an HTML body, published at once.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the post type has no title, no body, or
    /// requires more than these two; the field is `post_type_id`.
    pub fn article(
        space_id: SpaceId,
        post_type: &PostType,
        title: &str,
        html: &str,
    ) -> Result<Self, Error> {
        let unfit = |what: &str| Error::InvalidInput {
            field: Some("post_type_id".to_owned()),
            message: format!("post type {} {what}", post_type.id),
        };
        let title_key = post_type
            .title_key()
            .ok_or_else(|| unfit("has no title field"))?;
        let content_key = post_type
            .content_key()
            .ok_or_else(|| unfit("has no HTML field"))?;
        if !post_type.needs_only(&[title_key, content_key]) {
            return Err(unfit("requires more than a title and a body"));
        }
        Ok(Self {
            space_id,
            post_type_id: post_type.id.clone(),
            fields: vec![
                MappingField::text(title_key, title),
                MappingField::html(content_key, html),
            ],
            publish: true,
            owner_id: None,
            tag_names: Vec::new(),
        })
    }
}

open_enum! {
    /// Where a post is in its life.
    PostStatus {
        /// Visible to those who may see the space.
        Published = "PUBLISHED",
        /// A draft that only its author sees; networks spell it in two ways.
        Draft = "DRAFT" | "DRAFTED",
        /// Held by moderation.
        Blocked = "BLOCKED",
        /// Deleted.
        Deleted = "DELETED",
        /// Archived.
        Archived = "ARCHIVED",
    }
}

open_enum! {
    /// What kind of value a mapping field takes.
    MappingType {
        /// Plain text.
        Text = "text",
        /// HTML.
        Html = "html",
        /// An ISO 8601 date with time.
        Date = "date",
        /// A number.
        Number = "number",
        /// True or false.
        Boolean = "boolean",
        /// The id of an uploaded image.
        Image = "image",
        /// A list of texts.
        TextArray = "textArray",
        /// A list of numbers.
        NumberArray = "numberArray",
    }
}

#[cfg(test)]
mod tests;
