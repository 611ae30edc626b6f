//! The vendor's rule against an independent reading of it, and every way to break it.

use proptest::prelude::*;
use sha2::Digest as _;

use super::*;

/// Computed with other programs, not with this code.
const SECRET: &str = "whsec_test_0123456789abcdef";
const TIMESTAMP: &str = "1700000000000";
const BODY: &str = r#"{"networkId":"AAAAbbbb01","context":"NETWORK","currentSettings":[],"type":"TEST","data":{"challenge":"0123456789abcdef0123456789abcdef01234567"}}"#;
const SIGNATURE: &str = "18e23a9551e74daf85f7344b42fddc75fac79b9aed792111535b86f4ea46b761";

/// HMAC-SHA256 written out from RFC 2104, so that a mistake in the use of the
/// library does not check itself.
fn reference_signature(secret: &[u8], timestamp: &str, body: &[u8]) -> String {
    let mut key = [0_u8; 64];
    if secret.len() > key.len() {
        key[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        key[..secret.len()].copy_from_slice(secret);
    }
    let text = [timestamp.as_bytes(), b":", body].concat();
    let inner = Sha256::digest([key.map(|byte| byte ^ 0x36).as_slice(), &text].concat());
    let outer = Sha256::digest([key.map(|byte| byte ^ 0x5c).as_slice(), &inner].concat());
    hex::encode(outer)
}

fn keys(secrets: &str) -> Keys {
    Keys::parse(&SecretString::from(secrets)).unwrap()
}

fn at(timestamp_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(timestamp_ms).unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// The verdict on `pairs` over the vector's body, at the vector's time.
fn verdict(pairs: &[(&'static str, &str)]) -> Result<(), Error> {
    verdict_at(pairs, 1_700_000_000_000)
}

fn verdict_at(pairs: &[(&'static str, &str)], now_ms: i64) -> Result<(), Error> {
    Delivery::new("/", headers(pairs), Bytes::from_static(BODY.as_bytes()))
        .verify(
            &keys(SECRET),
            at(now_ms),
            Window::new(Duration::from_secs(900)),
        )
        .map(|_| ())
}

const GOOD: [(&str, &str); 2] = [
    ("x-bettermode-signature", SIGNATURE),
    ("x-bettermode-request-timestamp", TIMESTAMP),
];

#[test]
fn the_known_vector_is_accepted_under_both_header_pairs() {
    assert_eq!(verdict(&GOOD), Ok(()));
    assert_eq!(
        verdict(&[
            ("x-tribe-signature", SIGNATURE),
            ("x-tribe-request-timestamp", TIMESTAMP),
        ]),
        Ok(())
    );
}

#[test]
fn a_verified_delivery_gives_back_the_signed_bytes_and_the_time() {
    let delivery = Delivery::new("/here", headers(&GOOD), Bytes::from_static(BODY.as_bytes()));
    let now = at(1_700_000_000_500);
    let verified = delivery
        .verify(&keys(SECRET), now, Window::new(Duration::from_secs(1)))
        .ok()
        .unwrap();
    assert_eq!(verified.body(), BODY);
    assert_eq!(verified.path(), "/here");
    assert_eq!(verified.received_at(), now);
}

#[test]
fn pairs_are_never_mixed() {
    let mixed = verdict(&[
        ("x-tribe-signature", SIGNATURE),
        ("x-bettermode-request-timestamp", TIMESTAMP),
    ]);
    assert_eq!(mixed, Err(Error::BothPairs));
    let both_right = [
        GOOD[0],
        GOOD[1],
        ("x-tribe-signature", SIGNATURE),
        ("x-tribe-request-timestamp", TIMESTAMP),
    ];
    assert_eq!(verdict(&both_right), Err(Error::BothPairs));
}

#[test]
fn a_header_that_is_missing_or_repeated_is_named() {
    assert_eq!(verdict(&[]), Err(Error::Missing("x-bettermode-signature")));
    assert_eq!(
        verdict(&GOOD[..1]),
        Err(Error::Missing("x-bettermode-request-timestamp"))
    );
    assert_eq!(
        verdict(&[("x-tribe-request-timestamp", TIMESTAMP)]),
        Err(Error::Missing("x-tribe-signature"))
    );
    assert_eq!(
        verdict(&[GOOD[0], GOOD[0], GOOD[1]]),
        Err(Error::Repeated("x-bettermode-signature"))
    );
    assert_eq!(
        verdict(&[GOOD[0], GOOD[1], GOOD[1]]),
        Err(Error::Repeated("x-bettermode-request-timestamp"))
    );
}

#[test]
fn only_plain_whole_milliseconds_are_a_timestamp() {
    for text in [
        "",
        " 1700000000000",
        "1700000000000 ",
        "+1700000000000",
        "-1700000000000",
        "1700000000000.0",
        "1.7e12",
        "0x18bcfe56800",
        "01700000000000",
        "0",
        "NaN",
        "Infinity",
        "1_700_000_000_000",
        "1,700,000,000,000",
        "9223372036854775808",
        "99999999999999999999999999999999",
        "١٧٠٠٠٠٠٠٠٠٠٠٠",
        "2023-11-14T22:13:20Z",
    ] {
        let signature = reference_signature(SECRET.as_bytes(), text, BODY.as_bytes());
        assert_eq!(
            verdict(&[
                ("x-bettermode-signature", &signature),
                ("x-bettermode-request-timestamp", text),
            ]),
            Err(Error::MalformedTimestamp),
            "{text:?}"
        );
    }
}

#[test]
fn only_64_lower_case_hex_digits_are_a_signature() {
    let upper = SIGNATURE.to_ascii_uppercase();
    let prefixed = format!("sha256={SIGNATURE}");
    let longer = format!("{SIGNATURE}00");
    let not_hex = SIGNATURE.replace('a', "g");
    for text in [
        "",
        &SIGNATURE[..63],
        &SIGNATURE[..62],
        &longer,
        &upper,
        &prefixed,
        &not_hex,
        "é",
    ] {
        assert_eq!(
            verdict(&[("x-bettermode-signature", text), GOOD[1]]),
            Err(Error::MalformedSignature),
            "{text:?}"
        );
    }
}

#[test]
fn the_window_has_two_sides_and_its_edges_are_in() {
    let signed = 1_700_000_000_000;
    assert_eq!(verdict_at(&GOOD, signed + 900_000), Ok(()));
    assert_eq!(verdict_at(&GOOD, signed - 900_000), Ok(()));
    assert_eq!(
        verdict_at(&GOOD, signed + 1_800_000),
        Err(Error::TooOld {
            age_seconds: 1800,
            window_seconds: 900
        })
    );
    assert!(matches!(
        verdict_at(&GOOD, signed + 900_001),
        Err(Error::TooOld { .. })
    ));
    assert!(matches!(
        verdict_at(&GOOD, signed - 900_001),
        Err(Error::TooNew {
            ahead_seconds: 900,
            ..
        })
    ));
}

#[test]
fn a_timestamp_in_seconds_is_far_too_old() {
    let signature = reference_signature(SECRET.as_bytes(), "1700000000", BODY.as_bytes());
    let verdict = verdict(&[
        ("x-bettermode-signature", &signature),
        ("x-bettermode-request-timestamp", "1700000000"),
    ]);
    assert!(matches!(verdict, Err(Error::TooOld { .. })));
}

#[test]
fn an_extreme_timestamp_is_refused_without_overflow() {
    let text = i64::MAX.to_string();
    let signature = reference_signature(SECRET.as_bytes(), &text, BODY.as_bytes());
    let verdict = verdict(&[
        ("x-bettermode-signature", &signature),
        ("x-bettermode-request-timestamp", &text),
    ]);
    assert!(matches!(verdict, Err(Error::TooNew { .. })));
}

#[test]
fn a_wrong_signature_is_called_wrong_even_when_it_is_old() {
    let wrong = "0".repeat(64);
    assert_eq!(
        verdict_at(
            &[("x-bettermode-signature", &wrong), GOOD[1]],
            1_800_000_000_000
        ),
        Err(Error::Mismatch)
    );
}

#[test]
fn each_of_several_secrets_is_enough_and_space_around_them_does_not_count() {
    let body = Bytes::from_static(b"{}");
    for secret in ["first-secret", "second-secret", "third-secret"] {
        let signature = reference_signature(secret.as_bytes(), TIMESTAMP, &body);
        let delivery = Delivery::new(
            "/",
            headers(&[
                ("x-bettermode-signature", &signature),
                ("x-bettermode-request-timestamp", TIMESTAMP),
            ]),
            body.clone(),
        );
        let keys = keys("first-secret, second-secret ,third-secret");
        let window = Window::new(Duration::from_secs(1));
        assert!(
            delivery
                .verify(&keys, at(1_700_000_000_000), window)
                .is_ok(),
            "{secret}"
        );
    }
}

#[test]
fn an_empty_secret_is_refused_wherever_it_stands() {
    for secrets in [
        "",
        ",",
        "one-secret,",
        ",one-secret",
        "one-secret, ,another-one",
    ] {
        assert!(
            Keys::parse(&SecretString::from(secrets)).is_err(),
            "{secrets:?}"
        );
    }
}

fn accepts(secret: &str, timestamp: &[u8], signature: &[u8], body: &[u8]) -> bool {
    let (Ok(timestamp), Ok(signature)) = (
        HeaderValue::from_bytes(timestamp),
        HeaderValue::from_bytes(signature),
    ) else {
        return false;
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-bettermode-request-timestamp", timestamp);
    headers.insert("x-bettermode-signature", signature);
    // A window of a century: the signature alone decides here.
    let window = Window::new(Duration::from_secs(100 * 365 * 86_400));
    Delivery::new("/", headers, Bytes::copy_from_slice(body))
        .verify(&keys(secret), at(1_700_000_000_000), window)
        .is_ok()
}

fn with_bit_flipped(bytes: &[u8], at: prop::sample::Index) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let bit = at.index(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_the_reference_signs_is_accepted_and_any_changed_bit_is_not(
        secret in "[A-Za-z0-9_-]{8,100}",
        timestamp_ms in 1_600_000_000_000_i64..1_800_000_000_000,
        body in prop::collection::vec(any::<u8>(), 1..300),
        which_bit in any::<prop::sample::Index>(),
    ) {
        let timestamp = timestamp_ms.to_string();
        let signature = reference_signature(secret.as_bytes(), &timestamp, &body);
        let (time, sign) = (timestamp.as_bytes(), signature.as_bytes());
        prop_assert!(accepts(&secret, time, sign, &body));

        prop_assert!(!accepts(&secret, &with_bit_flipped(time, which_bit), sign, &body));
        prop_assert!(!accepts(&secret, time, &with_bit_flipped(sign, which_bit), &body));
        prop_assert!(!accepts(&secret, time, sign, &with_bit_flipped(&body, which_bit)));
        if let Ok(other) = String::from_utf8(with_bit_flipped(secret.as_bytes(), which_bit))
            && !other.contains(',')
            && other.trim() == other
        {
            prop_assert!(!accepts(&other, time, sign, &body));
        }
    }

    #[test]
    fn the_colon_cannot_be_moved_between_timestamp_and_body(
        digits in "[1-9][0-9]{12}",
        body in "[0-9]{2,20}",
    ) {
        let signature = reference_signature(SECRET.as_bytes(), &digits, format!("{body}:x").as_bytes());
        let moved = format!("{digits}:{body}");
        prop_assert!(!accepts(SECRET, moved.as_bytes(), signature.as_bytes(), b"x"));
    }

    #[test]
    fn no_header_makes_it_panic(
        timestamp in prop::collection::vec(any::<u8>(), 0..80),
        signature in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let accepted = accepts(SECRET, &timestamp, &signature, b"body");
        prop_assert!(!accepted);
    }
}
