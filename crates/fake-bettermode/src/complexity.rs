//! What a document costs, by the formula of the rate limit page.
//!
//! Scalar 0, object 1, list of scalars 1, list of others 5 times its element, a paged
//! result 2 plus the *requested* size times its node. It reproduces the one recorded
//! value that is known (68 for six posts with two lists of objects each). Asking for
//! `edges` and `nodes` pays twice; `pageInfo` is part of the 2.

use apollo_compiler::ast::Value as AstValue;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::{ExtendedType, Type};
use apollo_compiler::{ExecutableDocument, Schema};

/// A page whose size the document does not say.
const UNKNOWN_PAGE: u64 = 10;

/// The points of one operation with its coerced variables.
pub(crate) fn of(
    schema: &Schema,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &JsonMap,
) -> u64 {
    let meter = Meter {
        schema,
        document,
        variables,
    };
    meter.selection(&operation.selection_set)
}

struct Meter<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
}

impl Meter<'_> {
    fn selection(&self, set: &SelectionSet) -> u64 {
        self.fields(set)
            .into_iter()
            .map(|field| self.field(field))
            .fold(0, u64::saturating_add)
    }

    /// The fields of a selection, fragments opened.
    fn fields<'s>(&'s self, set: &'s SelectionSet) -> Vec<&'s Field> {
        let mut fields = Vec::new();
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => fields.push(&**field),
                Selection::InlineFragment(inline) => {
                    fields.extend(self.fields(&inline.selection_set));
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        fields.extend(self.fields(&fragment.selection_set));
                    }
                }
            }
        }
        fields
    }

    fn field(&self, field: &Field) -> u64 {
        let ty = field.ty();
        let composite = self.is_composite(ty);
        let is_list = matches!(ty, Type::List(_) | Type::NonNullList(_));
        match (is_list, composite) {
            (false, false) => 0,
            (true, false) => 1,
            (true, true) => self.object(field).saturating_mul(5),
            (false, true) if is_page(ty) => self.page(field),
            (false, true) => self.object(field),
        }
    }

    fn object(&self, field: &Field) -> u64 {
        self.selection(&field.selection_set).saturating_add(1)
    }

    fn page(&self, field: &Field) -> u64 {
        let size = self.page_size(field);
        let mut cost: u64 = 2;
        for part in self.fields(&field.selection_set) {
            let node = match part.name.as_str() {
                "nodes" => self.object(part),
                "edges" => self
                    .fields(&part.selection_set)
                    .into_iter()
                    .filter(|inner| inner.name == "node")
                    .map(|inner| self.object(inner))
                    .fold(0, u64::saturating_add),
                _ => 0,
            };
            cost = cost.saturating_add(size.saturating_mul(node));
        }
        cost
    }

    fn page_size(&self, field: &Field) -> u64 {
        let Some(limit) = field.specified_argument_by_name("limit") else {
            return UNKNOWN_PAGE;
        };
        match &**limit {
            AstValue::Int(number) => number.as_str().parse().unwrap_or(0),
            AstValue::Variable(name) => self
                .variables
                .get(name.as_str())
                .and_then(apollo_compiler::response::JsonValue::as_u64)
                .unwrap_or(0),
            _ => UNKNOWN_PAGE,
        }
    }

    fn is_composite(&self, ty: &Type) -> bool {
        matches!(
            self.schema.types.get(ty.inner_named_type()),
            Some(ExtendedType::Object(_) | ExtendedType::Union(_) | ExtendedType::Interface(_))
        )
    }
}

fn is_page(ty: &Type) -> bool {
    ty.inner_named_type().starts_with("Paginated")
}
