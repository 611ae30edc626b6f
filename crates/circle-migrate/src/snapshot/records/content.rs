//! Posts, comments, events. `Debug` of none of them shows text or addresses.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::record;
use crate::snapshot::ids::{CommentId, EventId, MemberId, PostId, SpaceId, UserId};
use crate::snapshot::lenient;

/// Text: a string, or an object that holds one under `body`.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Body {
    /// The text itself.
    Text(String),
    /// The text inside a record of rich text.
    Rich {
        /// HTML.
        #[serde(default)]
        body: Option<String>,
    },
}

impl Body {
    /// The text, HTML for posts.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Rich { body } => body.as_deref(),
        }
    }
}

/// A post of a space of the basic kind.
#[derive(Clone, Deserialize)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// draft, published or scheduled.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub status: Option<String>,
    /// Its title.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub name: Option<String>,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub slug: Option<String>,
    /// Its text, as HTML.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub body: Option<Body>,
    /// When it was published.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub published_at: Option<Timestamp>,
    /// When it was written.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub updated_at: Option<Timestamp>,
    /// The space.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub space_id: Option<SpaceId>,
    /// The author.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user_id: Option<UserId>,
    /// The author's address.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user_email: Option<String>,
    /// The author's name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user_name: Option<String>,
    /// How many comments.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub comments_count: Option<u64>,
    /// Its page.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub url: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(Post, PostId, Posts);

/// Who wrote a comment.
#[derive(Clone, Deserialize)]
pub struct Person {
    /// In all of Circle.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub id: Option<UserId>,
    /// The name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub name: Option<String>,
    /// The address.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub email: Option<String>,
}

/// The post that a comment is under.
#[derive(Debug, Clone, Deserialize)]
pub struct CommentPost {
    /// Its id.
    pub id: PostId,
}

/// The space that something is in.
#[derive(Debug, Clone, Deserialize)]
pub struct SpaceRef {
    /// Its id.
    pub id: SpaceId,
}

/// A comment, or a reply to one: there are two levels.
#[derive(Clone, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// The comment that this replies to; absent at the top.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub parent_comment_id: Option<CommentId>,
    /// When it was written.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub created_at: Option<Timestamp>,
    /// Its text.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub body: Option<Body>,
    /// The author.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user: Option<Person>,
    /// What it is under.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub post: Option<CommentPost>,
    /// Where.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub space: Option<SpaceRef>,
    /// Its page.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub url: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(Comment, CommentId, Comments);

/// An event.
#[derive(Clone, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its title.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub name: Option<String>,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub slug: Option<String>,
    /// Its text.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub body: Option<Body>,
    /// When it begins.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub starts_at: Option<Timestamp>,
    /// When it ends.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub ends_at: Option<Timestamp>,
    /// How long it takes, in seconds.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub duration_in_seconds: Option<u64>,
    /// `virtual`, `in_person`, `tbd`, `live_stream`, `live_room`.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub location_type: Option<String>,
    /// Where to look, for one on the network.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub virtual_location_url: Option<String>,
    /// Where to go: text, or JSON as text.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub in_person_location: Option<String>,
    /// The organiser as a member.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub community_member_id: Option<MemberId>,
    /// The organiser in all of Circle.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user_id: Option<UserId>,
    /// The organiser's address.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub member_email: Option<String>,
    /// The organiser's name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub member_name: Option<String>,
    /// Where it is announced.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub space: Option<SpaceRef>,
    /// When it was made.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub created_at: Option<Timestamp>,
    /// Its page.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub url: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(Event, EventId, Events);

macro_rules! shows_its_id_only {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("id", &self.id)
                    .finish_non_exhaustive()
            }
        }
    )*};
}
shows_its_id_only!(Post, Person, Comment, Event);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body(..)")
    }
}
