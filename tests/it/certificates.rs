//! Callers who are known by a certificate: every method against a certificate of each
//! kind, and the edge, which has no token then.

use community_proto::v1::ErrorReason;
use integration_tests::{Failure, Sandbox, eventually};
use serde_json::json;
use tonic::Code;

use crate::authority::Authority;
use crate::raw_h2::{Connection, frame};
use crate::scopes::{call, every_method, expected, hash, let_in, refused};

const READ: &str = "/community.v1.CommunityService/GetMember";

/// A system whose service has certificates, and the authority that issued them.
async fn guarded() -> (Sandbox, Authority) {
    let authority = Authority::new();
    let service = authority.issue("service", "IP:127.0.0.1");
    let edge = authority.issue("edge", "DNS:edge.example.internal");
    let auth = format!(
        "crm:san=crm.example.internal:read,mesh:san=spiffe://example/ns/writer:write,\
         edge:san=edge.example.internal:ingest,ops:{}:admin",
        hash("admin")
    );
    let mut sandbox = Sandbox::start().await;
    authority.guard(&mut sandbox, &auth, &service, &edge).await;
    (sandbox, authority)
}

#[tokio::test]
async fn every_method_is_open_to_the_certificates_that_are_named_for_it() {
    let (sandbox, authority) = guarded().await;
    for (names, scope) in [
        ("DNS:crm.example.internal", "read"),
        (
            "DNS:other.example.internal,DNS:CRM.example.internal",
            "read",
        ),
        ("URI:spiffe://example/ns/writer", "write"),
        ("DNS:edge.example.internal", "ingest"),
    ] {
        let issued = authority.issue("client", names);
        let connection = authority.connect(&sandbox, Some(&issued)).await.unwrap();
        for path in every_method() {
            let status = call(&connection, &path, None).await;
            if expected(&path).contains(&scope) {
                let_in(&path, &status);
            } else {
                refused(&path, &status);
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_named_and_none_at_all_are_strangers_without_a_token() {
    let (sandbox, authority) = guarded().await;
    let unnamed = authority.issue("client", "DNS:somebody.example.internal");
    let named = authority.issue("named", "DNS:crm.example.internal");
    // A wrong token is not made good by a certificate.
    for (shown, token) in [
        (None, None),
        (Some(&unnamed), None),
        (Some(&named), Some("wrong")),
    ] {
        let connection = authority.connect(&sandbox, shown).await.unwrap();
        for path in every_method() {
            let is_probe = path.starts_with("/grpc.health.");
            let status = call(&connection, &path, token).await;
            if is_probe {
                let_in(&path, &status);
            } else {
                let failure = Failure::read(&status);
                let _checked = failure.is(Code::Unauthenticated, ErrorReason::Unauthenticated);
            }
            let status = call(&connection, &path, Some("admin")).await;
            if expected(&path).contains(&"admin") {
                let_in(&path, &status);
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_does_not_get_as_far_as_a_call() {
    let (sandbox, authority) = guarded().await;
    let other = Authority::new();
    let foreign = other.issue("client", "DNS:crm.example.internal");
    // The client learns of it at its first read.
    match authority.connect(&sandbox, Some(&foreign)).await {
        Err(_) => {}
        Ok(connection) => {
            let answer = connection.call(READ, &[], frame(&[])).await;
            assert!(answer.is_err(), "{answer:?}");
        }
    }
    // Nor does a client that speaks no TLS.
    let stream = tokio::net::TcpStream::connect(sandbox.clients.service_address());
    let plain = Connection::over(stream.await.unwrap()).await;
    if let Ok(plain) = plain {
        let answer = plain.call(READ, &[], frame(&[])).await;
        assert!(answer.is_err(), "{answer:?}");
    }
}

#[tokio::test]
async fn the_edge_is_known_by_its_certificate_alone() {
    let (sandbox, _authority) = guarded().await;
    let body = json!({ "type": "SUBSCRIPTION", "data": { "id": "8f".repeat(16) } });
    let answer = sandbox.clients.send_webhook(body.to_string()).await;
    assert_eq!(answer.status(), 200);
    sandbox.forwarded().await;
    let health = sandbox.clients.get_edge("/health").await;
    assert_eq!(health.status(), 200);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_fails_the_check_and_the_start() {
    let (sandbox, authority) = guarded().await;
    let mut check = sandbox.service.another(&[]).arg("config").arg("check");
    assert_eq!(check.run_to_end().await.code(), Some(0), "{}", check.log());
    assert!(check.log().contains("certificate: ok"), "{}", check.log());
    let other = authority.issue("other", "IP:127.0.0.1");
    for arguments in [&["config", "check"] as &[&str], &[]] {
        let mut service = sandbox.service.another(&[]);
        for argument in arguments {
            service = service.arg(*argument);
        }
        service.set("COMMUNITY_SVC_LISTEN", "127.0.0.1:0");
        service.set("COMMUNITY_SVC_ADMIN_LISTEN", "127.0.0.1:0");
        service.set("COMMUNITY_SVC_TLS_KEY", other.key.to_str().unwrap());
        assert_eq!(
            service.run_to_end().await.code(),
            Some(1),
            "{}",
            service.log()
        );
        assert!(
            service.log().contains("is the key that of"),
            "{}",
            service.log()
        );
    }
}

#[tokio::test]
async fn a_new_authority_is_used_without_a_restart() {
    let (sandbox, authority) = guarded().await;
    let named = authority.issue("client", "DNS:crm.example.internal");
    let connection = authority.connect(&sandbox, Some(&named)).await.unwrap();
    let_in(READ, &call(&connection, READ, None).await);
    let other = Authority::new();
    let issued = other.issue("client", "DNS:crm.example.internal");
    let new = authority.certificate().with_extension("new");
    std::fs::copy(other.certificate(), &new).unwrap();
    std::fs::rename(new, authority.certificate()).unwrap();
    eventually("the new authority's clients are known", async || {
        let connection = authority.connect(&sandbox, Some(&issued)).await?;
        let answer = connection.call(READ, &[], frame(&[])).await;
        let status = answer.map_err(|error| error.to_string())?;
        let_in(READ, &status);
        Ok::<_, String>(())
    })
    .await;
}
