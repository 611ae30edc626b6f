//! Requests that somebody captured, in the forms in which they come.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::Value;
use signature_doctor::HEADER_NAMES;

use crate::cli::InputFormat;
use crate::error::Error;

mod curl;
mod har;
mod raw;

/// A captured request, as far as its signature goes.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// When it was received, where the capture says it.
    pub(crate) received_at: Option<Timestamp>,
    /// The capture may have a line break at its end that is not the body's.
    pub(crate) may_end_in_a_break: bool,
    /// What is worth knowing about the capture itself.
    pub(crate) notes: Vec<String>,
}

/// What was captured.
#[derive(Debug)]
pub(crate) enum Capture {
    /// A request.
    Request(Request),
    /// Lines of the edge's record, which is a diagnosis already.
    Records(Vec<Value>),
}

/// Reads a capture.
pub(crate) fn read(
    bytes: &[u8],
    format: InputFormat,
    entry: Option<usize>,
) -> Result<Capture, Error> {
    let format = match format {
        InputFormat::Auto => guess(bytes),
        told => told,
    };
    match format {
        InputFormat::Curl => curl::read(bytes).map(Capture::Request),
        InputFormat::Har => har::read(bytes, entry).map(Capture::Request),
        InputFormat::Record => records(bytes).map(Capture::Records),
        InputFormat::Raw | InputFormat::Auto => raw::read(bytes).map(Capture::Request),
    }
}

fn guess(bytes: &[u8]) -> InputFormat {
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"curl ") || text.starts_with(b"$ curl ") {
        return InputFormat::Curl;
    }
    if !text.starts_with(b"{") {
        return InputFormat::Raw;
    }
    let whole: Option<Value> = serde_json::from_slice(bytes).ok();
    match whole {
        Some(whole) if whole.get("log").is_some() => InputFormat::Har,
        _ => InputFormat::Record,
    }
}

/// The lines of `doctor --recent --json`, or an answer of the edge's admin port.
fn records(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    let values: Vec<Value> = values.collect::<Result<_, _>>().map_err(|_| problem())?;
    let records: Vec<Value> = values
        .into_iter()
        .flat_map(
            |value| match value.get("refusals").and_then(Value::as_array) {
                Some(refusals) => refusals.clone(),
                None => vec![value],
            },
        )
        .collect();
    if records.is_empty() || !records.iter().all(|record| record["findings"].is_array()) {
        return Err(problem());
    }
    Ok(records)
}

fn problem() -> Error {
    Error::Input(
        "this JSON is neither a HAR file nor a line of doctor --recent --json; a request is read as \
         raw HTTP (head, empty line, body), as a curl command or from a HAR file"
            .to_owned(),
    )
}

impl Request {
    /// Keeps a header when it is one that matters.
    fn add(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        let Ok(name) = name.trim().parse::<HeaderName>() else {
            return Ok(());
        };
        if name == http::header::CONTENT_ENCODING {
            self.notes.push(
                "the request has a Content-Encoding: the signature is over the body as it was sent, \
                 not over what it decodes to"
                    .to_owned(),
            );
        }
        if HEADER_NAMES.contains(&name.as_str()) {
            let value = HeaderValue::from_bytes(value)
                .map_err(|_| Error::Input(format!("the header {name} holds what no header can")))?;
            self.headers.append(name, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
