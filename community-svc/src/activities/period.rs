//! Periods to count in: a day, a month, a year, all time; UTC.
//!
//! Their names sort as they follow each other, and the name of a part begins with
//! the name of its whole.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A text that names no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a day such as \"2026-11-23\", a month such as \"2026-11\", a year such as \"2026\", \
     or empty for all time"
)]
pub struct InvalidPeriod;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Level {
    Hour,
    Day,
    Month,
    Year,
    All,
}

impl Level {
    /// Every level; each activity is counted in one period of each.
    pub(super) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Month, Self::Year, Self::All];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
            Self::All => "all",
        }
    }

    /// How much of `2026-11-23T07` names a period of this level.
    fn characters(self) -> usize {
        match self {
            Self::Hour => 13,
            Self::Day => 10,
            Self::Month => 7,
            Self::Year => 4,
            Self::All => 0,
        }
    }

    /// The level of the parts that a period of this level is told by.
    fn part(self) -> Self {
        match self {
            Self::Hour | Self::Day => Self::Hour,
            Self::Month => Self::Day,
            Self::Year => Self::Month,
            Self::All => Self::Year,
        }
    }

    /// The name of the period of this level that `at` is in. Years are 0 to 9999.
    pub(super) fn period_of(self, at: Timestamp) -> String {
        let mut name = at.strftime("%Y-%m-%dT%H").to_string();
        name.truncate(self.characters());
        name
    }
}

/// A period of at least a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    level: Level,
    name: String,
}

impl Period {
    /// Reads `2026-11-23`, `2026-11`, `2026`; the empty text is all time.
    ///
    /// # Errors
    /// [`InvalidPeriod`] for any other text, and for days that no calendar has.
    pub fn parse(text: &str) -> Result<Self, InvalidPeriod> {
        let (level, first_day) = match text.len() {
            0 => (Level::All, "2000-01-01".to_owned()),
            4 => (Level::Year, format!("{text}-01-01")),
            7 => (Level::Month, format!("{text}-01")),
            10 => (Level::Day, text.to_owned()),
            _ => return Err(InvalidPeriod),
        };
        let shape = |(index, byte): (usize, u8)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        if !text.bytes().enumerate().all(shape) {
            return Err(InvalidPeriod);
        }
        first_day.parse::<Date>().map_err(|_| InvalidPeriod)?;
        Ok(Self {
            level,
            name: text.to_owned(),
        })
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The level of its parts, and the range that holds their names and nothing
    /// else of that level: from the first text, before the second.
    pub(super) fn parts(&self) -> (Level, String, String) {
        let part = self.level.part();
        let (from, until) = match self.level {
            // Digits sort before the colon.
            Level::All => (String::new(), ":".to_owned()),
            // What stands between whole and part is '-' or 'T'; both sort before 'U'.
            _ => (format!("{}-", self.name), format!("{}U", self.name)),
        };
        (part, from, until)
    }
}

/// When the period of this name begins, for names that [`Level::period_of`] made.
pub(super) fn begin(name: &str) -> Option<Timestamp> {
    const FIRST: &str = "0000-01-01T00";
    let rest = FIRST.get(name.len()..)?;
    format!("{name}{rest}:00")
        .parse::<jiff::civil::DateTime>()
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_in_one_period_of_each_level() {
        let at = time("2026-11-23T07:59:59.999Z");
        let names = Level::ALL.map(|level| level.period_of(at));
        assert_eq!(
            names,
            ["2026-11-23T07", "2026-11-23", "2026-11", "2026", ""]
        );
        let early = time("0099-01-02T03:04:05Z");
        assert_eq!(Level::Day.period_of(early), "0099-01-02");
    }

    #[test]
    fn a_period_begins_where_its_name_says() {
        for (name, begins) in [
            ("2026-11-23T07", "2026-11-23T07:00:00Z"),
            ("2026-11-23", "2026-11-23T00:00:00Z"),
            ("2026-11", "2026-11-01T00:00:00Z"),
            ("2026", "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(begin(name), Some(time(begins)), "{name}");
        }
        assert_eq!(begin("not a period at all"), None);
    }

    #[test]
    fn the_range_of_parts_holds_the_parts_and_not_their_neighbours() {
        for (period, level, inside, outside) in [
            (
                "2026-11-23",
                Level::Hour,
                vec!["2026-11-23T00", "2026-11-23T23"],
                vec!["2026-11-22T23", "2026-11-24T00"],
            ),
            (
                "2026-11",
                Level::Day,
                vec!["2026-11-01", "2026-11-30"],
                vec!["2026-10-31", "2026-12-01"],
            ),
            (
                "2026",
                Level::Month,
                vec!["2026-01", "2026-12"],
                vec!["2025-12", "2027-01"],
            ),
            ("", Level::Year, vec!["0000", "9999"], vec![]),
        ] {
            let period = Period::parse(period).unwrap();
            let (part, from, until) = period.parts();
            assert_eq!(part, level);
            let holds = |name: &str| name >= from.as_str() && name < until.as_str();
            assert!(inside.iter().all(|name| holds(name)), "{period:?}");
            assert!(!outside.iter().any(|name| holds(name)), "{period:?}");
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in [
            "2026-13",
            "2026-02-30",
            "2026-1",
            "26",
            "2026-11-23T07",
            "2026/11",
            "-001",
            "+026",
            " 2026",
            "２０２６",
            "2026-11-2x",
            "day",
        ] {
            assert_eq!(Period::parse(text), Err(InvalidPeriod), "{text}");
        }
    }
}
