//! The first page: how everything is, now and over the last minutes.

use bettermode::BreakerState;
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::console::answer::{self, Answer};
use crate::console::charts::{Charts, Window, draw};
use crate::console::layout::{self, Place};
use crate::console::problem::Problem;
use crate::console::request::{Asked, link};
use crate::console::session::Visitor;
use crate::console::{Console, text};
use crate::events::{EventQuery, EventState, Outline};
use crate::health::State;

/// How a part is, in the page's words.
struct Standing {
    name: &'static str,
    kind: String,
    look: &'static str,
    sign: &'static str,
    word: &'static str,
    about: String,
    checked_at: Option<Timestamp>,
}

/// The whole page.
pub(in crate::console) async fn page(
    console: &Console,
    asked: &Asked,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let window = Window::read(asked.query.get("minutes"));
    let source = link("overview", &[("minutes", window.minutes())]);
    let main = html! {
        h1.unseen { "Overview" }
        div data-refresh=(source) { (content(console, window).await) }
    };
    let page = layout::page(Place::Overview, "Overview", visitor, &main);
    Ok(answer::html(StatusCode::OK, page))
}

/// What of it changes, for the script that keeps it fresh.
pub(in crate::console) async fn part(console: &Console, asked: &Asked) -> Result<Answer, Problem> {
    let window = Window::read(asked.query.get("minutes"));
    Ok(answer::html(StatusCode::OK, content(console, window).await))
}

async fn content(console: &Console, window: Window) -> Markup {
    let now = console.clock.now();
    let standings = standings(console);
    let unwell: Vec<_> = standings.iter().filter(|part| part.look == "bad").collect();
    let samples = console.samples.since(window.start(now));
    let charts = Charts::of(&samples, window, now, console.samples.edge().is_some());
    html! {
        div class=(if unwell.is_empty() { "verdict good" } else { "verdict bad" }) {
            @if unwell.is_empty() {
                p { span.sign aria-hidden="true" { "\u{2713}" } " Everything works." }
            } @else {
                p { span.sign aria-hidden="true" { "\u{2715}" } " Needs attention: "
                    (unwell.iter().map(|part| part.name).collect::<Vec<_>>().join(", ")) "." }
            }
            p.when { "as of " (text::time(now)) }
        }
        (numbers(console, now, samples.last().and_then(|sample| sample.budget)).await)
        section aria-labelledby="parts" {
            h2 id="parts" { "Parts" }
            ul.parts { @for part in &standings { (card(part)) } }
        }
        section aria-labelledby="charts" {
            div.heading {
                h2 id="charts" { "Last " (window.minutes()) " minutes" }
                p.choice {
                    @for other in [Window::Quarter, Window::Hour] {
                        a href=(link("", &[("minutes", other.minutes())]))
                            aria-current=[(other == window).then_some("true")] {
                            (other.minutes()) " min"
                        }
                    }
                }
            }
            @if charts.times.is_empty() {
                p.hint { "The curves begin a few seconds after the service has started." }
            }
            (draw::all(&charts))
        }
    }
}

/// What can be counted, each leading to what is counted.
async fn numbers(console: &Console, now: Timestamp, budget: Option<(f64, f64)>) -> Markup {
    let (latest, pending, dead) = tokio::join!(
        latest(console),
        count(console, EventState::Pending),
        count(console, EventState::Dead)
    );
    html! {
        ul.numbers {
            @if let Some(latest) = latest {
                li.card {
                    a href=(link("events", &[])) {
                        b { (text::clock_or_day(latest.received_at, now)) }
                        " " (latest.event_type) " came last"
                    }
                }
            }
            (number(pending, false, "webhooks that have not taken effect yet", &link("events", &[("state", "pending")])))
            (number(dead, true, "webhooks with an effect that was given up on", &link("dead-letters", &[])))
            @if let Some(Ok(edge)) = console.samples.edge() {
                li.card { b { (format!("{:.0}", edge.depth)) } " wait in the edge's queue" }
                @if edge.dead > 0.0 {
                    li.card { b { (format!("{:.0}", edge.dead)) } " were refused by this service and wait at the edge" }
                }
            }
            @if let Some((left, limit)) = budget {
                li.card { b { (format!("{left:.0}")) small { " of " (format!("{limit:.0}")) } }
                    " requests to BetterMode left" }
            }
        }
    }
}

