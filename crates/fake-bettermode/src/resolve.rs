//! What each field answers.
//!
//! `query` and `mutation` are the root fields, `views` turns rows into GraphQL's shape,
//! `relations` follows links from one object to another, `list` cuts pages.

pub(crate) mod access;
pub(crate) mod args;
pub(crate) mod calendar;
pub(crate) mod filters;
pub(crate) mod invitations;
pub(crate) mod list;
pub(crate) mod members;
pub(crate) mod memberships;
pub(crate) mod messages;
pub(crate) mod moving_in;
pub(crate) mod mutation;
pub(crate) mod posts;
pub(crate) mod query;
pub(crate) mod relations;
pub(crate) mod session;
pub(crate) mod views;
pub(crate) mod writing;

use serde_json::{Map, Value};

use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::tokens::Viewer;
use args::Args;

/// Answers one field of an object of this type.
pub(crate) fn field(
    call: &Call<'_>,
    type_name: &str,
    parent: &Map<String, Value>,
    name: &str,
    arguments: &Value,
) -> Result<Value, Refusal> {
    let args = Args::new(arguments);
    match type_name {
        "Query" => {
            admit(call, name)?;
            query::field(call, name, args)
        }
        "Mutation" => {
            admit(call, name)?;
            mutation::field(call, name, args)
        }
        _ => relations::field(call, type_name, parent, name, args),
    }
}

/// Everything but the making of tokens needs a token.
fn admit(call: &Call<'_>, name: &str) -> Result<(), Refusal> {
    let open = match &call.viewer {
        Viewer::Nobody => name == "tokens",
        Viewer::App => name == "limitedToken",
        Viewer::Bot(_) | Viewer::Member(_) | Viewer::Guest(_) => name != "limitedToken",
    };
    if open {
        return Ok(());
    }
    let message = if name == "limitedToken" {
        "limitedToken takes the app's client id and secret as Basic"
    } else {
        "Unauthorized"
    };
    Err(Refusal::new(Code::InvalidToken, message))
}
