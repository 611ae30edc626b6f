//! Our documents against the vendor's own schema, and the vendor's own client against
//! our fake.

use std::fs;
use std::path::Path;
use std::process::Command;

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use bettermode::documents::{SCHEMA_SDL, documents};
use integration_tests::sandbox::{CLIENT_ID, CLIENT_SECRET, NETWORK_ID};
use integration_tests::{Sandbox, tools};

/// The schema in the npm package has no root: without it, its billing type named
/// `Subscription` would be taken for one.
const ROOT: &str = "schema { query: Query mutation: Mutation }\n";

#[test]
fn every_document_but_the_newer_ones_is_valid_in_the_schema_that_the_vendor_publishes() {
    let schema = published_by_the_vendor();
    let mut checked = 0;
    for document in documents().iter().filter(|document| !document.newer) {
        if let Err(problem) = validate(&schema, &document.source) {
            panic!("{}: {problem}", document.name);
        }
        checked += 1;
    }
    assert!(checked >= 8, "only {checked} documents were checked");
}

#[test]
fn the_documents_marked_newer_are_not_in_the_published_schema() {
    let schema = published_by_the_vendor();
    let mut checked = 0;
    for document in documents().iter().filter(|document| document.newer) {
        let verdict = validate(&schema, &document.source);
        assert!(
            verdict.is_err(),
            "{} is not newer: the published schema has it",
            document.name
        );
        checked += 1;
    }
    assert!(checked >= 2, "only {checked} documents are marked");
}

#[test]
fn every_document_is_valid_in_the_schema_in_the_repository() {
    let schema = Schema::parse_and_validate(SCHEMA_SDL, "bettermode.graphql").unwrap();
    for document in documents() {
        if let Err(problem) = validate(&schema, &document.source) {
            panic!("{}: {problem}", document.name);
        }
    }
}

#[test]
fn a_document_with_a_field_that_the_vendor_does_not_have_is_found() {
    let schema = published_by_the_vendor();
    assert!(validate(&schema, "query { network { id } }").is_ok());
    assert!(validate(&schema, "query { memberByEmail { id } }").is_err());
}

#[tokio::test]
async fn the_vendors_own_client_gets_a_token_reads_a_member_lists_posts_and_creates_one() {
    // Its hand-written documents ask for fields that its published schema lacks, so
    // only a newer network understands it.
    let sandbox = Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_GENERATION", "newer")
        // Its documents cost more than a network of the smallest plan has.
        .fake_setting("FAKE_BETTERMODE_NO_LIMITS", "true")
        .start_listening()
        .await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor-client/check.mjs");
    let ran = tools::finish(
        Command::new(tools::tool("TEST_NODE"))
            .arg(script)
            .current_dir(tools::tool("TEST_VENDOR_CLIENT"))
            .env("FAKE_URL", sandbox.fake.url("/"))
            .env("FAKE_CLIENT_ID", CLIENT_ID)
            .env("FAKE_CLIENT_SECRET", CLIENT_SECRET)
            .env("FAKE_NETWORK_ID", NETWORK_ID),
    );
    assert!(ran.succeeded, "{ran:?}");
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let post = found["createdPostId"].as_str().unwrap();
    let world = sandbox.fake.world().await;
    assert_eq!(world.one("posts", "id", post)["status"], "PUBLISHED");
}

fn published_by_the_vendor() -> Valid<Schema> {
    let package = tools::tool("TEST_VENDOR_CLIENT").join("node_modules/@tribeplatform/gql-client");
    let path = package.join("schema.generated.gql");
    let sdl = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    Schema::parse_and_validate(format!("{ROOT}{sdl}"), "schema.generated.gql").unwrap()
}

fn validate(schema: &Valid<Schema>, source: &str) -> Result<(), String> {
    ExecutableDocument::parse_and_validate(schema, source, "document.graphql")
        .map(drop)
        .map_err(|problem| problem.errors.to_string())
}
