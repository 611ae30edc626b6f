//! Lists and their envelope.

use serde_json::{Value, json};

use crate::faults::{Fault, Faults};

/// Rows of a page unless asked otherwise, as the documentation says.
const DEFAULT_PER_PAGE: usize = 10;
/// The most rows of a page; the documentation says it of some lists only.
const MOST_PER_PAGE: usize = 100;

/// A page of a list of `count` rows; `row` makes one of them.
pub(crate) fn page(
    faults: &mut Faults,
    path: &str,
    query: &Query<'_>,
    count: usize,
    row: impl Fn(usize) -> Value,
) -> Value {
    let asked = query.number("page").unwrap_or(1).max(1);
    let mut per_page = query.number("per_page").unwrap_or(DEFAULT_PER_PAGE);
    per_page = per_page.clamp(1, MOST_PER_PAGE);
    if let Some(strike) = faults.take(Fault::PerPageLower, path) {
        per_page = per_page.min(usize::try_from(strike.value_or(25)).unwrap_or(25));
    }
    let mut shown = asked;
    let mut said = asked;
    let mut insists = false;
    if asked > 1 && faults.take(Fault::RepeatPage, path).is_some() {
        shown = asked - 1;
    }
    if faults.take(Fault::IgnorePage, path).is_some() {
        (shown, said, insists) = (1, 1, true);
    }
    if faults.take(Fault::IgnorePageSilently, path).is_some() {
        (shown, insists) = (1, true);
    }
    let pages = count.div_ceil(per_page);
    let begin = (shown - 1).saturating_mul(per_page).min(count);
    let end = begin.saturating_add(per_page).min(count);
    let mut records: Vec<Value> = (begin..end).map(&row).collect();
    if begin > 0 && begin < end && faults.take(Fault::DuplicateRow, path).is_some() {
        records.insert(0, row(begin - 1));
    }
    if faults.take(Fault::UnknownField, path).is_some() {
        for record in &mut records {
            record["added_last_week"] = json!({ "by": "the vendor" });
        }
    }
    let mut has_next_page = asked < pages || insists;
    if asked == pages && pages > 0 && faults.take(Fault::EmptyLastPage, path).is_some() {
        has_next_page = true;
    }
    let lie = faults.take(Fault::PageCountLies, path);
    let page_count = lie.map_or(pages as u64, |strike| strike.value_or(2));
    json!({
        "page": said,
        "per_page": per_page,
        "has_next_page": has_next_page,
        "count": count,
        "page_count": page_count,
        "records": records,
    })
}

/// The parameters of a request.
pub(crate) struct Query<'a>(Vec<(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).collect())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_ref())
    }

    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn id(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }
}
