//! The schema of the generation in use, made from the client's one SDL file.
//!
//! Whatever carries `@newer` there is left out for the published generation, with
//! the places of such types in unions; nothing else is changed.

use std::collections::HashSet;

use apollo_compiler::Schema;
use apollo_compiler::ast::{Definition, DirectiveList, Document};
use apollo_compiler::validation::Valid;

use crate::config::Generation;

const SDL: &str = include_str!("../../bettermode/schema/bettermode.graphql");
const MARK: &str = "newer";

/// The SDL could not be used. The fake's own tests read it in both generations, so
/// this is met only while somebody edits the file.
#[derive(Debug, thiserror::Error)]
#[error("the schema cannot be used; fix bettermode.graphql: {0}")]
pub(crate) struct SchemaError(String);

/// Reads and checks the schema.
pub(crate) fn load(generation: Generation) -> Result<Valid<Schema>, SchemaError> {
    let mut document = Document::parse(SDL, "bettermode.graphql")
        .map_err(|invalid| SchemaError(invalid.errors.to_string()))?;
    if generation == Generation::Published {
        strip(&mut document);
    }
    document
        .to_schema_validate()
        .map_err(|invalid| SchemaError(invalid.errors.to_string()))
}

fn strip(document: &mut Document) {
    let newer: HashSet<String> = document
        .definitions
        .iter()
        .filter(|definition| marked(definition.directives()))
        .filter_map(|definition| definition.name().map(ToString::to_string))
        .collect();
    document
        .definitions
        .retain(|definition| !marked(definition.directives()));
    for definition in &mut document.definitions {
        match definition {
            Definition::ObjectTypeDefinition(object) => {
                let object = object.make_mut();
                object.fields.retain(|field| !marked(&field.directives));
                for field in &mut object.fields {
                    let arguments = &mut field.make_mut().arguments;
                    arguments.retain(|argument| !marked(&argument.directives));
                }
            }
            Definition::InputObjectTypeDefinition(input) => {
                let fields = &mut input.make_mut().fields;
                fields.retain(|field| !marked(&field.directives));
            }
            Definition::EnumTypeDefinition(list) => {
                let values = &mut list.make_mut().values;
                values.retain(|value| !marked(&value.directives));
            }
            Definition::UnionTypeDefinition(union) => {
                let members = &mut union.make_mut().members;
                members.retain(|member| !newer.contains(member.as_str()));
            }
            _ => {}
        }
    }
}

fn marked(directives: &DirectiveList) -> bool {
    directives.has(MARK)
}
