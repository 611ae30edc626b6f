//! Charts as SVG inside the page, and the same in words and numbers for those who do
//! not see them.

use std::fmt::Write as _;

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Chart, Charts, Curve};
use crate::console::text;

/// The drawing's own units; the page stretches it.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 90.0;

/// Room above the highest point, so that its line is whole.
const HEADROOM: f64 = 1.08;

/// Rows of the table under a chart.
const ROWS: usize = 15;

/// All of them.
pub(in crate::console) fn all(charts: &Charts) -> Markup {
    html! {
        div.charts {
            @for chart in &charts.all { (one(chart, charts)) }
        }
    }
}

fn one(chart: &Chart, charts: &Charts) -> Markup {
    let top = top(chart);
    let tell = |value: Option<f64>| value.map_or("no data".to_owned(), |it| chart.unit.tell(it));
    html! {
        figure.chart {
            figcaption {
                h3 { (chart.title) }
                p.now {
                    @for (place, curve) in chart.curves.iter().enumerate() {
                        span class=(format!("key curve-{place}")) {
                            (line_sample())
                            b { (tell(latest(curve))) } " " (curve.name)
                        }
                    }
                }
            }
            div.plot {
                span.top aria-hidden="true" { (chart.unit.tell(top)) }
                svg role="img" aria-label=(words(chart, charts)) preserveAspectRatio="none"
                    viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) {
                    @for part in [0.0, 0.5, 1.0] {
                        @let y = HEIGHT - part * HEIGHT / HEADROOM;
                        line.grid x1="0" x2=(WIDTH) y1=(format!("{y:.1}")) y2=(format!("{y:.1}")) {}
                    }
                    @for (place, curve) in chart.curves.iter().enumerate() {
                        @let (line, area) = paths(curve, charts, top);
                        path class=(format!("area curve-{place}")) d=(area) {}
                        path class=(format!("line curve-{place}")) d=(line) {}
                    }
                }
            }
            div.axis aria-hidden="true" {
                span { (charts.window.minutes()) " min ago" } span { "now" }
            }
            p.about { (chart.about) }
            details {
                summary { "Numbers" span.unseen { " of " (chart.title) } }
                (table(chart, charts))
            }
        }
    }
}

/// A piece of the curve beside its name, so that colour alone tells nothing.
fn line_sample() -> Markup {
    html! {
        svg.sample viewBox="0 0 18 8" aria-hidden="true" { path.line d="M0 4H18" {} }
    }
}

/// The top of the scale: as given, else the highest point, else 1.
fn top(chart: &Chart) -> f64 {
    let points = chart.curves.iter().flat_map(|curve| &curve.points);
    let highest = points.flatten().copied().fold(0.0, f64::max);
    let top = chart.top.unwrap_or_default().max(highest);
    if top > 0.0 { top } else { 1.0 }
}

fn latest(curve: &Curve) -> Option<f64> {
    curve.points.last().copied().flatten()
}

/// The chart in a sentence.
fn words(chart: &Chart, charts: &Charts) -> String {
    let mut words = format!("{}, last {} minutes.", chart.title, charts.window.minutes());
    for curve in &chart.curves {
        let known = || curve.points.iter().flatten().copied();
        let Some(now) = latest(curve).or_else(|| known().last()) else {
            let _never_fails = write!(words, " {}: no data.", curve.name);
            continue;
        };
        let (lowest, highest) = (
            known().fold(f64::INFINITY, f64::min),
            known().fold(0.0, f64::max),
        );
        let tell = |value| chart.unit.tell(value);
        let _never_fails = write!(
            words,
            " {}: last {}, lowest {}, highest {}.",
            curve.name,
            tell(now),
            tell(lowest),
            tell(highest)
        );
    }
    words
}

