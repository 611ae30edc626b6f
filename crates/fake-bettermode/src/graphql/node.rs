//! One object while a request is carried out.
//!
//! An object is its JSON in GraphQL's shape; a field that is not in there is a
//! relation, which `resolve` answers when it is asked for. So only what a document
//! selects is looked up.

use apollo_compiler::Schema;
use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonValue;
use apollo_compiler::schema::{ExtendedType, Type};
use serde_json::{Map, Value};

use super::Call;
use crate::resolve;

pub(crate) struct Node<'c, 'w> {
    call: &'c Call<'w>,
    type_name: String,
    fields: Map<String, Value>,
}

impl<'c, 'w> Node<'c, 'w> {
    /// `Query` or `Mutation`.
    pub(crate) fn root(call: &'c Call<'w>, type_name: &str) -> Self {
        Self {
            call,
            type_name: type_name.to_owned(),
            fields: Map::new(),
        }
    }
}

impl ObjectValue for Node<'_, '_> {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let name = info.field_name();
        let value = if let Some(value) = self.fields.get(name) {
            value.clone()
        } else {
            let arguments = serde_json::to_value(info.arguments()).unwrap_or_default();
            let keep = |refusal| FieldError {
                message: self.call.keep(refusal),
            };
            resolve::field(self.call, &self.type_name, &self.fields, name, &arguments)
                .map_err(keep)?
        };
        Ok(resolved(
            self.call,
            info.schema(),
            &info.field_definition().ty,
            value,
        ))
    }
}

fn resolved<'a>(
    call: &'a Call<'_>,
    schema: &'a Schema,
    ty: &'a Type,
    value: Value,
) -> ResolvedValue<'a> {
    match (value, ty) {
        (Value::Array(items), Type::List(inner) | Type::NonNullList(inner)) => ResolvedValue::list(
            items
                .into_iter()
                .map(move |item| resolved(call, schema, inner, item)),
        ),
        (Value::Object(fields), _) => {
            let declared = ty.inner_named_type();
            let type_name = match schema.types.get(declared) {
                Some(ExtendedType::Object(object)) => Some(object.name.to_string()),
                // A member of a union says which one it is.
                Some(ExtendedType::Union(_)) => fields
                    .get("__typename")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                _ => None,
            };
            match type_name {
                Some(type_name) => ResolvedValue::object(Node {
                    call,
                    type_name,
                    fields,
                }),
                None => ResolvedValue::Leaf(JsonValue::from(Value::Object(fields))),
            }
        }
        (value, _) => ResolvedValue::Leaf(JsonValue::from(value)),
    }
}
