//! Which kind of post a piece becomes, asked once for each space.

use std::collections::HashMap;

use bettermode::{Client, CreatePost, MappingField, PostId, PostType, PostTypeId, SpaceId};

use super::works::Kind;
use crate::Error;
use crate::key::Subject;
use crate::run::Run;

/// The kinds of post that spaces and posts take.
#[derive(Debug, Default)]
pub(crate) struct PostTypes {
    of_spaces: HashMap<SpaceId, Vec<PostType>>,
    /// By the space and by what is answered: all posts of a space are of one kind here.
    of_replies: HashMap<(SpaceId, Subject), Vec<PostType>>,
}

impl PostTypes {
    /// The kind and the fields; `None` when there is no kind for it.
    pub(crate) async fn fit(
        &mut self,
        run: &Run,
        space: &SpaceId,
        parent: Option<&PostId>,
        kind: &Kind,
        html: &str,
    ) -> Result<Option<(PostTypeId, Vec<MappingField>)>, Error> {
        match (kind, parent) {
            (Kind::Reply { to }, Some(parent)) => {
                let types = self.of_reply(run, space, to.0, parent).await?;
                Ok(types.iter().find_map(|kind| reply(kind, html)))
            }
            (Kind::Post { title }, _) => {
                let types = self.of_space(run, space).await?;
                let mut fits = types
                    .iter()
                    .filter_map(|kind| CreatePost::article(space.clone(), kind, title, html).ok());
                Ok(fits.next().map(|post| (post.post_type_id, post.fields)))
            }
            (Kind::Event { details }, _) => {
                let types = self.of_space(run, space).await?;
                let mut whole = (**details).clone();
                html.clone_into(&mut whole.html);
                Ok(event(types, whole))
            }
            (Kind::Reply { .. }, None) => Ok(None),
        }
    }

    async fn of_space(&mut self, run: &Run, space: &SpaceId) -> Result<&[PostType], Error> {
        if !self.of_spaces.contains_key(space) {
            let read = run
                .target
                .read(async |client| client.space_post_types(space).await);
            self.of_spaces.insert(space.clone(), read.await?);
        }
        Ok(self
            .of_spaces
            .get(space)
            .map(Vec::as_slice)
            .unwrap_or_default())
    }

    async fn of_reply(
        &mut self,
        run: &Run,
        space: &SpaceId,
        answered: Subject,
        parent: &PostId,
    ) -> Result<&[PostType], Error> {
        let key = (space.clone(), answered);
        if !self.of_replies.contains_key(&key) {
            let read = run
                .target
                .read(async |client| client.reply_target(parent).await);
            self.of_replies.insert(key.clone(), read.await?.reply_types);
        }
        Ok(self
            .of_replies
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default())
    }
}

fn reply(kind: &PostType, html: &str) -> Option<(PostTypeId, Vec<MappingField>)> {
    let key = kind.content_key()?;
    let enough = kind.needs_only(&[key]);
    enough.then(|| (kind.id.clone(), vec![MappingField::html(key, html)]))
}

/// Places that the kind has no field for are kept in the text.
fn event(
    types: &[PostType],
    details: bettermode::EventDetails,
) -> Option<(PostTypeId, Vec<MappingField>)> {
    if let Ok(found) = Client::event_as_post(types, details.clone()) {
        return found;
    }
    let mut lines = String::new();
    for place in &details.physical_places {
        let name = place.name.as_deref().unwrap_or_default();
        lines.push_str(&super::html::clean(name));
    }
    for place in &details.virtual_places {
        lines.push_str(&super::html::clean(&place.url));
    }
    let without = bettermode::EventDetails {
        html: lines + &details.html,
        physical_places: Vec::new(),
        virtual_places: Vec::new(),
        ..details
    };
    Client::event_as_post(types, without).ok().flatten()
}
