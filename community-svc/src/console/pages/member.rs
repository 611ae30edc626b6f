//! A member's timeline: who it is, how active, and what they did.

use bettermode::MemberId;
use http::StatusCode;
use maud::{Markup, html};

use crate::activities::{Activity, ActivityQuery, Cursor, Period, Summary, SummaryQuery};
use crate::community_members::MemberRecord;
use crate::console::answer::{self, Answer};
use crate::console::filters::{bytes, no_place, token};
use crate::console::layout::{self, Place};
use crate::console::problem::Problem;
use crate::console::request::{Asked, link};
use crate::console::session::Visitor;
use crate::console::{Console, text};

/// Activities on a page.
const PAGE: usize = 50;

/// The longest id that any member has.
const LONGEST: usize = 128;

pub(in crate::console) async fn page(
    console: &Console,
    asked: &Asked,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let id = asked.query.get("id").unwrap_or_default();
    if id.is_empty() || id.chars().count() > LONGEST {
        let rule = format!("A member's id has 1 to {LONGEST} characters.");
        return Err(Problem::Field(rule));
    }
    let member = MemberId::new(id.to_owned());
    let before = match asked.query.get("after") {
        Some(place) => Some(Cursor::from_bytes(&bytes(place)?).ok_or_else(no_place)?),
        None => None,
    };
    let query = ActivityQuery {
        member_id: Some(member.clone()),
        before,
        limit: PAGE + 1,
        ..ActivityQuery::default()
    };
    let all_time = Period::parse("").map_err(|wrong| Problem::Field(wrong.to_string()))?;
    let counts = SummaryQuery {
        member_id: Some(member.clone()),
        period: all_time,
        most_active: 0,
    };
    let activities = console.effects.activities();
    let (record, summary, found) = tokio::join!(
        console.effects.members().get(&member),
        activities.summary(counts),
        activities.list(query),
    );
    let (record, summary, mut found) = (record?, summary?, found?);
    let has_older = found.len() > PAGE;
    found.truncate(PAGE);
    let after = found.last().filter(|_| has_older);
    let after = after.map(|last| token(&last.cursor().to_bytes()));
    let main = html! {
        h1 { (name(record.as_ref(), id)) }
        section.card aria-label="Facts" { (facts(id, record.as_ref(), &summary)) }
        p.actions {
            a.button.quiet href=(link("events", &[("member", id)])) { "Webhooks of this member" }
        }
        section aria-labelledby="timeline" {
            h2 id="timeline" { "Timeline" }
            @if found.is_empty() {
                p.hint { "Nothing is recorded of this member." }
            }
            (days(&found))
        }
        (layout::older("member", &[("id", id)], after.as_deref()))
    };
    let page = layout::page(Place::Members, "Timeline", visitor, &main);
    Ok(answer::html(StatusCode::OK, page))
}

fn name<'a>(record: Option<&'a MemberRecord>, id: &'a str) -> &'a str {
    let name = record.and_then(|record| record.name.as_ref());
    name.map_or(id, |name| &name.value)
}

fn facts(id: &str, record: Option<&MemberRecord>, summary: &Summary) -> Markup {
    let field = |name: &str, value: &Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        dl.facts {
            (field("Id", &html! { code { (id) } }))
            @if let Some(record) = record {
                @if let Some(name) = &record.username { (field("User name", &html! { (name.value) })) }
                @if let Some(status) = &record.status { (field("Status", &html! { (status.value) })) }
                @if let Some(at) = record.joined_at { (field("Joined", &text::time(at))) }
            } @else {
                (field("Record", &html! { "no webhook was about this member yet" }))
            }
            @if let Some(at) = summary.last_active { (field("Last active", &text::time(at))) }
            (field("Activities", &html! { (summary.total) }))
        }
        @if !summary.by_kind.is_empty() {
            ul.kinds aria-label="Activities by kind" {
                @for (kind, count) in &summary.by_kind { li { span.kind { (kind) } " " b { (count) } } }
            }
        }
    }
}

/// The activities under their days.
fn days(activities: &[Activity]) -> Markup {
    let day = |activity: &Activity| activity.occurred_at.strftime("%Y-%m-%d").to_string();
    let days = activities.chunk_by(|one, next| day(one) == day(next));
    html! {
        @for of_day in days {
            @if let Some(first) = of_day.first() {
                h3.day { (day(first)) }
                ol.timeline { @for activity in of_day { (one(activity)) } }
            }
        }
    }
}

fn one(activity: &Activity) -> Markup {
    let subject = &activity.subject;
    let by_another = activity.actor_id.as_ref();
    let by_another = by_another.filter(|actor| **actor != activity.member_id);
    html! {
        li {
            time datetime=(activity.occurred_at) { (text::clock(activity.occurred_at)) }
            div {
                a.kind href=(link("event", &[("id", &activity.event_id)])) { (activity.kind) }
                @if let Some(id) = &subject.post_id { " post " code { (id) } }
                @if let Some(id) = &subject.parent_post_id { " in answer to " code { (id) } }
                @if let Some(id) = &subject.space_id { " in space " code { (id) } }
                @if let Some(reaction) = &subject.reaction { " with " (reaction) }
                @if let Some(actor) = by_another {
                    " by " a href=(link("member", &[("id", actor.as_str())])) { code { (actor) } }
                }
            }
        }
    }
}
