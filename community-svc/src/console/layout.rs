//! What all pages have around them.

use maud::{DOCTYPE, Markup, html};

use super::request::link;
use super::session::Visitor;

/// The pages that lead to all others.
const PLACES: [(Place, &str, &str); 4] = [
    (Place::Overview, "", "Overview"),
    (Place::Webhooks, "events", "Webhooks"),
    (Place::DeadLetters, "dead-letters", "Dead letters"),
    (Place::Members, "members", "Members"),
];

/// Where in the console a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Webhooks,
    DeadLetters,
    Members,
}

/// A page for somebody who is signed in.
pub(super) fn page(place: Place, title: &str, visitor: &Visitor, main: &Markup) -> Markup {
    let header = html! {
        nav aria-label="Console" {
            ul {
                @for (its, path, name) in PLACES {
                    li {
                        a href=(link(path, &[])) aria-current=[(its == place).then_some("page")] {
                            (name)
                        }
                    }
                }
            }
        }
        form method="post" action=(link("logout", &[])) {
            (secret(visitor))
            button.quiet { "Sign out" }
        }
    };
    document(title, &header, main)
}

/// A page without ways to others.
pub(super) fn bare(title: &str, main: &Markup) -> Markup {
    document(title, &html! {}, main)
}

/// What a form must bring.
pub(super) fn secret(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="form_secret" value=(visitor.form_secret); }
}

/// The way to the next page of a list.
pub(super) fn older(path: &str, parameters: &[(&str, &str)], after: Option<&str>) -> Markup {
    let Some(after) = after else {
        return html! {};
    };
    let mut all = parameters.to_vec();
    all.push(("after", after));
    html! {
        nav.more aria-label="Pages" { a.button href=(link(path, &all)) { "Older" } }
    }
}

fn document(title: &str, header: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " \u{b7} Community console" }
                link rel="icon" href=(link("icon.svg", &[])) type="image/svg+xml";
                link rel="stylesheet" href=(link("console.css", &[]));
                script src=(link("console.js", &[])) defer {}
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header.bar {
                    a.brand href=(super::ROOT) { "Community console" }
                    (header)
                }
                main id="main" tabindex="-1" { (main) }
                footer {
                    "community-svc " (env!("CARGO_PKG_VERSION")) ". All times are UTC."
                }
            }
        }
    }
}
