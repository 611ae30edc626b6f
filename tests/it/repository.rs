//! The repository's own files, for tests about them.

use std::path::{Path, PathBuf};

/// The folder that holds all of it.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests are in the repository").into()
}

/// Every file that people write: nothing built, fetched or of version control.
pub(crate) fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of ours can be read") {
            let path = entry.expect("a folder of ours can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_symlink() || ["target", ".git", "node_modules", "data"].contains(&&*name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
