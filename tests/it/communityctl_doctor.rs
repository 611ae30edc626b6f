//! Why a signature does not hold: by the doctor on a captured request, and by the edge on
//! what it refuses, while the sender hears 401 and nothing else.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use integration_tests::sandbox::WEBHOOK_SECRET;
use integration_tests::signing::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign, timestamp_now};
use integration_tests::{Ctl, Sandbox, eventually};
use serde_json::Value;
use sha2::Sha256;

const SECRET: &str = "a-signing-secret";
const RETIRED: &str = "a-retired-secret";
const TIME: &str = "1700000000000";
/// 312 s before the timestamp, and just after it.
const EARLIER: &str = "2023-11-14T22:08:08Z";
const NOW: &str = "2023-11-14T22:13:21Z";
const LATER: &str = "2023-11-14T23:13:21Z";
const BODY: &str = r#"{"type":"TEST","data":{"challenge":"Zoë"}}"#;

/// A request that somebody signed in a way of their own, and what is wrong with it.
struct Case {
    cause: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    at: &'static str,
}

fn case(cause: &'static str, time: &str, signature: impl Into<String>) -> Case {
    Case {
        cause,
        headers: vec![
            (TIMESTAMP_HEADER, time.to_owned()),
            (SIGNATURE_HEADER, signature.into()),
        ],
        body: BODY.to_owned(),
        at: NOW,
    }
}

/// The right signature over `text` itself, whatever the rule says.
fn over(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn good() -> String {
    sign(SECRET, TIME, BODY.as_bytes())
}

fn sent_as(body: &str) -> Case {
    Case {
        body: body.to_owned(),
        ..case("body_changed", TIME, good())
    }
}

/// Header by header and digest by digest.
fn cases_of_writing() -> Vec<Case> {
    let digest = hex::decode(good()).unwrap();
    let mixed = vec![
        ("X-Tribe-Request-Timestamp", TIME.to_owned()),
        (SIGNATURE_HEADER, good()),
    ];
    let both = vec![
        (TIMESTAMP_HEADER, TIME.to_owned()),
        (SIGNATURE_HEADER, good()),
        ("X-Tribe-Request-Timestamp", TIME.to_owned()),
        ("X-Tribe-Signature", good()),
    ];
    vec![
        case("holds", TIME, good()),
        case("base64", TIME, STANDARD.encode(digest)),
        case("upper_case", TIME, good().to_uppercase()),
        case("prefix", TIME, format!("sha256={}", good())),
        case("padded", TIME, format!("\"{}\"", good())),
        case("other_algorithm", TIME, "a".repeat(40)),
        case("other_algorithm", TIME, "a".repeat(128)),
        case("not_a_digest", TIME, "none"),
        Case {
            headers: vec![(SIGNATURE_HEADER, good())],
            ..case("timestamp_missing", TIME, "")
        },
        Case {
            headers: vec![(TIMESTAMP_HEADER, TIME.to_owned())],
            ..case("signature_missing", TIME, "")
        },
        Case {
            headers: mixed,
            ..case("mixed_pairs", TIME, "")
        },
        Case {
            headers: both,
            ..case("both_pairs", TIME, "")
        },
    ]
}

/// What was signed, when and with what.
fn cases_of_signing() -> Vec<Case> {
    let seconds = sign(SECRET, "1700000000", BODY.as_bytes());
    vec![
        case("wrong_secret", TIME, sign("unknown", TIME, BODY.as_bytes())),
        case("retired_secret", TIME, sign(RETIRED, TIME, BODY.as_bytes())),
        case(
            "secret_spelling",
            TIME,
            sign(&format!("{SECRET}\n"), TIME, BODY.as_bytes()),
        ),
        case("seconds", "1700000000", seconds.clone()),
        case("signed_time", TIME, seconds),
        case("body_alone", TIME, over(BODY)),
        case("separator", TIME, over(&format!("{TIME}.{BODY}"))),
        case("order", TIME, over(&format!("{BODY}:{TIME}"))),
        Case {
            at: EARLIER,
            ..case("in_future", TIME, good())
        },
        Case {
            at: LATER,
            ..case("too_old", TIME, good())
        },
        // Re-serialised: spaced, escaped, with another end, with other line ends.
        sent_as(r#"{"type": "TEST", "data": {"challenge": "Zoë"}}"#),
        sent_as(&BODY.replace('ë', "\\u00eb")),
        sent_as(&format!("{BODY}\r\n")),
        Case {
            body: "{\r\n}".to_owned(),
            ..case("body_changed", TIME, over(&format!("{TIME}:{{\n}}")))
        },
    ]
}

impl Case {
    /// The request as a proxy would log it.
    fn raw(&self) -> String {
        let mut text = "POST /webhooks/bettermode HTTP/1.1\r\nHost: edge\r\n".to_owned();
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        format!(
            "{text}Content-Length: {}\r\n\r\n{}",
            self.body.len(),
            self.body
        )
    }

    fn curl(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let headers = self.headers.iter();
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("-H {}", quoted(&format!("{name}: {value}"))))
            .collect();
        format!(
            "curl http://127.0.0.1/ {} --data-raw {}",
            headers.join(" "),
            quoted(&self.body)
        )
    }

    fn har(&self) -> String {
        let headers: Vec<Value> = self
            .headers
            .iter()
            .map(|(name, value)| serde_json::json!({ "name": name, "value": value }))
            .collect();
        serde_json::json!({ "log": { "entries": [{
            "startedDateTime": self.at,
            "request": { "headers": headers, "postData": { "text": self.body } },
        }] } })
        .to_string()
    }
}

fn doctor() -> Ctl {
    Ctl::alone()
        .with("BETTERMODE_WEBHOOK_SECRET", SECRET)
        .with("BETTERMODE_WEBHOOK_RETIRED_SECRETS", RETIRED)
        .with("WEBHOOK_EDGE_TOLERANCE_SECONDS", "300")
}

#[test]
fn the_doctor_names_the_cause_of_each_kind_of_wrong_signature_in_every_form() {
    let cases: Vec<Case> = cases_of_writing()
        .into_iter()
        .chain(cases_of_signing())
        .collect();
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.cause).collect();
    assert!(kinds.len() >= 20, "{kinds:?}");
    for case in &cases {
        let code = i32::from(case.cause != "holds");
        for (form, text) in [
            ("raw", case.raw()),
            ("curl", case.curl()),
            ("har", case.har()),
        ] {
            let ran = doctor().run_with(&["doctor", "-", "--at", case.at], text.as_bytes());
            let said = ran.ended_with(code).one();
            assert_eq!(said["cause"], case.cause, "{form} {text}: {said}");
            let text = said.to_string();
            assert!(!text.contains(SECRET) && !text.contains(RETIRED), "{text}");
        }
    }
}

