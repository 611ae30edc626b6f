//! What is read out of a body, and that no body is too strange to be handled.

use http::HeaderMap;
use proptest::prelude::*;

use super::*;

const MEMBER_CREATED: &str = include_str!("../../fixtures/member_created.json");
const POST_PUBLISHED: &str = include_str!("../../fixtures/post_published.json");
const REACTION_ADDED: &str = include_str!("../../fixtures/reaction_added.json");
const TEST_CHALLENGE: &str = include_str!("../../fixtures/test_challenge.json");
const APP_INSTALLED: &str = include_str!("../../fixtures/app_installed.json");
const UNKNOWN_KIND: &str = include_str!("../../fixtures/unknown_kind.json");
const FLAT: &str = include_str!("../../fixtures/flat_member_created.json");

const RECEIVED_AT: &str = "2024-05-06T07:08:10Z";

fn read_for(body: impl AsRef<[u8]>, home: Option<&NetworkId>) -> Result<Payload, Error> {
    let delivery = Delivery::new(
        "/webhooks/bettermode",
        HeaderMap::new(),
        Bytes::copy_from_slice(body.as_ref()),
    )
    .trust_unsigned(RECEIVED_AT.parse().unwrap());
    Payload::read(&delivery, home)
}

fn read(body: impl AsRef<[u8]>) -> Result<Payload, Error> {
    read_for(body, None)
}

fn event_of(body: impl AsRef<[u8]>) -> Event {
    match read(body) {
        Ok(Payload::Event(event)) => *event,
        Ok(Payload::Challenge { .. }) => panic!("a challenge, not an event"),
        Err(error) => panic!("{error}"),
    }
}

fn error_of(body: impl AsRef<[u8]>) -> Option<Error> {
    read(body).err()
}

#[test]
fn an_envelope_gives_its_fields_and_keeps_its_bytes() {
    let event = event_of(MEMBER_CREATED);
    assert_eq!(event.id.as_str(), "5f0e1d2c3b4a59687766554433221100");
    assert_eq!(event.envelope_type, "SUBSCRIPTION");
    assert_eq!(event.event_type, "member.created");
    assert_eq!(
        (event.noun.as_str(), event.verb.as_str()),
        ("MEMBER", "CREATED")
    );
    assert_eq!(event.network_id.as_str(), "NETWORK001");
    assert_eq!(event.actor_id.as_str(), "GUEST_q7RtYw2");
    assert_eq!(event.object_id.as_str(), "MEMBER0042");
    assert_eq!(
        event.occurred_at,
        Some("2024-05-06T07:08:09.123Z".parse().unwrap())
    );
    assert_eq!(event.received_at, RECEIVED_AT.parse().unwrap());
    assert_eq!(event.format, Format::BetterMode);
    assert_eq!(event.path, "/webhooks/bettermode");
    assert_eq!(event.body, MEMBER_CREATED);
}

#[test]
fn session_info_of_either_age_does_not_matter() {
    assert_eq!(event_of(POST_PUBLISHED).actor_id.as_str(), "MEMBER0042");
    assert_eq!(event_of(MEMBER_CREATED).actor_id.as_str(), "GUEST_q7RtYw2");
}