/// A count that leads to what is counted; a store that fails has none.
fn number(count: Option<u64>, is_fault: bool, about: &str, place: &str) -> Markup {
    html! {
        li.card.dead[is_fault && count > Some(0)] {
            a href=(place) {
                b { @if let Some(count) = count { (count) } @else { "?" } } " " (about)
            }
        }
    }
}

/// The webhook that came last; a store that fails has none.
async fn latest(console: &Console) -> Option<Outline> {
    let query = EventQuery {
        limit: 1,
        ..EventQuery::default()
    };
    let latest = console.events.store.outlines(query).await.ok()?;
    latest.into_iter().next()
}

async fn count(console: &Console, state: EventState) -> Option<u64> {
    let query = EventQuery {
        state: Some(state),
        ..EventQuery::default()
    };
    console.events.store.count(query).await.ok()
}

fn card(part: &Standing) -> Markup {
    html! {
        li.card.part {
            h3 { (part.name) small { " " (part.kind) } }
            (text::badge(part.look, part.sign, part.word))
            @if !part.about.is_empty() { p { (part.about) } }
            @if let Some(at) = part.checked_at { p.when { "as of " (text::time(at)) } }
        }
    }
}

fn standings(console: &Console) -> Vec<Standing> {
    let mut standings: Vec<_> = console
        .health
        .parts()
        .into_iter()
        .map(|part| {
            let (look, sign, word, about) = state(part.state);
            Standing {
                name: match part.name {
                    "bettermode" => "BetterMode",
                    "cache" => "Cache",
                    _ => "Event store",
                },
                kind: part.kind.to_owned(),
                look,
                sign,
                word,
                about,
                checked_at: part.checked_at,
            }
        })
        .collect();
    standings.push(breaker(console.health.breaker()));
    standings.push(edge(console));
    standings
}

fn state(state: State) -> (&'static str, &'static str, &'static str, String) {
    match state {
        State::Unknown => (
            "wait",
            "\u{25cb}",
            "not asked yet",
            "It is asked when somebody needs it.".to_owned(),
        ),
        State::Up => ("good", "\u{2713}", "up", String::new()),
        State::Down(message) => ("bad", "\u{2715}", "down", message),
        State::Embedded => ("good", "\u{2713}", "in this process", String::new()),
        State::Disabled => (
            "wait",
            "\u{25cb}",
            "switched off",
            "INTEGRATION_ENABLE_BETTERMODE is false.".to_owned(),
        ),
    }
}

fn breaker(state: BreakerState) -> Standing {
    let (look, sign, word, about) = match state {
        BreakerState::Closed => ("good", "\u{2713}", "closed", "Calls go out.".to_owned()),
        BreakerState::HalfOpen => (
            "wait",
            "\u{25cb}",
            "half open",
            "One call goes out to find out.".to_owned(),
        ),
        BreakerState::Open { retry_after } => (
            "bad",
            "\u{2715}",
            "open",
            format!(
                "Calls fail at once; BetterMode is asked again in {} s.",
                retry_after.as_secs() + 1
            ),
        ),
    };
    Standing {
        name: "Circuit breaker",
        kind: String::new(),
        look,
        sign,
        word,
        about,
        checked_at: None,
    }
}

fn edge(console: &Console) -> Standing {
    let (look, sign, word, about) = match console.samples.edge() {
        None => (
            "wait",
            "\u{25cb}",
            "not watched",
            "COMMUNITY_SVC_CONSOLE_EDGE_URL names its admin port.".to_owned(),
        ),
        Some(Err(problem)) => ("bad", "\u{2715}", "away", problem),
        Some(Ok(queue)) if queue.is_poisoned => (
            "bad",
            "\u{2715}",
            "disk failed",
            "It refuses webhooks: its queue's disk has failed.".to_owned(),
        ),
        Some(Ok(queue)) => (
            "good",
            "\u{2713}",
            "up",
            if queue.depth > 0.0 {
                format!(
                    "The oldest webhook in its queue has waited {:.0} s.",
                    queue.age
                )
            } else {
                "Its queue is empty.".to_owned()
            },
        ),
    };
    Standing {
        name: "Edge",
        kind: "webhook-edge".to_owned(),
        look,
        sign,
        word,
        about,
        checked_at: None,
    }
}
