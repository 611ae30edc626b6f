//! The tokens that calls carry.
//!
//! A static token is used as it is. With an app's credentials, one token for
//! the app and one for each member it acts for are kept in memory: minted once
//! however many calls wait for it, and renewed before they expire or when the
//! vendor refuses them. Nothing of a token is logged or stored.

mod jwt;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use moka::ops::compute::Op;
use secrecy::{ExposeSecret, SecretString};

use crate::{Credentials, Error, MemberId, TimeSource};

/// How many members' tokens are kept; the least used ones go first.
const MAX_TOKENS: u64 = 1_000;
/// How long before its end a token is no longer used (the vendor's own client
/// takes the same minute).
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// A token younger than this is not the reason of a "no permission".
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// Who a call is made as: the app itself, or a member.
pub(crate) type Identity = Option<MemberId>;

/// A token, ready for the header.
pub(crate) struct Token {
    id: u64,
    pub(crate) authorization: HeaderValue,
    minted_at: Timestamp,
    /// `None` when its end cannot be read: then it is used until refused.
    renew_at: Option<Timestamp>,
}

impl Token {
    /// Whether the token is too young to have expired.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.minted_at) < FRESH
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.renew_at.is_some_and(|at| now >= at)
    }
}

/// Where tokens come from.
pub(crate) struct Tokens {
    source: Source,
    minted: Cache<Identity, Arc<Token>>,
    next_id: AtomicU64,
    time: TimeSource,
}

enum Source {
    Static(Option<Arc<Token>>),
    App(Option<HeaderValue>),
}

impl Tokens {
    pub(crate) fn new(credentials: &Credentials, time: TimeSource) -> Self {
        let source = match credentials {
            Credentials::StaticToken(token) => {
                let token =
                    authorization("Bearer", token.expose_secret()).map(|authorization| Token {
                        id: 0,
                        authorization,
                        minted_at: time(),
                        renew_at: None,
                    });
                Source::Static(token.map(Arc::new))
            }
            Credentials::App {
                client_id,
                client_secret,
            } => {
                let pair = format!("{client_id}:{}", client_secret.expose_secret());
                Source::App(authorization("Basic", &BASE64_STANDARD.encode(pair)))
            }
        };
        let minted = Cache::new(MAX_TOKENS);
        Self {
            source,
            minted,
            next_id: AtomicU64::new(1),
            time,
        }
    }

    /// Whether a refused token can be replaced.
    pub(crate) fn can_renew(&self) -> bool {
        matches!(self.source, Source::App(_))
    }

    /// The header that mints tokens.
    ///
    /// Credentials that do not fit in a header are refused without asking.
    pub(crate) fn basic(&self) -> Result<HeaderValue, Error> {
        match &self.source {
            Source::App(Some(basic)) => Ok(basic.clone()),
            _ => Err(Error::TokenRefused),
        }
    }

    /// The token of an identity, from `mint` when there is none that lasts.
    pub(crate) async fn get<F>(
        &self,
        identity: &Identity,
        mint: impl Fn() -> F,
    ) -> Result<Arc<Token>, Error>
    where
        F: Future<Output = Result<SecretString, Error>>,
    {
        if let Source::Static(token) = &self.source {
            return token.clone().ok_or(Error::TokenRefused);
        }
        if let Some(token) = self.minted.get(identity).await {
            if !token.is_due((self.time)()) {
                return Ok(token);
            }
            self.drop_token(identity, &token).await;
        }
        let minting = async { mint().await.and_then(|token| self.adopt(&token)) };
        let token = self.minted.try_get_with(identity.clone(), minting).await;
        token.map_err(|error: Arc<Error>| (*error).clone())
    }

    /// Forgets this token, unless it is already replaced.
    pub(crate) async fn drop_token(&self, identity: &Identity, token: &Token) {
        let same = |entry: Option<moka::Entry<Identity, Arc<Token>>>| {
            let is_it = entry.is_some_and(|entry| entry.value().id == token.id);
            std::future::ready(if is_it { Op::Remove } else { Op::Nop })
        };
        self.minted
            .entry(identity.clone())
            .and_compute_with(same)
            .await;
    }

    fn adopt(&self, token: &SecretString) -> Result<Arc<Token>, Error> {
        let now = (self.time)();
        let text = token.expose_secret();
        let authorization = authorization("Bearer", text).ok_or_else(|| Error::Undecodable {
            operation: "LimitedToken",
            detail: "the token has characters that no header can carry".to_owned(),
        })?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let renew_at = jwt::expiry(text).map(|end| renewal(now, end));
        Ok(Arc::new(Token {
            id,
            authorization,
            minted_at: now,
            renew_at,
        }))
    }
}

/// A minute before the end; half way there for a token that lives too shortly
/// for that, so that it is of use at all.
fn renewal(now: Timestamp, end: Timestamp) -> Timestamp {
    let half = now.duration_since(end).abs() / 2;
    let margin = if end > now {
        MARGIN.min(half)
    } else {
        SignedDuration::ZERO
    };
    end.checked_sub(margin).unwrap_or(end)
}

fn authorization(scheme: &str, text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("{scheme} {text}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests;
