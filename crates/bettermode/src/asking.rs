//! What a request asks for, told to those who stand on its way.

/// What a request asks for. Each request that goes to a transport has it as an extension, for
/// those who put something around the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The operation's name, as in the document.
    pub operation: &'static str,
    /// Whether it is a mutation.
    pub is_write: bool,
}
