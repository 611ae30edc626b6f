//! Comments and the replies to them: two levels, parents first.

use std::collections::HashMap;

use jiff::Timestamp;

use super::html;
use super::posts::owner;
use super::works::{Content, Fate, Kind, Piece, Work};
use crate::Error;
use crate::key::Subject;
use crate::snapshot::{Comment, Post};

/// What is to happen to comments: those at the top, and the replies to them.
///
/// # Errors
/// [`Error::Ledger`].
pub fn plan_comments(
    content: &Content<'_>,
    posts: &[Post],
    comments: &[Comment],
) -> Result<[Vec<Work>; 2], Error> {
    let spaces: HashMap<u64, u64> = posts
        .iter()
        .filter_map(|post| Some((post.id.get(), post.space_id?.get())))
        .collect();
    let (tops, replies): (Vec<_>, Vec<_>) = comments
        .iter()
        .partition(|comment| comment.parent_comment_id.is_none());
    let mut top_works = Vec::new();
    for comment in tops {
        let post = comment.post.as_ref().map_or(0, |post| post.id.get());
        let place = content.fates.of(Subject::Post, post);
        top_works.push(plan_comment(
            content,
            &spaces,
            comment,
            (Subject::Post, post),
            place,
        )?);
    }
    let mut fates = super::Fates::default();
    fates.note(
        Subject::Comment,
        top_works.iter().map(|work| (work.id, &work.step)),
    );
    let mut reply_works = Vec::new();
    for comment in replies {
        let parent = comment
            .parent_comment_id
            .map_or(0, crate::snapshot::CommentId::get);
        let place = fates.of(Subject::Comment, parent);
        let to = (Subject::Comment, parent);
        reply_works.push(plan_comment(content, &spaces, comment, to, place)?);
    }
    Ok([top_works, reply_works])
}

fn plan_comment(
    content: &Content<'_>,
    spaces: &HashMap<u64, u64>,
    comment: &Comment,
    to: (Subject, u64),
    place: Fate,
) -> Result<Work, Error> {
    let id = comment.id.get();
    let text = comment.body.as_ref().and_then(|body| body.text());
    let text = html::clean(text.unwrap_or_default());
    let skip = match comment.created_at {
        None => Some("no_date"),
        Some(_) if text.is_empty() => Some("no_text"),
        Some(_) => None,
    };
    let user = comment.user.as_ref();
    let author = content.authors.of(
        user.and_then(|user| user.id),
        user.and_then(|user| user.email.as_deref()),
    );
    let step = content.decide((Subject::Comment, id), skip, place, &author)?;
    let post = comment.post.as_ref().map_or(0, |post| post.id.get());
    let space = comment.space.as_ref().map(|space| space.id.get());
    let space = space.or_else(|| spaces.get(&post).copied()).unwrap_or(0);
    let at = comment.created_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let piece = Piece {
        space,
        kind: Kind::Reply { to },
        html: text,
        owner: owner(&author),
        author_name: user.and_then(|user| user.name.clone()),
        at,
    };
    Ok(Work {
        id,
        step,
        at,
        piece: Some(piece),
    })
}
