//! Page tokens: opaque, bound to their query, refused when damaged.
//!
//! A token is the cursor and a digest over cursor and filter. The digest is no
//! secret: it catches mistakes, and there is nothing to gain from forging one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::events::Cursor;

const DIGEST: usize = 8;

/// The token of the page after `cursor`, for this filter.
pub(super) fn encode(cursor: &Cursor, filter: &str) -> String {
    let cursor = cursor.to_bytes();
    let mut token = digest(&cursor, filter).to_vec();
    token.extend_from_slice(&cursor);
    URL_SAFE_NO_PAD.encode(token)
}

/// The cursor in a token; `None` for the empty token of the first page.
///
/// # Errors
/// [`Error::InvalidPageToken`] for anything that [`encode`] did not make for this
/// filter.
pub(super) fn decode(token: &str, filter: &str) -> Result<Option<Cursor>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| Error::InvalidPageToken)?;
    let (found, cursor) = bytes
        .split_at_checked(DIGEST)
        .ok_or(Error::InvalidPageToken)?;
    if found != digest(cursor, filter) {
        return Err(Error::InvalidPageToken);
    }
    Cursor::from_bytes(cursor)
        .map(Some)
        .ok_or(Error::InvalidPageToken)
}

fn digest(cursor: &[u8], filter: &str) -> [u8; DIGEST] {
    let mut hasher = Sha256::new();
    hasher.update(b"ListWebhookEvents\0");
    hasher.update(filter);
    hasher.update([0]);
    hasher.update(cursor);
    let whole: [u8; 32] = hasher.finalize().into();
    let mut short = [0; DIGEST];
    short.copy_from_slice(&whole[..DIGEST]);
    short
}