#[test]
fn a_skew_and_a_retired_secret_are_told_to_people_with_the_next_step() {
    let late = case("in_future", TIME, sign(RETIRED, TIME, BODY.as_bytes()));
    let arguments = ["doctor", "-", "--table", "--at", EARLIER];
    let said = doctor()
        .run_with(&arguments, late.raw().as_bytes())
        .ended_with(1);
    for part in [
        "does not hold: retired_secret",
        "it matches the retired secret ",
        "skew of +312 s",
        "list it in BETTERMODE_WEBHOOK_SECRET again",
    ] {
        assert!(said.stdout.contains(part), "no {part:?} in {said:?}");
    }
    // Without a time the age is not judged, which is said.
    let said = doctor()
        .run_with(&["doctor", "-", "--table"], late.raw().as_bytes())
        .ended_with(1);
    assert!(!said.stdout.contains("skew"), "{said:?}");
    assert!(said.stdout.contains("its age is not judged"), "{said:?}");
}

#[test]
fn what_the_doctor_cannot_read_is_told_by_its_exit_code() {
    let nothing = doctor().run(&["doctor", "/nowhere"]).ended_with(6);
    assert!(nothing.stderr.contains("/nowhere"), "{nothing:?}");
    let _ran = doctor()
        .run_with(&["doctor", "-"], b"{\"some\":\"json\"}")
        .ended_with(6);
    let no_secret = Ctl::alone()
        .run_with(
            &["doctor", "-"],
            case("holds", TIME, good()).raw().as_bytes(),
        )
        .ended_with(78);
    assert!(
        no_secret.stderr.contains("BETTERMODE_WEBHOOK_SECRET"),
        "{no_secret:?}"
    );
    let _ran = doctor().run(&["doctor"]).ended_with(2);
}

