//! Whether a store is away, or refuses what it is given.

use mongodb::error::{Error as MongoError, ErrorKind};
use rusqlite::ErrorCode;

use crate::stores::StoreError;

/// Why a projection did not take effect. The texts are for people and hold no
/// personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The store is away: anything sent now would fail.
    Away(String),
    /// The store is there and did not take what was sent.
    Refused(String),
}

impl Failure {
    /// Its kind in one word, for traces.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Away(_) => "store_away",
            Self::Refused(_) => "refused",
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        let StoreError::Unavailable {
            store,
            attempted,
            source,
            ..
        } = error
        else {
            return Self::Refused(text);
        };
        let refused = match source.downcast_ref::<rusqlite::Error>() {
            Some(error) => refused_by_sqlite(error),
            None => source
                .downcast_ref::<MongoError>()
                .and_then(refused_by_mongodb),
        };
        match refused {
            Some(what) => Self::Refused(format!("{store} refused {what} while {attempted}")),
            None => Self::Away(text),
        }
    }
}

/// What no waiting will mend. A full disk, a lock, a broken file will be mended.
fn refused_by_sqlite(error: &rusqlite::Error) -> Option<String> {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => match error.code {
            ErrorCode::ConstraintViolation => Some("a value by a constraint".to_owned()),
            ErrorCode::TooBig => Some("a value for its size".to_owned()),
            ErrorCode::TypeMismatch => Some("a value for its type".to_owned()),
            _ => None,
        },
        _ => Some("a value".to_owned()),
    }
}

/// The server answered, and its answer is about what was sent rather than about
/// who holds the primary, who may write, or who came in between.
fn refused_by_mongodb(error: &MongoError) -> Option<String> {
    let passing = [
        "TransientTransactionError",
        "UnknownTransactionCommitResult",
        "RetryableWriteError",
    ];
    if passing.iter().any(|label| error.contains_label(label)) {
        return None;
    }
    let by_code = |code: i32| {
        REFUSALS
            .contains(&code)
            .then(|| format!("a document with code {code}"))
    };
    match error.kind.as_ref() {
        ErrorKind::Command(error) => by_code(error.code),
        ErrorKind::Write(mongodb::error::WriteFailure::WriteError(error)) => by_code(error.code),
        ErrorKind::InsertMany(error) => {
            let first = error.write_errors.as_ref().and_then(|all| all.first());
            first.and_then(|error| by_code(error.code))
        }
        ErrorKind::BsonSerialization(_) | ErrorKind::InvalidArgument { .. } => {
            Some("a document that has no BSON form".to_owned())
        }
        ErrorKind::Custom(_) => Some("a statement".to_owned()),
        _ => None,
    }
}

/// Bad value, type mismatch, immutable field, key of an index too long, document
/// too large, validation failed, duplicate key.
const REFUSALS: &[i32] = &[2, 14, 66, 121, 10_334, 11_000, 17_280, 17_419, 17_420];

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
        Failure::from(StoreError::Unavailable {
            store: "sqlite",
            attempted: "storing activities",
            advice: "look",
            source: source.into(),
        })
    }

    #[test]
    fn a_store_that_is_busy_full_or_slow_is_away() {
        for code in [
            rusqlite::ffi::SQLITE_BUSY,
            rusqlite::ffi::SQLITE_FULL,
            rusqlite::ffi::SQLITE_IOERR,
            rusqlite::ffi::SQLITE_READONLY,
        ] {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert!(matches!(unavailable(error), Failure::Away(_)), "{code}");
        }
        let io = MongoError::from(std::io::Error::other("reset"));
        assert!(matches!(unavailable(io), Failure::Away(_)));
        assert!(matches!(unavailable("too slow"), Failure::Away(_)));
    }

    #[test]
    fn a_store_that_does_not_take_a_value_refuses_it() {
        let code = rusqlite::ffi::SQLITE_CONSTRAINT;
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let Failure::Refused(reason) = unavailable(error) else {
            panic!("not refused");
        };
        assert_eq!(
            reason,
            "sqlite refused a value by a constraint while storing activities"
        );
        let setting = StoreError::Setting {
            setting: "MONGODB_URI",
            rule: "is odd",
        };
        assert_eq!(
            Failure::from(setting),
            Failure::Refused("MONGODB_URI is odd".to_owned())
        );
    }
}
