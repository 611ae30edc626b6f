//! The reads of the Admin API v2 that this fake knows.

use http::StatusCode;
use serde_json::{Value, json};

use crate::fake::State;
use crate::faults::Fault;
use crate::pages::{self, Query};
use crate::world::Row;

const BASE: &str = "/api/admin/v2/";

/// Why a request is not answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Refusal {
    fn new(status: StatusCode, message: &str, details: &Value) -> Self {
        let body = json!({ "success": false, "message": message, "error_details": details });
        Self { status, body }
    }

    pub(crate) fn token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "The API token is invalid.",
            &json!({}),
        )
    }

    pub(crate) fn not_eligible() -> Self {
        let message = "The community is not eligible for admin API v2 access.";
        Self::new(StatusCode::FORBIDDEN, message, &json!({}))
    }

    pub(crate) fn errors_only() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            body: json!({ "success": false, "errors": "Daily member limit exceeded." }),
        }
    }

    pub(crate) fn unprocessable() -> Self {
        let message = "Validation failed: Name can't be blank";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message, &Value::Null)
    }

    pub(crate) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            &Value::Null,
        )
    }

    fn missing(what: &str) -> Self {
        let details = json!({ "message": format!("Missing record: {what}") });
        let message = "Oops! Missing record. Please try again later.";
        Self::new(StatusCode::NOT_FOUND, message, &details)
    }

    fn parameter(name: &str) -> Self {
        let message = format!("param is missing or the value is empty: {name}");
        Self::new(StatusCode::BAD_REQUEST, &message, &Value::Null)
    }
}

pub(crate) fn answer(state: &mut State, path: &str, query: &str) -> Result<Value, Refusal> {
    let query = Query::parse(query);
    let tail = path
        .strip_prefix(BASE)
        .ok_or_else(|| Refusal::missing("route"))?;
    let parts: Vec<&str> = tail.split('/').collect();
    match parts.as_slice() {
        ["community"] => Ok(state.world.community()),
        ["community_members"] => members(state, path, &query),
        ["community_members", "search"] => {
            let email = query
                .text("email")
                .ok_or_else(|| Refusal::parameter("email"))?;
            let found = state.world.member_by_email(email);
            found.ok_or_else(|| Refusal::missing("community member"))
        }
        ["community_members", id] => {
            let found = number(id).and_then(|id| state.world.member(id));
            found.ok_or_else(|| Refusal::missing("community member"))
        }
        ["space_members"] => space_members(state, path, &query),
        [list] => {
            let rows = state
                .world
                .rows(list)
                .ok_or_else(|| Refusal::missing("route"))?;
            let fitting: Vec<&Row> = rows.iter().filter(|row| fits(row, list, &query)).collect();
            let row = |at: usize| fitting[at].value.clone();
            Ok(pages::page(
                &mut state.faults,
                path,
                &query,
                fitting.len(),
                row,
            ))
        }
        [list, id] => {
            let rows = state
                .world
                .rows(list)
                .ok_or_else(|| Refusal::missing("route"))?;
            let row = rows.iter().find(|row| Some(row.id) == number(id));
            row.map(|row| row.value.clone())
                .ok_or_else(|| Refusal::missing("record"))
        }
        _ => Err(Refusal::missing("route")),
    }
}

fn members(state: &mut State, path: &str, query: &Query<'_>) -> Result<Value, Refusal> {
    if state.faults.take(Fault::MemberJoins, path).is_some() {
        state.world.join_first();
    }
    if state.faults.take(Fault::MemberLeaves, path).is_some() {
        state.world.leave_first();
    }
    let wanted = match query.text("status").unwrap_or("active") {
        "active" => Some(true),
        "inactive" => Some(false),
        "all" => None,
        _ => return Err(Refusal::parameter("status")),
    };
    let world = &state.world;
    let fitting = world.members_by_status(wanted);
    let row = |at: usize| world.member_row(fitting[at]);
    Ok(pages::page(
        &mut state.faults,
        path,
        query,
        fitting.len(),
        row,
    ))
}

fn space_members(state: &mut State, path: &str, query: &Query<'_>) -> Result<Value, Refusal> {
    let space = query
        .id("space_id")
        .ok_or_else(|| Refusal::parameter("space_id"))?;
    let world = &state.world;
    let inside = world
        .members_of_space(space)
        .ok_or_else(|| Refusal::missing("space"))?;
    let row = |at: usize| world.space_member_row(space, inside[at]);
    Ok(pages::page(
        &mut state.faults,
        path,
        query,
        inside.len(),
        row,
    ))
}

fn fits(row: &Row, list: &str, query: &Query<'_>) -> bool {
    let same = |name: &str, own: Option<u64>| query.id(name).is_none_or(|id| own == Some(id));
    // Drafts and scheduled posts are left out unless asked for.
    let status = match (list, query.text("status")) {
        ("posts", None) => Some("published"),
        ("posts", Some(wanted)) if wanted != "all" => Some(wanted),
        _ => None,
    };
    same("space_id", row.space)
        && same("post_id", row.post)
        && status.is_none_or(|status| row.value["status"] == status)
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}
