//! A change of a post: what it had before is read, what shall change is put in its
//! place, and all of it is sent.

use bettermode::{
    Client, EditablePost, MappingField, MemberId, Post, PostId, PostStatus, UpdatePost,
};

use super::{Posts, Values, values};
use crate::error::{Call, Error};
use crate::upstream::Upstream;

/// A change of a post, its texts checked.
#[derive(Debug, Clone)]
pub struct PostChange {
    /// Which.
    pub id: PostId,
    /// New values; others stay.
    pub values: Values,
    /// All the tags it shall have, by title; `None` leaves them.
    pub tags: Option<Vec<String>>,
    /// True publishes a draft.
    pub publish: bool,
    /// Who changes it; `None` is the bot account.
    pub actor: Option<MemberId>,
}

/// A change that is ready to be made.
#[derive(Debug, Clone)]
pub struct PreparedChange {
    upstream: Upstream,
    client: Client,
    change: UpdatePost,
}

impl Posts {
    /// Makes `change`. Never tries twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when it may have been made all the same.
    pub async fn change(&self, change: PostChange) -> Result<Post, Error> {
        self.prepare_change(change).await?.attempt().await
    }

    /// Checks `change` against the post's type. Only reads.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; [`Error::InvalidField`] for a value that the post type
    /// does not take; any of [`Error`].
    pub async fn prepare_change(&self, change: PostChange) -> Result<PreparedChange, Error> {
        let call = Call::CHANGE_POST;
        let client = self.upstream.acting_as(change.actor.as_ref(), call)?;
        let before = client.editable_post(&change.id).await;
        let before = self.upstream.settle(call, before)?;
        let publish = published_after(&before.status, change.publish);
        let update = UpdatePost {
            fields: fields(&change.values, before)?,
            id: change.id,
            tag_names: change.tags,
            publish,
        };
        Ok(PreparedChange {
            upstream: self.upstream.clone(),
            client,
            change: update,
        })
    }
}

impl PreparedChange {
    /// What is sent.
    #[must_use]
    pub fn change(&self) -> &UpdatePost {
        &self.change
    }

    /// Makes it: one request that changes something. The same twice is no harm.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when it may have been made all the same.
    pub async fn attempt(&self) -> Result<Post, Error> {
        let changed = self.client.update_post(self.change.clone()).await;
        self.upstream.settle(Call::CHANGE_POST, changed)
    }

    /// The post, if it is as the change would leave it; changes nothing. It may have
    /// been so before, or be otherwise because somebody changed it after us.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; any of [`Error`].
    pub async fn lookup(&self) -> Result<Option<Post>, Error> {
        let found = self.client.find_update(&self.change).await;
        self.upstream.settle(Call::READ_POST, found)
    }
}

/// All the fields of the post after the change; `None` when it is not about fields.
fn fields(values: &Values, before: EditablePost) -> Result<Option<Vec<MappingField>>, Error> {
    if values.title.is_none() && values.html.is_none() && values.fields.is_empty() {
        return Ok(None);
    }
    let kind = before.post_type.ok_or(Error::UpstreamUnintelligible {
        attempted: Call::CHANGE_POST.attempted,
    })?;
    values::merged(&kind, before.fields, values).map(Some)
}

/// BetterMode wants to be told each time, and takes "no" of a published post for a
/// wish to hide it. Of an archived one, or one in a state that we do not know, "yes"
/// might be such a surprise.
fn published_after(status: &PostStatus, publish: bool) -> bool {
    publish || matches!(status, PostStatus::Published | PostStatus::Blocked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_stays_published_and_a_draft_stays_a_draft_unless_somebody_wants_otherwise() {
        let other = PostStatus::Other("SCHEDULED".to_owned());
        for (status, expected) in [
            (PostStatus::Published, true),
            (PostStatus::Blocked, true),
            (PostStatus::Draft, false),
            (PostStatus::Archived, false),
            (other, false),
        ] {
            assert_eq!(published_after(&status, false), expected, "{status:?}");
            assert!(published_after(&status, true));
        }
    }

    #[test]
    fn a_change_that_is_not_about_fields_sends_none() {
        let before = EditablePost {
            status: PostStatus::Draft,
            fields: vec![MappingField::text("title", "t")],
            post_type: None,
        };
        assert_eq!(fields(&Values::default(), before.clone()), Ok(None));
        let values = Values {
            title: Some("new".to_owned()),
            ..Values::default()
        };
        let unknown = fields(&values, before);
        assert!(matches!(unknown, Err(Error::UpstreamUnintelligible { .. })));
    }
}