#[test]
fn an_object_without_an_id_is_named_by_the_target_of_its_noun() {
    assert_eq!(
        event_of(REACTION_ADDED).object_id.as_str(),
        "REACTION00000017"
    );
    let noun_unknown = REACTION_ADDED.replace(r#""noun":"REACTION""#, r#""noun":"OTHER""#);
    assert_eq!(event_of(noun_unknown).object_id.as_str(), "");
}

#[test]
fn a_trial_gives_its_challenge_whatever_network_it_names() {
    let home = NetworkId::new("ANOTHER001");
    for home in [None, Some(&home)] {
        let Ok(Payload::Challenge { challenge }) = read_for(TEST_CHALLENGE, home) else {
            panic!("not a challenge");
        };
        assert_eq!(challenge, "0123456789abcdef0123456789abcdef01234567");
    }
}

#[test]
fn a_trial_without_a_usable_challenge_is_an_error() {
    for data in [
        "",
        r#","data":{}"#,
        r#","data":{"challenge":5}"#,
        r#","data":{"challenge":""}"#,
    ] {
        let body = format!(r#"{{"type":"TEST"{data}}}"#);
        assert_eq!(error_of(&body), Some(Error::NoChallenge), "{body}");
    }
}

#[test]
fn unknown_words_pass_through_as_they_came() {
    let event = event_of(UNKNOWN_KIND);
    assert_eq!(event.event_type, "hologram.teleported");
    assert_eq!(event.noun, "HOLOGRAM");
    assert_eq!(event.verb, "TELEPORTED");
    assert_eq!(event_of(r#"{"type":"BRAND_NEW"}"#).event_type, "BRAND_NEW");
}

#[test]
fn the_id_of_an_installation_is_not_the_id_of_an_event() {
    let event = event_of(APP_INSTALLED);
    assert_eq!(event.event_type, "APP_INSTALLED");
    assert!(event.id.as_str().starts_with("sha256:"));
}

#[test]
fn a_flat_body_gives_its_fields() {
    let event = event_of(FLAT);
    assert_eq!(event.format, Format::Flat);
    assert_eq!(event.event_type, "member.created");
    assert_eq!(event.object_id.as_str(), "MEMBER0042");
    assert_eq!(event.network_id.as_str(), "");
    assert_eq!(
        event.occurred_at,
        Some("2024-05-06T07:08:09Z".parse().unwrap())
    );
    assert_eq!(event.body, FLAT);
}

#[test]
fn two_flat_events_of_one_member_are_two_events_and_a_repeat_is_one() {
    let updated = FLAT.replace("member.created", "member.updated");
    assert_ne!(event_of(FLAT).id, event_of(updated).id);
    assert_eq!(event_of(FLAT).id, event_of(FLAT).id);
}

#[test]
fn a_flat_timestamp_is_text_or_milliseconds_or_nothing() {
    let time_of =
        |value: &str| event_of(format!(r#"{{"event_type":"x","timestamp":{value}}}"#)).occurred_at;
    let time = Some("2023-11-14T22:13:20Z".parse().unwrap());
    assert_eq!(time_of("1700000000000"), time);
    assert_eq!(time_of(r#""2023-11-14T23:13:20+01:00""#), time);
    for value in [
        "null",
        "1e400",
        "-1e5",
        "true",
        "[]",
        r#""yesterday""#,
        "99999999999999999999",
    ] {
        assert_eq!(time_of(value), None, "{value}");
    }
}

#[test]
fn an_event_id_that_cannot_be_a_key_gives_way_to_the_digest() {
    let long = "x".repeat(129);
    for id in ["", "two words", "tab\\there", "é", &long] {
        let body = format!(r#"{{"type":"SUBSCRIPTION","data":{{"id":"{id}"}}}}"#);
        let event = event_of(&body);
        assert_eq!(event.id.as_str(), digest_of(body.as_bytes()), "{id:?}");
        assert_eq!(event.id.as_str().len(), 71);
    }
    let longest = "x".repeat(128);
    let body = format!(r#"{{"type":"SUBSCRIPTION","data":{{"id":"{longest}"}}}}"#);
    assert_eq!(event_of(body).id.as_str(), longest);
    let number = r#"{"type":"SUBSCRIPTION","data":{"id":17}}"#;
    assert!(event_of(number).id.as_str().starts_with("sha256:"));
}

#[test]
fn another_network_is_foreign_in_both_shapes() {
    let home = NetworkId::new("NETWORK001");
    assert!(read_for(MEMBER_CREATED, Some(&home)).is_ok());
    assert!(read_for(FLAT, Some(&home)).is_ok());
    let foreign = NetworkId::new("network001");
    let flat = r#"{"event_type":"x","network_id":"NETWORK001"}"#;
    for body in [MEMBER_CREATED, flat] {
        let verdict = read_for(body, Some(&foreign)).err();
        assert_eq!(verdict, Some(Error::ForeignNetwork));
    }
}

#[test]
fn a_network_id_that_is_no_text_is_an_error() {
    let body = r#"{"type":"SUBSCRIPTION","networkId":7}"#;
    assert_eq!(error_of(body), Some(Error::MalformedNetworkId));
    assert!(read(r#"{"type":"SUBSCRIPTION","networkId":null}"#).is_ok());
}

#[test]
fn what_is_not_one_json_object_is_an_error() {
    for body in [
        &b""[..],
        b" ",
        b"null",
        b"[]",
        b"\"type\"",
        b"17",
        b"{",
        b"{}{}",
        b"{\"type\":\"X\"} trailing",
        b"{\"type\":\"X\",}",
        b"{'type':'X'}",
        b"type=X&data=1",
        b"<html></html>",
        b"\xef\xbb\xbf{\"type\":\"X\"}",
        b"{\"type\":\"X\",\"data\":\"\xff\xfe\"}",
        b"{\"type\":\"X\",\"data\":NaN}",
    ] {
        assert_eq!(error_of(body), Some(Error::NotAnObject), "{body:?}");
    }
}

#[test]
fn an_object_of_neither_shape_is_an_error() {
    for body in [
        "{}",
        r#"{"type":7}"#,
        r#"{"type":""}"#,
        r#"{"event_type":null}"#,
        r#"{"data":{}}"#,
    ] {
        assert_eq!(error_of(body), Some(Error::NoType), "{body}");
    }
    let endless = format!(r#"{{"type":"{}"}}"#, "X".repeat(129));
    assert_eq!(error_of(endless), Some(Error::NoType));
}

#[test]
fn of_a_key_that_comes_twice_the_last_one_counts() {
    let body = r#"{"type":"A","type":"SUBSCRIPTION","data":{"name":"x","name":"y"}}"#;
    assert_eq!(event_of(body).envelope_type, "SUBSCRIPTION");
    assert_eq!(event_of(body).event_type, "y");
}

#[test]
fn depth_and_size_of_what_is_not_read_do_not_matter() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let body = format!(
        r#"{{"type":"SUBSCRIPTION","data":{{"name":"x","object":{deep},"n":1e999,"s":"\ud800"}}}}"#
    );
    let event = event_of(&body);
    assert_eq!(event.event_type, "x");
    assert_eq!(event.body.len(), body.len());
}

#[test]
fn parts_of_an_unexpected_kind_leave_their_fields_empty() {
    for data in ["null", "7", "[]", r#""text""#, "{}"] {
        let body = format!(r#"{{"type":"SUBSCRIPTION","networkId":"N","data":{data}}}"#);
        let event = event_of(&body);
        assert_eq!(event.event_type, "SUBSCRIPTION", "{data}");
        assert_eq!(event.actor_id.as_str(), "");
        assert!(event.occurred_at.is_none());
    }
    let odd = r#"{"type":"SUBSCRIPTION","data":{"actor":[1],"object":"x","target":null,"time":"noon","noun":{},"name":"a\u0000b"}}"#;
    let event = event_of(odd);
    assert_eq!(event.event_type, "SUBSCRIPTION");
    assert_eq!((event.object_id.as_str(), event.noun.as_str()), ("", ""));
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _verdict = read(&body);
    }

    #[test]
    fn no_cut_or_overwritten_envelope_makes_it_panic(
        cut in 0..MEMBER_CREATED.len(),
        at in 0..MEMBER_CREATED.len(),
        byte in any::<u8>(),
    ) {
        let mut body = MEMBER_CREATED.as_bytes().to_vec();
        body[at] = byte;
        let _verdict = read(&body);
        body.truncate(cut);
        prop_assert!(read(&body).is_err());
    }
}
