//! Walking the pages of a list to their end, and no further.

use std::future::Future;

use crate::Error;

/// More pages than any list of ours has; beyond it the vendor is looping.
const MAX_PAGES: usize = 200;

/// One page of a list.
pub(crate) struct Page<T> {
    pub(crate) nodes: Vec<T>,
    pub(crate) end_cursor: Option<String>,
    pub(crate) has_next: bool,
}

/// One page of a list, for a caller who comes back for the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins, opaque; absent at the end of the list.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The page that began after `after`.
    ///
    /// # Errors
    /// [`Error::Undecodable`] when there is more and the cursor does not move: the
    /// list would never end.
    pub(crate) fn listing(
        self,
        operation: &'static str,
        after: Option<&str>,
    ) -> Result<Listing<T>, Error> {
        let next = self.end_cursor.filter(|_| self.has_next);
        if self.has_next && (next.is_none() || next.as_deref() == after) {
            return Err(endless(operation));
        }
        Ok(Listing {
            items: self.nodes,
            next,
        })
    }
}

/// Hands every page to `take` until it says stop or the list ends.
///
/// A cursor that does not move would loop for ever and is an error, because
/// what was read until then is not the whole list.
pub(crate) async fn each_page<T, F>(
    operation: &'static str,
    mut fetch: impl FnMut(Option<String>) -> F,
    mut take: impl FnMut(Vec<T>) -> bool,
) -> Result<(), Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let page = fetch(cursor.clone()).await?;
        if take(page.nodes) || !page.has_next {
            return Ok(());
        }
        if page.end_cursor.is_none() || page.end_cursor == cursor {
            break;
        }
        cursor = page.end_cursor;
    }
    Err(endless(operation))
}

fn endless(operation: &'static str) -> Error {
    Error::Undecodable {
        operation,
        detail: "its pages do not end".to_owned(),
    }
}
