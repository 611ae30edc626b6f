//! Page tokens: opaque, bound to their query, refused when damaged.
//!
//! A token is the place in the list and a digest over place, list and query. The
//! digest is no secret: it catches mistakes, and there is nothing to gain from
//! forging one. Resume tokens are sealed the same way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::error::Error;

const DIGEST: usize = 8;

/// The token of the page after `place`. `query` is the request without its page
/// size and token, so that all of its filters count.
pub(super) fn encode(list: &'static str, query: &impl Message, place: &[u8]) -> String {
    seal(list, &query.encode_to_vec(), place)
}

/// The place in a token; `None` for the empty token of the first page.
///
/// # Errors
/// [`Error::InvalidPageToken`] for anything that [`encode`] did not make for this
/// list and query.
pub(super) fn decode(
    list: &'static str,
    query: &impl Message,
    token: &str,
) -> Result<Option<Vec<u8>>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    open(list, &query.encode_to_vec(), token)
        .map(Some)
        .ok_or(Error::InvalidPageToken)
}

/// The token of the page that BetterMode's cursor leads to; empty after the last page,
/// which has no cursor.
pub(super) fn encode_text(list: &'static str, query: &impl Message, cursor: &str) -> String {
    if cursor.is_empty() {
        return String::new();
    }
    encode(list, query, cursor.as_bytes())
}

/// BetterMode's cursor in a token; `None` for the empty token of the first page.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_text(
    list: &'static str,
    query: &impl Message,
    token: &str,
) -> Result<Option<String>, Error> {
    let cursor = decode(list, query, token)?;
    let text = |bytes| String::from_utf8(bytes).map_err(|_| Error::InvalidPageToken);
    cursor.map(text).transpose()
}

/// A token that holds `content`, for this use only.
pub(super) fn seal(method: &'static str, bound_to: &[u8], content: &[u8]) -> String {
    let mut token = digest(method, bound_to, content).to_vec();
    token.extend_from_slice(content);
    URL_SAFE_NO_PAD.encode(token)
}

/// What [`seal`] put into the token, for the same use.
pub(super) fn open(method: &'static str, bound_to: &[u8], token: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (found, content) = bytes.split_at_checked(DIGEST)?;
    (found == digest(method, bound_to, content)).then(|| content.to_vec())
}

fn digest(method: &str, bound_to: &[u8], content: &[u8]) -> [u8; DIGEST] {
    let mut hasher = Sha256::new();
    hasher.update(method);
    hasher.update([0]);
    hasher.update(bound_to.len().to_be_bytes());
    hasher.update(bound_to);
    hasher.update(content);
    let whole: [u8; 32] = hasher.finalize().into();
    let mut short = [0; DIGEST];
    short.copy_from_slice(&whole[..DIGEST]);
    short
}
