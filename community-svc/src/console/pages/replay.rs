//! Replaying: first a dry run that says what would change, then the thing itself.

use http::StatusCode;
use maud::{Markup, html};

use crate::console::answer::{self, Answer};
use crate::console::layout::{self, Place};
use crate::console::problem::Problem;
use crate::console::request::{Asked, link};
use crate::console::session::Visitor;
use crate::console::{Console, audit, text};
use crate::events::replay::{self, Replayed, Selection};
use crate::events::{Outline, Projection};

/// Webhooks of one replay, as many as the RPC takes.
const MAX_IDS: usize = 500;

/// What a form asks to have replayed.
struct Wanted {
    ids: Vec<String>,
    /// The chosen effect; all without one.
    projection: Option<Projection>,
}

impl Wanted {
    fn read(asked: &Asked) -> Result<Self, Problem> {
        let mut ids: Vec<String> = asked.form.all("id").map(str::to_owned).collect();
        // Two effects of one webhook are two lines of the list.
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() || ids.len() > MAX_IDS {
            return Err(Problem::Field(format!(
                "Choose 1 to {MAX_IDS} webhooks; go back, and tick some."
            )));
        }
        let projection = asked.form.get("effect").and_then(Projection::from_name);
        Ok(Self { ids, projection })
    }

    fn projections(&self) -> Vec<Projection> {
        let one = self.projection.map(|one| vec![one]);
        one.unwrap_or_else(|| Projection::ALL.to_vec())
    }

    fn selection(&self) -> Selection {
        Selection::Ids(self.ids.clone())
    }
}

/// The form that begins with a dry run of these.
pub(super) fn form(ids: &[&str], visitor: &Visitor) -> Markup {
    html! {
        form.replay method="post" action=(link("dry-run", &[])) {
            (layout::secret(visitor))
            @for id in ids { input type="hidden" name="id" value=(id); }
            (effects(None))
            button { "Dry run" }
        }
    }
}

/// What a replay of these would change.
pub(in crate::console) async fn dry_run(
    console: &Console,
    asked: &Asked,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let wanted = Wanted::read(asked)?;
    let service = &console.events;
    let found = replay::preview(&*service.store, &wanted.selection()).await?;
    let mut changes = Vec::with_capacity(found.events.len());
    for event in &found.events {
        let again = if event.is_erased {
            Vec::new()
        } else {
            wanted.projections()
        };
        let (store, preview) = (&*service.store, &*service.preview);
        changes.push(replay::changes(store, preview, &event.event_id, &again).await?);
    }
    let main = html! {
        h1 { "Dry run" }
        p { "Nothing was changed. " (outcome(&found)) }
        (again(&wanted, &found, visitor))
        ul.letters {
            @for (event, changes) in found.events.iter().zip(&changes) { (told(event, changes)) }
        }
        @for id in &found.unknown { p.hint { "The store knows no webhook " code { (id) } "." } }
    };
    let page = layout::page(Place::DeadLetters, "Dry run", visitor, &main);
    Ok(answer::html(StatusCode::OK, page))
}

/// Has them run again, and goes back to the list.
pub(in crate::console) async fn run(console: &Console, asked: &Asked) -> Result<Answer, Problem> {
    let wanted = Wanted::read(asked)?;
    let (store, now) = (&*console.events.store, console.clock.now());
    let projections = wanted.projections();
    let done = replay::run(store, &wanted.selection(), &projections, now).await?;
    audit("replayed webhooks", done.count);
    tracing::info!(events = done.count, "events are replayed");
    let count = text::count(done.count, "webhook", "webhooks");
    Ok(answer::see_other(&link(
        "dead-letters",
        &[("replayed", &count)],
    )))
}

fn outcome(found: &Replayed) -> String {
    let count = text::count(found.count, "webhook", "webhooks");
    format!("A replay would run the chosen effects of {count} again.")
}

fn again(wanted: &Wanted, found: &Replayed, visitor: &Visitor) -> Markup {
    let ids: Vec<&str> = found.events.iter().map(|one| &one.event_id[..]).collect();
    html! {
        @if !ids.is_empty() {
            form.replay.card method="post" action=(link("replay", &[])) {
                (layout::secret(visitor))
                @for id in &ids { input type="hidden" name="id" value=(id); }
                (effects(wanted.projection))
                button { "Replay " (text::count(found.count, "webhook", "webhooks")) }
                button.quiet formaction=(link("dry-run", &[])) { "Dry run again" }
                a.button.quiet href=(link("dead-letters", &[])) { "Back" }
            }
        }
    }
}

fn effects(chosen: Option<Projection>) -> Markup {
    html! {
        label { "Effect "
            select name="effect" {
                option value="" { "every effect" }
                @for one in Projection::ALL {
                    option value=(one.name()) selected[chosen == Some(one)] { (text::projection(one)) }
                }
            }
        }
    }
}

fn told(event: &Outline, changes: &[String]) -> Markup {
    html! {
        li.card {
            div {
                p { span.kind { (event.event_type) } " " (text::state(event.state)) " "
                    code { (event.event_id) } }
                @if event.is_erased {
                    p.when { "Erased: there is nothing left to run." }
                } @else if changes.is_empty() {
                    p.when { "Would change nothing: its effects are there already, or it has none." }
                } @else {
                    ul.changes { @for change in changes { li { (change) } } }
                }
            }
        }
    }
}
