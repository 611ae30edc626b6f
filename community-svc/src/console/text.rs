//! Times, names and states in the words of the pages. All times are UTC.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::events::{EventState, Projection};

/// `2026-11-25 14:03:16`, for machines too.
pub(super) fn time(at: Timestamp) -> Markup {
    shown(at, &at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// A time, however much of it is shown.
fn shown(at: Timestamp, text: &str) -> Markup {
    html! {
        time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) title=(at.strftime("%Y-%m-%d %H:%M:%S%.3f UTC")) {
            (text)
        }
    }
}

/// `14:03:16`.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// `14:03:16` of today, `2026-11-24` of another day.
pub(super) fn clock_or_day(at: Timestamp, now: Timestamp) -> Markup {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let short = if day(at) == day(now) {
        clock(at)
    } else {
        day(at)
    };
    html! {
        time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) title=(at.strftime("%Y-%m-%d %H:%M:%S%.3f UTC")) {
            (short)
        }
    }
}

/// The words for an event's state, and its look: a sign, a word and a colour, so that no
/// one of them tells it alone.
pub(super) fn state(state: EventState) -> Markup {
    let (look, sign, word) = match state {
        EventState::Pending => ("wait", "\u{25cb}", "pending"),
        EventState::Done => ("good", "\u{2713}", "done"),
        EventState::Dead => ("bad", "\u{2715}", "dead"),
    };
    badge(look, sign, word)
}

/// A small coloured word.
pub(super) fn badge(look: &str, sign: &str, word: &str) -> Markup {
    html! {
        span class=(format!("badge {look}")) { span aria-hidden="true" { (sign) } " " (word) }
    }
}

/// What a projection does, for people.
pub(super) fn projection(projection: Projection) -> &'static str {
    match projection {
        Projection::Cache => "cached copies",
        Projection::Members => "record of members",
        Projection::Activities => "record of activities",
    }
}

/// `1 webhook`, `2 webhooks`.
pub(super) fn count(number: u64, one: &str, more: &str) -> String {
    let word = if number == 1 { one } else { more };
    format!("{number} {word}")
}
