use serde_json::json;

use super::*;

const ASKED: Asked = Asked {
    operation: "Op",
    kind: Kind::Read,
    subject: Subject::Member,
};

/// Whether an error is the expected one.
type Fits = fn(&Error) -> bool;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn answer(status: u16, body: &str) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

fn failure(asked: Asked, status: u16, body: &Value) -> Failure {
    read(asked, &answer(status, &body.to_string()), now())
        .0
        .unwrap_err()
}

fn of(errors: &Value) -> Error {
    failure(ASKED, 200, &json!({ "data": null, "errors": errors })).error
}

#[test]
fn each_code_as_text_and_as_a_number_means_its_error() {
    let cases: [(u32, Fits); 13] = [
        (1, |e| matches!(e, Error::Unavailable { .. })),
        (10, |e| matches!(e, Error::Unavailable { .. })),
        (100, |e| matches!(e, Error::InvalidInput { .. })),
        (102, |e| matches!(e, Error::PermissionDenied { .. })),
        (104, |e| {
            matches!(
                e,
                Error::RateLimited {
                    by_vendor: true,
                    ..
                }
            )
        }),
        (106, |e| matches!(e, Error::InvalidInput { .. })),
        (108, |e| matches!(e, Error::TokenRefused)),
        (110, |e| {
            matches!(
                e,
                Error::NotFound {
                    what: Subject::Member
                }
            )
        }),
        (112, |e| matches!(e, Error::InvalidInput { .. })),
        (114, |e| matches!(e, Error::InvalidInput { .. })),
        (
            118,
            |e| matches!(e, Error::Upstream { code, .. } if code == "118"),
        ),
        (
            120,
            |e| matches!(e, Error::Upstream { code, .. } if code == "120"),
        ),
        (
            999,
            |e| matches!(e, Error::Upstream { code, .. } if code == "999"),
        ),
    ];
    for (code, fits) in cases {
        for value in [json!(code), json!(code.to_string())] {
            let error = of(&json!([{ "code": value, "message": "m" }]));
            assert!(fits(&error), "{value}: {error:?}");
        }
    }
}

#[test]
fn nested_errors_are_flattened_and_the_most_decisive_counts() {
    let nested = json!([{ "message": "outer", "errors": [
        { "code": 100, "field": "title", "message": "too long" },
        { "errors": { "code": "108", "message": "expired" } },
    ] }]);
    assert_eq!(of(&nested), Error::TokenRefused);
    let single = json!({ "code": "110", "message": "gone" });
    assert_eq!(
        of(&single),
        Error::NotFound {
            what: Subject::Member
        }
    );
    let extended = json!([{ "message": "gone", "extensions": { "code": 110 } }]);
    assert_eq!(
        of(&extended),
        Error::NotFound {
            what: Subject::Member
        }
    );
}

#[test]
fn invalid_input_keeps_field_subcode_and_help() {
    let errors = json!([{ "code": "100", "field": "input.title", "message": "too long",
        "subcode": 7, "help": "shorten it" }]);
    let message = "too long (subcode 7); shorten it".to_owned();
    let field = Some("input.title".to_owned());
    assert_eq!(of(&errors), Error::InvalidInput { field, message });
}

#[test]
fn addresses_and_tokens_do_not_pass_into_the_text_and_it_stays_short() {
    let message = format!("no ada@example.com with eyJhbGci.x {}", "x ".repeat(500));
    let error = of(&json!([{ "code": 100, "field": "a@b.c", "message": message }]));
    let text = format!("{error} {error:?}");
    assert!(!text.contains('@') && !text.contains("eyJ"), "{text}");
    assert!(error.to_string().len() < 400);
}

#[test]
fn a_text_about_complexity_is_too_complex_whatever_its_code() {
    for code in ["100", "118", "120", ""] {
        let error = of(&json!([{ "code": code, "message": "Query complexity 1200 exceeds 1000" }]));
        assert!(
            matches!(error, Error::TooComplex { .. }),
            "{code}: {error:?}"
        );
    }
}

#[test]
fn an_error_counts_whatever_the_status() {
    for status in [200, 400, 403, 500] {
        let body = json!({ "errors": [{ "code": 110, "message": "m" }] });
        let error = failure(ASKED, status, &body).error;
        assert_eq!(
            error,
            Error::NotFound {
                what: Subject::Member
            },
            "{status}"
        );
    }
    let forbidden = failure(
        ASKED,
        403,
        &json!({ "errors": [{ "code": 102, "message": "m" }] }),
    );
    assert_eq!(forbidden.token, TokenDoubt::Some);
}

#[test]
fn a_wait_comes_as_seconds_or_as_a_date_and_has_a_default() {
    let cases = [
        (Some("3"), 3),
        (Some("Tue, 14 Nov 2023 22:13:50 GMT"), 30),
        (Some("Tue, 14 Nov 2023 22:00:00 GMT"), 0),
        (Some("soon"), 10),
        (None, 10),
    ];
    for (header, seconds) in cases {
        let mut response = answer(429, "<html>");
        if let Some(text) = header {
            response
                .headers_mut()
                .insert(RETRY_AFTER, text.parse().unwrap());
        }
        let error = read(ASKED, &response, now()).0.unwrap_err().error;
        let retry_after = Duration::from_secs(seconds);
        assert_eq!(
            error,
            Error::RateLimited {
                retry_after,
                by_vendor: true
            },
            "{header:?}"
        );
    }
}

#[test]
fn an_action_that_failed_is_an_error_though_the_answer_has_none() {
    let asked = Asked {
        kind: Kind::Write,
        ..ASKED
    };
    let body = json!({ "data": { "addReaction": { "status": "failed" } } });
    assert_eq!(
        failure(asked, 200, &body).error,
        Error::ActionFailed { operation: "Op" }
    );
    let done = json!({ "data": { "addReaction": { "status": "succeeded" } } });
    assert!(
        read(asked, &answer(200, &done.to_string()), now())
            .0
            .is_ok()
    );
}

#[test]
fn data_beside_errors_is_handed_on_with_the_worst_of_them() {
    let body = json!({ "data": { "member": { "id": "a" } }, "errors": [
        { "code": 999, "message": "odd" }, { "code": 102, "message": "hidden" },
    ] });
    let reply = read(ASKED, &answer(200, &body.to_string()), now())
        .0
        .unwrap();
    assert_eq!(reply.partial.unwrap().code, "102");
    let nothing = json!({ "data": { "member": null }, "errors": [{ "code": 110 }] });
    assert_eq!(
        failure(ASKED, 200, &nothing).error,
        Error::NotFound {
            what: Subject::Member
        }
    );
}

#[test]
fn what_is_no_answer_at_all_says_what_it_is_and_quotes_nothing() {
    for body in [
        "",
        "secret",
        "<html>secret</html>",
        "[1]",
        "{}",
        r#"{"data":null}"#,
    ] {
        let failure = read(ASKED, &answer(200, body), now()).0.unwrap_err();
        assert!(
            matches!(failure.error, Error::Undecodable { .. }),
            "{body}: {failure:?}"
        );
        assert!(!failure.error.to_string().contains("secret"));
        assert_eq!(failure.retry, Retry::Soon);
    }
}

#[test]
fn the_charge_is_read_beside_data_and_beside_errors() {
    for body in [
        json!({ "data": { "a": 1 }, "extensions": { "complexity": 68 } }),
        json!({ "errors": [{ "code": 110 }], "extensions": { "complexity": 68.0 } }),
    ] {
        assert_eq!(
            read(ASKED, &answer(200, &body.to_string()), now()).1,
            Some(68)
        );
    }
}
