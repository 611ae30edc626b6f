//! The same request in every form.

use super::*;

const BODY: &str = r#"{"type":"TEST","data":{"name":"Zoë's","n":1}}"#;

fn request(bytes: impl AsRef<[u8]>) -> Request {
    match read(bytes.as_ref(), InputFormat::Auto, None).unwrap() {
        Capture::Request(request) => request,
        Capture::Records(records) => panic!("{records:?}"),
    }
}

fn is_right(request: &Request) {
    assert_eq!(request.headers["x-bettermode-signature"], "abc");
    assert_eq!(request.headers["x-bettermode-request-timestamp"], "17");
    assert_eq!(String::from_utf8_lossy(&request.body), BODY);
}

#[test]
fn raw_http_is_read_in_any_version_and_with_either_line_end() {
    for line in [
        "POST /webhooks HTTP/1.1\r\n",
        "POST /webhooks HTTP/2\r\n",
        "",
    ] {
        let head =
            "Host: x\r\nX-BetterMode-Signature: abc\r\nX-Bettermode-Request-Timestamp: 17\r\n\r\n";
        is_right(&request(format!("{line}{head}{BODY}")));
        let unix = format!("{line}{head}").replace("\r\n", "\n");
        is_right(&request(format!("{unix}{BODY}")));
    }
}

#[test]
fn a_content_length_ends_the_body_before_what_an_editor_adds() {
    let head = format!(
        "POST / HTTP/1.1\nX-BetterMode-Signature: abc\nX-Bettermode-Request-Timestamp: 17\nContent-Length: {}\n\n",
        BODY.len()
    );
    let with_break = request(format!("{head}{BODY}\n"));
    is_right(&with_break);
    assert!(!with_break.may_end_in_a_break && with_break.notes.is_empty());
    let cut = request(format!("{head}{}", &BODY[..20]));
    assert!(cut.notes[0].contains("shorter"), "{cut:?}");
}

#[test]
fn a_curl_command_is_read_with_every_kind_of_quote() {
    let plain = BODY.replace('\'', "'\\''");
    let ansi = BODY.replace('\'', "\\'").replace('ë', "\\u00eb");
    let double = BODY.replace('"', "\\\"");
    for data in [
        format!("--data-raw '{plain}'"),
        format!("-d$'{ansi}'"),
        format!("--data-binary \"{double}\""),
    ] {
        is_right(&request(format!(
            "curl 'http://127.0.0.1:8080/webhooks/bettermode' \\\n  -X POST -H 'x-bettermode-signature: abc' \\\n  --header \"X-BetterMode-Request-Timestamp: 17\" {data}"
        )));
    }
    let open = read(b"curl 'http://x", InputFormat::Auto, None);
    assert!(open.unwrap_err().to_string().contains("never closed"));
}

#[test]
fn curl_reads_files_as_it_would_send_them() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("body");
    std::fs::write(&path, "{\n}\n").unwrap();
    let command = |option| request(format!("curl x {option} @{}", path.display())).body;
    assert_eq!(command("--data-binary"), b"{\n}\n");
    assert_eq!(command("-d"), b"{}");
}

#[test]
fn the_first_signed_request_of_a_har_file_is_read() {
    let entry = |headers: &str, body: &str| {
        format!(
            r#"{{"startedDateTime":"2026-05-06T07:08:09.123+02:00","request":{{"method":"POST","headers":[{headers}],"postData":{{"text":{}}}}}}}"#,
            serde_json::to_string(body).unwrap()
        )
    };
    let signed = r#"{"name":"X-BetterMode-Signature","value":"abc"},{"name":"X-BetterMode-Request-Timestamp","value":"17"}"#;
    let har = format!(
        r#"{{"log":{{"entries":[{},{}]}}}}"#,
        entry("", "other"),
        entry(signed, BODY)
    );
    let found = request(&har);
    is_right(&found);
    assert_eq!(
        found.received_at.unwrap().to_string(),
        "2026-05-06T05:08:09.123Z"
    );
    let Capture::Request(first) = read(har.as_bytes(), InputFormat::Auto, Some(1)).unwrap() else {
        panic!("no request");
    };
    assert_eq!(first.body, b"other");
    assert!(read(har.as_bytes(), InputFormat::Auto, Some(3)).is_err());
}

#[test]
fn lines_of_the_edges_record_are_told_from_other_json() {
    let record = r#"{"cause":"base64","findings":[]}"#;
    for text in [
        record.to_owned(),
        format!("{record}\n{record}\n"),
        format!(r#"{{"refusals":[{record}]}}"#),
    ] {
        let read = read(text.as_bytes(), InputFormat::Auto, None).unwrap();
        assert!(matches!(read, Capture::Records(records) if records[0]["cause"] == "base64"));
    }
    assert!(read(b"{\"a\":1}", InputFormat::Auto, None).is_err());
}