#[tokio::test]
async fn the_edge_says_why_in_log_record_and_metric_and_the_sender_hears_401_alone() {
    let sandbox = Sandbox::builder()
        .edge_setting("BETTERMODE_WEBHOOK_RETIRED_SECRETS", RETIRED)
        .start()
        .await;
    let time = timestamp_now();
    let body = r#"{"type":"TEST","data":{"challenge":"c","email":"ada@example.com"}}"#;
    let good = sign(WEBHOOK_SECRET, &time, body.as_bytes());
    let seconds = (time.parse::<i64>().unwrap() / 1000).to_string();
    let signed_in_seconds = sign(WEBHOOK_SECRET, &seconds, body.as_bytes());
    let retired = sign(RETIRED, &time, body.as_bytes());
    let wrong = sign("somebody-elses-secret", &time, body.as_bytes());
    let sent = [
        ("retired_secret", &time, retired),
        ("seconds", &seconds, signed_in_seconds),
        ("upper_case", &time, good.to_uppercase()),
        ("wrong_secret", &time, wrong),
    ];
    for (cause, time, signature) in &sent {
        let http = sandbox.clients.http();
        let answer = http
            .post(sandbox.clients.edge_url("/webhooks/bettermode"))
            .header(TIMESTAMP_HEADER, time.as_str())
            .header(SIGNATURE_HEADER, signature)
            .body(body);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 401, "{cause}");
        assert_eq!(answer.text().await.unwrap(), "", "{cause}");
        let line = sandbox
            .edge
            .line_with(&format!("\"kind\":\"{cause}\""))
            .await;
        assert!(line.contains("webhook refused"), "{line}");
    }
    let ctl = Ctl::of(&sandbox);
    let recent = ctl.run(&["doctor", "--recent"]).ended_with(0);
    let causes: Vec<_> = recent
        .json()
        .iter()
        .map(|record| record["cause"].clone())
        .collect();
    assert_eq!(
        causes,
        ["wrong_secret", "upper_case", "seconds", "retired_secret"]
    );
    for private in ["ada@", RETIRED, WEBHOOK_SECRET] {
        assert!(!recent.stdout.contains(private), "{private}: {recent:?}");
        assert!(!sandbox.edge.log().contains(private), "{private}");
    }
    let metrics = sandbox
        .clients
        .http()
        .get(sandbox.edge_admin_url("/metrics"));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    for (cause, ..) in &sent {
        let line = format!("webhook_edge_refused_signatures_total{{cause=\"{cause}\"}} 1");
        assert!(metrics.contains(&line), "no {line}");
    }
    // The record is a form that the doctor reads again.
    let again = ctl.run_with(&["doctor", "-", "--table"], recent.stdout.as_bytes());
    assert!(again.ended_with(1).stdout.contains("retired secret"));
}

#[tokio::test]
async fn a_flood_of_refused_webhooks_is_answered_and_mostly_not_looked_into() {
    let sandbox = Sandbox::start().await;
    let time = timestamp_now();
    let body = "x".repeat(200_000);
    let wrong = sign("somebody-elses-secret", &time, body.as_bytes());
    let send = || {
        let http = sandbox.clients.http();
        let request = http.post(sandbox.clients.edge_url("/webhooks/bettermode"));
        let request = request
            .header(TIMESTAMP_HEADER, &time)
            .header(SIGNATURE_HEADER, &wrong)
            .body(body.clone());
        request.send()
    };
    let answers = futures::future::join_all((0..200).map(|_| send())).await;
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == 401)
    );
    let count = async |cause: &str| -> u64 {
        let metrics = sandbox
            .clients
            .http()
            .get(sandbox.edge_admin_url("/metrics"));
        let metrics = metrics.send().await.unwrap().text().await.unwrap();
        let start = format!("webhook_edge_refused_signatures_total{{cause=\"{cause}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
        line.map_or(0, |number| number.parse().unwrap())
    };
    eventually("all are counted", async || {
        let looked_into = count("wrong_secret").await + count("unexplained").await;
        let others = count("not_examined").await;
        assert!(looked_into <= 60, "{looked_into} were looked into");
        if looked_into + others == 200 {
            Ok(())
        } else {
            Err(format!("{looked_into} + {others}"))
        }
    })
    .await;
    assert!(count("not_examined").await >= 140);
    // A good one is taken at once.
    let body = r#"{"type":"TEST","data":{"challenge":"abc"}}"#;
    assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
}
