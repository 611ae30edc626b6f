//! What a caller wants to change about a post.

use community_proto::v1 as pb;
use community_proto::v1::update_post_request::Content;

use crate::error::Error;
use crate::grpc::post_values::{self, Body};
use crate::grpc::validate;
use crate::posts::{PostChange, Values};

/// What can be changed, as a mask names it.
#[derive(Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a mask is a yes or no for each path"
)]
struct Mask {
    title: bool,
    content: bool,
    fields: bool,
    tags: bool,
    publish: bool,
}

/// The change of a request.
pub(super) fn change(request: pb::UpdatePostRequest) -> Result<PostChange, Error> {
    let mask = mask(&request)?;
    let id = post_values::post_id(request.post_id)?;
    if mask.publish && !request.publish {
        let rule = "must be true where update_mask names it: a post cannot become a draft again";
        return Err(Error::invalid("publish", rule));
    }
    if mask.fields && request.fields.is_empty() {
        let rule = "must hold at least one value where update_mask names it";
        return Err(Error::invalid("fields", rule));
    }
    let title = mask.title.then_some(request.title);
    let content = mask.content.then_some(request.content);
    let html = |content| post_values::body(body(validate::required("content", content)?));
    let fields = if mask.fields {
        request.fields
    } else {
        Vec::new()
    };
    let tags = mask.tags.then_some(request.tags);
    Ok(PostChange {
        id,
        values: Values {
            title: title.map(post_values::title).transpose()?,
            html: content.map(html).transpose()?,
            fields: post_values::fields(fields)?,
        },
        tags: tags.map(post_values::tags).transpose()?,
        publish: mask.publish,
        actor: post_values::member("acting_member_id", request.acting_member_id)?,
    })
}

fn body(content: Content) -> Body {
    match content {
        Content::Text(text) => Body::Text(text),
        Content::Html(html) => Body::Html(html),
    }
}

/// What the request's mask names; without a mask, what is set.
fn mask(request: &pb::UpdatePostRequest) -> Result<Mask, Error> {
    let paths = request.update_mask.as_ref().map(|mask| &mask.paths);
    let mut mask = Mask::default();
    for path in paths.into_iter().flatten() {
        *match path.as_str() {
            "title" => &mut mask.title,
            // Either part of the oneof stands for it.
            "content" | "text" | "html" => &mut mask.content,
            "fields" => &mut mask.fields,
            "tags" => &mut mask.tags,
            "publish" => &mut mask.publish,
            _ => {
                let rule = "must name nothing but title, content, fields, tags and publish";
                return Err(Error::invalid("update_mask", rule));
            }
        } = true;
    }
    if mask == Mask::default() {
        mask = Mask {
            title: !request.title.is_empty(),
            content: request.content.is_some(),
            fields: !request.fields.is_empty(),
            tags: !request.tags.is_empty(),
            publish: request.publish,
        };
    }
    if mask == Mask::default() {
        let rule = "must name what to change, or something must be set";
        return Err(Error::invalid("update_mask", rule));
    }
    Ok(mask)
}

#[cfg(test)]
mod tests {
    use prost_types::FieldMask;

    use super::*;

    fn request(paths: &[&str]) -> pb::UpdatePostRequest {
        pb::UpdatePostRequest {
            post_id: "p".to_owned(),
            title: "Title".to_owned(),
            tags: vec!["tag".to_owned()],
            update_mask: Some(FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
            ..pb::UpdatePostRequest::default()
        }
    }

    fn wrong(request: pb::UpdatePostRequest) -> String {
        match change(request) {
            Err(Error::InvalidField { field, .. }) => field.into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_mask_says_what_changes_and_without_one_it_is_what_is_set() {
        let by_mask = change(request(&["title"])).unwrap();
        assert_eq!(by_mask.values.title.as_deref(), Some("Title"));
        assert_eq!((by_mask.tags, by_mask.publish), (None, false));
        let by_content = change(request(&[])).unwrap();
        assert_eq!(by_content.tags, Some(vec!["tag".to_owned()]));
        assert!(by_content.values.html.is_none());
        let no_tags = pb::UpdatePostRequest {
            tags: Vec::new(),
            ..request(&["tags"])
        };
        assert_eq!(change(no_tags).unwrap().tags, Some(Vec::new()));
    }

    #[test]
    fn a_mask_that_does_not_fit_the_request_is_refused() {
        assert_eq!(wrong(request(&["owner"])), "update_mask");
        assert_eq!(wrong(request(&["*"])), "update_mask");
        assert_eq!(wrong(request(&["content"])), "content");
        assert_eq!(wrong(request(&["fields"])), "fields");
        assert_eq!(wrong(request(&["publish"])), "publish");
        let untitled = pb::UpdatePostRequest {
            title: String::new(),
            ..request(&["title"])
        };
        assert_eq!(wrong(untitled), "title");
        let nothing = pb::UpdatePostRequest {
            post_id: "p".to_owned(),
            ..pb::UpdatePostRequest::default()
        };
        assert_eq!(wrong(nothing), "update_mask");
    }
}
