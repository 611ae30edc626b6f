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

/// One page of a list, for a caller who turns the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// What to ask for the next page with; absent on the last one.
    pub next: Option<String>,
    /// How many there are on all pages, where BetterMode counts.
    pub total: Option<u32>,
}

impl<T> Page<T> {
    /// The page that was asked for with the cursor `after`.
    ///
    /// A cursor that does not move is an error, as in [`each_page`].
    pub(crate) fn listed(
        self,
        operation: &'static str,
        after: Option<&str>,
        total: Option<i64>,
    ) -> Result<Listed<T>, Error> {
        let next = self.end_cursor.filter(|_| self.has_next);
        if self.has_next && (next.is_none() || next.as_deref() == after) {
            return Err(endless(operation));
        }
        Ok(Listed {
            items: self.nodes,
            next,
            total: total.and_then(|total| u32::try_from(total).ok()),
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
