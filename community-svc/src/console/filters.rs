//! Which webhooks a page shows, from its query.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::problem::Problem;
use super::request::{Asked, link};
use crate::events::{Cursor, EventQuery, EventState, WatchFilter};

/// The longest kind or id that anything has.
const LONGEST: usize = 128;

/// The filters, as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filters {
    pub(super) kind: String,
    pub(super) member: String,
    pub(super) state: Option<EventState>,
    /// As a browser's date and time field has it: `2026-11-25T14:03`, UTC.
    pub(super) from: String,
    pub(super) until: String,
    after: String,
    received: (Option<Timestamp>, Option<Timestamp>),
    before: Option<Cursor>,
}

impl Filters {
    /// Reads them.
    pub(super) fn read(asked: &Asked) -> Result<Self, Problem> {
        let text = |name| asked.query.get(name).unwrap_or_default().to_owned();
        let filters = Self {
            kind: text("kind"),
            member: text("member"),
            state: state(&text("state"))?,
            received: (time(&text("from"))?, time(&text("until"))?),
            from: text("from"),
            until: text("until"),
            before: place(&text("after"))?,
            after: text("after"),
        };
        for (name, value) in [("kind", &filters.kind), ("member", &filters.member)] {
            let has_blanks = value.chars().any(|c| c.is_whitespace() || c.is_control());
            if value.chars().count() > LONGEST || has_blanks {
                return Err(Problem::Field(format!(
                    "The {name} must be at most {LONGEST} characters without spaces."
                )));
            }
        }
        if let (Some(from), Some(until)) = filters.received
            && until <= from
        {
            let rule = "\"Until\" must be later than \"from\".".to_owned();
            return Err(Problem::Field(rule));
        }
        Ok(filters)
    }

    /// What the store is asked.
    pub(super) fn query(&self, limit: usize) -> EventQuery {
        EventQuery {
            event_type: some(&self.kind),
            member_id: some(&self.member),
            received_from: self.received.0,
            received_until: self.received.1,
            state: self.state,
            before: self.before.clone(),
            limit,
        }
    }

    /// What a follower is asked for.
    pub(super) fn watched(&self) -> WatchFilter {
        WatchFilter {
            event_type: some(&self.kind),
            member_id: some(&self.member),
        }
    }

    /// Whether what comes in now belongs to what is shown: not on an older page, nor
    /// where a time or a state was asked for, which changes a moment later.
    pub(super) fn are_live(&self) -> bool {
        self.state.is_none() && self.after.is_empty() && self.received == (None, None)
    }

    /// Whether any is set.
    pub(super) fn are_set(&self) -> bool {
        self.parameters().iter().any(|(_, value)| !value.is_empty())
    }

    /// For links to the same list.
    pub(super) fn parameters(&self) -> [(&'static str, &str); 5] {
        [
            ("kind", &self.kind),
            ("member", &self.member),
            ("state", self.state.map_or("", EventState::name)),
            ("from", &self.from),
            ("until", &self.until),
        ]
    }

    /// Where the live feed of what is shown is.
    pub(super) fn feed(&self) -> String {
        link("feed", &[("kind", &self.kind), ("member", &self.member)])
    }
}

/// A place in a list, for a link.
pub(super) fn token(place: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The bytes of such a place; what was damaged is refused by whoever reads them.
pub(super) fn bytes(token: &str) -> Result<Vec<u8>, Problem> {
    let decoded = URL_SAFE_NO_PAD.decode(token);
    decoded.map_err(|_| no_place())
}

/// The link leads nowhere.
pub(super) fn no_place() -> Problem {
    Problem::Field("The link to older entries is damaged; begin at the first page.".to_owned())
}

fn place(token: &str) -> Result<Option<Cursor>, Problem> {
    if token.is_empty() {
        return Ok(None);
    }
    let place = Cursor::from_bytes(&bytes(token)?);
    place.map(Some).ok_or_else(no_place)
}

fn state(name: &str) -> Result<Option<EventState>, Problem> {
    if name.is_empty() {
        return Ok(None);
    }
    let found = EventState::from_name(name);
    let rule = || Problem::Field("The state must be pending, done or dead.".to_owned());
    found.map(Some).ok_or_else(rule)
}

fn time(text: &str) -> Result<Option<Timestamp>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse::<DateTime>().ok();
    let at = read.and_then(|at| at.to_zoned(TimeZone::UTC).ok());
    let rule = || Problem::Field("Times must look like 2026-11-25T14:03, UTC.".to_owned());
    at.map(|at| Some(at.timestamp())).ok_or_else(rule)
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
