//! What only somebody needs who brings a whole community along: everybody at once,
//! accounts, spaces, and posts as of the time when they were written.

use jiff::Timestamp;

use super::Client;
use crate::{
    Collection, CollectionId, CreatePost, CreateReply, Error, EventDetails, Invitation, Listed,
    MappingField, MemberField, MemberId, NewAccount, NewSpace, Post, PostTimes, PostType,
    PostTypeId, RosterEntry, SpaceId,
    event_post::Layout,
    operations::{
        Operation, add_space_members, collections, create_collection, create_post, create_reply,
        create_space, extra_properties, join_network, member_fields, member_invitations,
        member_roster, upsert_extra_property,
    },
};

impl Client {
    /// A page of all members: verified, unverified and suspended. A page of `limit`
    /// costs 6 points for each. `after` is the [`Listed::next`] of the page before.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn roster(
        &self,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<RosterEntry>, Error> {
        use member_roster::{MemberRoster, answer, total, variables};
        let data = self
            .call::<MemberRoster>(variables(limit, after.clone()))
            .await?;
        let total = total(&data);
        answer(data).listed(MemberRoster::NAME, after.as_deref(), total)
    }

    /// A page of all invitations, whatever became of them.
    ///
    /// # Errors
    /// Any of [`Error`]; that newer networks answer this is not confirmed.
    pub async fn invitations(
        &self,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<Invitation>, Error> {
        use member_invitations::{MemberInvitations, answer, list};
        let data = self
            .call::<MemberInvitations>(list(limit, after.clone()))
            .await?;
        answer(data).listed(MemberInvitations::NAME, after.as_deref(), None)
    }

    /// The custom profile fields that the community has, archived ones left out.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn member_fields(&self) -> Result<Vec<MemberField>, Error> {
        use member_fields::{MemberFields, answer, variables};
        self.call::<MemberFields>(variables()).await.map(answer)
    }

    /// Makes an account, without asking the person. Never sent twice. The tokens that
    /// BetterMode offers with it are not asked for.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been made; any of [`Error`].
    pub async fn join_network(&self, new: NewAccount) -> Result<MemberId, Error> {
        use join_network::{JoinNetwork, answer, variables};
        self.call::<JoinNetwork>(variables(new)).await.map(answer)
    }

    /// Keeps a text with a member, visible to this app. The same value twice is one.
    ///
    /// # Errors
    /// [`Error::ActionFailed`] when BetterMode answers so; any of [`Error`].
    pub async fn set_extra_property(
        &self,
        member: &MemberId,
        key: &str,
        value: &str,
    ) -> Result<(), Error> {
        use upsert_extra_property::{UpsertExtraProperty, answer, variables};
        // BetterMode keeps values as JSON text, as it does those of custom fields.
        let value = serde_json::Value::from(value).to_string();
        let data = self
            .call::<UpsertExtraProperty>(variables(member, key, value))
            .await?;
        answer(&data).then_some(()).ok_or(Error::ActionFailed {
            operation: UpsertExtraProperty::NAME,
        })
    }

    /// The text that [`set_extra_property`](Self::set_extra_property) kept.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn extra_property(
        &self,
        member: &MemberId,
        key: &str,
    ) -> Result<Option<String>, Error> {
        use extra_properties::{ExtraProperties, answer, variables};
        let found = answer(self.call::<ExtraProperties>(variables(member, key)).await?);
        let found = found.into_iter().find(|property| property.key == key);
        Ok(found.map(|property| {
            serde_json::from_str(&property.json_value).unwrap_or(property.json_value)
        }))
    }

    /// Every collection.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn collections(&self) -> Result<Vec<Collection>, Error> {
        use collections::{Collections, answer, variables};
        self.call::<Collections>(variables()).await.map(answer)
    }

    /// Makes a collection. Never sent twice.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been made; any of [`Error`].
    pub async fn create_collection(
        &self,
        name: &str,
        created_at: Option<Timestamp>,
    ) -> Result<CollectionId, Error> {
        use create_collection::{CreateCollection, answer, variables};
        let variables = variables(name.to_owned(), created_at);
        self.call::<CreateCollection>(variables).await.map(answer)
    }

    /// Makes a space. Never sent twice.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been made; any of [`Error`].
    pub async fn create_space(&self, new: NewSpace) -> Result<SpaceId, Error> {
        use create_space::{CreateSpace, answer, variables};
        self.call::<CreateSpace>(variables(new)).await.map(answer)
    }

    /// Puts members into a space with its ordinary role, and tells whom BetterMode
    /// names as added. Never sent twice. Whether it refuses all because of one is not
    /// documented.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have happened; any of [`Error`].
    pub async fn add_space_members(
        &self,
        space: &SpaceId,
        members: &[MemberId],
    ) -> Result<Vec<MemberId>, Error> {
        use add_space_members::{AddSpaceMembers, added, several};
        self.call::<AddSpaceMembers>(several(space, members))
            .await
            .map(added)
    }

    /// Creates a post as of the time when it was written. Never sent twice.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been created; any of [`Error`].
    pub async fn import_post(&self, post: CreatePost, at: PostTimes) -> Result<Post, Error> {
        use create_post::{CreatePostMutation, answer, variables_at};
        let data = self.call::<CreatePostMutation>(variables_at(post, at));
        data.await.map(answer)
    }

    /// Creates a reply as of the time when it was written. Never sent twice.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been created; any of [`Error`].
    pub async fn import_reply(&self, reply: CreateReply, at: PostTimes) -> Result<Post, Error> {
        use create_reply::{CreateReplyMutation, answer, variables_at};
        let data = self.call::<CreateReplyMutation>(variables_at(reply, at));
        data.await.map(answer)
    }

    /// How an event would be written down as a post: the first of these types that has
    /// a title and a date and needs nothing that an event does not have. `None` when
    /// there is none. Sends nothing.
    ///
    /// # Errors
    /// [`Error::NotSupported`] for what such a post has no field for.
    pub fn event_as_post(
        types: &[PostType],
        details: EventDetails,
    ) -> Result<Option<(PostTypeId, Vec<MappingField>)>, Error> {
        let mut layouts = types.iter().filter_map(Layout::of);
        let Some(layout) = layouts.find(Layout::is_enough) else {
            return Ok(None);
        };
        let fields = layout.fields(&details.into())?;
        Ok(Some((layout.kind.id.clone(), fields)))
    }
}
