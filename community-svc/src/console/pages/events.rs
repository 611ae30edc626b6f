//! The list of webhooks, live.

use http::StatusCode;
use maud::{Markup, html};

use crate::console::answer::{self, Answer};
use crate::console::filters::{Filters, token};
use crate::console::layout::{self, Place};
use crate::console::payload;
use crate::console::problem::Problem;
use crate::console::request::{Asked, link};
use crate::console::session::Visitor;
use crate::console::{Console, text};
use crate::events::{EventQuery, EventState, StoredEvent};

/// Webhooks on a page.
pub(in crate::console) const PAGE: usize = 50;

/// What of a payload a row shows, in characters.
const GLIMPSE: usize = 1_500;

/// So many of the latest webhooks tell which kinds to propose.
const RECENT: usize = 300;

pub(in crate::console) async fn page(
    console: &Console,
    asked: &Asked,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let filters = Filters::read(asked)?;
    let store = &console.events.store;
    // One more than is shown tells whether there are older ones.
    let mut events = store.list(filters.query(PAGE + 1)).await?;
    let bytes: usize = events.iter().map(|stored| stored.event.payload.len()).sum();
    let has_older = events.len() > PAGE || bytes >= crate::events::PAGE_BYTES;
    events.truncate(PAGE);
    let after = events.last().filter(|_| has_older);
    let after = after.map(|last| token(&last.cursor().to_bytes()));
    let main = html! {
        h1 { "Webhooks" }
        (form(&filters, &kinds(console).await?))
        @if filters.are_live() { (live(&filters)) } @else {
            p.hint { "A list by time or state, or of older webhooks, stands still. "
                a href=(link("events", &[("kind", &filters.kind), ("member", &filters.member)])) {
                    "Show the latest, live"
                }
            }
        }
        ol.feed aria-label="Webhooks, the latest first" data-rows {
            @for event in &events { (row(event)) }
        }
        p.hint data-none hidden[!events.is_empty()] {
            @if filters.are_set() { "No webhook fits." } @else { "No webhook has come yet." }
        }
        (layout::older("events", &filters.parameters(), after.as_deref()))
    };
    let page = layout::page(Place::Webhooks, "Webhooks", visitor, &main);
    Ok(answer::html(StatusCode::OK, page))
}

/// One webhook. Its details hold the beginning of its payload, addresses masked.
pub(in crate::console) fn row(stored: &StoredEvent) -> Markup {
    let event = &stored.event;
    let shown = payload::masked(&event.payload, GLIMPSE);
    let whole = link("event", &[("id", &event.event_id)]);
    html! {
        li data-event=(event.event_id) {
            details {
                summary {
                    (text::time(event.received_at))
                    span.kind { (event.event_type) }
                    span.member {
                        @if let Some(member) = &event.actor_member_id { "by " (member) }
                    }
                    span data-state { (text::state(stored.state)) }
                }
                div.inside {
                    p.actions {
                        a.button href=(whole) {
                            "Open" span.unseen { " webhook " (event.event_id) }
                        }
                        @if let Some(member) = &event.actor_member_id {
                            a.button.quiet href=(link("member", &[("id", member)])) {
                                "Member " (member)
                            }
                        }
                    }
                    @if stored.erased_at.is_some() {
                        p.hint { "A member's data was erased from it." }
                    } @else {
                        pre tabindex="0" role="region" aria-label="Payload" { (shown.text) }
                        @if shown.is_cut { p.hint { "It goes on; open it to see all of it." } }
                    }
                }
            }
        }
    }
}

fn live(filters: &Filters) -> Markup {
    html! {
        div.live data-feed=(filters.feed()) {
            p role="status" data-status { "Without JavaScript, load this page again to see what is new." }
            button.quiet type="button" data-pause aria-pressed="false" hidden { "Pause" }
        }
    }
}

fn form(filters: &Filters, kinds: &[String]) -> Markup {
    let states = [EventState::Pending, EventState::Done, EventState::Dead];
    html! {
        form.card.filters method="get" action=(link("events", &[])) role="search" {
            div { label for="kind" { "Kind" }
                input id="kind" name="kind" value=(filters.kind) list="kinds" placeholder="any"
                    autocomplete="off" spellcheck="false" autocapitalize="off"; }
            datalist id="kinds" { @for kind in kinds { option value=(kind) {} } }
            div.half { label for="member" { "Member id" }
                input id="member" name="member" value=(filters.member) placeholder="any"
                    autocomplete="off" spellcheck="false" autocapitalize="off"; }
            div.half { label for="state" { "State" }
                select id="state" name="state" {
                    option value="" { "any" }
                    @for state in states {
                        option value=(state.name()) selected[filters.state == Some(state)] {
                            (state.name())
                        }
                    }
                } }
            div { label for="from" { "Received from, UTC" }
                input id="from" name="from" type="datetime-local" value=(filters.from); }
            div { label for="until" { "until, UTC" }
                input id="until" name="until" type="datetime-local" value=(filters.until); }
            div.send {
                button { "Filter" }
                @if filters.are_set() { a.button.quiet href=(link("events", &[])) { "Clear" } }
            }
        }
    }
}

/// The kinds that came lately, by name.
async fn kinds(console: &Console) -> Result<Vec<String>, Problem> {
    let query = EventQuery {
        limit: RECENT,
        ..EventQuery::default()
    };
    let recent = console.events.store.outlines(query).await?;
    let mut kinds: Vec<_> = recent.into_iter().map(|one| one.event_type).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}