/// The line, and the area under it. A gap begins a new piece of both.
fn paths(curve: &Curve, charts: &Charts, top: f64) -> (String, String) {
    let (mut line, mut area) = (String::new(), String::new());
    let mut piece: Vec<(f64, f64)> = Vec::new();
    let mut end_piece = |piece: &mut Vec<(f64, f64)>| {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
            return;
        };
        let mut steps = String::new();
        for (place, (x, y)) in piece.iter().enumerate() {
            let step = if place == 0 { 'M' } else { 'L' };
            let _never_fails = write!(steps, "{step}{x:.1} {y:.1}");
        }
        let _never_fails = write!(
            area,
            "{steps}L{:.1} {HEIGHT}L{:.1} {HEIGHT}Z",
            last.0, first.0
        );
        // A point by itself is drawn as a dot: a line of no length with round ends.
        if piece.len() == 1 {
            steps.push_str("h0.01");
        }
        line.push_str(&steps);
        piece.clear();
    };
    for (time, point) in charts.times.iter().zip(&curve.points) {
        match point {
            Some(value) => {
                let y = HEIGHT - value / top * HEIGHT / HEADROOM;
                piece.push((x(*time, charts), y));
            }
            None => end_piece(&mut piece),
        }
    }
    end_piece(&mut piece);
    (line, area)
}

fn x(time: Timestamp, charts: &Charts) -> f64 {
    let passed = time.duration_since(charts.window.start(charts.now));
    (passed.as_secs_f64() / charts.window.length().as_secs_f64()).clamp(0.0, 1.0) * WIDTH
}

fn table(chart: &Chart, charts: &Charts) -> Markup {
    let count = charts.times.len();
    let every = count.div_ceil(ROWS).max(1);
    let places = (0..count).rev().step_by(every);
    html! {
        table {
            thead {
                tr { th scope="col" { "Time, UTC" }
                    @for curve in &chart.curves { th scope="col" { (curve.name) } } }
            }
            tbody {
                @for place in places {
                    tr { th scope="row" { (text::clock(charts.times[place])) }
                        @for curve in &chart.curves {
                            td { @if let Some(value) = curve.points[place] { (chart.unit.tell(value)) }
                                @else { "no data" } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Unit, Window};
    use super::*;

    fn drawn(points: &[Option<f64>], top: Option<f64>) -> String {
        let now = Timestamp::from_second(900).unwrap();
        let times = (0_i64..).map(|place| Timestamp::from_second(place * 450).unwrap());
        let charts = Charts {
            window: Window::Quarter,
            times: times.take(points.len()).collect(),
            now,
            all: vec![Chart {
                title: "Calls",
                about: "About.",
                unit: Unit::PerSecond,
                top,
                curves: vec![Curve {
                    name: "all",
                    points: points.to_vec(),
                }],
            }],
        };
        all(&charts).into_string()
    }

    #[test]
    fn a_curve_goes_from_the_left_edge_to_the_right_and_breaks_at_gaps() {
        let page = drawn(&[Some(0.0), Some(5.0), Some(10.0)], Some(10.0));
        assert!(
            page.contains(r#"d="M0.0 90.0L150.0 48.3L300.0 6.7""#),
            "{page}"
        );
        let page = drawn(&[Some(10.0), None, Some(10.0)], None);
        assert!(
            page.contains(r#"d="M0.0 6.7h0.01M300.0 6.7h0.01""#),
            "{page}"
        );
    }

    #[test]
    fn the_same_is_told_in_words_and_numbers() {
        let page = drawn(&[Some(2.0), None, Some(10.0)], None);
        assert!(page.contains("all: last 10.0/s, lowest 2.00/s, highest 10.0/s."));
        assert!(page.contains("<td>2.00/s</td>") && page.contains("<td>no data</td>"));
    }

    #[test]
    fn without_samples_there_is_a_chart_without_numbers() {
        let page = drawn(&[], None);
        assert!(page.contains("all: no data.") && !page.contains("NaN"));
    }
}
