//! The client: what can be asked of a community, and the way each call takes.

mod calendar;
mod call;
mod conversation;
mod direct_message;
mod event_posts;
mod invitations;
mod member_batches;
mod members;
mod moving_in;
mod posts;
mod reactions;
mod replies;
mod sightings;
mod spaces;

use std::sync::{Arc, atomic::AtomicBool};

use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::{
    BreakerState, Budget, Capabilities, Class, Config, CreatePost, Error, EventType, MemberId,
    Network, NetworkId, Post, PostType, SpaceId, Transport,
    auth::{Identity, Tokens},
    operations::{self, Operation},
    paging::each_page,
    stack::Stack,
};

pub use member_batches::LARGEST_BATCH;

/// Tells the time. Passed in, so that tests can move it.
pub type TimeSource = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How to name a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberRef<'a> {
    /// By id.
    Id(&'a MemberId),
    /// By user name, without a leading `@`.
    Username(&'a str),
}

/// A client of one community. Cloning it is cheap and shares everything.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    identity: Identity,
    class: Class,
}

struct Inner {
    stack: Stack,
    tokens: Tokens,
    network_id: Option<NetworkId>,
    time: TimeSource,
    pinned: Option<Capabilities>,
    capabilities: OnceCell<Arc<Capabilities>>,
    /// Whether our own token was found to see other members' addresses.
    sees_addresses: AtomicBool,
    /// The app's own member.
    own_id: OnceCell<MemberId>,
}

impl Client {
    /// A client. Nothing is sent before the first call.
    #[must_use]
    pub fn new(
        config: Config,
        transport: Transport,
        budget: Arc<dyn Budget>,
        time: TimeSource,
    ) -> Self {
        let inner = Inner {
            tokens: Tokens::new(&config.credentials, Arc::clone(&time)),
            stack: Stack::new(&config, transport, budget, Arc::clone(&time)),
            pinned: Capabilities::pinned(config.generation),
            network_id: config.network_id,
            time,
            capabilities: OnceCell::new(),
            sees_addresses: AtomicBool::new(false),
            own_id: OnceCell::new(),
        };
        Self {
            inner: Arc::new(inner),
            identity: None,
            class: Class::default(),
        }
    }

    /// The same client, acting as a member, with that member's permissions.
    ///
    /// # Errors
    /// [`Error::ImpersonationUnavailable`] with a static token.
    pub fn acting_as(&self, member: MemberId) -> Result<Self, Error> {
        if !self.inner.tokens.can_renew() {
            return Err(Error::ImpersonationUnavailable);
        }
        Ok(Self {
            identity: Some(member),
            ..self.clone()
        })
    }

    /// The same client, whose calls are of this class. Without it they are
    /// [`Class::Interactive`].
    #[must_use]
    pub fn for_class(&self, class: Class) -> Self {
        Self {
            class,
            ..self.clone()
        }
    }

    /// Which newer operations the network has. Asked once, by one call however
    /// many wait; a failure is not remembered.
    ///
    /// # Errors
    /// Any of [`Error`] when the network does not answer.
    pub async fn capabilities(&self) -> Result<Arc<Capabilities>, Error> {
        if let Some(pinned) = self.inner.pinned {
            return Ok(Arc::new(pinned));
        }
        let cell = &self.inner.capabilities;
        cell.get_or_try_init(|| self.introspect()).await.cloned()
    }

    /// What is known without asking.
    fn known_capabilities(&self) -> Option<Capabilities> {
        let asked = self.inner.capabilities.get().map(|asked| **asked);
        self.inner.pinned.or(asked)
    }

    /// Whether calls go out at present, or BetterMode was found to be down.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.inner.stack.breaker()
    }

    /// The community itself: the cheapest call that proves a token.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn network(&self) -> Result<Network, Error> {
        let data = self.call::<operations::network::NetworkQuery>(operations::network::variables());
        data.await.map(operations::network::answer)
    }

    /// Every kind of webhook that the network can send.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn event_types(&self) -> Result<Vec<EventType>, Error> {
        use operations::event_types::{EventTypes, answer, variables};
        self.call::<EventTypes>(variables()).await.map(answer)
    }

    /// The post types that a space takes, all pages of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown space; any of [`Error`].
    pub async fn space_post_types(&self, space: &SpaceId) -> Result<Vec<PostType>, Error> {
        use operations::space_post_types::{SpacePostTypes, answer, variables};
        let mut types = Vec::new();
        let fetch = |after| async {
            self.call::<SpacePostTypes>(variables(space, after))
                .await
                .map(answer)
        };
        let take = |page| {
            types.extend(page);
            false
        };
        each_page(SpacePostTypes::NAME, fetch, take).await?;
        Ok(types)
    }

    /// Creates a post. Never sent twice. Success does not mean visible: see
    /// [`Post::status`].
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been created;
    /// [`Error::NotFound`] for an unknown space; any of [`Error`].
    pub async fn create_post(&self, post: CreatePost) -> Result<Post, Error> {
        use operations::create_post::{CreatePostMutation, answer, variables};
        self.call::<CreatePostMutation>(variables(post))
            .await
            .map(answer)
    }

    async fn introspect(&self) -> Result<Arc<Capabilities>, Error> {
        use operations::root_fields::{RootFields, answer};
        // As the app itself: a member acted for may not be allowed to ask.
        let client = Self {
            identity: None,
            ..self.clone()
        };
        let capabilities = match client.call::<RootFields>(serde_json::Map::new()).await {
            Ok(data) => answer(data),
            Err(error) => Capabilities::after(error)?,
        };
        tracing::info!(?capabilities, "asked the network which operations it has");
        Ok(Arc::new(capabilities))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("identity", &self.identity)
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
