//! The file of callers, read again when it changes.

use std::path::PathBuf;
use std::time::Duration;

use service_kit::shutdown::Shutdown;

use super::{Callers, Register};

/// How often the file is looked at. By its contents and not by its time: a mounted
/// secret is swapped by a link, whose target may be older than what it replaces.
const POLL: Duration = Duration::from_secs(2);

/// A file whose callers are in a register.
#[derive(Debug)]
pub struct Watched {
    path: PathBuf,
    register: Register,
    /// What the file held at the last look; digests and names, no tokens.
    seen: Option<String>,
}

impl Watched {
    /// The file that `register` was made from.
    #[must_use]
    pub fn new(path: PathBuf, register: Register) -> Self {
        Self {
            path,
            register,
            seen: None,
        }
    }

    /// Looks at the file every few seconds until `shutdown` drains.
    pub async fn watch(mut self, shutdown: Shutdown) {
        let mut ticks = tokio::time::interval(POLL);
        loop {
            tokio::select! {
                () = shutdown.draining().cancelled() => return,
                _ = ticks.tick() => self.look().await,
            }
        }
    }

    /// Takes what is new and can be read. What cannot be read is told once, and those
    /// who were known stay known.
    async fn look(&mut self) {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await;
        let (seen, callers) = match read {
            Ok(Ok(text)) => (text.clone(), Callers::parse(&text)),
            Ok(Err(error)) => (error.to_string(), Err(error.to_string())),
            Err(_) => return,
        };
        if self.seen.as_deref() == Some(seen.as_str()) {
            return;
        }
        let is_first = self.seen.replace(seen).is_none();
        match callers {
            Ok(callers) => {
                let entries = callers.len();
                self.register.replace(callers);
                if !is_first {
                    tracing::info!(
                        entries,
                        "the callers have changed: the new ones hold from now on"
                    );
                }
            }
            Err(problem) => tracing::error!(
                problem,
                "COMMUNITY_SVC_AUTH_FILE cannot be used: those who were known stay known"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sha2::{Digest as _, Sha256};

    use super::*;

    fn entry(name: &str, token: &str) -> String {
        format!("{name}:{}:read\n", hex::encode(Sha256::digest(token)))
    }

    fn name(register: &Register, token: &str) -> Option<String> {
        let callers = register.now();
        callers
            .by_token(token.as_bytes())
            .map(|caller| caller.name.clone())
    }

    #[tokio::test]
    async fn a_change_is_taken_and_what_cannot_be_read_keeps_those_who_were_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callers");
        fs::write(&path, entry("crm", "old")).unwrap();
        let register = Register::new(Callers::parse(&entry("crm", "old")).unwrap());
        let mut watched = Watched::new(path.clone(), register.clone());
        watched.look().await;
        assert_eq!(name(&register, "old").as_deref(), Some("crm"));

        // Both at once, as while one replaces the other.
        fs::write(&path, entry("crm", "old") + &entry("crm", "new")).unwrap();
        watched.look().await;
        assert_eq!(name(&register, "new").as_deref(), Some("crm"));
        assert_eq!(name(&register, "old").as_deref(), Some("crm"));

        for broken in ["", "crm:oops:read", "# nobody\n"] {
            fs::write(&path, broken).unwrap();
            watched.look().await;
            assert_eq!(name(&register, "new").as_deref(), Some("crm"), "{broken:?}");
        }
        fs::remove_file(&path).unwrap();
        watched.look().await;
        assert_eq!(name(&register, "new").as_deref(), Some("crm"));

        fs::write(&path, entry("hr", "new")).unwrap();
        watched.look().await;
        assert_eq!(name(&register, "new").as_deref(), Some("hr"));
        assert_eq!(name(&register, "old"), None);
    }
}
