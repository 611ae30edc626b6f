//! The way of one call: token, stack, decoding, and once more with a new token
//! where the old one may be to blame.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use secrecy::SecretString;
use serde::Serialize;

use super::Client;
use crate::{
    Class, Error, Subject,
    auth::Token,
    operations::{
        Kind, Operation,
        limited_token::{self, LimitedToken},
    },
    reply::{Asked, Failure, Reply, TokenDoubt},
    stack::Call,
};

/// The body of a GraphQL request over HTTP.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a, V> {
    operation_name: &'static str,
    query: &'a str,
    variables: &'a V,
}

impl Client {
    /// Makes one call and decodes its answer.
    pub(super) async fn call<O: Operation>(
        &self,
        variables: O::Variables,
    ) -> Result<O::Data, Error> {
        let answer = self.try_call::<O>(&variables).await;
        answer.map_err(|failure| failure.error)
    }

    /// As [`call`](Self::call), with all that is known of a failure.
    pub(super) async fn try_call<O: Operation>(
        &self,
        variables: &O::Variables,
    ) -> Result<O::Data, Failure> {
        let token = self.token().await.map_err(Failure::plain)?;
        let mut call = prepare::<O>(variables, token.authorization.clone(), self.class)
            .map_err(Failure::plain)?;
        let mut result = self.inner.stack.send(&call).await;
        if let Err(failure) = &result
            && self.may_be_expired(failure, &token)
        {
            // A refused mutation did not happen, so it may be sent again.
            self.inner.tokens.drop_token(&self.identity, &token).await;
            let token = self.token().await.map_err(Failure::plain)?;
            call.authorization = token.authorization.clone();
            result = self.inner.stack.send(&call).await;
        }
        decode::<O>(result?)
    }

    fn may_be_expired(&self, failure: &Failure, token: &Token) -> bool {
        let expired = match failure.token {
            TokenDoubt::None => false,
            TokenDoubt::Some => !token.is_fresh((self.inner.time)()),
            TokenDoubt::Refused => true,
        };
        expired && self.inner.tokens.can_renew()
    }

    /// The token of this client's identity. Calls of any class share one minting;
    /// where that was refused room in the budget as another call's, of another class
    /// maybe, this call asks as itself. Each round one caller leaves, so it ends.
    pub(super) async fn token(&self) -> Result<Arc<Token>, Error> {
        loop {
            let asked = AtomicBool::new(false);
            let mint = || {
                asked.store(true, Ordering::Relaxed);
                self.mint()
            };
            let token = self.inner.tokens.get(&self.identity, mint).await;
            let no_room = matches!(
                token,
                Err(Error::RateLimited {
                    by_vendor: false,
                    ..
                })
            );
            if !no_room || asked.load(Ordering::Relaxed) {
                return token;
            }
        }
    }

    async fn mint(&self) -> Result<SecretString, Error> {
        let network = self
            .inner
            .network_id
            .as_ref()
            .ok_or(Error::NetworkIdMissing)?;
        let member = self.identity.as_ref();
        let variables = limited_token::variables(network, member);
        let call = prepare::<LimitedToken>(&variables, self.inner.tokens.basic()?, self.class)?;
        let answer = self.inner.stack.send(&call).await;
        let data = answer.and_then(decode::<LimitedToken>);
        data.map(limited_token::answer)
            .map_err(|failure| match (failure.error, member) {
                (Error::PermissionDenied { .. } | Error::NotFound { .. }, None) => {
                    Error::TokenRefused
                }
                (Error::NotFound { .. }, Some(_)) => Error::NotFound {
                    what: Subject::Member,
                },
                (error, _) => error,
            })
    }
}

fn asked<O: Operation>() -> Asked {
    Asked {
        operation: O::NAME,
        kind: O::KIND,
        subject: O::SUBJECT,
    }
}

fn prepare<O: Operation>(
    variables: &O::Variables,
    authorization: http::HeaderValue,
    class: Class,
) -> Result<Call, Error> {
    let query = O::document(variables);
    let body = Body {
        operation_name: O::NAME,
        query: &query,
        variables,
    };
    let body = serde_json::to_vec(&body).map_err(|error| Error::InvalidInput {
        field: None,
        message: format!("the variables of {} are not JSON: {error}", O::NAME),
    })?;
    Ok(Call {
        asked: asked::<O>(),
        formula: O::complexity(variables),
        class,
        body: Bytes::from(body),
        authorization,
    })
}

/// Decodes an answer's data.
///
/// Errors beside the data: a mutation with its result happened, so the result
/// counts; a read that lacks only what the token may not see is whole for this
/// token; any other read is not to be trusted.
fn decode<O: Operation>(reply: Reply) -> Result<O::Data, Failure> {
    let operation = O::NAME;
    let data = serde_json::from_str(reply.data.get());
    match (data, reply.partial) {
        (Ok(data), None) => Ok(data),
        (Ok(data), Some(partial)) if O::KIND == Kind::Write || partial.code == "102" => {
            tracing::warn!(
                operation,
                code = partial.code,
                "answered with data and an error"
            );
            Ok(data)
        }
        (Ok(_), Some(partial)) => {
            let message = partial.text();
            Err(Failure::plain(Error::PartialData {
                operation,
                code: partial.code,
                message,
            }))
        }
        (Err(error), partial) if O::KIND == Kind::Write => {
            let code = partial.map(|partial| partial.code).unwrap_or_default();
            let detail = format!("{}; code {code}", place(&error));
            Err(Failure::plain(asked::<O>().unknown(detail)))
        }
        (Err(_), Some(partial)) => Err(Failure {
            missing: reply.missing,
            ..asked::<O>().vendor(&partial, http::StatusCode::OK, None)
        }),
        (Err(error), None) => Err(Failure::plain(Error::Undecodable {
            operation,
            detail: place(&error),
        })),
    }
}

/// Where decoding failed, without the content that serde likes to quote.
fn place(error: &serde_json::Error) -> String {
    format!(
        "unexpected data at line {}, column {}",
        error.line(),
        error.column()
    )
}
