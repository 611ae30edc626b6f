//! The name of a write, read from its request.

use prost::Message;
use uuid::Uuid;

use super::validate;
use crate::callers;
use crate::error::Error;
use crate::writes::{Effect, Fingerprint, RequestId, Write};

/// A kind of write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The RPC.
    pub(super) method: &'static str,
    /// To be read after "confirm": "creating a post".
    pub(super) attempted: &'static str,
    /// How many requests to BetterMode it may need.
    pub(super) requests: u32,
}

/// What a caller asked for, and under which name, if any.
#[derive(Debug, Clone)]
pub(super) struct Key {
    kind: Kind,
    id: Option<Uuid>,
    caller: String,
    content: Vec<u8>,
}

impl Key {
    /// Of the call that is being answered, from whose request the `request_id` was taken:
    /// it is `id`. Who calls and what is left of the request must be the same when it
    /// comes again.
    pub(super) fn new(kind: Kind, id: &str, request: &impl Message) -> Result<Self, Error> {
        Ok(Self {
            kind,
            id: validate::request_id(id)?,
            caller: callers::current_name(),
            content: request.encode_to_vec(),
        })
    }

    /// The name, where there is one.
    pub(super) fn id(&self) -> Option<Uuid> {
        self.id
    }

    /// The write, where it has a name; `effect` is what BetterMode would have in the
    /// end: equal for all that a look upstream cannot tell apart.
    pub(super) fn write(&self, effect: impl FnOnce() -> Effect) -> Option<Write> {
        self.id.map(|id| self.named(id, "", effect()))
    }

    /// The write of something that a look finds in the state that it is to be in, or
    /// that does no harm when it is done twice.
    pub(super) fn change(&self) -> Option<Write> {
        self.write(|| Effect::of([self.kind.method.as_bytes(), &self.content]))
    }

    /// One of several writes of one request, under a name of its own.
    pub(super) fn part(&self, id: Uuid, part: &str, effect: Effect) -> Write {
        self.named(id, part, effect)
    }

    fn named(&self, id: Uuid, part: &str, effect: Effect) -> Write {
        let (method, caller) = (self.kind.method.as_bytes(), self.caller.as_bytes());
        let parts = [method, caller, &self.content, part.as_bytes()];
        Write {
            request_id: RequestId::from(id),
            method: self.kind.method,
            attempted: self.kind.attempted,
            requests: self.kind.requests,
            fingerprint: Fingerprint::of(parts),
            effect,
        }
    }
}
