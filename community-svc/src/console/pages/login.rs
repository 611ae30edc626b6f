//! Signing in and out.

use http::{HeaderValue, Method, StatusCode, header};
use maud::{Markup, html};

use crate::console::answer::{self, Answer};
use crate::console::layout;
use crate::console::request::{Asked, link};
use crate::console::session::{Refused, Sessions};

/// Sends somebody who is not signed in to the page to do so; scripts are told in brief.
pub(in crate::console) fn required(asked: &Asked) -> Answer {
    if asked.path == "feed" || asked.path == "overview" {
        return answer::text(StatusCode::UNAUTHORIZED, "sign in first\n");
    }
    // What a form would have done is lost, but not where it was.
    let next = if asked.method == Method::GET {
        asked.place.as_str()
    } else {
        ""
    };
    answer::see_other(&link("login", &[("next", next)]))
}

/// The page, and what its form does.
pub(in crate::console) fn answer(sessions: &Sessions, asked: &Asked) -> Answer {
    if asked.method != Method::POST {
        let next = asked.query.get("next").unwrap_or_default();
        return answer::html(StatusCode::OK, page(next, None));
    }
    let next = asked.form.get("next").unwrap_or_default();
    let token = asked.form.get("token").unwrap_or_default();
    match sessions.sign_in(token, asked.is_over_tls()) {
        Ok(cookie) => {
            super::super::audit("signed in", 1);
            answer::with_cookie(answer::see_other(own_place(next)), &cookie)
        }
        Err(Refused::Wrong) => {
            tracing::warn!("a wrong token was shown to the console");
            let problem = "This is not the console's token.";
            answer::html(StatusCode::FORBIDDEN, page(next, Some(problem)))
        }
        Err(Refused::TooMany(wait)) => {
            let seconds = wait.as_secs() + 1;
            let problem = format!("Too many wrong tokens. Try again in {seconds} s.");
            let page = page(next, Some(&problem));
            let mut answer = answer::html(StatusCode::TOO_MANY_REQUESTS, page);
            let seconds = HeaderValue::from(seconds);
            answer.headers_mut().insert(header::RETRY_AFTER, seconds);
            answer
        }
    }
}

/// Ends the session.
pub(in crate::console) fn sign_out(sessions: &Sessions, asked: &Asked) -> Answer {
    let cookie = sessions.sign_out(&asked.headers);
    answer::with_cookie(answer::see_other(&link("login", &[])), &cookie)
}

/// Where to go after signing in: a place of the console, whatever was asked for.
fn own_place(next: &str) -> &str {
    let rest = next.strip_prefix(super::super::ROOT);
    let is_ours =
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with('?'));
    let is_plain = next.chars().all(|c| c.is_ascii_graphic());
    if is_ours && is_plain {
        next
    } else {
        super::super::ROOT
    }
}

fn page(next: &str, problem: Option<&str>) -> Markup {
    let main = html! {
        h1 { "Sign in" }
        form.card.login method="post" action=(link("login", &[])) {
            input type="hidden" name="next" value=(next);
            label for="token" { "Token" }
            input id="token" name="token" type="password" required autocomplete="current-password"
                autofocus aria-describedby="token-help" aria-invalid=[problem.map(|_| "true")];
            p id="token-help" {
                @if let Some(problem) = problem { strong.problem role="alert" { (problem) } " " }
                "It is what " code { "COMMUNITY_SVC_CONSOLE_TOKEN" } " of this service says."
            }
            button { "Sign in" }
        }
    };
    layout::bare("Sign in", &main)
}

#[cfg(test)]
mod tests {
    use super::own_place;

    #[test]
    fn signing_in_leads_nowhere_else() {
        for place in ["/console", "/console/event?id=a%2Fb", "/console?minutes=60"] {
            assert_eq!(own_place(place), place);
        }
        for place in [
            "",
            "//evil.example",
            "https://evil.example/console",
            "/consolex",
            "/console/\u{e9}",
            "/console\r\nSet-Cookie: a=b",
            "\\console",
        ] {
            assert_eq!(own_place(place), "/console");
        }
    }
}
