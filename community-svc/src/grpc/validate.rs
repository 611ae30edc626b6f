//! The rules of request fields, as the contract's comments state them.
//!
//! Lengths are in characters, not bytes, so that no language pays more than
//! another.

use jiff::Timestamp;
use uuid::Uuid;

use crate::error::Error;

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

/// Every value of a repeated field; what is wrong is named with its place: `tags[2]`.
pub(super) fn each<T, U>(
    field: &'static str,
    values: Vec<T>,
    check: impl Fn(&'static str, T) -> Result<U, Error>,
) -> Result<Vec<U>, Error> {
    let checked = values
        .into_iter()
        .enumerate()
        .map(|(index, value)| check(field, value).map_err(|error| error.at(index)));
    checked.collect()
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

/// Ids that may be none, and at most `most`.
pub(super) fn ids<T>(
    field: &'static str,
    values: Vec<String>,
    most: usize,
    make: impl Fn(String) -> T,
) -> Result<Vec<T>, Error> {
    if values.len() > most {
        return Err(Error::invalid(field, format!("must be at most {most}")));
    }
    each(field, values, |field, value| id(field, value).map(&make))
}

/// How many a list is to answer with: 0 is the default, too many the maximum.
pub(super) fn page_size(asked: i32, default: u32, maximum: u32) -> Result<u32, Error> {
    match u32::try_from(asked) {
        Err(_) => Err(Error::invalid("page_size", "must not be negative")),
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(maximum)),
    }
}

/// The id that makes a write safe to send again; empty for none.
pub(super) fn request_id(value: &str) -> Result<Option<Uuid>, Error> {
    if value.is_empty() {
        return Ok(None);
    }
    // Uuid also takes other ways to write one, which would be other texts for one id.
    let id = Uuid::try_parse(value).ok().filter(|_| value.len() == 36);
    // The nil one names nothing: it is what was never filled in.
    id.filter(|id| !id.is_nil()).map(Some).ok_or_else(|| {
        Error::invalid(
            "request_id",
            "must be empty or a UUID with hyphens, not the nil one",
        )
    })
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
    fn a_request_id_is_a_uuid_with_hyphens_or_nothing() {
        assert_eq!(request_id("").unwrap(), None);
        let id = "8d3f1b0e-6a52-4a4b-9f0a-1c2d3e4f5a6b";
        assert_eq!(request_id(id).unwrap().unwrap().to_string(), id);
        for wrong in [
            "x",
            &id.replace('-', ""),
            &format!("{{{id}}}"),
            &format!("{id} "),
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert!(request_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_is_of_the_default_size_or_at_most_of_the_maximum() {
        let sizes = [0, 1, 90, 91, i32::MAX].map(|asked| page_size(asked, 50, 90).unwrap());
        assert_eq!(sizes, [50, 1, 90, 90, 90]);
        assert!(page_size(-1, 50, 90).is_err());
    }

    #[test]
    fn what_is_wrong_in_a_list_is_named_with_its_place() {
        let tags = ["news", "", "old"].map(str::to_owned).to_vec();
        let problem = each("tags", tags, |field, tag| text(field, tag, 1, 9)).unwrap_err();
        assert_eq!(problem, Error::invalid("tags[1]", "must not be empty"));
        let ids = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(each("ids", ids, id).unwrap(), ["a", "b"]);
    }

    #[test]
    fn an_id_with_a_space_or_a_control_character_is_refused() {
        assert!(id("member_id", "a b".to_owned()).is_err());
        assert!(id("member_id", "a\u{0}".to_owned()).is_err());
        assert!(id("member_id", "dTTHxCBfGI_-".to_owned()).is_ok());
    }
}
