//! GraphQL: a request's document is parsed, checked against the schema, priced and
//! executed over the world.
//!
//! apollo-compiler does the language; `node` answers fields; `resolve` knows the world.
//! Nothing here knows HTTP.

pub(crate) mod node;
pub(crate) mod request;

use std::cell::RefCell;

use apollo_compiler::executable::Operation;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{GraphQLError, JsonMap, JsonValue};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node as AstNode, Schema};
use jiff::Timestamp;
use serde_json::Value;

use crate::complexity;
use crate::faults::Fault;
use crate::refusal::{Code, Refusal};
use crate::tokens::{Mint, Viewer};
use crate::world::World;
use node::Node;
use request::Request;

/// A request that the schema accepts.
pub(crate) struct Prepared {
    document: Valid<ExecutableDocument>,
    operation: AstNode<Operation>,
    variables: Valid<JsonMap>,
    /// Its price in points.
    pub(crate) complexity: u64,
}

/// Checks a request against the schema and prices it.
pub(crate) fn prepare(schema: &Valid<Schema>, request: &Request) -> Result<Prepared, Vec<Refusal>> {
    let document =
        ExecutableDocument::parse_and_validate(schema, &request.query, "request.graphql").map_err(
            |invalid| {
                let refusal = |diagnostic: apollo_compiler::diagnostic::Diagnostic<'_, _>| {
                    let error: &apollo_compiler::validation::DiagnosticData = diagnostic.error;
                    let message = error.unstable_compat_message();
                    Refusal::new(
                        Code::Validation,
                        message.unwrap_or_else(|| error.to_string()),
                    )
                };
                invalid.errors.iter().map(refusal).collect::<Vec<_>>()
            },
        )?;
    let operation = document
        .operations
        .get(request.operation_name.as_deref())
        .map_err(|error| {
            vec![Refusal::new(
                Code::InvalidRequest,
                error.message().to_string(),
            )]
        })?
        .clone();
    let raw: JsonMap = match JsonValue::from(Value::Object(request.variables.clone())) {
        JsonValue::Object(map) => map,
        _ => JsonMap::new(),
    };
    let variables = coerce_variable_values(schema, &operation, &raw)
        .map_err(|error| vec![bad_variable(error.message().to_string())])?;
    let complexity = complexity::of(schema, &document, &operation, &variables);
    Ok(Prepared {
        document,
        operation,
        variables,
        complexity,
    })
}

/// A value that the schema refuses, with the variable or input field it speaks of.
fn bad_variable(message: String) -> Refusal {
    let code = if message.to_ascii_lowercase().starts_with("missing value") {
        Code::Missing
    } else {
        Code::WrongType
    };
    let mut words = message
        .split(' ')
        .skip_while(|word| !matches!(*word, "variable" | "field"));
    let name = words.nth(1).unwrap_or("variables");
    let name = name.rsplit('.').next().unwrap_or(name);
    let name = name.trim_matches(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let name = name.to_owned();
    Refusal::new(code, message).field(name)
}

/// Everything that a field may need while one request is carried out.
pub(crate) struct Call<'a> {
    pub(crate) world: RefCell<&'a mut World>,
    pub(crate) viewer: Viewer,
    pub(crate) mint: &'a Mint,
    pub(crate) now: Timestamp,
    /// `apiRateLimitStats`, as counted before this request.
    pub(crate) quotas: Value,
    /// Faults that strike while it is carried out.
    pub(crate) struck: Vec<Fault>,
    refusals: RefCell<Vec<Refusal>>,
}

impl Call<'_> {
    /// Whether a fault strikes while it is carried out.
    pub(crate) fn is_struck_by(&self, fault: Fault) -> bool {
        self.struck.contains(&fault)
    }
}

/// What the outside decides about a call.
pub(crate) struct Circumstances {
    pub(crate) viewer: Viewer,
    pub(crate) now: Timestamp,
    pub(crate) quotas: Value,
    /// Faults that strike while it is carried out.
    pub(crate) struck: Vec<Fault>,
}

/// Carries a request out: `data`, and what was refused on the way.
pub(crate) fn execute(
    schema: &Valid<Schema>,
    prepared: &Prepared,
    world: &mut World,
    mint: &Mint,
    circumstances: Circumstances,
) -> (Value, Vec<Refusal>) {
    let call = Call {
        world: RefCell::new(world),
        viewer: circumstances.viewer,
        mint,
        now: circumstances.now,
        quotas: circumstances.quotas,
        struck: circumstances.struck,
        refusals: RefCell::default(),
    };
    let root = Node::root(&call, prepared.operation.object_type().as_str());
    let response = Execution::new(schema, &prepared.document)
        .operation(&prepared.operation)
        .coerced_variable_values(&prepared.variables)
        .enable_schema_introspection(true)
        .execute_sync(&root);
    match response {
        Ok(response) => {
            let data = serde_json::to_value(&response.data).unwrap_or_default();
            let refusal = |error: &GraphQLError| Refusal {
                path: path(error),
                ..call.refusal(&error.message)
            };
            (data, response.errors.iter().map(refusal).collect())
        }
        Err(error) => {
            let refusal = Refusal::new(Code::InvalidRequest, error.message().to_string());
            (Value::Null, vec![refusal])
        }
    }
}

fn path(error: &GraphQLError) -> Vec<Value> {
    match serde_json::to_value(&error.path) {
        Ok(Value::Array(path)) => path,
        _ => Vec::new(),
    }
}

impl Call<'_> {
    /// Keeps a refusal and gives the text by which it is found again: the executor
    /// carries nothing but a message.
    fn keep(&self, refusal: Refusal) -> String {
        let mut refusals = self.refusals.borrow_mut();
        refusals.push(refusal);
        format!("refusal #{}", refusals.len() - 1)
    }

    fn refusal(&self, message: &str) -> Refusal {
        let number = message.rsplit_once("refusal #").map(|(_, number)| number);
        let place = number.and_then(|number| number.parse::<usize>().ok());
        let refusals = self.refusals.borrow();
        place
            .and_then(|place| refusals.get(place).cloned())
            .unwrap_or_else(|| Refusal::new(Code::Server, message))
    }
}
