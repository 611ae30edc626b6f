//! Who calls, and whether they may call this method.
//!
//! A bearer token says who, else the client's certificate. Probes need neither.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::callers::{Caller, Register};
use crate::connections::Peer;
use crate::error::Error;
use crate::methods::Method;

/// Who calls, where callers are asked who they are; refuses strangers.
pub(crate) fn identify(
    register: Option<&Register>,
    method: Method,
    headers: &HeaderMap,
    peer: &Peer,
) -> Result<Option<Arc<Caller>>, Error> {
    if method.entry().is_some_and(|entry| entry.scopes.is_none()) {
        return Ok(None);
    }
    match register {
        Some(register) => known(register, headers, peer).map(Some),
        // Only this machine can call.
        None => Ok(None),
    }
}

/// Refuses callers without the scope, and methods that are in no table.
pub(crate) fn permit(method: Method, caller: Option<&Arc<Caller>>) -> Result<(), Error> {
    let entry = method.entry().ok_or_else(Error::unknown_method)?;
    match (caller, entry.scopes) {
        (Some(caller), Some(scopes)) if !caller.scopes.intersects(scopes) => {
            Err(Error::ScopeMissing {
                caller: caller.name.clone(),
                needed: scopes.to_string().replace('+', " or "),
            })
        }
        _ => Ok(()),
    }
}

/// Whoever sends a token is who the token says, or nobody: a wrong token is a mistake
/// that a certificate must not hide.
fn known(register: &Register, headers: &HeaderMap, peer: &Peer) -> Result<Arc<Caller>, Error> {
    let callers = register.now();
    let caller = match headers.get(AUTHORIZATION) {
        Some(header) => header
            .as_bytes()
            .strip_prefix(b"Bearer ")
            .and_then(|token| callers.by_token(token)),
        None => peer
            .certificate()
            .and_then(|names| callers.by_certificate(names)),
    };
    caller.cloned().ok_or(Error::Unauthenticated)
}
