//! Tokens that come from a file and change while the service runs.

use std::fs;

use community_proto::v1::ErrorReason;
use integration_tests::{Failure, Sandbox, eventually};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::raw_h2::Connection;
use crate::scopes::{call, hash, let_in, refused};

const READ: &str = "/community.v1.CommunityService/GetMember";
const WRITE: &str = "/community.v1.CommunityService/CreatePost";

fn entry(name: &str, token: &str, scopes: &str) -> String {
    format!("{name}:{}:{scopes}\n", hash(token))
}

fn is_stranger(status: &Status) -> bool {
    status.code() == Code::Unauthenticated
}

#[tokio::test]
async fn callers_change_without_a_restart_and_a_broken_file_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("callers");
    fs::write(&path, entry("crm", "old", "read")).unwrap();
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_AUTH_FILE", path.to_str().unwrap())
        .start_listening()
        .await;
    let connection = Connection::plain(sandbox.clients.service_address()).await;
    let_in(READ, &call(&connection, READ, Some("old")).await);
    refused(WRITE, &call(&connection, WRITE, Some("old")).await);

    // Both hold while one takes the place of the other.
    let both = entry("crm", "old", "read") + &entry("crm", "new", "read+write");
    fs::write(&path, both).unwrap();
    eventually("the new token holds", async || {
        let status = call(&connection, WRITE, Some("new")).await;
        if is_stranger(&status) {
            Err(status)
        } else {
            Ok(())
        }
    })
    .await;
    let_in(READ, &call(&connection, READ, Some("old")).await);

    fs::write(&path, "crm:oops\n").unwrap();
    let line = sandbox.service.line_with("stay known").await;
    assert!(line.contains("COMMUNITY_SVC_AUTH_FILE"), "{line}");
    let_in(READ, &call(&connection, READ, Some("old")).await);
    let_in(WRITE, &call(&connection, WRITE, Some("new")).await);

    fs::write(&path, entry("crm", "new", "read")).unwrap();
    eventually("the old token is gone", async || {
        let status = call(&connection, READ, Some("old")).await;
        if is_stranger(&status) {
            Ok(())
        } else {
            Err(status)
        }
    })
    .await;
    let failure = Failure::read(&call(&connection, WRITE, Some("new")).await);
    let _checked = failure.is(Code::PermissionDenied, ErrorReason::ScopeMissing);
}
