//! The rules of request fields, as the contract's comments state them.
//!
//! Lengths are in characters, not bytes, so that no language pays more than
//! another.

use jiff::Timestamp;

use crate::error::Error;
use crate::writes::RequestId;

/// Longest id we pass on. BetterMode's are 10 to 32 characters; their length is not
/// documented.
const MAX_ID: usize = 128;

/// An id that must be there.
pub(super) fn id(field: &'static str, value: String) -> Result<String, Error> {
    length(field, &value, 1, MAX_ID)?;
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid(
            field,
            "must not hold spaces or control characters",
        ));
    }
    Ok(value)
}

/// An id that may be left empty.
pub(super) fn optional_id(field: &'static str, value: String) -> Result<Option<String>, Error> {
    if value.is_empty() {
        return Ok(None);
    }
    id(field, value).map(Some)
}

/// The caller's name for a write, a UUID, which may be left empty.
pub(super) fn request_id(field: &'static str, value: &str) -> Result<Option<RequestId>, Error> {
    if value.is_empty() {
        return Ok(None);
    }
    let id = RequestId::parse(value);
    id.map(Some).ok_or_else(|| {
        Error::invalid(
            field,
            "must be a UUID of 36 characters, such as 6f4d2a0e-0d7e-4a35-9a5b-2f1c5c0e8d11, and \
             not nil",
        )
    })
}

/// A text with a length between `min` and `max`; blank text counts as empty.
pub(super) fn text(
    field: &'static str,
    value: String,
    min: usize,
    max: usize,
) -> Result<String, Error> {
    length(field, &value, min, max)?;
    if min > 0 && value.trim().is_empty() {
        return Err(Error::invalid(field, "must not be blank"));
    }
    Ok(value)
}

/// A time that may be left out.
pub(super) fn optional_time(
    field: &'static str,
    value: Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Error> {
    value
        .map(|at| {
            super::convert::from_timestamp(at)
                .ok_or_else(|| Error::invalid(field, "must be a valid time"))
        })
        .transpose()
}

/// A field that must be set.
pub(super) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::invalid(field, "must be set"))
}

fn length(field: &'static str, value: &str, min: usize, max: usize) -> Result<(), Error> {
    let count = value.chars().count();
    if count < min {
        return Err(Error::invalid(field, "must not be empty"));
    }
    if count > max {
        return Err(Error::invalid(
            field,
            format!("must have at most {max} characters; it has {count}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert!(text("title", "ü".repeat(255), 1, 255).is_ok());
        let problem = text("title", "u".repeat(256), 1, 255).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "title must have at most 255 characters; it has 256"
        );
    }

    #[test]
    fn blank_and_empty_are_refused_alike() {
        assert!(text("text", String::new(), 1, 9).is_err());
        assert!(text("text", " \n".to_owned(), 1, 9).is_err());
    }

    #[test]
    fn a_request_id_is_a_uuid_in_its_usual_form_or_nothing() {
        const ID: &str = "6f4d2a0e-0d7e-4a35-9a5b-2f1c5c0e8d11";
        assert_eq!(request_id("request_id", ""), Ok(None));
        let read = request_id("request_id", ID).unwrap();
        assert_eq!(read.unwrap().to_string(), ID);
        assert_eq!(request_id("request_id", &ID.to_uppercase()), Ok(read));
        for wrong in [
            "order-42",
            &ID.replace('-', ""),
            &format!("{{{ID}}}"),
            &format!("urn:uuid:{ID}"),
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert!(request_id("request_id", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_with_a_space_or_a_control_character_is_refused() {
        assert!(id("member_id", "a b".to_owned()).is_err());
        assert!(id("member_id", "a\u{0}".to_owned()).is_err());
        assert!(id("member_id", "dTTHxCBfGI_-".to_owned()).is_ok());
    }
}
