//! Raw HTTP: a request line or none, headers, an empty line, the body.

use super::Request;
use crate::error::Error;

/// More headers than this are no webhook's.
const MOST_HEADERS: usize = 200;

pub(super) fn read(bytes: &[u8]) -> Result<Request, Error> {
    let head = without_request_line(bytes);
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let (length, headers) = match httparse::parse_headers(head, &mut headers) {
        Ok(httparse::Status::Complete(parsed)) => parsed,
        Ok(httparse::Status::Partial) => {
            return Err(Error::Input(
                "the capture ends within its headers: an empty line and the body must follow"
                    .to_owned(),
            ));
        }
        Err(error) => {
            return Err(Error::Input(format!(
                "the capture is no raw HTTP request (head, empty line, body): {error}; --format says \
                 what else it is"
            )));
        }
    };
    let mut request = Request::default();
    let mut announced = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            announced = std::str::from_utf8(header.value).ok();
        }
        request.add(header.name, header.value)?;
    }
    let announced: Option<usize> = announced.and_then(|text| text.trim().parse().ok());
    set_body(&mut request, &head[length..], announced);
    Ok(request)
}

/// Takes as much as the head announces; what a file has after that is an editor's.
fn set_body(request: &mut Request, rest: &[u8], announced: Option<usize>) {
    let Some(announced) = announced else {
        request.may_end_in_a_break = true;
        rest.clone_into(&mut request.body);
        return;
    };
    match rest.split_at_checked(announced) {
        Some((body, more)) if more.trim_ascii().is_empty() => body.clone_into(&mut request.body),
        other => {
            let how = if other.is_some() { "longer" } else { "shorter" };
            request.notes.push(format!(
                "the body is {how} than its Content-Length of {announced} bytes: the capture has {}",
                rest.len()
            ));
            rest.clone_into(&mut request.body);
        }
    }
}

/// Of any version of HTTP, and without one too.
fn without_request_line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii_start();
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
    let has_version = line.windows(6).any(|part| part == b" HTTP/");
    if has_version { rest } else { bytes }
}
