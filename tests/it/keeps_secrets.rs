//! No secret and no e-mail address in any log line or error text, whatever happens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use community_proto::v1::{CreatePostRequest, ListMembersRequest, SendDirectMessageRequest};
use integration_tests::sandbox::{CLIENT_ID, CLIENT_SECRET, NETWORK_ID, WEBHOOK_SECRET};
use integration_tests::signing::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign, timestamp_now};
use integration_tests::{Collector, Sandbox, eventually};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::direct_messages::message;
use crate::inviting::{invite, inviting};
use crate::members::{by_email, by_id};
use crate::posts::{post_in, space_for_posts};
use crate::webhook_to_event::of_type;

const CALLERS_TOKEN: &str = "token-that-callers-show";
const COLLECTORS_HEADER: &str = "api-key=key-that-the-collector-knows";
const WORDS_OF_A_MESSAGE: &str = "words-that-are-nobodys-business";

#[tokio::test]
async fn a_day_full_of_trouble_leaves_no_secret_and_no_address_in_the_logs() {
    let collector = Collector::start().await;
    let mut sandbox = Sandbox::builder()
        .traced_to(&collector)
        .service_setting("OTEL_EXPORTER_OTLP_HEADERS", COLLECTORS_HEADER)
        .edge_setting("OTEL_EXPORTER_OTLP_HEADERS", COLLECTORS_HEADER)
        .with_redis()
        .with_own_mongodb()
        .service_setting("LOG_LEVEL", "info,community_svc=trace,bettermode=trace")
        .edge_setting("LOG_LEVEL", "info,webhook_edge=trace")
        .edge_setting("COMMUNITY_SVC_TOKEN", CALLERS_TOKEN)
        .start()
        .await;
    let mut texts = reads(&sandbox).await;
    texts.extend(writes(&sandbox).await);
    texts.extend(invitations(&sandbox).await);
    texts.extend(webhooks(&sandbox).await);
    texts.extend(trouble(&mut sandbox).await);

    let secrets = [
        CLIENT_SECRET.to_owned(),
        STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")),
        // Every access token of the fake is a JWT.
        "eyJ".to_owned(),
        WEBHOOK_SECRET.to_owned(),
        "another-secret-of-somebody".to_owned(),
        CALLERS_TOKEN.to_owned(),
        COLLECTORS_HEADER.to_owned(),
        "@example".to_owned(),
        "%40example".to_owned(),
        WORDS_OF_A_MESSAGE.to_owned(),
        hex::encode(Sha256::digest(CALLERS_TOKEN)),
    ];
    let lines = sandbox.all_lines();
    assert!(
        lines.len() > 50,
        "the logs are there: {} lines",
        lines.len()
    );
    texts.extend(lines);
    texts.extend(exported(&collector));
    for text in &texts {
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret:?} is in {text:?}");
        }
    }
    // The scan would find it: the same texts do hold what they may hold.
    let all = texts.join("\n");
    for allowed in [
        "member.created",
        "webhook refused",
        "BetterMode call failed",
        // Of an event whose id is an address.
        "[not a plain name]",
    ] {
        assert!(all.contains(allowed), "no {allowed:?}");
    }
}

/// What went to the collector, names and values as they are in the messages.
fn exported(collector: &Collector) -> Vec<String> {
    let messages = collector.bytes();
    let spans = collector.spans();
    for service in ["webhook-edge", "community-svc"] {
        let of_it = spans.iter().filter(|span| span.service == service);
        assert!(of_it.count() > 10, "{service}: {spans:?}");
    }
    // It was known by its header, which is in no message.
    let (name, value) = COLLECTORS_HEADER.split_once('=').unwrap();
    let is_known = |headers: &Vec<(String, String)>| {
        let mut headers = headers.iter();
        headers.any(|(header, given)| (header.as_str(), given.as_str()) == (name, value))
    };
    assert!(collector.headers().iter().all(is_known));
    let text = |message: &Vec<u8>| String::from_utf8_lossy(message).into_owned();
    messages.iter().map(text).collect()
}

async fn reads(sandbox: &Sandbox) -> Vec<String> {
    let world = sandbox.fake.world().await;
    let mut texts = Vec::new();
    by_id(&sandbox.clients, &world.text("/members/0/id")).await;
    for address in [
        &world.text("/members/1/email"),
        &world.text("/members/1/email"),
        "nobody@example.net",
        "two@signs@example.net",
        "@example.net",
        &format!("{}@example.net", "x".repeat(400)),
    ] {
        if let Err(status) = by_email(&sandbox.clients, address).await {
            texts.push(format!("{status:?}"));
        }
    }
    for fault in [
        "status_5xx",
        "html_body",
        "cut_body",
        "graphql_error_in_200",
    ] {
        sandbox.fake.fault(fault, json!({})).await;
        let address = world.text("/members/5/email");
        texts.push(format!(
            "{:?}",
            by_email(&sandbox.clients, &address).await.unwrap_err()
        ));
        sandbox.fake.clear_faults().await;
    }
    texts
}

