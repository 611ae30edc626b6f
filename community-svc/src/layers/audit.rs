//! One log line for each write: who did what, when, and what became of it.
//!
//! The lines have a target of their own, `audit`, which is written at every log level.
//! They never hold what was written, nor an e-mail address. They are not stored: a log
//! can be shipped to where those who are audited cannot change it, a table beside the
//! data cannot.

use std::sync::{Arc, OnceLock};

use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::Response;
use super::observe::{Call, code_of};
use super::request_id::RequestId;
use crate::callers::Caller;
use crate::methods::Method;

/// The name of whoever calls where nobody is asked who they are.
const ANYBODY: &str = "anybody on this machine";

/// A write under way. One that is dropped before it is finished is written down as well:
/// its caller went away, and it may have happened.
#[derive(Debug)]
pub(crate) struct Record {
    method: Method,
    id: RequestId,
    started: Instant,
    caller: OnceLock<Option<Arc<Caller>>>,
    is_finished: bool,
}

impl Record {
    /// Begins a record where the method is audited.
    pub(crate) fn begin(call: &Call, id: &RequestId) -> Option<Self> {
        let method = call.method();
        let is_audited = method.entry().is_some_and(|entry| entry.is_audited);
        is_audited.then(|| Self {
            method,
            id: id.clone(),
            started: call.started(),
            caller: OnceLock::new(),
            is_finished: false,
        })
    }

    /// Notes who it is. Without it nothing is written: strangers write nothing.
    pub(crate) fn of(&self, caller: Option<&Arc<Caller>>) {
        let _is_first = self.caller.set(caller.cloned());
    }

    /// Writes down what became of it.
    pub(crate) fn finish(mut self, response: &Response) {
        self.is_finished = true;
        match code_of(response) {
            Code::Ok => self.write("Ok", ""),
            code => {
                let status = Status::from_header_map(response.headers());
                let info = status.and_then(|status| status.get_details_error_info());
                let reason = info.map(|info| info.reason).unwrap_or_default();
                self.write(&format!("{code:?}"), &reason);
            }
        }
    }

    fn write(&self, outcome: &str, reason: &str) {
        let Some(caller) = self.caller.get() else {
            return;
        };
        tracing::info!(
            target: "audit",
            parent: None,
            caller = caller.as_ref().map_or(ANYBODY, |caller| &caller.name),
            method = self.method.label(),
            outcome,
            reason,
            request_id = self.id.as_str(),
            micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "write"
        );
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.is_finished {
            self.write("Abandoned", "");
        }
    }
}
