//! Whom the edge believes: the signature, its time, and each header exactly once. A
//! stranger hears 401 and nothing else; the log has the cause.

use integration_tests::sandbox::WEBHOOK_SECRET;
use integration_tests::signing::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign, timestamp_now};
use integration_tests::{Sandbox, eventually};

use crate::webhook_to_event::{of_type, subscription};

const PATH: &str = "/webhooks/bettermode";
/// The headers of today and those of before, the signature's and the timestamp's.
const SIG: &str = SIGNATURE_HEADER;
const TIME: &str = TIMESTAMP_HEADER;
const OLD_SIG: &str = "X-Tribe-Signature";
const OLD_TIME: &str = "X-Tribe-Request-Timestamp";

/// A webhook that is taken when it carries these two.
struct Good {
    body: String,
    time: String,
    signature: String,
}

impl Good {
    fn new(id: &str) -> Self {
        let body = subscription("space.deleted", &id.repeat(16), "refused");
        let time = timestamp_now();
        let signature = sign(WEBHOOK_SECRET, &time, body.as_bytes());
        Self {
            body,
            time,
            signature,
        }
    }

    /// Its body under this time, rightly signed.
    fn signed_at(&self, time: &str) -> String {
        sign(WEBHOOK_SECRET, time, self.body.as_bytes())
    }

    /// With these headers it is refused without a word, and the log has the cause.
    async fn is_refused_with(&self, sandbox: &Sandbox, headers: &[(&str, &str)], cause: &str) {
        let lines_before = sandbox.edge.lines().len();
        assert_eq!(
            self.send(sandbox, headers).await,
            (401, String::new()),
            "{headers:?}"
        );
        eventually("the log has the cause", async || {
            let lines = sandbox.edge.lines().split_off(lines_before).join("\n");
            if lines.contains(cause) {
                return Ok(());
            }
            Err(format!("{headers:?}: no {cause:?} in {lines}"))
        })
        .await;
    }

    /// It was the headers each time: with its own it is taken.
    async fn is_taken(&self, sandbox: &Sandbox) {
        assert!(of_type(sandbox, "space.deleted").await.is_empty());
        let headers = [(TIME, self.time.as_str()), (SIG, self.signature.as_str())];
        assert_eq!(self.send(sandbox, &headers).await.0, 200);
    }

    async fn send(&self, sandbox: &Sandbox, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = sandbox.clients.http().post(sandbox.clients.edge_url(PATH));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(self.body.clone()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_signature_that_does_not_hold_is_401_without_a_reason_and_with_one_in_the_log() {
    let sandbox = Sandbox::start().await;
    let good = Good::new("12");
    let (time, signature) = (good.time.as_str(), good.signature.as_str());
    let capitals = signature.to_uppercase();
    let prefixed = format!("sha256={signature}");
    let others = sign("another-secret", time, good.body.as_bytes());
    let of_another_body = sign(WEBHOOK_SECRET, time, b"{}");
    let later = (time.parse::<i64>().unwrap() + 1).to_string();
    for (headers, cause) in [
        (vec![], "no x-bettermode-signature header"),
        (vec![(TIME, time)], "no x-bettermode-signature header"),
        (
            vec![(SIG, signature)],
            "no x-bettermode-request-timestamp header",
        ),
        (
            vec![(OLD_SIG, signature)],
            "no x-tribe-request-timestamp header",
        ),
        (vec![(TIME, time), (SIG, &others)], "does not match"),
        (
            vec![(TIME, time), (SIG, &of_another_body)],
            "does not match",
        ),
        (vec![(TIME, &later), (SIG, signature)], "does not match"),
        (
            vec![(TIME, time), (SIG, &capitals)],
            "not 64 lower-case hex digits",
        ),
        (
            vec![(TIME, time), (SIG, &prefixed)],
            "not 64 lower-case hex digits",
        ),
    ] {
        good.is_refused_with(&sandbox, &headers, cause).await;
    }
    good.is_taken(&sandbox).await;
}

#[tokio::test]
async fn a_rightly_signed_webhook_of_another_time_is_401() {
    let sandbox = Sandbox::start().await;
    let good = Good::new("13");
    let now: i64 = good.time.parse().unwrap();
    for (time, cause) in [
        ((now - 16 * 60 * 1000).to_string(), "more than the 900 s"),
        ((now + 16 * 60 * 1000).to_string(), "in the future"),
        ((now / 1000).to_string(), "more than the 900 s"),
        ("soon".to_owned(), "not a plain whole number"),
        (format!("+{now}"), "not a plain whole number"),
        ("9".repeat(40), "not a plain whole number"),
    ] {
        let signature = good.signed_at(&time);
        let headers = [(TIME, time.as_str()), (SIG, signature.as_str())];
        good.is_refused_with(&sandbox, &headers, cause).await;
    }
    good.is_taken(&sandbox).await;
}

#[tokio::test]
async fn headers_that_come_twice_or_of_both_pairs_are_401_though_each_is_right() {
    let sandbox = Sandbox::start().await;
    let good = Good::new("14");
    let (time, sig) = ((TIME, good.time.as_str()), (SIG, good.signature.as_str()));
    let (old_time, old_sig) = ((OLD_TIME, time.1), (OLD_SIG, sig.1));
    for (headers, cause) in [
        (vec![time, sig, sig], "more than one x-bettermode-signature"),
        (
            vec![time, time, sig],
            "more than one x-bettermode-request-timestamp",
        ),
        (
            vec![old_time, old_sig, old_sig],
            "more than one x-tribe-signature",
        ),
        (vec![old_time, sig], "both X-Bettermode-*"),
        (vec![time, old_sig], "both X-Bettermode-*"),
        (vec![time, sig, old_time, old_sig], "both X-Bettermode-*"),
    ] {
        good.is_refused_with(&sandbox, &headers, cause).await;
    }
    good.is_taken(&sandbox).await;
}

#[tokio::test]
async fn either_secret_is_good_while_the_secret_is_being_changed() {
    let sandbox = Sandbox::builder()
        .edge_setting(
            "BETTERMODE_WEBHOOK_SECRET",
            "old-secret-of-the-app, new-secret-of-the-app",
        )
        .start()
        .await;
    for (number, (secret, status)) in [
        ("old-secret-of-the-app", 200),
        ("new-secret-of-the-app", 200),
        (WEBHOOK_SECRET, 401),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("{number:032}");
        let body = subscription("space.created", &id, "");
        let time = timestamp_now();
        let signature = sign(secret, &time, body.as_bytes());
        let request = sandbox.clients.http().post(sandbox.clients.edge_url(PATH));
        let request = request
            .header("x-tribe-request-timestamp", time)
            .header("x-tribe-signature", signature);
        assert_eq!(request.body(body).send().await.unwrap().status(), status);
    }
    assert_eq!(of_type(&sandbox, "space.created").await.len(), 2);
}
