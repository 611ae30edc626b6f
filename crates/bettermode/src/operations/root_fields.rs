//! The names of the network's queries and mutations, by introspection.
//!
//! Typed by hand: introspection is not part of any schema file.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Kind, Operation};
use crate::{Capabilities, Subject};

/// The introspection.
pub(crate) struct RootFields;

impl Operation for RootFields {
    const NAME: &'static str = "RootFields";
    const KIND: Kind = Kind::Read;
    const SUBJECT: Subject = Subject::Network;
    type Variables = serde_json::Map<String, serde_json::Value>;
    type Data = Data;

    fn document(_: &Self::Variables) -> Cow<'static, str> {
        include_str!("root_fields.graphql").into()
    }

    // By the formula: two root types, each with a list of fields, their arguments
    // and the arguments' types.
    fn complexity(_: &Self::Variables) -> u32 {
        1 + 2 * (1 + 5 * (1 + 5 * (1 + 1)))
    }
}

#[derive(Deserialize)]
pub(crate) struct Data {
    #[serde(rename = "__schema")]
    schema: Schema,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schema {
    query_type: Root,
    mutation_type: Option<Root>,
}

#[derive(Default, Deserialize)]
struct Root {
    fields: Option<Vec<Field>>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    args: Vec<Argument>,
}

#[derive(Deserialize)]
struct Argument {
    name: String,
    #[serde(rename = "type")]
    kind: ArgumentType,
}

#[derive(Deserialize)]
struct ArgumentType {
    kind: String,
}

/// An operation whose argument names are only inferred counts as present when
/// it takes exactly those, and requires no other.
pub(crate) fn answer(data: Data) -> Capabilities {
    let queries = data.schema.query_type;
    let mutations = data.schema.mutation_type.unwrap_or_default();
    Capabilities {
        members_by_ids: queries.field("membersByIds").is_some(),
        send_message_to_member: mutations.takes("sendMessageToMember", &["input"]),
        read_chats: queries.takes("findChatWithMember", &["memberId"])
            && queries.takes("messages", &["chatId", "limit", "after"]),
        create_event: mutations.takes("createEvent", &["input", "spaceId"]),
        read_events: queries.takes("event", &["id"])
            && queries.takes(
                "events",
                &["spaceIds", "limit", "after", "orderBy", "reverse"],
            ),
        change_events: mutations.takes("updateEvent", &["id", "input"])
            && mutations.takes("deleteEvent", &["id"]),
        register_for_event: mutations.takes("registerForEvent", &["eventId"]),
    }
}

impl Root {
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .flatten()
            .find(|field| field.name == name)
    }

    fn takes(&self, name: &str, arguments: &[&str]) -> bool {
        self.field(name).is_some_and(|field| {
            let has = |name: &&str| field.args.iter().any(|argument| argument.name == **name);
            let mut required = field
                .args
                .iter()
                .filter(|argument| argument.kind.kind == "NON_NULL");
            arguments.iter().all(has) && required.all(|a| arguments.contains(&a.name.as_str()))
        })
    }
}
