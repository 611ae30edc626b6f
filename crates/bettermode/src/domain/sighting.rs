//! What a look into the community tells about a write that was not confirmed.

/// The answer of a search for what a write would have made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting<T> {
    /// Everything there that is as the write would have made it, the oldest first. None
    /// at all is not yet "it did not happen": the method that looked says what it does
    /// not see.
    Seen(Vec<T>),
    /// What was written could not be seen if it were there.
    CannotTell,
}
