//! What a look into the community tells about a write that was not confirmed.

/// The answer of a search for what a write would have made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting<T> {
    /// It is there: the write happened, or somebody else made just the same meanwhile.
    Seen(T),
    /// It is not to be seen. Not the same as "it did not happen": the method that
    /// looked says what it would have missed.
    NotSeen,
    /// It would not be seen if it were there.
    Invisible,
}
