//! Which posts a caller wants to list.

use bettermode::{PostOrder, PostTypeId, SpaceId};
use community_proto::v1 as pb;

use crate::error::Error;
use crate::grpc::{post_values, validate};
use crate::posts::PostFilter;

/// The filter of a request.
pub(super) fn filter(request: pb::ListPostsRequest, limit: u32) -> Result<PostFilter, Error> {
    let author = post_values::member("author_member_id", request.author_member_id)?;
    let (order, ascending) = order(&request.order_by)?;
    if author.is_some() && order != PostOrder::PublishedAt {
        let rule = "must be publish_time or publish_time desc with author_member_id";
        return Err(Error::invalid("order_by", rule));
    }
    Ok(PostFilter {
        space: validate::optional_id("space_id", request.space_id)?.map(SpaceId::new),
        author,
        post_type: validate::optional_id("post_type_id", request.post_type_id)?
            .map(PostTypeId::new),
        order,
        ascending,
        full: is_full(request.view)?,
        limit,
    })
}

/// What to sort by, and whether the oldest come first.
fn order(order_by: &str) -> Result<(PostOrder, bool), Error> {
    let mut words = order_by.split_whitespace();
    let order = match words.next() {
        None => return Ok((PostOrder::PublishedAt, false)),
        Some("publish_time") => PostOrder::PublishedAt,
        Some("create_time") => PostOrder::CreatedAt,
        Some("update_time") => PostOrder::UpdatedAt,
        Some("last_activity_time") => PostOrder::LastActivityAt,
        Some(_) => return Err(unknown_order()),
    };
    match (words.next(), words.next()) {
        (None | Some("asc"), None) => Ok((order, true)),
        (Some("desc"), None) => Ok((order, false)),
        _ => Err(unknown_order()),
    }
}

fn unknown_order() -> Error {
    let rule = "must be publish_time, create_time, update_time or last_activity_time, and \" desc\" \
                after it for the newest first";
    Error::invalid("order_by", rule)
}

fn is_full(view: i32) -> Result<bool, Error> {
    match pb::PostView::try_from(view) {
        Ok(pb::PostView::Unspecified | pb::PostView::Basic) => Ok(false),
        Ok(pb::PostView::Full) => Ok(true),
        Err(_) => Err(Error::invalid(
            "view",
            "must be one of the values that PostView lists",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_a_name_and_a_direction() {
        for (text, expected) in [
            ("", (PostOrder::PublishedAt, false)),
            ("publish_time", (PostOrder::PublishedAt, true)),
            ("create_time desc", (PostOrder::CreatedAt, false)),
            ("  update_time   desc ", (PostOrder::UpdatedAt, false)),
            ("last_activity_time asc", (PostOrder::LastActivityAt, true)),
        ] {
            assert_eq!(order(text).unwrap(), expected, "{text}");
        }
        for text in [
            "title",
            "desc",
            "create_time down",
            "create_time desc, title",
        ] {
            assert!(order(text).is_err(), "{text}");
        }
    }
}
