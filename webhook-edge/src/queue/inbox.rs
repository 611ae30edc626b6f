//! What waits for the writer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::committer::Command;

/// Commands on their way to the one writer. How many there can be is bounded by what
/// their senders may hold: each waits for its answer.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    filled: Condvar,
    /// The same for a writer that is a task.
    noted: Notify,
}

#[derive(Default)]
struct State {
    commands: VecDeque<Command>,
    /// The writer sleeps. While it works it needs no waking, which is a call to the
    /// operating system: it looks here again by itself.
    sleeps: bool,
    is_closed: bool,
}

impl Inbox {
    /// Puts a command in; gives it back when nobody takes commands any more.
    pub(super) fn send(&self, command: Command) -> Result<(), Command> {
        let mut state = self.state();
        if state.is_closed {
            return Err(command);
        }
        state.commands.push_back(command);
        if std::mem::take(&mut state.sleeps) {
            drop(state);
            self.wake();
        }
        Ok(())
    }

    /// Waits for commands and takes the first ones, as long as `has_room` says so of
    /// the next; none when it is closed and empty.
    pub(super) fn take(&self, mut has_room: impl FnMut(&Command) -> bool) -> Vec<Command> {
        let mut state = self.state();
        while state.commands.is_empty() && !state.is_closed {
            state.sleeps = true;
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.sleeps = false;
        let fitting = state.commands.iter().take_while(|next| has_room(next));
        let count = fitting.count().max(1).min(state.commands.len());
        state.commands.drain(..count).collect()
    }

    /// Waits until there is something to take, or nothing comes any more.
    pub(super) async fn filled(&self) {
        loop {
            {
                let mut state = self.state();
                state.sleeps = state.commands.is_empty() && !state.is_closed;
                if !state.sleeps {
                    return;
                }
            }
            self.noted.notified().await;
        }
    }

    /// Nothing more comes in; what is there can be taken.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.wake();
    }

    fn wake(&self) {
        self.filled.notify_one();
        self.noted.notify_one();
    }

    /// Nothing more is taken: those who wait hear that nobody answers.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let unanswered = std::mem::take(&mut state.commands);
        drop(state);
        drop(unanswered);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
