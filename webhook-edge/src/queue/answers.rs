//! Telling those who wait how it went, once their group is on disk.

use tokio::sync::{mpsc, oneshot};

use super::{AppendError, WriteError};
use crate::forward::Accepted;

/// Where an answer goes.
pub(super) type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// What one of them is to hear if the group was written.
pub(super) enum Answer {
    Append(Reply<Accepted, AppendError>, Result<Accepted, AppendError>),
    Done(Reply<(), WriteError>),
    Count(Reply<u64, WriteError>, u64),
}

/// What the senders of a group are to hear. They are woken by a task and not by the
/// writer: from outside the runtime each wake is a call to the operating system.
pub(super) struct Answers {
    pub(super) answers: Vec<Answer>,
    pub(super) is_written: bool,
}

/// Tells the senders of each group how it went, until the writer has ended.
pub(super) async fn give(mut groups: mpsc::UnboundedReceiver<Answers>) {
    while let Some(group) = groups.recv().await {
        for answer in group.answers {
            answer.give(group.is_written);
        }
    }
}

impl Answer {
    fn give(self, is_written: bool) {
        let written = if is_written {
            Ok(())
        } else {
            Err(WriteError::Poisoned)
        };
        // Whoever has gone away need not hear it.
        match self {
            Self::Append(reply, kept) => {
                let answer = written.map_err(|_| AppendError::Poisoned).and(kept);
                let _gone = reply.send(answer);
            }
            Self::Done(reply) => {
                let _gone = reply.send(written);
            }
            Self::Count(reply, count) => {
                let _gone = reply.send(written.map(|()| count));
            }
        }
    }
}
