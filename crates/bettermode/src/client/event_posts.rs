//! Events as posts of a type that has dates, on networks without a calendar.

use super::{Client, calendar::missing};
use crate::{
    CalendarEvent, CreatePost, Error, EventChange, EventId, NewEvent, PostStatus, PostType,
    SpaceId, Subject,
    event_post::{EventPost, Layout, overlay},
    operations::{delete_event_post, event_post, event_posts, update_event_post},
    paging::Page,
};

impl Client {
    pub(super) async fn create_event_post(&self, new: &NewEvent) -> Result<CalendarEvent, Error> {
        let types = self.space_post_types(&new.space_id).await?;
        let mut layouts = types.iter().filter_map(Layout::of);
        let layout = layouts.find(Layout::is_enough).ok_or(Error::NotFound {
            what: Subject::PostType,
        })?;
        let fields = layout.fields(&new.details.clone().into())?;
        let post = CreatePost {
            space_id: new.space_id.clone(),
            post_type_id: layout.kind.id.clone(),
            fields: fields.clone(),
            publish: true,
            owner_id: None,
            tag_names: Vec::new(),
        };
        let post = self.create_post(post).await?;
        let event = EventPost {
            id: EventId::new(post.id.as_str()),
            space_id: post.space_id,
            post_type_id: post.post_type_id,
            created_by_id: post.created_by_id,
            status: post.status,
            title: post.title,
            url: post.url,
            created_at: post.created_at,
            updated_at: post.updated_at,
            fields,
        };
        layout.read(event).ok_or_else(missing)
    }

    pub(super) async fn update_event_post(
        &self,
        id: &EventId,
        change: &EventChange,
    ) -> Result<CalendarEvent, Error> {
        let (post, kind) = self.event_post(id).await?;
        let layout = Layout::of(&kind).ok_or_else(missing)?;
        let changed = layout.fields(change)?;
        let publish = post.status == PostStatus::Published;
        let fields = overlay(post.fields.clone(), changed);
        // A change that would let it end before it begins is refused by nobody else here.
        let after = EventPost {
            fields: fields.clone(),
            ..post
        };
        let after = layout.read(after).ok_or_else(missing)?;
        if after.end.is_some_and(|end| end < after.start) {
            return Err(Error::InvalidInput {
                field: Some("endTime".to_owned()),
                message: "an event ends after it begins".to_owned(),
            });
        }
        let variables = update_event_post::variables(id, fields, publish);
        let data = self
            .call::<update_event_post::UpdateEventPost>(variables)
            .await?;
        layout
            .read(update_event_post::answer(data))
            .ok_or_else(missing)
    }

    /// Only what is an event is deleted: the id could be that of any post.
    pub(super) async fn delete_event_post(&self, id: &EventId) -> Result<(), Error> {
        let (_, kind) = self.event_post(id).await?;
        Layout::of(&kind).ok_or_else(missing)?;
        let variables = delete_event_post::variables(id);
        self.call::<delete_event_post::DeleteEventPost>(variables)
            .await
            .map(drop)
    }

    /// A deleted one as well.
    pub(super) async fn read_event_post(&self, id: &EventId) -> Result<CalendarEvent, Error> {
        let variables = event_post::variables(id);
        let data = self.call::<event_post::EventPost>(variables).await?;
        let (post, kind) = event_post::answer(data);
        let layout = kind.as_ref().and_then(Layout::of).ok_or_else(missing)?;
        layout.read(post).ok_or_else(missing)
    }

    pub(super) async fn event_posts_page(
        &self,
        space: &SpaceId,
        types: &[PostType],
        limit: u32,
        after: Option<String>,
    ) -> Result<Page<CalendarEvent>, Error> {
        let layouts: Vec<_> = types.iter().filter_map(Layout::of).collect();
        if layouts.is_empty() {
            // No type that an event could be of: no event.
            return Ok(Page {
                nodes: Vec::new(),
                end_cursor: None,
                has_next: false,
            });
        }
        let ids = layouts.iter().map(|layout| &layout.kind.id);
        let variables = event_posts::variables(space, ids, limit, after);
        let data = self.call::<event_posts::EventPosts>(variables).await?;
        let page = event_posts::answer(data);
        let event = |post: EventPost| {
            let mut layouts = layouts.iter();
            let layout = layouts.find(|layout| layout.kind.id == post.post_type_id)?;
            layout.read(post)
        };
        Ok(Page {
            nodes: page.nodes.into_iter().filter_map(event).collect(),
            end_cursor: page.end_cursor,
            has_next: page.has_next,
        })
    }

    async fn event_post(&self, id: &EventId) -> Result<(EventPost, PostType), Error> {
        let variables = event_post::variables(id);
        let data = self.call::<event_post::EventPost>(variables).await?;
        let (post, kind) = event_post::answer(data);
        match kind {
            Some(kind) if post.status != PostStatus::Deleted => Ok((post, kind)),
            _ => Err(missing()),
        }
    }
}
