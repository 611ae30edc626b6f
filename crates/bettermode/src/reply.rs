//! What BetterMode's answer means: data, an error, or neither.
//!
//! The body counts before the status: the vendor sends errors with 200, and
//! some with 401 or 403. Errors are `{code, message, field, subcode, help}`,
//! nested, with codes as text or number (hand-written code of the npm package).
//! Decides what may be tried again; does not try.

mod vendor_error;

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode, header::RETRY_AFTER};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{Error, Subject, operations::Kind};
pub(crate) use vendor_error::VendorError;
use vendor_error::flatten;

/// The vendor's burst window, for a refusal that does not say how long it lasts.
const BURST_WINDOW: Duration = Duration::from_secs(10);

/// What an answer is an answer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) operation: &'static str,
    pub(crate) kind: Kind,
    pub(crate) subject: Subject,
}

/// An answer with data.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) data: Box<RawValue>,
    /// The decisive one of the errors that came beside the data.
    pub(crate) partial: Option<VendorError>,
    /// As in [`Failure`].
    pub(crate) missing: Vec<String>,
}

/// No data.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) retry: Retry,
    pub(crate) token: TokenDoubt,
    /// Whether it speaks of the vendor being down.
    pub(crate) down: bool,
    /// The roots of the document that name nothing, as far as the vendor tells: a
    /// missing one nulls the whole answer.
    pub(crate) missing: Vec<String>,
}

/// Whether sending a read again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Never,
    Soon,
    After(Duration),
}

/// Whether a new token may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenDoubt {
    None,
    /// Code 102: no permission, or an expired token in disguise.
    Some,
    /// Code 108 or status 401.
    Refused,
}

#[derive(Deserialize)]
struct Envelope {
    data: Option<Box<RawValue>>,
    errors: Option<Value>,
    extensions: Option<Value>,
}

/// Reads one answer; the second part is what the vendor charged for it.
pub(crate) fn read(
    asked: Asked,
    response: &Response<Bytes>,
    now: Timestamp,
) -> (Result<Reply, Failure>, Option<u32>) {
    let status = response.status();
    let envelope: Option<Envelope> = serde_json::from_slice(response.body()).ok();
    let charged = envelope.as_ref().and_then(|envelope| {
        let complexity = envelope.extensions.as_ref()?.get("complexity")?.as_f64()?;
        // A saturating cast: the vendor uses floats where it means integers.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates"
        )]
        Some(complexity as u32)
    });
    if status == StatusCode::TOO_MANY_REQUESTS {
        return (Err(rate_limited(retry_after(response, now))), charged);
    }
    let result = match envelope {
        Some(envelope) => asked.judge(status, envelope, retry_after(response, now)),
        None => Err(asked.unreadable(status, response)),
    };
    (result, charged)
}

impl Asked {
    fn judge(
        self,
        status: StatusCode,
        envelope: Envelope,
        wait: Option<Duration>,
    ) -> Result<Reply, Failure> {
        let errors = envelope.errors.as_ref().map(flatten).unwrap_or_default();
        let missing = errors
            .iter()
            .filter_map(VendorError::missing_root)
            .collect();
        let worst = errors.into_iter().min_by_key(VendorError::rank);
        match (envelope.data, worst) {
            (Some(data), _) if self.kind == Kind::Write && is_failed_action(&data) => {
                Err(Failure::plain(Error::ActionFailed {
                    operation: self.operation,
                }))
            }
            // Without one root that is not null there is no part to speak of.
            (Some(data), Some(error)) if has_content(&data) && status.is_success() => Ok(Reply {
                data,
                partial: Some(error),
                missing,
            }),
            (_, Some(error)) => Err(Failure {
                missing,
                ..self.vendor(&error, status, wait)
            }),
            (Some(data), None) if status.is_success() => Ok(Reply {
                data,
                partial: None,
                missing,
            }),
            _ => Err(self.empty(status)),
        }
    }

