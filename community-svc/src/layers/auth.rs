//! Who calls, and whether they may call this method.
//!
//! A bearer token says who, else the client's certificate. Probes need neither.

use std::sync::Arc;

use http::header::AUTHORIZATION;

use super::Request;
use crate::callers::{Caller, Register};
use crate::connections::Peer;
use crate::error::Error;
use crate::methods::Method;

/// The caller, where callers are asked who they are; refuses strangers, methods that
/// are in no table, and callers without the scope.
pub(crate) fn check(
    register: Option<&Register>,
    method: Method,
    request: &Request,
    peer: &Peer,
) -> Result<Option<Arc<Caller>>, Error> {
    let entry = method.entry();
    if entry.is_some_and(|entry| entry.scopes.is_none()) {
        return Ok(None);
    }
    let caller = match register {
        // Only this machine can call.
        None => None,
        Some(register) => Some(identify(register, request, peer)?),
    };
    let Some(scopes) = entry.and_then(|entry| entry.scopes) else {
        return Err(Error::unknown_method());
    };
    match caller {
        Some(caller) if !caller.scopes.intersects(scopes) => Err(Error::ScopeMissing {
            caller: caller.name.clone(),
            needed: scopes.to_string().replace('+', " or "),
        }),
        caller => Ok(caller),
    }
}

/// Whoever sends a token is who the token says, or nobody: a wrong token is a mistake
/// that a certificate must not hide.
fn identify(register: &Register, request: &Request, peer: &Peer) -> Result<Arc<Caller>, Error> {
    let callers = register.now();
    let caller = match request.headers().get(AUTHORIZATION) {
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
