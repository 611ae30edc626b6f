//! Reading a community into a snapshot.
//!
//! Each list is read to the page that says that none follows, and a page is kept before the
//! next one is asked for. A pager that sends the same rows again is asked once more; one
//! that does not go on ends the run instead of keeping it busy for ever.

use futures::FutureExt as _;
use service_kit::clock::SharedClock;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::circle::{CircleError, Client, List, Page};
use crate::snapshot::{
    Arrived, Entity, ListKey, ListState, Manifest, Position, SpaceId, Wanted, Writer,
};

mod watch;

pub use watch::{Lines, Silent, Watch};

/// How often a page that brings nothing new is asked for.
const TRIES_OF_A_PAGE: u32 = 2;
/// Pages in a row that bring nothing new, after which a list is given up on.
const MOST_STUCK_PAGES: u32 = 3;
/// Times that a list is begun again because the size of its pages changed.
const MOST_RESIZES: u32 = 3;

/// Reads one pass of a snapshot.
pub struct Extractor<'a> {
    /// Whom to ask.
    pub client: &'a Client,
    /// Where to keep it.
    pub writer: Writer,
    /// Rows of a page.
    pub per_page: u32,
    /// The time.
    pub clock: SharedClock,
    /// When to stop: a page that has arrived is kept.
    pub stop: CancellationToken,
    /// Who is told how far it is.
    pub watch: &'a dyn Watch,
}

impl Extractor<'_> {
    /// Reads every list that this pass wants.
    ///
    /// # Errors
    /// [`Error`]; what was read until then is kept, and another run goes on there.
    pub async fn run(mut self) -> Result<Manifest, Error> {
        for key in lists(self.writer.wanted()) {
            self.list(key).await?;
        }
        if self.writer.wanted().space_members {
            for space in self.writer.seen(Entity::Spaces)? {
                let key = ListKey {
                    entity: Entity::SpaceMembers,
                    space: Some(SpaceId::new(space)),
                };
                self.list(key).await?;
            }
        }
        let now = self.clock.now();
        Ok(self.writer.finish(now)?)
    }

    async fn list(&mut self, key: ListKey) -> Result<(), Error> {
        let position = self.writer.position(key)?;
        let Position::At {
            page,
            per_page,
            seen,
        } = position
        else {
            return Ok(());
        };
        let mut at = Cursor {
            page,
            per_page: per_page.unwrap_or(self.per_page),
            known: seen,
            tries: 0,
            stuck: 0,
            resizes: 0,
        };
        self.watch.begins(key, seen);
        loop {
            let page = self.ask(key, &at).await?;
            if at.was_resized(&page, self.writer.distinct(key)?) {
                continue;
            }
            let is_last = !page.has_next_page;
            if self.is_fresh(key, &at, &page)? || is_last {
                self.keep(key, &mut at, page)?;
            } else if at.gives_up(key)? {
                tracing::warn!(list = %key, page = at.page, "a page brought nothing new");
                at.page += 1;
            }
            if is_last {
                break;
            }
        }
        let state = self.writer.end_list(key)?;
        report(key, &state);
        self.watch.ends(key, &state);
        Ok(())
    }

    async fn ask(&self, key: ListKey, at: &Cursor) -> Result<Page, Error> {
        let list = List {
            key,
            page: at.page,
            per_page: at.per_page,
        };
        let asking = self.client.page(list).fuse();
        // What is not read yet can be read later: a read in flight is let go.
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Error::Interrupted {
                done: format!("{key} is read up to page {}", at.page - 1),
                hint: "run `circle-migrate extract` again, it goes on there",
            }),
            page = asking => Ok(page?),
        }
    }

    /// Whether a page brings what was not there: not one that says that it is another page.
    fn is_fresh(&mut self, key: ListKey, at: &Cursor, page: &Page) -> Result<bool, Error> {
        if page.page.is_some_and(|said| said != at.page) {
            return Ok(false);
        }
        // What is read once more brings nothing new, and that is no sign of anything.
        Ok(at.reads_again() || self.writer.has_fresh(key, &page.records)?)
    }

    fn keep(&mut self, key: ListKey, at: &mut Cursor, page: Page) -> Result<(), Error> {
        let total = page.count;
        let arrived = Arrived {
            page: at.page,
            per_page: at.per_page,
            count: page.count,
            has_next_page: page.has_next_page,
            records: page.records,
        };
        let outcome = self.writer.page(key, &arrived)?;
        self.watch.page(key, outcome.fresh, total);
        at.page += 1;
        (at.tries, at.stuck) = (0, 0);
        Ok(())
    }
}

/// Where in a list the reader is.
struct Cursor {
    page: u32,
    per_page: u32,
    /// Rows that were there before this run, or before the list was begun again.
    known: u64,
    tries: u32,
    stuck: u32,
    resizes: u32,
}

impl Cursor {
    /// Takes the size of pages that Circle uses. When it is another one than before, page
    /// numbers mean other rows, and the list is begun again; rows that come twice do no harm.
    fn was_resized(&mut self, page: &Page, known: u64) -> bool {
        let Some(used) = page.per_page.filter(|used| *used > 0) else {
            return false;
        };
        if used == self.per_page {
            return false;
        }
        let begins = self.page == 1;
        self.per_page = used;
        if begins || self.resizes >= MOST_RESIZES {
            return false;
        }
        self.resizes += 1;
        self.page = 1;
        self.known = known;
        true
    }

    fn reads_again(&self) -> bool {
        u64::from(self.page - 1) * u64::from(self.per_page) < self.known
    }

    /// Whether the page that brought nothing new is passed over; asked once more before.
    fn gives_up(&mut self, key: ListKey) -> Result<bool, CircleError> {
        self.tries += 1;
        if self.tries < TRIES_OF_A_PAGE {
            return Ok(false);
        }
        self.tries = 0;
        self.stuck += 1;
        if self.stuck >= MOST_STUCK_PAGES {
            return Err(CircleError::Stuck {
                list: key.to_string(),
                page: self.page,
            });
        }
        Ok(true)
    }
}

/// The lists of all spaces together, in the order that they are read in.
fn lists(wanted: Wanted) -> Vec<ListKey> {
    let people = [Entity::Members, Entity::MemberTags, Entity::ProfileFields];
    let places = [Entity::SpaceGroups, Entity::Spaces];
    let content = [Entity::Posts, Entity::Comments, Entity::Events];
    let mut lists = people.to_vec();
    if wanted.content || wanted.space_members {
        lists.extend(places);
    }
    if wanted.content {
        lists.extend(content);
    }
    lists.into_iter().map(ListKey::of).collect()
}

fn report(key: ListKey, state: &ListState) {
    if state.has_drifted() {
        tracing::warn!(
            list = %key,
            read = state.counts.distinct(),
            counted_at_start = state.count_at_start,
            counted_at_end = state.count_at_end,
            "the list changed while it was read, or hid rows: run `circle-migrate extract --delta`"
        );
    }
}

#[cfg(test)]
mod tests;
