//! Finding a member, by id, user name or e-mail address.

use bettermode::{Email, MemberId};
use http::StatusCode;
use maud::{Markup, html};

use crate::activities::{MemberActivity, Period, SummaryQuery};
use crate::cache::{MemberKey, Options};
use crate::console::answer::{self, Answer};
use crate::console::layout::{self, Place};
use crate::console::problem::Problem;
use crate::console::request::{Asked, link};
use crate::console::session::Visitor;
use crate::console::{Console, text};
use crate::error::Error;

/// The longest address that there is (RFC 5321), which is more than an id has.
const LONGEST: usize = 254;

/// How many of the most active members are named.
const MOST_ACTIVE: usize = 10;

/// The form, and who did most this month.
pub(in crate::console) async fn page(
    console: &Console,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let month = console.clock.now().strftime("%Y-%m").to_string();
    let period = Period::parse(&month).map_err(|wrong| Problem::Field(wrong.to_string()))?;
    let query = SummaryQuery {
        member_id: None,
        period,
        most_active: MOST_ACTIVE,
    };
    let summary = console.effects.activities().summary(query).await?;
    let main = html! {
        (form(visitor, None))
        @if !summary.most_active.is_empty() {
            section aria-labelledby="active" {
                h2 id="active" { "Most active in " (month) }
                ol.active.card {
                    @for member in &summary.most_active { (active(member)) }
                }
            }
        }
    };
    Ok(answer::html(StatusCode::OK, around(visitor, &main)))
}

fn active(member: &MemberActivity) -> Markup {
    let id = member.member_id.as_str();
    html! {
        li {
            a href=(link("member", &[("id", id)])) { code { (id) } }
            span { (text::count(member.count, "activity", "activities")) }
            span.when { "last " (text::time(member.last_active)) }
        }
    }
}

/// Leads to the member. What was typed can be an address: it comes in a form, not in a
/// link that browsers and proxies remember, and is not shown again.
pub(in crate::console) async fn find(
    console: &Console,
    asked: &Asked,
    visitor: &Visitor,
) -> Result<Answer, Problem> {
    let typed = asked.form.get("who").unwrap_or_default();
    if typed.is_empty() || typed.chars().count() > LONGEST {
        let problem =
            format!("Type an id, a user name or an address of at most {LONGEST} characters.");
        return Ok(not_found(visitor, &problem));
    }
    match look_up(console, typed).await {
        Ok(Some(id)) => Ok(answer::see_other(&link("member", &[("id", id.as_str())]))),
        Ok(None) => Ok(not_found(
            visitor,
            "Nobody is known by this id, user name or address.",
        )),
        Err(problem) => Err(problem),
    }
}

fn not_found(visitor: &Visitor, problem: &str) -> Answer {
    let main = form(visitor, Some(problem));
    answer::html(StatusCode::NOT_FOUND, around(visitor, &main))
}

/// What is known here costs nothing; BetterMode is asked last.
async fn look_up(console: &Console, typed: &str) -> Result<Option<MemberId>, Problem> {
    let options = Options::default();
    if typed.contains('@') {
        let Ok(email) = Email::parse(typed) else {
            return Ok(None);
        };
        let read = enabled(console, console.members.by_email(&email, &options)).await?;
        return Ok(read);
    }
    if typed.chars().any(char::is_whitespace) {
        return Ok(None);
    }
    let id = MemberId::new(typed.to_owned());
    if console.effects.members().get(&id).await?.is_some() {
        return Ok(Some(id));
    }
    let key = MemberKey(id);
    if let Some(id) = enabled(console, console.members.by_username(typed, &options)).await? {
        return Ok(Some(id));
    }
    enabled(console, console.members.by_id(&key, &options)).await
}

/// The member that BetterMode knows, unless it is switched off.
async fn enabled(
    console: &Console,
    read: impl Future<Output = Result<crate::members::Read, Error>>,
) -> Result<Option<MemberId>, Problem> {
    if !console.events.enabled {
        return Ok(None);
    }
    match read.await {
        Ok(read) => Ok(read.value().map(|member| member.id.clone())),
        Err(Error::MemberNotFound { .. } | Error::EmailNotVisible) => Ok(None),
        Err(error) => Err(Problem::Upstream(error)),
    }
}

fn around(visitor: &Visitor, main: &Markup) -> Markup {
    layout::page(Place::Members, "Members", visitor, main)
}

fn form(visitor: &Visitor, problem: Option<&str>) -> Markup {
    html! {
        h1 { "Members" }
        form.card.find method="post" action=(link("members", &[])) role="search" {
            (layout::secret(visitor))
            label for="who" { "Member id, user name or e-mail address" }
            div.row {
                input id="who" name="who" required maxlength=(LONGEST) autocomplete="off"
                    spellcheck="false" autocapitalize="off" aria-describedby="who-help"
                    aria-invalid=[problem.map(|_| "true")];
                button { "Show timeline" }
            }
            p id="who-help" {
                @if let Some(problem) = problem { strong.problem role="alert" { (problem) } " " }
                "Whoever is not known here is looked up in the cache and then at BetterMode, which \
                 costs up to two requests of its budget."
            }
        }
    }
}
