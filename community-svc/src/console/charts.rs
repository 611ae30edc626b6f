//! What the samples show, as curves: which there are, and their points.

use jiff::{SignedDuration, Timestamp};

use super::samples::{INTERVAL, Sample};

pub(super) mod draw;

/// So many points are drawn at most; more samples are averaged.
const MOST_POINTS: usize = 180;

/// How much time the charts show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Window {
    /// 15 minutes.
    #[default]
    Quarter,
    /// An hour, which is all that is kept.
    Hour,
}

impl Window {
    /// From the page's query.
    pub(super) fn read(minutes: Option<&str>) -> Self {
        match minutes {
            Some("60") => Self::Hour,
            _ => Self::Quarter,
        }
    }

    /// For the page's query.
    pub(super) fn minutes(self) -> &'static str {
        match self {
            Self::Quarter => "15",
            Self::Hour => "60",
        }
    }

    fn length(self) -> SignedDuration {
        match self {
            Self::Quarter => SignedDuration::from_mins(15),
            Self::Hour => SignedDuration::from_mins(60),
        }
    }

    /// The first moment that is shown.
    pub(super) fn start(self, now: Timestamp) -> Timestamp {
        now.saturating_sub(self.length()).unwrap_or(Timestamp::MIN)
    }
}

/// What a chart's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    PerSecond,
    Milliseconds,
    Percent,
    Requests,
    Seconds,
}

impl Unit {
    /// The number with its unit, as short as it can be read.
    pub(super) fn tell(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{}/s", short(value)),
            Self::Milliseconds if value >= 1_000.0 => format!("{} s", short(value / 1_000.0)),
            Self::Milliseconds => format!("{} ms", short(value)),
            Self::Percent => format!("{value:.0} %"),
            Self::Requests => format!("{value:.0}"),
            Self::Seconds if value >= 120.0 => format!("{:.0} min", value / 60.0),
            Self::Seconds => format!("{} s", short(value)),
        }
    }
}

fn short(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// One curve; where nothing is known it has a gap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) points: Vec<Option<f64>>,
}

/// One chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// What it shows, in a sentence.
    pub(super) about: &'static str,
    pub(super) unit: Unit,
    /// The top of the scale, where it is known; else the highest point.
    pub(super) top: Option<f64>,
    pub(super) curves: Vec<Curve>,
}

/// The charts of a window that ends now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Charts {
    pub(super) window: Window,
    /// When each point is.
    pub(super) times: Vec<Timestamp>,
    pub(super) now: Timestamp,
    pub(super) all: Vec<Chart>,
}

/// So many samples are a minute: shares of less jump about.
const MINUTE: usize = 12;

/// Two samples that follow each other, and the seconds between.
struct Step<'a> {
    before: &'a Sample,
    after: &'a Sample,
    seconds: f64,
    /// The one from a minute before `after`, or the oldest.
    minute_ago: &'a Sample,
}

impl Step<'_> {
    fn rate(&self, count: impl Fn(&Sample) -> f64) -> f64 {
        (count(self.after) - count(self.before)).max(0.0) / self.seconds
    }

    /// What this share of a minute's calls stayed below, in milliseconds; `None` without
    /// calls.
    fn quantile(&self, share: f64) -> Option<f64> {
        let pairs = self.after.durations.iter().zip(&self.minute_ago.durations);
        let counts: Vec<_> = pairs
            .map(|(after, before)| (after.0, after.1 - before.1))
            .collect();
        let all = counts.last().map(|(_, count)| *count)?;
        if all <= 0.0 {
            return None;
        }
        let wanted = all * share;
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, count) in counts {
            if count >= wanted {
                if bound.is_infinite() {
                    return Some(lower * 1_000.0);
                }
                let part = (wanted - below) / (count - below).max(f64::MIN_POSITIVE);
                return Some((lower + (bound - lower) * part) * 1_000.0);
            }
            (lower, below) = (bound, count);
        }
        None
    }

    fn share_of_copies(&self) -> Option<f64> {
        let (before, after) = (self.minute_ago, self.after);
        let copies = after.reads_from_copies - before.reads_from_copies;
        let asked = after.reads_from_bettermode - before.reads_from_bettermode;
        let all = copies + asked;
        (all > 0.0).then(|| 100.0 * copies / all)
    }
}

