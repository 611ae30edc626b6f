//! Calls as somebody makes them in a terminal, without a proto file.

use integration_tests::{Sandbox, tools};
use serde_json::Value;

/// Runs grpcurl against the service with these arguments, the address put in.
pub(crate) fn run(sandbox: &Sandbox, before: &[&str], after: &[&str]) -> tools::Ran {
    let address = sandbox.clients.service_address().to_string();
    let mut arguments = vec!["-plaintext"];
    arguments.extend(before);
    arguments.push(&address);
    arguments.extend(after);
    tools::run("TEST_GRPCURL", arguments)
}

/// Calls a method, which must succeed, and returns its answer.
pub(crate) fn call(sandbox: &Sandbox, method: &str, request: &Value) -> Value {
    let ran = run(sandbox, &["-d", &request.to_string()], &[method]);
    assert!(ran.succeeded, "{method}: {ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}
