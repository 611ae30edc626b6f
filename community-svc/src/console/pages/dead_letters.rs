//! Effects of webhooks that were given up on.

use http::StatusCode;
use maud::{Markup, html};

use crate::console::answer::{self, Answer};
use crate::console::filters::{bytes, no_place, token};
use crate::console::layout::{self, Place};
use crate::console::problem::Problem;
use crate::console::request::{Asked, link};
use crate::console::session::Visitor;
use crate::console::{Console, text};
use crate::events::{DeadCursor, DeadLetter, DeadLetterQuery, Projection};

/// Dead letters on a page.
const PAGE: usize = 50;

pub(in crate::console) async fn page(
    console: &Console,
    asked: &Asked,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let projection = asked.query.get("effect").and_then(Projection::from_name);
    let before = match asked.query.get("after") {
        Some(place) => Some(DeadCursor::from_bytes(&bytes(place)?).ok_or_else(no_place)?),
        None => None,
    };
    let query = DeadLetterQuery {
        projection,
        before,
        limit: PAGE + 1,
    };
    let mut letters = console.events.store.dead_letters(query).await?;
    let has_older = letters.len() > PAGE;
    letters.truncate(PAGE);
    let after = letters.last().filter(|_| has_older);
    let after = after.map(|last| token(&last.cursor().to_bytes()));
    let effect = projection.map_or("", Projection::name);
    let main = html! {
        h1 { "Dead letters" }
        @if let Some(count) = asked.query.get("replayed") {
            p.verdict.good role="status" {
                span.sign aria-hidden="true" { "\u{2713}" } " Replaying " (count)
                ". What fails again comes back here after its attempts."
            }
        }
        p { "Effects of webhooks that failed too often and are no longer tried. A replay tries them \
             anew; a dry run says first what it would change." }
        (choice(projection))
        @if letters.is_empty() {
            p.hint { "There are none." }
        } @else { (list(&letters, visitor)) }
        (layout::older("dead-letters", &[("effect", effect)], after.as_deref()))
    };
    let page = layout::page(Place::DeadLetters, "Dead letters", visitor, &main);
    Ok(answer::html(StatusCode::OK, page))
}

fn choice(chosen: Option<Projection>) -> Markup {
    let all = [None].into_iter().chain(Projection::ALL.map(Some));
    html! {
        p.choice {
            @for one in all {
                a href=(link("dead-letters", &[("effect", one.map_or("", Projection::name))]))
                    aria-current=[(one == chosen).then_some("true")] {
                    (one.map_or("every effect", text::projection))
                }
            }
        }
    }
}

fn list(letters: &[DeadLetter], visitor: &Visitor) -> Markup {
    html! {
        form method="post" action=(link("dry-run", &[])) {
            (layout::secret(visitor))
            p.actions {
                button { "Dry run of the chosen" }
                button.quiet type="button" data-choose-all hidden { "Choose all" }
            }
            ul.letters {
                @for (place, letter) in letters.iter().enumerate() { (one(place, letter)) }
            }
        }
    }
}

fn one(place: usize, letter: &DeadLetter) -> Markup {
    let id = format!("letter-{place}");
    html! {
        li.card {
            input type="checkbox" name="id" value=(letter.event_id) id=(id);
            div {
                label for=(id) { span.kind { (letter.event_type) }
                    span.unseen { ", " (text::projection(letter.projection)) } }
                p.reason { (letter.reason) }
                p.when {
                    (text::projection(letter.projection)) ", given up on at " (text::time(letter.failed_at))
                    " after " (text::count(u64::from(letter.attempts), "attempt", "attempts"))
                }
            }
            a.button.quiet href=(link("event", &[("id", &letter.event_id)])) {
                "Open" span.unseen { " webhook " (letter.event_id) }
            }
        }
    }
}