impl Charts {
    /// Made of these samples, the oldest first. `has_edge`: somebody asks the edge.
    pub(super) fn of(samples: &[Sample], window: Window, now: Timestamp, has_edge: bool) -> Self {
        let steps: Vec<Step<'_>> = samples
            .windows(2)
            .enumerate()
            .map(|(place, pair)| Step {
                before: &pair[0],
                after: &pair[1],
                seconds: pair[1].at.duration_since(pair[0].at).as_secs_f64(),
                minute_ago: &samples[(place + 1).saturating_sub(MINUTE)],
            })
            // The clock was set back.
            .filter(|step| step.seconds > 0.0)
            .collect();
        let chunk = chunk(window);
        let curve = |name, value: &dyn Fn(&Step<'_>) -> Option<f64>| Curve {
            name,
            points: steps
                .chunks(chunk)
                .map(|steps| mean(steps, value))
                .collect(),
        };
        let all = charts(&curve, &steps, has_edge);
        let last_of = |steps: &[Step<'_>]| steps.last().map(|step| step.after.at);
        Self {
            window,
            times: steps.chunks(chunk).filter_map(last_of).collect(),
            now,
            all,
        }
    }
}

/// How many samples make a point.
fn chunk(window: Window) -> usize {
    let samples = window.length().unsigned_abs().as_secs() / INTERVAL.as_secs();
    usize::try_from(samples)
        .unwrap_or(MOST_POINTS)
        .div_ceil(MOST_POINTS)
}

fn mean(steps: &[Step<'_>], value: &dyn Fn(&Step<'_>) -> Option<f64>) -> Option<f64> {
    let (sum, count) = steps
        .iter()
        .filter_map(value)
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// Makes a curve of what a step says.
type Draw<'a> = &'a dyn Fn(&'static str, &dyn Fn(&Step<'_>) -> Option<f64>) -> Curve;

fn charts(curve: Draw<'_>, steps: &[Step<'_>], has_edge: bool) -> Vec<Chart> {
    let chart = |title, about, unit, curves| Chart {
        title,
        about,
        unit,
        top: None,
        curves,
    };
    let limit = steps.iter().rev().find_map(|step| step.after.budget);
    vec![
        chart(
            "Webhooks",
            "Webhooks taken in per second: stored, and known already.",
            Unit::PerSecond,
            vec![
                curve("stored", &|step| Some(step.rate(|it| it.stored))),
                curve("duplicates", &|step| Some(step.rate(|it| it.duplicates))),
            ],
        ),
        queue_age(curve, has_edge),
        Chart {
            top: limit.map(|(_, limit)| limit),
            ..chart(
                "Upstream budget",
                "Requests to BetterMode that are left of those that may go out in 10 s.",
                Unit::Requests,
                vec![curve("requests left", &|step| {
                    step.after.budget.map(|(left, _)| left)
                })],
            )
        },
        chart(
            "Calls",
            "gRPC calls answered per second, and those that failed. Health checks do not count.",
            Unit::PerSecond,
            vec![
                curve("all", &|step| Some(step.rate(|it| it.calls))),
                curve("failed", &|step| Some(step.rate(|it| it.failed_calls))),
            ],
        ),
        chart(
            "Latency",
            "How long the calls of a minute took: half of them, and 95 of 100, stayed below. \
             Between the bounds of the histogram it is an estimate.",
            Unit::Milliseconds,
            vec![
                curve("95 of 100", &|step| step.quantile(0.95)),
                curve("half", &|step| step.quantile(0.5)),
            ],
        ),
        Chart {
            top: Some(100.0),
            ..chart(
                "Cache hits",
                "Share of the reads of members in a minute that a copy in memory or in Redis answered.",
                Unit::Percent,
                vec![curve("from a copy", &|step| step.share_of_copies())],
            )
        },
    ]
}

fn queue_age(curve: Draw<'_>, has_edge: bool) -> Chart {
    let lag = curve("effects", &|step| Some(step.after.projection_lag));
    let (about, curves) = if has_edge {
        (
            "How long the oldest webhook has waited: in the edge's queue, and here for its effects.",
            vec![curve("edge", &|step| step.after.edge_age), lag],
        )
    } else {
        (
            "How long the oldest webhook waited here for its effects. The edge's queue shows where \
             COMMUNITY_SVC_CONSOLE_EDGE_URL is set.",
            vec![lag],
        )
    };
    Chart {
        title: "Queue age",
        about,
        unit: Unit::Seconds,
        top: None,
        curves,
    }
}

#[cfg(test)]
mod tests;
