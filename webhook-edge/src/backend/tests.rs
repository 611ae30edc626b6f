//! What goes over the wire, field by field.

use bytes::Bytes;
use http::HeaderMap;

use super::*;
use crate::payload::Payload;
use crate::signature::Delivery;

fn event(body: &'static str) -> Event {
    let delivery = Delivery::new(
        "/webhooks/bettermode/member",
        HeaderMap::new(),
        Bytes::from_static(body.as_bytes()),
    )
    .trust_unsigned("2024-05-06T07:08:10.5Z".parse().unwrap());
    match Payload::read(&delivery, None).unwrap() {
        Payload::Event(event) => *event,
        Payload::Challenge { .. } => panic!("a challenge, not an event"),
    }
}

#[test]
fn an_event_keeps_every_field_on_the_wire() {
    let body = include_str!("../../fixtures/member_created.json");
    let expected = v1::WebhookEvent {
        event_id: "5f0e1d2c3b4a59687766554433221100".to_owned(),
        event_type: "member.created".to_owned(),
        noun: "MEMBER".to_owned(),
        verb: "CREATED".to_owned(),
        network_id: "NETWORK001".to_owned(),
        actor_member_id: "GUEST_q7RtYw2".to_owned(),
        object_id: "MEMBER0042".to_owned(),
        occur_time: Some(prost_types::Timestamp {
            seconds: 1_714_979_289,
            nanos: 123_000_000,
        }),
        receive_time: Some(prost_types::Timestamp {
            seconds: 1_714_979_290,
            nanos: 500_000_000,
        }),
        format: v1::WebhookFormat::Bettermode.into(),
        path: "/webhooks/bettermode/member".to_owned(),
        payload: Bytes::from_static(body.as_bytes()),
        platform: String::new(),
        trace_parent: String::new(),
    };
    assert_eq!(to_proto(event(body)), expected);
}

#[test]
fn a_flat_event_says_so() {
    let sent = to_proto(event(include_str!(
        "../../fixtures/flat_member_created.json"
    )));
    assert_eq!(sent.format(), v1::WebhookFormat::Flat);
    assert_eq!(sent.network_id, "");
}

#[test]
fn times_before_1970_keep_positive_nanoseconds_and_impossible_ones_are_left_out() {
    let time = |text: &str| to_proto_time(text.parse().unwrap());
    assert_eq!(
        time("1969-12-31T23:59:59.75Z"),
        Some(prost_types::Timestamp {
            seconds: -1,
            nanos: 750_000_000
        })
    );
    assert!(time("0001-01-01T00:00:00Z").is_some());
    assert_eq!(time("0000-12-31T23:59:59.999Z"), None);
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_named() {
    let url = "http://127.0.0.1:1".parse().unwrap();
    let access = Access {
        token: Some("line\nbreak".into()),
        ..Access::default()
    };
    let error = Backend::new(&url, &access).err().unwrap();
    assert!(error.to_string().starts_with("COMMUNITY_SVC_TOKEN"));
}

#[tokio::test]
async fn an_https_address_gives_an_encrypted_channel() {
    let url = "https://community.example.com".parse().unwrap();
    assert!(Backend::new(&url, &Access::default()).is_ok());
}

#[tokio::test]
async fn a_file_that_is_missing_is_named_with_its_setting() {
    let url = "https://community.example.com".parse().unwrap();
    let access = Access {
        authority: Some("/nowhere/ca.pem".into()),
        ..Access::default()
    };
    let error = Backend::new(&url, &access).err().unwrap().to_string();
    assert!(
        error.starts_with("COMMUNITY_SVC_CA=/nowhere/ca.pem"),
        "{error}"
    );
}
