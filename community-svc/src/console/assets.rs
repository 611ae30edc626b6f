//! The files that pages bring along, built into the program.

use http::Method;

use super::answer::{self, Answer};
use super::request::Asked;

/// The file that was asked for. These are for everybody: the page to sign in needs them.
pub(super) fn find(asked: &Asked) -> Option<Answer> {
    if asked.method != Method::GET && asked.method != Method::HEAD {
        return None;
    }
    match asked.path.as_str() {
        "console.css" => Some(answer::file(
            "text/css; charset=utf-8",
            include_str!("assets/console.css"),
        )),
        "console.js" => Some(answer::file(
            "text/javascript; charset=utf-8",
            include_str!("assets/console.js"),
        )),
        "icon.svg" => Some(answer::file(
            "image/svg+xml",
            include_str!("assets/icon.svg"),
        )),
        _ => None,
    }
}
