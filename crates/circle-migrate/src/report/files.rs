//! Reports on disk, for their owner alone.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Report, csv, html};
use crate::Error;

/// Where a report is.
#[derive(Debug, Clone)]
pub struct Written {
    /// For programs.
    pub json: PathBuf,
    /// For spreadsheets.
    pub csv: PathBuf,
    /// For people.
    pub html: PathBuf,
}

/// Writes a report in its three forms into `directory`.
///
/// # Errors
/// [`Error::File`].
pub fn write(report: &Report, directory: &Path) -> Result<Written, Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| Error::File {
            attempt: "make",
            path: directory.to_owned(),
            source,
        })?;
    let path = |ending: &str| directory.join(format!("{}.{ending}", report.kind.name()));
    let written = Written {
        json: path("json"),
        csv: path("csv"),
        html: path("html"),
    };
    let json = serde_json::to_string_pretty(report).unwrap_or_default();
    put(&written.json, &json)?;
    put(&written.csv, &csv::render(report))?;
    put(&written.html, &html::render(report))?;
    Ok(written)
}

fn put(path: &Path, text: &str) -> Result<(), Error> {
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        options.open(path)?.write_all(text.as_bytes())
    };
    write().map_err(|source| Error::File {
        attempt: "write",
        path: path.to_owned(),
        source,
    })
}
