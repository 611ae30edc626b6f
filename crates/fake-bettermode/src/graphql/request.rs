//! The JSON body of a GraphQL request, and which root fields it asks for.

use apollo_compiler::ast::{Definition, Document, Selection};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::refusal::{Code, Refusal};

/// `{"query", "variables", "operationName"}`; other keys are ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) query: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(crate) variables: Map<String, Value>,
    #[serde(default)]
    pub(crate) operation_name: Option<String>,
}

impl Request {
    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body).map_err(|error| {
            let message = format!("the body is not a GraphQL request: {error}");
            Refusal::new(Code::InvalidRequest, message)
        })
    }

    /// The root fields by name, fragments at the root opened, repeated ones repeated;
    /// read without a schema, so that faults and counters know what was asked even when
    /// it is refused.
    pub(crate) fn root_fields(&self) -> Vec<String> {
        let Ok(document) = Document::parse(self.query.as_str(), "request.graphql") else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for definition in &document.definitions {
            if let Definition::OperationDefinition(operation) = definition {
                let wanted = self.operation_name.as_deref();
                let name = operation.name.as_ref().map(apollo_compiler::Name::as_str);
                if wanted.is_none() || wanted == name {
                    collect(&document, &operation.selection_set, 0, &mut names);
                }
            }
        }
        names
    }
}

fn collect(document: &Document, selections: &[Selection], depth: u8, names: &mut Vec<String>) {
    // Nothing has been validated yet: fragments may spread themselves.
    if depth > 8 {
        return;
    }
    for selection in selections {
        match selection {
            Selection::Field(field) => names.push(field.name.to_string()),
            Selection::InlineFragment(inline) => {
                collect(document, &inline.selection_set, depth + 1, names);
            }
            Selection::FragmentSpread(spread) => {
                let fragment =
                    document
                        .definitions
                        .iter()
                        .find_map(|definition| match definition {
                            Definition::FragmentDefinition(fragment)
                                if fragment.name == spread.fragment_name =>
                            {
                                Some(fragment)
                            }
                            _ => None,
                        });
                if let Some(fragment) = fragment {
                    collect(document, &fragment.selection_set, depth + 1, names);
                }
            }
        }
    }
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
