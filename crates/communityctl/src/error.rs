//! Every way to fail: what was attempted, what to do next, and the exit code.

use serde_json::json;
use service_kit::env::Invalid;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::output::{self, Format};

/// The exit codes beside 0, as docs/communityctl.md lists them.
pub mod code {
    /// Done, and the answer is no: a signature does not hold, something is down.
    pub const NO: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// There is no such thing.
    pub const NOT_FOUND: u8 = 3;
    /// Not allowed: no token, or one that may not.
    pub const NOT_ALLOWED: u8 = 4;
    /// Nobody there, or too busy; the same can succeed later.
    pub const UNAVAILABLE: u8 = 5;
    /// Refused as it was asked; a file that cannot be read is that too.
    pub const REFUSED: u8 = 6;
    /// Failed inside, or with an answer that makes no sense.
    pub const FAILED: u8 = 7;
    /// Settings that do not add up, as sysexits.h numbers it.
    pub const SETTINGS: u8 = 78;
}

/// Why a command has not done what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings do not add up.
    #[error("the settings do not add up:\n{0}")]
    Settings(#[from] Invalid),
    /// Options that do not go together.
    #[error("{0}")]
    Usage(String),
    /// A file or a captured request cannot be read.
    #[error("{0}")]
    Input(String),
    /// A call of the service failed.
    #[error("{attempted} failed: {}", .status.message())]
    Call {
        /// What was attempted.
        attempted: &'static str,
        /// Where.
        url: String,
        /// What came back.
        status: Box<Status>,
    },
    /// Nobody answers over HTTP.
    #[error("{attempted} failed: no answer from {url}")]
    NoAnswer {
        /// What was attempted.
        attempted: &'static str,
        /// Where.
        url: String,
        /// How the setting of it is called.
        setting: &'static str,
    },
    /// An admin port refuses.
    #[error("{attempted} failed: {status}: {message}")]
    Refused {
        /// What was attempted.
        attempted: &'static str,
        /// The HTTP status.
        status: u16,
        /// What the port says.
        message: String,
    },
    /// Something that was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// An answer that makes no sense.
    #[error("{0}")]
    Unintelligible(String),
    /// The reader of our output has gone away, or the disk is full.
    #[error("failed to write the output: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Settings(_) => code::SETTINGS,
            Self::Usage(_) => code::USAGE,
            Self::Input(_) => code::REFUSED,
            Self::Call { status, .. } => of_grpc(status.code()),
            Self::NoAnswer { .. } => code::UNAVAILABLE,
            Self::Refused { status, .. } => of_http(*status),
            Self::NotFound(_) => code::NOT_FOUND,
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
            Self::Unintelligible(_) | Self::Output(_) => code::FAILED,
        }
    }

    /// What to do next; empty when the text itself says it.
    #[must_use]
    pub fn next_step(&self) -> String {
        match self {
            Self::Call { status, url, .. } => after_call(status, url),
            Self::NoAnswer { setting, .. } => {
                format!("is it running, and is {setting} its address?")
            }
            Self::Refused { status: 401, .. } => {
                "set WEBHOOK_EDGE_ADMIN_TOKEN to the edge's".to_owned()
            }
            _ => String::new(),
        }
    }

    /// The error as it is printed; nothing when nobody reads any more.
    #[must_use]
    pub fn told(&self, format: Format) -> Option<String> {
        if self.code() == 0 {
            return None;
        }
        let (text, next) = (self.to_string(), self.next_step());
        if format == Format::Json {
            let mut told = json!({ "error": text, "exitCode": self.code() });
            if !next.is_empty() {
                told["nextStep"] = next.into();
            }
            if let Self::Call { status, .. } = self {
                told["code"] = format!("{:?}", status.code()).into();
                told["reason"] = reason(status).into();
            }
            return Some(told.to_string());
        }
        let next = match next.as_str() {
            "" => String::new(),
            next => format!("\n  {next}"),
        };
        let reason = match self {
            Self::Call { status, .. } => format!(" [{}]", name(status)),
            _ => String::new(),
        };
        Some(output::safe_lines(&format!(
            "communityctl: {text}{reason}{next}"
        )))
    }
}

fn of_grpc(status: Code) -> u8 {
    match status {
        Code::NotFound => code::NOT_FOUND,
        Code::Unauthenticated | Code::PermissionDenied => code::NOT_ALLOWED,
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted => {
            code::UNAVAILABLE
        }
        Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::AlreadyExists => code::REFUSED,
        _ => code::FAILED,
    }
}

fn of_http(status: u16) -> u8 {
    match status {
        401 | 403 => code::NOT_ALLOWED,
        404 => code::NOT_FOUND,
        429 | 502..=504 => code::UNAVAILABLE,
        400..=499 => code::REFUSED,
        _ => code::FAILED,
    }
}

/// The reason of the contract; empty when the error is not the service's own.
fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

fn name(status: &Status) -> String {
    match reason(status).as_str() {
        "" => format!("{:?}", status.code()),
        reason => reason.to_owned(),
    }
}

fn after_call(status: &Status, url: &str) -> String {
    let details = status.get_error_details();
    match (status.code(), reason(status).as_str()) {
        (Code::Unavailable | Code::DeadlineExceeded, "") => {
            format!("is community-svc running, and is COMMUNITY_SVC_URL ({url}) its address?")
        }
        (Code::Unauthenticated, _) => {
            "set COMMUNITY_SVC_TOKEN to a token of COMMUNITY_SVC_AUTH; communityctl tokens new makes one"
                .to_owned()
        }
        (Code::PermissionDenied, _) => {
            "the entry of this token in COMMUNITY_SVC_AUTH lacks a scope; communityctl tokens list shows what each has"
                .to_owned()
        }
        (_, "WEBHOOK_EVENT_NOT_FOUND") => {
            "communityctl events list shows what is stored; communityctl queue list what still waits at the edge"
                .to_owned()
        }
        (_, "RESUME_TOKEN_EXPIRED" | "INVALID_RESUME_TOKEN") => {
            "leave --from out to begin now; communityctl events list shows what was missed".to_owned()
        }
        (_, reason) => {
            let wait = details.retry_info().and_then(|retry| retry.retry_delay);
            let wait = wait.map(|wait| format!("again in {} s; ", wait.as_secs().max(1)));
            let docs = if reason.is_empty() {
                String::new()
            } else {
                format!("docs/errors.md#{} explains it", reason.to_ascii_lowercase())
            };
            format!("{}{docs}", wait.unwrap_or_default())
        }
    }
}
