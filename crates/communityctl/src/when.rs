//! Times as people write them, and as the contract has them.

use jiff::{SignedDuration, Timestamp};

/// A time on the command line: RFC 3339, or how long ago, such as `2h` or `30m`.
///
/// # Errors
/// A sentence that says what can be written.
pub(crate) fn read(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let problem =
        || format!("{text:?} is no time: write 2026-05-06T07:08:09Z, or 2h for two hours ago");
    let ago: SignedDuration = match text.strip_suffix('d') {
        Some(days) => days
            .parse()
            .ok()
            .and_then(|days: i32| SignedDuration::from_hours(24).checked_mul(days))
            .ok_or_else(problem)?,
        None => text.parse().map_err(|_| problem())?,
    };
    now.checked_sub(ago).map_err(|_| problem())
}

pub(crate) fn to_proto(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond(),
    }
}

/// The time as it is shown, to the second; empty when there is none.
pub(crate) fn shown(time: Option<&prost_types::Timestamp>) -> String {
    let time = time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok());
    time.map_or_else(String::new, |time| format!("{time:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_a_date_or_as_how_long_ago() {
        let now: Timestamp = "2026-05-06T07:08:09Z".parse().unwrap();
        let at = |text| read(text, now).map(|time| time.to_string());
        assert_eq!(at("2026-01-02T03:04:05Z").unwrap(), "2026-01-02T03:04:05Z");
        assert_eq!(at("2h").unwrap(), "2026-05-06T05:08:09Z");
        assert_eq!(at("7d").unwrap(), "2026-04-29T07:08:09Z");
        assert_eq!(at("1h30m").unwrap(), "2026-05-06T05:38:09Z");
        for wrong in ["", "yesterday", "99999999999999d", "d"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
