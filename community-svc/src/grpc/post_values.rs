//! The parts that requests about posts and replies have in common.

use bettermode::{MemberId, PostId};
use community_proto::v1 as pb;

use super::validate;
use crate::error::Error;
use crate::html;
use crate::posts::Field;

const MAX_TAGS: usize = 20;
const MAX_FIELDS: usize = 50;
const MAX_TITLE: usize = 255;
const MAX_TEXT: usize = 100_000;
const MAX_HTML: usize = 500_000;
const MAX_KEY: usize = 128;

/// Pages of posts, replies and reactions.
const DEFAULT_PAGE: u32 = 20;
const MAX_PAGE: u32 = 50;

/// A body as it was given.
pub(super) enum Body {
    Text(String),
    Html(String),
}

/// The body as HTML that may be sent: text escaped, HTML sanitised.
pub(super) fn body(body: Body) -> Result<String, Error> {
    Ok(match body {
        Body::Text(text) => html::from_text(&validate::text("text", text, 1, MAX_TEXT)?),
        Body::Html(html) => html::sanitise(&validate::text("html", html, 1, MAX_HTML)?),
    })
}

/// A title that must be there.
pub(super) fn title(title: String) -> Result<String, Error> {
    validate::text("title", title, 1, MAX_TITLE)
}

pub(super) fn tags(tags: Vec<String>) -> Result<Vec<String>, Error> {
    at_most("tags", tags.len(), MAX_TAGS)?;
    validate::each("tags", tags, |field, tag| {
        validate::text(field, tag, 1, 100)
    })
}

/// Keys and values; whether a post takes them is another question.
pub(super) fn fields(fields: Vec<pb::PostField>) -> Result<Vec<Field>, Error> {
    at_most("fields", fields.len(), MAX_FIELDS)?;
    let read = |(index, field): (usize, pb::PostField)| {
        let key = validate::text("fields", field.key, 1, MAX_KEY)?;
        let json = validate::text("fields", field.json_value, 1, MAX_HTML)?;
        let value = serde_json::from_str(&json).map_err(|_| {
            let rule = format!("must hold JSON values; the one at {index} is none");
            Error::invalid("fields", rule)
        })?;
        Ok(Field { key, value })
    };
    fields.into_iter().enumerate().map(read).collect()
}

fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), Error> {
    if count > most {
        return Err(Error::invalid(field, format!("must be at most {most}")));
    }
    Ok(())
}

pub(super) fn post_id(id: String) -> Result<PostId, Error> {
    validate::id("post_id", id).map(PostId::new)
}

pub(super) fn member(field: &'static str, id: String) -> Result<Option<MemberId>, Error> {
    Ok(validate::optional_id(field, id)?.map(MemberId::new))
}

pub(super) fn page_size(asked: i32) -> Result<u32, Error> {
    validate::page_size(asked, DEFAULT_PAGE, MAX_PAGE)
}

/// BetterMode's cursor out of one of our page tokens.
pub(super) fn cursor(place: Option<Vec<u8>>) -> Result<Option<String>, Error> {
    let text = place.map(String::from_utf8).transpose();
    text.map_err(|_| Error::InvalidPageToken)
}
