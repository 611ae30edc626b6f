//! How a store fails, whichever it is and whatever it keeps.

/// Why a store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A setting cannot be used.
    #[error("{setting} {rule}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// What it must be, to be read after the name.
        rule: &'static str,
    },
    /// The store did not answer in time, or refused.
    #[error("{store} failed while {attempted}; {advice}")]
    Unavailable {
        /// `mongodb` or `sqlite`.
        store: &'static str,
        /// What was attempted.
        attempted: &'static str,
        /// What to look at.
        advice: &'static str,
        /// What the store said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something in the store is not as this version writes it.
    #[error(
        "{store} holds what cannot be read: {what}; was it changed by hand, or by a newer version?"
    )]
    Unreadable {
        /// `mongodb` or `sqlite`.
        store: &'static str,
        /// What is wrong with it.
        what: String,
    },
}
