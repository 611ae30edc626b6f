//! What can go wrong, as a page that says what to do.

use http::StatusCode;
use maud::html;

use super::answer::{self, Answer};
use super::layout;
use crate::error::Error;
use crate::stores::StoreError;

/// Why there is no page to show.
#[derive(Debug)]
pub(super) enum Problem {
    /// Nothing has this address.
    NoSuchPage,
    /// No webhook has this id.
    NoSuchEvent,
    /// A form that is not of this session's pages.
    ForeignForm,
    /// A field of a form or query is wrong; what it must be.
    Field(String),
    /// The event store failed.
    Store,
    /// BetterMode was asked and gave no answer.
    Upstream(Error),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the event store failed the console"
        );
        Self::Store
    }
}

impl Problem {
    /// The page that says so.
    pub(super) fn page(&self) -> Answer {
        let (status, title, advice) = self.words();
        let main = html! {
            h1 { (title) }
            p { (advice) }
            p { a href=(super::ROOT) { "To the overview" } }
        };
        answer::html(status, layout::bare(title, &main))
    }

    fn words(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::NoSuchPage => (
                StatusCode::NOT_FOUND,
                "There is no such page",
                "Check the address.".to_owned(),
            ),
            Self::NoSuchEvent => (
                StatusCode::NOT_FOUND,
                "There is no such webhook",
                "Its id may be misspelt, or its time in the store is over.".to_owned(),
            ),
            Self::ForeignForm => (
                StatusCode::FORBIDDEN,
                "This form is not of your session",
                "Nothing was done. Open the page again and send it from there; you may have signed \
                 in anew meanwhile."
                    .to_owned(),
            ),
            Self::Field(rule) => (
                StatusCode::BAD_REQUEST,
                "Something does not fit",
                rule.clone(),
            ),
            Self::Store => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The event store does not answer",
                "Webhooks wait in the edge's queue meanwhile. The overview says how each part is."
                    .to_owned(),
            ),
            Self::Upstream(error) => (
                StatusCode::BAD_GATEWAY,
                "BetterMode was asked in vain",
                format!("{error}."),
            ),
        }
    }
}
