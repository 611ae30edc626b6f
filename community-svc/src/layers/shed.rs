//! More calls at once than the service can hold are refused at the door, quickly,
//! rather than all of them getting slow.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Request, is_health_check};
use crate::error::Error;

/// A slot for the call while one is free. Health checks take none: a probe must not
/// fail because the service is busy. A call that is answered with a stream holds its
/// slot until the stream is open; watchers have places of their own to run out of.
pub(crate) fn slot<'a>(
    slots: &'a Semaphore,
    request: &Request,
) -> Result<Option<SemaphorePermit<'a>>, Error> {
    if is_health_check(request) {
        return Ok(None);
    }
    slots.try_acquire().map(Some).map_err(|_| Error::Overloaded)
}
