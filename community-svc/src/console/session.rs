//! Who is signed in: a token in, a cookie out.
//!
//! Sessions live in this process and end with it. The token and the cookies are kept as
//! digests and compared in constant time. A browser sends the cookie to this console
//! alone and only from its own pages; each session has a second secret besides, which
//! every form that changes something must bring.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use service_kit::clock::SharedClock;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Draws 32 bytes that nobody can guess.
pub type Secrets = Arc<dyn Fn() -> [u8; 32] + Send + Sync>;

/// How long somebody stays signed in.
const LIFETIME: SignedDuration = SignedDuration::from_hours(12);

/// Sessions at once; the oldest makes room.
const MAX_SESSIONS: usize = 64;

/// Wrong tokens in a row, from whomever: more have to wait.
const TRIES: u32 = 10;

/// How soon a try comes back.
const TRY_COMES_BACK: SignedDuration = SignedDuration::from_secs(6);

/// Why somebody was not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The token is not ours.
    Wrong,
    /// Too many wrong tokens were tried; the time until the next try counts.
    TooMany(Duration),
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visitor {
    /// What their forms must bring.
    pub(super) form_secret: String,
}

impl Visitor {
    /// Whether a form came from a page that we made for this visitor.
    pub(super) fn sent(&self, form_secret: &str) -> bool {
        let same = self.form_secret.as_bytes().ct_eq(form_secret.as_bytes());
        same.into()
    }
}

/// The sessions of one process.
pub(super) struct Sessions {
    token: [u8; 32],
    cookie: String,
    secrets: Secrets,
    clock: SharedClock,
    state: Mutex<State>,
}

struct State {
    open: VecDeque<Session>,
    tries: u32,
    /// When the last try came back.
    counted_at: Timestamp,
}

struct Session {
    id: [u8; 32],
    visitor: Visitor,
    until: Timestamp,
}

impl Sessions {
    /// Nobody yet. `port` tells the cookies of two consoles on one machine apart.
    pub(super) fn new(
        token: &SecretString,
        port: u16,
        secrets: Secrets,
        clock: SharedClock,
    ) -> Self {
        let state = State {
            open: VecDeque::new(),
            tries: TRIES,
            counted_at: clock.now(),
        };
        Self {
            token: digest(token.expose_secret()),
            cookie: format!("community_console_{port}"),
            secrets,
            clock,
            state: Mutex::new(state),
        }
    }

    /// Opens a session for whoever has the token; the value of `Set-Cookie`.
    pub(super) fn sign_in(&self, token: &str, over_tls: bool) -> Result<String, Refused> {
        let now = self.clock.now();
        let mut state = self.state();
        state.count_tries(now)?;
        if !bool::from(digest(token).ct_eq(&self.token)) {
            state.tries -= 1;
            return Err(Refused::Wrong);
        }
        let id = hex::encode((self.secrets)());
        state.open.retain(|session| session.until > now);
        if state.open.len() >= MAX_SESSIONS {
            state.open.pop_front();
        }
        state.open.push_back(Session {
            id: digest(&id),
            visitor: Visitor {
                form_secret: hex::encode((self.secrets)()),
            },
            until: now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX),
        });
        let (name, seconds) = (&self.cookie, LIFETIME.as_secs());
        let secure = if over_tls { "; Secure" } else { "" };
        Ok(format!(
            "{name}={id}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
        ))
    }

    /// Whose request this is.
    pub(super) fn visitor(&self, headers: &HeaderMap) -> Option<Visitor> {
        let id = digest(self.cookie_of(headers)?);
        let now = self.clock.now();
        let state = self.state();
        let session = state.open.iter().find(|session| {
            let same: bool = session.id.ct_eq(&id).into();
            same && session.until > now
        });
        session.map(|session| session.visitor.clone())
    }

    /// Ends the session; the value of `Set-Cookie`.
    pub(super) fn sign_out(&self, headers: &HeaderMap) -> String {
        if let Some(id) = self.cookie_of(headers).map(digest) {
            self.state().open.retain(|session| session.id != id);
        }
        let name = &self.cookie;
        format!("{name}=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict")
    }

    fn cookie_of<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let texts = headers.get_all(header::COOKIE).iter();
        let mut cookies = texts
            .filter_map(|text| text.to_str().ok())
            .flat_map(|text| text.split(';'));
        cookies.find_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == self.cookie).then_some(value)
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives back the tries that time has brought. One must be left, also for the right
    /// token: else it could be found by trying on.
    fn count_tries(&mut self, now: Timestamp) -> Result<(), Refused> {
        let passed = now.duration_since(self.counted_at);
        // A clock that was set back owes nobody a longer wait than this.
        if passed.is_negative() || self.tries >= TRIES {
            self.counted_at = now;
        }
        while self.tries < TRIES && now.duration_since(self.counted_at) >= TRY_COMES_BACK {
            self.tries += 1;
            self.counted_at += TRY_COMES_BACK;
        }
        if self.tries > 0 {
            return Ok(());
        }
        let wait = TRY_COMES_BACK - now.duration_since(self.counted_at);
        Err(Refused::TooMany(wait.unsigned_abs()))
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests;
