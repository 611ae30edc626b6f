//! An HTTP archive (HAR 1.2), as browsers, proxies and request bins save it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use signature_doctor::HEADER_NAMES;

use super::Request;
use crate::error::Error;

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    started_date_time: String,
    request: HarRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default)]
    text: String,
    /// Not in the standard, but in what some tools write.
    #[serde(default)]
    encoding: String,
}

pub(super) fn read(bytes: &[u8], entry: Option<usize>) -> Result<Request, Error> {
    let archive: Archive = serde_json::from_slice(bytes)
        .map_err(|error| Error::Input(format!("the HAR file cannot be read: {error}")))?;
    let entries = archive.log.entries;
    let is_signed = |entry: &&Entry| {
        let mut headers = entry.request.headers.iter();
        headers.any(|header| HEADER_NAMES.contains(&header.name.to_ascii_lowercase().as_str()))
    };
    let found = match entry {
        Some(number) => number.checked_sub(1).and_then(|index| entries.get(index)),
        None => entries.iter().find(is_signed),
    };
    let count = entries.len();
    let found = found.ok_or_else(|| {
        Error::Input(match entry {
            Some(number) => format!("the HAR file has {count} requests, and no number {number}"),
            None => format!(
                "none of the {count} requests in the HAR file has a signature header; --entry names one"
            ),
        })
    })?;
    request(found)
}

fn request(entry: &Entry) -> Result<Request, Error> {
    let mut request = Request {
        received_at: entry.started_date_time.parse().ok(),
        ..Request::default()
    };
    for header in &entry.request.headers {
        request.add(&header.name, header.value.as_bytes())?;
    }
    match &entry.request.post_data {
        Some(data) if data.encoding == "base64" => {
            request.body = STANDARD
                .decode(&data.text)
                .map_err(|_| Error::Input("the body in the HAR file is no base64".to_owned()))?;
        }
        Some(data) => data.text.as_bytes().clone_into(&mut request.body),
        None => request
            .notes
            .push("the HAR file has no body for this request".to_owned()),
    }
    Ok(request)
}