    /// The failure that one of the vendor's errors means.
    pub(crate) fn vendor(
        self,
        error: &VendorError,
        status: StatusCode,
        wait: Option<Duration>,
    ) -> Failure {
        let operation = self.operation;
        let message = error.text();
        if status == StatusCode::UNAUTHORIZED {
            return Failure::refused();
        }
        match error.code.as_str() {
            "108" => Failure::refused(),
            "102" => {
                let error = Error::PermissionDenied { operation, message };
                Failure {
                    token: TokenDoubt::Some,
                    ..Failure::plain(error)
                }
            }
            "104" => rate_limited(wait),
            "110" => Failure::plain(Error::NotFound {
                what: error.about().unwrap_or(self.subject),
            }),
            _ if error.is_about_complexity() => {
                Failure::plain(Error::TooComplex { operation, message })
            }
            "100" | "106" | "112" | "114" => {
                let field = error.field.clone();
                Failure::plain(Error::InvalidInput { field, message })
            }
            // Unknown, server, time-out, unavailable, database, back end.
            code @ ("1" | "10" | "30" | "50" | "116" | "122") => {
                let code = code.to_owned();
                self.broken(Error::Unavailable {
                    operation,
                    code,
                    message,
                })
            }
            _ if status.is_server_error() => {
                let code = error.code.clone();
                self.broken(Error::Unavailable {
                    operation,
                    code,
                    message,
                })
            }
            code => {
                let code = code.to_owned();
                Failure::plain(Error::Upstream {
                    operation,
                    code,
                    message,
                })
            }
        }
    }

    /// JSON of the right shape without data and without errors.
    fn empty(self, status: StatusCode) -> Failure {
        let operation = self.operation;
        if status == StatusCode::UNAUTHORIZED {
            return Failure::refused();
        }
        let detail = format!("neither data nor errors, status {}", status.as_u16());
        if status.is_client_error() {
            return Failure::plain(Error::Undecodable { operation, detail });
        }
        self.broken(Error::Undecodable { operation, detail })
    }

    /// Not JSON, or cut short.
    fn unreadable(self, status: StatusCode, response: &Response<Bytes>) -> Failure {
        let operation = self.operation;
        let bytes = response.body().len();
        let html = response.body().trim_ascii_start().starts_with(b"<");
        let what = if html { "HTML" } else { "not JSON" };
        let detail = format!("{what}, {bytes} bytes, status {}", status.as_u16());
        if status == StatusCode::UNAUTHORIZED {
            Failure::refused()
        } else if status.is_client_error() {
            // Turned away before the API: nothing happened, and nothing will.
            Failure::plain(Error::Undecodable { operation, detail })
        } else if status.is_server_error() {
            let code = format!("HTTP {}", status.as_u16());
            self.broken(Error::Unavailable {
                operation,
                code,
                message: detail,
            })
        } else {
            self.broken(Error::Undecodable { operation, detail })
        }
    }

    /// The vendor broke while answering: a read may be tried again, a mutation
    /// may have happened.
    pub(crate) fn broken(self, error: Error) -> Failure {
        match self.kind {
            Kind::Read => Failure {
                retry: Retry::Soon,
                down: true,
                ..Failure::plain(error)
            },
            Kind::Write => Failure {
                down: true,
                ..Failure::plain(self.unknown(match &error {
                    Error::Unavailable { code, message, .. } => format!("code {code}: {message}"),
                    Error::Undecodable { detail, .. } | Error::Transport { detail, .. } => {
                        detail.clone()
                    }
                    other => other.to_string(),
                }))
            },
        }
    }

    /// A mutation that may have happened.
    pub(crate) fn unknown(self, detail: String) -> Error {
        Error::OutcomeUnknown {
            operation: self.operation,
            detail,
        }
    }
}

impl Failure {
    pub(crate) fn plain(error: Error) -> Self {
        Self {
            error,
            retry: Retry::Never,
            token: TokenDoubt::None,
            down: false,
            missing: Vec::new(),
        }
    }

    fn refused() -> Self {
        Self {
            token: TokenDoubt::Refused,
            ..Self::plain(Error::TokenRefused)
        }
    }
}

fn rate_limited(wait: Option<Duration>) -> Failure {
    let retry_after = wait.unwrap_or(BURST_WINDOW);
    let error = Error::RateLimited {
        retry_after,
        by_vendor: true,
    };
    Failure {
        retry: Retry::After(retry_after),
        ..Failure::plain(error)
    }
}

/// `Retry-After` as seconds or as a date.
fn retry_after(response: &Response<Bytes>, now: Timestamp) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// The only root is an `Action` that failed.
fn is_failed_action(data: &RawValue) -> bool {
    let Ok(Value::Object(roots)) = serde_json::from_str(data.get()) else {
        return false;
    };
    let failed = |root: &Value| {
        let status = root.get("status").and_then(Value::as_str);
        let fields = root.as_object().map_or(0, serde_json::Map::len);
        status == Some("failed") && fields <= 2
    };
    roots.values().any(failed)
}

/// At least one root is not null.
fn has_content(data: &RawValue) -> bool {
    let value: Value = serde_json::from_str(data.get()).unwrap_or_default();
    value
        .as_object()
        .is_some_and(|roots| roots.values().any(|root| !root.is_null()))
}

#[cfg(test)]
mod tests;
