//! Posts.

use jiff::Timestamp;

use super::works::{Content, Kind, Piece, Work};
use super::{Author, html};
use crate::Error;
use crate::key::Subject;
use crate::snapshot::Post;

/// What is to happen to posts.
///
/// # Errors
/// [`Error::Ledger`].
pub fn plan_posts(content: &Content<'_>, posts: &[Post]) -> Result<Vec<Work>, Error> {
    posts.iter().map(|post| plan_post(content, post)).collect()
}

fn plan_post(content: &Content<'_>, post: &Post) -> Result<Work, Error> {
    let id = post.id.get();
    let space = post.space_id.map_or(0, crate::snapshot::SpaceId::get);
    let text = post.body.as_ref().and_then(|body| body.text());
    let text = html::clean(text.unwrap_or_default());
    let title = post
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let title = title.map(str::to_owned).or_else(|| html::title_of(&text));
    let at = post.published_at.or(post.created_at);
    let skip = match (post.status.as_deref(), at, &title) {
        (Some(status), ..) if status != "published" => Some("not_published"),
        (_, None, _) => Some("no_date"),
        (_, _, None) => Some("no_text"),
        _ => None,
    };
    let author = content.authors.of(post.user_id, post.user_email.as_deref());
    let place = content.fates.of(Subject::Space, space);
    let step = content.decide((Subject::Post, id), skip, place, &author)?;
    let at = at.unwrap_or(Timestamp::UNIX_EPOCH);
    let piece = title.map(|title| Piece {
        space,
        kind: Kind::Post { title },
        // A field of HTML cannot be empty.
        html: if text.is_empty() {
            "<p></p>".to_owned()
        } else {
            text
        },
        owner: owner(&author),
        author_name: post.user_name.clone(),
        at,
    });
    Ok(Work {
        id,
        step,
        at,
        piece,
    })
}

pub(super) fn owner(author: &Author) -> Option<bettermode::MemberId> {
    match author {
        Author::Member(id) => Some(id.clone()),
        Author::NotYet | Author::Never => None,
    }
}
