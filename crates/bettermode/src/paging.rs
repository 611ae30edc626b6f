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
    Err(Error::Undecodable {
        operation,
        detail: "its pages do not end".to_owned(),
    })
}