async fn writes(sandbox: &Sandbox) -> Vec<String> {
    let world = sandbox.fake.world().await;
    let mut texts = Vec::new();
    for fault in ["cut_body", "status_5xx_after", "expired_token"] {
        sandbox.fake.fault_once(fault, "createPost").await;
        let request = CreatePostRequest {
            title: format!("{WORDS_OF_A_MESSAGE} by anna@example.com"),
            ..post_in(&space_for_posts(&world))
        };
        let answer = sandbox.clients.community().create_post(request).await;
        texts.extend(answer.err().map(|status| format!("{status:?}")));
        let request = SendDirectMessageRequest {
            ..message(&world.text("/members/0/id"), WORDS_OF_A_MESSAGE)
        };
        let answer = sandbox
            .clients
            .community()
            .send_direct_message(request)
            .await;
        texts.extend(answer.err().map(|status| format!("{status:?}")));
    }
    sandbox.fake.clear_faults().await;
    texts
}

/// Addresses that are invited, refused, not confirmed, and looked for.
async fn invitations(sandbox: &Sandbox) -> Vec<String> {
    let world = sandbox.fake.world().await;
    let mut texts = Vec::new();
    for (number, fault) in ["cut_body", "graphql_error_in_200", "none"]
        .iter()
        .enumerate()
    {
        if *fault != "none" {
            sandbox.fake.fault_once(fault, "inviteMembers").await;
        }
        let new = format!("new.{number}@example.com");
        let request = inviting(&[&new, &world.text("/members/3/email")]);
        texts.push(format!("{:?}", invite(sandbox, request).await));
        sandbox.fake.fault_once("status_5xx", "members").await;
        let request = ListMembersRequest {
            query: new,
            page_size: 1,
            ..ListMembersRequest::default()
        };
        let answer = sandbox.clients.community().list_members(request).await;
        texts.extend(answer.err().map(|status| format!("{status:?}")));
    }
    sandbox.fake.clear_faults().await;
    texts
}

/// What strangers and the vendor send; all of it full of addresses.
async fn webhooks(sandbox: &Sandbox) -> Vec<String> {
    let mut texts = Vec::new();
    let person =
        json!({ "id": "member0001", "email": "ada@example.com", "name": WORDS_OF_A_MESSAGE });
    let full = json!({
        "networkId": NETWORK_ID, "type": "SUBSCRIPTION",
        "data": {
            "id": "8a".repeat(16), "name": "member.created", "noun": "MEMBER",
            "verb": "CREATED", "object": person,
        },
    });
    let flat = json!({ "event_type": "member.created", "data": person });
    let strange =
        json!({ "type": "ada@example.com", "networkId": "bob@example.com", "data": person });
    let named = json!({
        "type": "SUBSCRIPTION",
        "data": { "id": "eve@example.com", "name": "ada@example.com", "noun": "a@example.com" },
    });
    for body in [&full, &full, &flat, &strange, &named] {
        let answer = sandbox.clients.send_webhook(body.to_string()).await;
        texts.push(answer.text().await.unwrap());
    }
    texts.extend(strangers(sandbox, &full.to_string()).await);
    for url in [
        sandbox.edge_admin_url("/metrics"),
        sandbox.service_admin_url("/metrics"),
    ] {
        let answer = sandbox.clients.http().get(url).send().await.unwrap();
        texts.push(answer.text().await.unwrap());
    }
    assert!(!of_type(sandbox, "member.created").await.is_empty());
    texts
}

/// The same without a right signature, addresses wherever a stranger can put them.
async fn strangers(sandbox: &Sandbox, body: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let time = timestamp_now();
    for (time, signature) in [
        (
            time.as_str(),
            sign("another-secret-of-somebody", &time, body.as_bytes()),
        ),
        ("ada@example.com", WEBHOOK_SECRET.to_owned()),
        (&time, format!("sha256={WEBHOOK_SECRET}")),
    ] {
        let url = sandbox
            .clients
            .edge_url("/webhooks/bettermode?who=ada@example.com");
        let request = sandbox.clients.http().post(url).body(body.to_owned());
        let request = request
            .header(TIMESTAMP_HEADER, time)
            .header(SIGNATURE_HEADER, signature)
            .header("x-request-id", "ada@example.com")
            .header("user-agent", "ada@example.com");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        texts.push(answer.text().await.unwrap());
    }
    let unknown = sandbox.clients.edge_url("/ada@example.com");
    sandbox.clients.http().post(unknown).send().await.unwrap();
    texts
}

/// Everything down, everything up, credentials wrong.
async fn trouble(sandbox: &mut Sandbox) -> Vec<String> {
    let mut texts = Vec::new();
    let world = sandbox.fake.world().await;
    let address = world.text("/members/7/email");
    sandbox.redis.as_mut().unwrap().program.kill();
    sandbox.mongodb.as_mut().unwrap().program.kill();
    sandbox.fake_program.kill();
    texts.push(format!(
        "{:?}",
        by_email(&sandbox.clients, &address).await.unwrap_err()
    ));
    let body = json!({ "event_type": "x", "data": { "email": address } });
    assert_eq!(
        sandbox
            .clients
            .send_webhook(body.to_string())
            .await
            .status(),
        200
    );
    texts.push(
        sandbox
            .clients
            .get_edge("/health")
            .await
            .text()
            .await
            .unwrap(),
    );

    sandbox.fake_program.restart().await;
    sandbox
        .service
        .set("BETTERMODE_CLIENT_SECRET", "another-secret-of-somebody");
    sandbox.service.restart().await;
    let refused = eventually("the credentials are refused", async || {
        match by_email(&sandbox.clients, &address).await {
            Err(status) if status.code() == tonic::Code::FailedPrecondition => Ok(status),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    texts.push(format!("{refused:?}"));
    texts
}
