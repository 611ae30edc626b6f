//! Files of the user's, and standard input.

use std::io::Read as _;
use std::path::Path;

use crate::error::Error;

/// The most that is read of one: a webhook has 1 MiB at most, a HAR file many requests.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The bytes of a file, or of standard input for "-".
pub(super) fn read(name: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = if name == "-" {
        std::io::stdin()
            .lock()
            .take(LARGEST)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(name).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Error::Input(format!("failed to read {name}: {error}"))),
    }
}

/// The token that an earlier run has left; empty when there is no such file yet.
pub(super) fn token(path: &Path) -> Result<String, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::Input(format!(
            "failed to read {}: {error}",
            path.display()
        ))),
    }
}

/// Puts these bytes in a file as a whole: a reader finds the old ones or the new.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|error| Error::Input(format!("failed to write {}: {error}", path.display())))
}
