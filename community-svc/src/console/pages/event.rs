//! One webhook with all that is known of it.

use http::StatusCode;
use maud::{Markup, html};

use crate::console::answer::{self, Answer};
use crate::console::layout::{self, Place};
use crate::console::payload::{self, Shown};
use crate::console::problem::Problem;
use crate::console::request::{Asked, Pairs, link};
use crate::console::session::Visitor;
use crate::console::{Console, audit, text};
use crate::events::{Format, ProjectionStatus, Standing, StoredEvent};

/// What of a payload is shown, in characters.
const WHOLE: usize = 300_000;

/// Its addresses masked.
pub(in crate::console) async fn page(
    console: &Console,
    asked: &Asked,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let stored = find(console, &asked.query).await?;
    let shown = payload::masked(&stored.event.payload, WHOLE);
    Ok(show(&stored, &shown, visitor))
}

/// With its addresses, which is written down.
pub(in crate::console) async fn reveal(
    console: &Console,
    asked: &Asked,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let stored = find(console, &asked.form).await?;
    audit("revealed the addresses of a webhook", 1);
    let shown = payload::revealed(&stored.event.payload, WHOLE);
    Ok(show(&stored, &shown, visitor))
}

async fn find(console: &Console, pairs: &Pairs) -> Result<StoredEvent, Problem> {
    let id = pairs.get("id").ok_or(Problem::NoSuchEvent)?;
    let found = console.events.store.get(id).await?;
    found.ok_or(Problem::NoSuchEvent)
}

fn show(stored: &StoredEvent, shown: &Shown, visitor: &Visitor) -> Answer {
    let event = &stored.event;
    let main = html! {
        h1 { (event.event_type) " " (text::state(stored.state)) }
        section.card aria-label="Facts" { (facts(stored)) }
        @if !stored.projections.is_empty() {
            section aria-labelledby="effects" {
                h2 id="effects" { "Effects that have not happened" }
                ul.parts { @for status in &stored.projections { (effect(status)) } }
            }
        }
        section aria-labelledby="payload" {
            div.heading {
                h2 id="payload" { "Payload" }
                (masking(stored, shown, visitor))
            }
            @if stored.erased_at.is_some() {
                p.hint { "A member's data was erased: the payload is empty since." }
            } @else {
                pre tabindex="0" role="region" aria-labelledby="payload" { (shown.text) }
                @if shown.is_cut {
                    p.hint { "Cut after " (WHOLE) " characters; GetWebhookEvent gives all of it." }
                }
            }
        }
        @if stored.erased_at.is_none() {
            section.card aria-labelledby="again" {
                h2 id="again" { "Replay" }
                (super::replay::form(&[event.event_id.as_str()], visitor))
            }
        }
    };
    let page = layout::page(Place::Webhooks, &event.event_type, visitor, &main);
    answer::html(StatusCode::OK, page)
}

/// The way to see the addresses, or to see them no longer.
fn masking(stored: &StoredEvent, shown: &Shown, visitor: &Visitor) -> Markup {
    let id = &stored.event.event_id;
    html! {
        @if shown.masked > 0 {
            form method="post" action=(link("event", &[])) {
                (layout::secret(visitor))
                input type="hidden" name="id" value=(id);
                button.quiet {
                    "Reveal " (text::count(shown.masked as u64, "e-mail address", "e-mail addresses"))
                }
            }
        } @else if payload::masked(&stored.event.payload, WHOLE).masked > 0 {
            a.button.quiet href=(link("event", &[("id", id)])) { "Mask e-mail addresses" }
        }
    }
}

fn facts(stored: &StoredEvent) -> Markup {
    let event = &stored.event;
    let member = event.actor_member_id.as_deref();
    let format = match event.format {
        Format::BetterMode => "BetterMode's",
        Format::Flat => "flat",
        Format::Circle => "Circle's",
    };
    html! {
        dl.facts {
            (fact("Id", &html! { code { (event.event_id) } }))
            (fact("Received", &text::time(event.received_at)))
            @if let Some(at) = event.occurred_at { (fact("Happened", &text::time(at))) }
            (fact("Stored", &text::time(stored.stored_at)))
            @if let Some(at) = stored.erased_at { (fact("Erased", &text::time(at))) }
            @if let Some(id) = member {
                (fact("By member", &html! { a href=(link("member", &[("id", id)])) { code { (id) } } }))
            }
            @if let Some(id) = &event.object_id {
                (fact("About", &html! { (event.noun.as_deref().unwrap_or("object")) " " code { (id) } }))
            }
            @if let Some(id) = &event.network_id { (fact("Network", &html! { code { (id) } })) }
            (fact("Envelope", &html! { (format) " on " code { (event.path) } }))
            (fact("Size", &html! { (event.payload.len()) " bytes" }))
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn effect(status: &ProjectionStatus) -> Markup {
    let attempts = u64::from(status.attempts);
    html! {
        li.card.part {
            h3 { (text::projection(status.projection)) }
            @match status.standing {
                Standing::Due(at) => {
                    (text::badge("wait", "\u{25cb}", "pending"))
                    p { "Tried " (text::count(attempts, "time", "times")) "; next at " (text::time(at)) "." }
                }
                Standing::Dead(at) => {
                    (text::badge("bad", "\u{2715}", "dead"))
                    p { "Given up on after " (text::count(attempts, "attempt", "attempts")) " at " (text::time(at)) "." }
                }
            }
            @if let Some(reason) = &status.reason { p.reason { (reason) } }
        }
    }
}
