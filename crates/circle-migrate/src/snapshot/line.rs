//! The lines of a snapshot's files.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::error::SnapshotError;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line<'a> {
    /// A record as Circle sent it.
    #[serde(borrow)]
    Row(Row<'a>),
    /// The end of a page, after its rows.
    Page(PageEnd),
    /// A record that was there and is not any more.
    Gone(Gone),
}

/// A record as Circle sent it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row<'a> {
    pub(super) id: u64,
    /// The read through all lists that it came in, from 1.
    pub(super) pass: u32,
    /// The page that it was on.
    pub(super) page: u32,
    /// The space, for a list of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) space: Option<u64>,
    /// Of the record's bytes in this line.
    pub(super) sha256: String,
    #[serde(borrow)]
    pub(super) record: &'a RawValue,
}

/// The end of a page: what is before it is whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PageEnd {
    pub(super) pass: u32,
    pub(super) page: u32,
    /// Rows of a page, which the number counts in.
    pub(super) per_page: u32,
    /// The space, for a list of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) space: Option<u64>,
    /// Every row of the page, written or not.
    pub(super) ids: Vec<u64>,
    /// Rows without an id, of which nothing is kept.
    #[serde(default)]
    pub(super) without_id: u64,
    /// How many there are on all pages, as Circle said on this one.
    pub(super) count: Option<u64>,
    pub(super) has_next_page: bool,
}

/// A record that was there and is not any more.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Gone {
    pub(super) id: u64,
    pub(super) pass: u32,
}

/// Hands every whole line of a file to `take`, with its number and where it is; says how long
/// the part is that ends with the end of a page.
///
/// A last line that was cut by a crash is left out; a damaged one before it is an error.
pub(super) fn each(
    path: &Path,
    file: &File,
    mut take: impl FnMut(At, Line<'_>) -> Result<(), SnapshotError>,
) -> Result<Extent, SnapshotError> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut extent = Extent::default();
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let length = reader
            .read_until(b'\n', &mut bytes)
            .map_err(SnapshotError::io("read", path))?;
        if length == 0 || bytes.last() != Some(&b'\n') {
            extent.end += length as u64;
            break;
        }
        let damaged = |detail| SnapshotError::Damaged {
            path: path.to_owned(),
            line: number,
            detail,
        };
        let line: Line<'_> =
            serde_json::from_slice(&bytes).map_err(|_| damaged("it cannot be read"))?;
        if let Line::Row(row) = &line
            && sha256(row.record.get().as_bytes()) != row.sha256
        {
            return Err(damaged("its digest differs"));
        }
        let closes = !matches!(line, Line::Row(_));
        let at = At {
            number,
            offset: extent.end,
            length,
        };
        take(at, line)?;
        extent.end += length as u64;
        if closes {
            extent.whole = extent.end;
        }
    }
    Ok(extent)
}

/// Where a line is.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// From 1.
    pub(super) number: u64,
    pub(super) offset: u64,
    pub(super) length: usize,
}

/// How much of a file is there, in bytes.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Extent {
    /// Up to the end of the last whole page.
    pub(super) whole: u64,
    /// All of it.
    pub(super) end: u64,
}

/// A record's bytes and their digest.
pub(super) fn sealed(record: &Value) -> (String, String) {
    let text = record.to_string();
    let digest = sha256(text.as_bytes());
    (text, digest)
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
