//! Each kind of wrong signature, made as somebody would make it, and named.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::json_text::{Escapes, Spacing, Style, rewrite};
use crate::scheme::{self, Form};
use crate::{
    Captured, Diagnosis, Fingerprint, LABELS, SIGNATURE_HEADER, Secrets, TIMESTAMP_HEADER, Terms,
    WORK_OF_A_SERVER, WORK_OF_A_TOOL, diagnose, sign,
};

const SECRET: &str = "whsec_0123456789abcdef";
const RETIRED: &str = "the-secret-of-last-year";
const TIME: &str = "1700000000000";
const OLD_SIGNATURE: &str = "X-Tribe-Signature";
const OLD_TIMESTAMP: &str = "X-Tribe-Request-Timestamp";
/// As the vendor writes it: no spaces, letters as they are.
const BODY: &str =
    r#"{"type":"SUBSCRIPTION","data":{"name":"Zoë & Åsa","url":"https://x/y","n":[1,{}]}}"#;

fn secrets() -> Secrets {
    Secrets::parse(&SECRET.into(), Some(&RETIRED.into())).unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: http::HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// What is said of a request with these headers, received at the time of [`TIME`].
fn of(pairs: &[(&'static str, &str)], body: &[u8]) -> Diagnosis {
    of_at(pairs, body, 1_700_000_000_000)
}

fn of_at(pairs: &[(&'static str, &str)], body: &[u8], now_ms: i64) -> Diagnosis {
    let (headers, secrets) = (headers(pairs), secrets());
    let captured = Captured {
        headers: &headers,
        body,
    };
    diagnose(
        captured,
        Terms {
            secrets: &secrets,
            now: Some(Timestamp::from_millisecond(now_ms).unwrap()),
            window: Duration::from_secs(300),
            work: WORK_OF_A_SERVER,
        },
    )
}

/// What is said of this signature over the usual body at the usual time.
fn of_signature(signature: &str) -> Diagnosis {
    of(
        &[(TIMESTAMP_HEADER, TIME), (SIGNATURE_HEADER, signature)],
        BODY.as_bytes(),
    )
}

/// What is said when `sent` arrives and `signed` was signed.
fn of_bodies(signed: impl AsRef<[u8]>, sent: impl AsRef<[u8]>) -> Diagnosis {
    let signature = sign(SECRET, TIME, signed.as_ref());
    of(
        &[(TIMESTAMP_HEADER, TIME), (SIGNATURE_HEADER, &signature)],
        sent.as_ref(),
    )
}

fn causes(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis
        .findings()
        .iter()
        .map(crate::Finding::label)
        .collect()
}

/// Signed in another form.
fn in_form(form: Form) -> Diagnosis {
    let tag = scheme::mac(SECRET.as_bytes(), &form.parts(TIME, BODY.as_bytes()));
    of_signature(&hex::encode(tag))
}

fn good() -> String {
    sign(SECRET, TIME, BODY.as_bytes())
}

#[test]
fn a_right_signature_holds_and_names_its_secret() {
    let diagnosis = of_signature(&good());
    assert_eq!(diagnosis.cause(), "holds");
    assert_eq!(diagnosis.secret(), Some(&Fingerprint::of(&SECRET.into())));
    let old = [(OLD_TIMESTAMP, TIME), (OLD_SIGNATURE, &good())];
    assert_eq!(of(&old, BODY.as_bytes()).cause(), "holds");
}

#[test]
fn the_signature_is_the_one_that_node_and_openssl_make() {
    let body = r#"{"networkId":"AAAAbbbb01","context":"NETWORK","currentSettings":[],"type":"TEST","data":{"challenge":"0123456789abcdef0123456789abcdef01234567"}}"#;
    assert_eq!(
        sign("whsec_test_0123456789abcdef", TIME, body.as_bytes()),
        "18e23a9551e74daf85f7344b42fddc75fac79b9aed792111535b86f4ea46b761"
    );
}

#[test]
fn a_timestamp_312_seconds_ahead_is_a_skew_of_that() {
    let signature = good();
    let pairs = [(TIMESTAMP_HEADER, TIME), (SIGNATURE_HEADER, &signature)];
    let ahead = of_at(&pairs, BODY.as_bytes(), 1_700_000_000_000 - 312_000);
    assert_eq!(causes(&ahead), ["in_future"]);
    assert!(ahead.summary().contains("skew of +312 s"), "{ahead:?}");
    let at_the_edge = of_at(&pairs, BODY.as_bytes(), 1_700_000_000_000 - 300_000);
    assert_eq!(at_the_edge.cause(), "holds");
}

#[test]
fn a_webhook_that_is_too_old_says_its_age() {
    let signature = good();
    let pairs = [(TIMESTAMP_HEADER, TIME), (SIGNATURE_HEADER, &signature)];
    let old = of_at(&pairs, BODY.as_bytes(), 1_700_000_000_000 + 4_210_000);
    assert_eq!(causes(&old), ["too_old"]);
    assert!(old.summary().contains("signed 4210 s ago"), "{old:?}");
}

#[test]
fn a_retired_secret_is_named_by_its_fingerprint_alone() {
    let diagnosis = of_signature(&sign(RETIRED, TIME, BODY.as_bytes()));
    assert_eq!(causes(&diagnosis), ["retired_secret"]);
    let fingerprint = Fingerprint::of(&RETIRED.into()).to_string();
    assert!(diagnosis.summary().contains(&fingerprint), "{diagnosis:?}");
    assert!(!format!("{diagnosis:?}").contains(RETIRED));
}

#[test]
fn a_secret_nobody_knows_is_a_wrong_secret() {
    let diagnosis = of_signature(&sign("somebody-elses", TIME, BODY.as_bytes()));
    assert_eq!(causes(&diagnosis), ["wrong_secret"]);
    assert_eq!(diagnosis.secret(), None);
}

#[test]
fn a_body_with_spaces_between_its_tokens_was_reserialised() {
    let spaced = r#"{"type": "SUBSCRIPTION", "data": {"name": "Zoë & Åsa", "url": "https://x/y", "n": [1, {}]}}"#;
    let diagnosis = of_bodies(BODY, spaced);
    assert_eq!(causes(&diagnosis), ["body_changed"]);
    assert!(
        diagnosis.summary().contains("re-serialised"),
        "{diagnosis:?}"
    );
    assert_eq!(causes(&of_bodies(spaced, BODY)), ["body_changed"]);
}

#[test]
fn a_body_as_python_writes_it_was_reserialised() {
    let python = r#"{"type": "SUBSCRIPTION", "data": {"name": "Zo\u00eb & \u00c5sa", "url": "https://x/y", "n": [1, {}]}}"#;
    assert_eq!(causes(&of_bodies(BODY, python)), ["body_changed"]);
    let diagnosis = of_bodies(python, BODY);
    assert!(diagnosis.summary().contains("Python"), "{diagnosis:?}");
}

#[test]
fn unicode_escapes_and_escaped_slashes_are_seen_through() {
    let go = BODY.replace('&', "\\u0026");
    assert_eq!(causes(&of_bodies(BODY, go)), ["body_changed"]);
    let php = BODY
        .replace('ë', "\\u00eb")
        .replace('Å', "\\u00c5")
        .replace('/', "\\/");
    assert_eq!(causes(&of_bodies(BODY, &php)), ["body_changed"]);
    let diagnosis = of_bodies(&php, BODY);
    assert!(diagnosis.summary().contains("PHP"), "{diagnosis:?}");
}

#[test]
fn an_indented_body_was_reserialised() {
    let indented = "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    {}\n  ]\n}";
    let compact = r#"{"a":1,"b":[2,{}]}"#;
    assert_eq!(causes(&of_bodies(compact, indented)), ["body_changed"]);
    let diagnosis = of_bodies(indented, compact);
    assert!(diagnosis.summary().contains("2 spaces"), "{diagnosis:?}");
}

#[test]
fn a_line_break_added_or_trimmed_at_the_end_is_named() {
    let with_break = format!("{BODY}\n");
    let added = of_bodies(BODY, &with_break);
    assert!(
        added.summary().contains("line break at its end"),
        "{added:?}"
    );
    let dropped = of_bodies(&with_break, BODY);
    assert!(dropped.summary().contains("did not arrive"), "{dropped:?}");
}

#[test]
fn other_line_ends_and_byte_order_marks_are_named() {
    let (lines, returns) = ("{\n\"a\":1\n}", "{\r\n\"a\":1\r\n}");
    let crlf = of_bodies(lines, returns);
    assert!(crlf.summary().contains("CR LF"), "{crlf:?}");
    assert_eq!(causes(&of_bodies(returns, lines)), ["body_changed"]);
    let marked = format!("\u{feff}{BODY}");
    let mark = of_bodies(BODY, marked);
    assert!(mark.summary().contains("byte order mark"), "{mark:?}");
}

#[test]
fn letters_that_were_encoded_twice_are_named() {
    let twice: String = BODY.bytes().map(char::from).collect();
    let diagnosis = of_bodies(BODY, twice);
    assert!(diagnosis.summary().contains("Latin-1"), "{diagnosis:?}");
}

#[test]
fn a_body_that_was_read_before_it_was_signed_is_named() {
    let diagnosis = of_bodies("", BODY);
    assert!(diagnosis.summary().contains("empty"), "{diagnosis:?}");
}

#[test]
fn seconds_instead_of_milliseconds_are_named() {
    let signature = sign(SECRET, "1700000000", BODY.as_bytes());
    let pairs = [
        (TIMESTAMP_HEADER, "1700000000"),
        (SIGNATURE_HEADER, signature.as_str()),
    ];
    assert_eq!(causes(&of(&pairs, BODY.as_bytes())), ["seconds"]);
    // Sent in milliseconds, signed in seconds.
    assert_eq!(causes(&of_signature(&signature)), ["signed_time"]);
}

#[test]
fn microseconds_and_a_written_date_are_named() {
    for (time, cause) in [
        ("1700000000000000", "other_unit"),
        ("1700000000000000000", "other_unit"),
        ("2023-11-14T22:13:20Z", "not_a_number"),
        ("+1700000000000", "not_a_number"),
    ] {
        let signature = sign(SECRET, time, BODY.as_bytes());
        let pairs = [
            (TIMESTAMP_HEADER, time),
            (SIGNATURE_HEADER, signature.as_str()),
        ];
        assert_eq!(causes(&of(&pairs, BODY.as_bytes())), [cause], "{time}");
    }
}

#[test]
fn base64_instead_of_hex_is_named() {
    let digest = hex::decode(good()).unwrap();
    assert_eq!(causes(&of_signature(&STANDARD.encode(digest))), ["base64"]);
    assert_eq!(causes(&of_signature(&STANDARD.encode(good()))), ["base64"]);
}

#[test]
fn upper_case_hex_is_named() {
    assert_eq!(
        causes(&of_signature(&good().to_uppercase())),
        ["upper_case"]
    );
}

#[test]
fn a_prefix_is_named() {
    for prefix in ["sha256=", "SHA256=", "v1=", "v1,", "t=1700000000,v1="] {
        let diagnosis = of_signature(&format!("{prefix}{}", good()));
        assert_eq!(causes(&diagnosis), ["prefix"], "{prefix}");
    }
}

#[test]
fn quotes_around_the_digest_are_named() {
    assert_eq!(
        causes(&of_signature(&format!("\"{}\"", good()))),
        ["padded"]
    );
}

#[test]
fn another_algorithm_is_told_by_its_length() {
    for (bytes, name) in [(20, "SHA-1"), (64, "SHA-512"), (48, "SHA-384"), (16, "MD5")] {
        let diagnosis = of_signature(&hex::encode(vec![7; bytes]));
        assert_eq!(causes(&diagnosis), ["other_algorithm"]);
        assert!(diagnosis.summary().contains(name), "{diagnosis:?}");
    }
    assert_eq!(
        causes(&of_signature(
            "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709"
        )),
        ["other_algorithm"]
    );
}

#[test]
fn what_is_no_digest_is_named_by_its_length_alone() {
    let diagnosis = of_signature("nonsense!");
    assert_eq!(causes(&diagnosis), ["not_a_digest"]);
    assert!(!diagnosis.summary().contains("nonsense"), "{diagnosis:?}");
}

#[test]
fn a_signature_over_the_body_alone_is_named() {
    assert_eq!(causes(&in_form(Form::BodyAlone)), ["body_alone"]);
}

#[test]
fn another_separator_or_order_is_named() {
    let dot = in_form(Form::TimeFirst("."));
    assert_eq!(causes(&dot), ["separator"]);
    assert!(dot.summary().contains("a dot"), "{dot:?}");
    assert_eq!(causes(&in_form(Form::TimeFirst(""))), ["separator"]);
    assert_eq!(causes(&in_form(Form::BodyFirst)), ["order"]);
    assert_eq!(causes(&in_form(Form::Slack)), ["order"]);
}

#[test]
fn missing_headers_are_named() {
    let body = BODY.as_bytes();
    assert_eq!(causes(&of(&[], body)), ["signature_missing"]);
    assert_eq!(
        causes(&of(&[(TIMESTAMP_HEADER, TIME)], body)),
        ["signature_missing"]
    );
    assert_eq!(
        causes(&of(&[(SIGNATURE_HEADER, &good())], body)),
        ["timestamp_missing"]
    );
    let alone = hex::encode(scheme::mac(SECRET.as_bytes(), &[body]));
    assert_eq!(
        causes(&of(&[(SIGNATURE_HEADER, &alone)], body)),
        ["timestamp_missing", "body_alone"]
    );
}

#[test]
fn headers_of_both_pairs_are_named() {
    let (body, good) = (BODY.as_bytes(), good());
    let mixed = [(OLD_TIMESTAMP, TIME), (SIGNATURE_HEADER, &good)];
    assert_eq!(causes(&of(&mixed, body)), ["mixed_pairs"]);
    let both = [
        (TIMESTAMP_HEADER, TIME),
        (SIGNATURE_HEADER, &good),
        (OLD_TIMESTAMP, TIME),
        (OLD_SIGNATURE, &good),
    ];
    assert_eq!(causes(&of(&both, body)), ["both_pairs"]);
    let twice = [both[0], both[1], both[1]];
    assert_eq!(causes(&of(&twice, body)), ["repeated_header"]);
}

#[test]
fn a_secret_with_space_or_quotes_around_it_is_named() {
    for secret in [
        format!("{SECRET}\n"),
        format!(" {SECRET}"),
        format!("\"{SECRET}\""),
        format!("'{SECRET}'"),
    ] {
        let diagnosis = of_signature(&sign(&secret, TIME, BODY.as_bytes()));
        assert_eq!(causes(&diagnosis), ["secret_spelling"], "{secret:?}");
    }
}

#[test]
fn a_secret_that_was_decoded_is_named() {
    let body = BODY.as_bytes();
    let parts = Form::VENDOR.parts(TIME, body);
    let key = hex::decode("0123456789abcdef").unwrap();
    let diagnosis = of_signature(&hex::encode(scheme::mac(&key, &parts)));
    assert_eq!(causes(&diagnosis), ["secret_decoded"]);
    let bare = of_signature(&sign("0123456789abcdef", TIME, body));
    assert_eq!(causes(&bare), ["secret_decoded"]);
}

#[test]
fn a_secret_that_holds_a_comma_is_seen_as_one() {
    let secrets = Secrets::parse(&"ab,cd".into(), None).unwrap();
    let signature = sign("ab,cd", TIME, BODY.as_bytes());
    let headers = headers(&[(TIMESTAMP_HEADER, TIME), (SIGNATURE_HEADER, &signature)]);
    let captured = Captured {
        headers: &headers,
        body: BODY.as_bytes(),
    };
    let terms = Terms {
        secrets: &secrets,
        now: None,
        window: Duration::from_secs(300),
        work: WORK_OF_A_SERVER,
    };
    assert_eq!(causes(&diagnose(captured, terms)), ["secret_spelling"]);
}

#[test]
fn two_mistakes_at_once_are_both_named() {
    let spaced = format!("{BODY} ");
    let signature = sign(RETIRED, TIME, BODY.as_bytes()).to_uppercase();
    let pairs = [(TIMESTAMP_HEADER, TIME), (SIGNATURE_HEADER, &signature)];
    assert_eq!(
        causes(&of(&pairs, spaced.as_bytes())),
        ["upper_case", "retired_secret", "body_changed"]
    );
}

#[test]
fn every_cause_is_explained_to_operators() {
    let page = include_str!("../../../docs/communityctl.md");
    for label in LABELS.iter().filter(|label| **label != "holds") {
        assert!(
            page.contains(&format!("`{label}`")),
            "{label} is not explained"
        );
    }
}

#[test]
fn a_large_body_costs_no_more_than_it_may() {
    let body = vec![b'x'; 1024 * 1024];
    let signature = sign("somebody-elses", TIME, &body);
    let pairs = [(TIMESTAMP_HEADER, TIME), (SIGNATURE_HEADER, &signature)];
    let diagnosis = of(&pairs, &body);
    assert_eq!(causes(&diagnosis), ["unexplained"]);
    // What is likely is found all the same.
    let signature = sign(RETIRED, TIME, &body);
    let pairs = [(TIMESTAMP_HEADER, TIME), (SIGNATURE_HEADER, &signature)];
    assert_eq!(causes(&of(&pairs, &body)), ["retired_secret"]);
}

#[test]
fn deep_nesting_neither_recurses_nor_grows() {
    let deep = vec![b'['; 200_000];
    let style = Style {
        spacing: Spacing::Indented(4),
        escapes: Escapes::Fewest,
    };
    assert_eq!(rewrite(&deep, style), None);
}

proptest! {
    #[test]
    fn no_request_makes_it_panic_and_every_cause_is_a_known_one(
        signature: Vec<u8>, time in "[0-9+ T:Z.-]{0,24}", body: Vec<u8>, json in r#"[\[\]{}",:\\u0-9a-f/é ]{0,64}"#,
    ) {
        for body in [body, json.into_bytes()] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&signature) {
                headers.insert(SIGNATURE_HEADER, value);
            }
            headers.insert(TIMESTAMP_HEADER, HeaderValue::from_str(&time).unwrap());
            let captured = Captured { headers: &headers, body: &body };
            let secrets = secrets();
            let terms = Terms {
                secrets: &secrets, now: None, window: Duration::ZERO, work: WORK_OF_A_TOOL,
            };
            prop_assert!(LABELS.contains(&diagnose(captured, terms).cause()));
            let wrong = sign("wrong", &time, &body);
            headers.insert(SIGNATURE_HEADER, wrong.parse().unwrap());
            let captured = Captured { headers: &headers, body: &body };
            prop_assert!(LABELS.contains(&diagnose(captured, terms).cause()));
        }
    }

    #[test]
    fn what_is_written_in_any_style_is_written_back(text in r#"[a-zé€😀 /&<"\\]{0,24}"#) {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let body = format!(r#"{{"a":"{quoted}","b":[1,{{}},[]]}}"#).into_bytes();
        let style = |spacing, escapes| Style { spacing, escapes };
        for spacing in [Spacing::Compact, Spacing::Spaced, Spacing::Indented(2)] {
            for escapes in [Escapes::Fewest, Escapes::NonAscii, Escapes::NonAsciiAndSlashes] {
                let other = rewrite(&body, style(spacing, escapes)).unwrap();
                let back = rewrite(&other, style(Spacing::Compact, Escapes::Fewest)).unwrap();
                prop_assert_eq!(&back, &body);
            }
        }
    }
}
