use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn sample(second: i64, change: impl FnOnce(&mut Sample)) -> Sample {
    let mut sample = Sample {
        at: at(second),
        ..Sample::default()
    };
    change(&mut sample);
    sample
}

fn curve<'a>(charts: &'a Charts, title: &str, name: &str) -> &'a [Option<f64>] {
    let chart = charts.all.iter().find(|chart| chart.title == title);
    let curves = &chart.unwrap().curves;
    let found = curves.iter().find(|curve| curve.name == name);
    &found.unwrap().points
}

#[test]
fn counts_become_rates() {
    let samples = [
        sample(0, |it| it.stored = 10.0),
        sample(5, |it| it.stored = 20.0),
        sample(15, |it| it.stored = 20.0),
    ];
    let charts = Charts::of(&samples, Window::Quarter, at(15), false);
    assert_eq!(curve(&charts, "Webhooks", "stored"), [Some(2.0), Some(0.0)]);
    assert_eq!(charts.times, [at(5), at(15)]);
}

#[test]
fn shares_are_of_a_minute_and_a_share_of_nothing_is_a_gap() {
    let read = |it: &mut Sample| {
        it.reads_from_copies = 3.0;
        it.reads_from_bettermode = 1.0;
    };
    let mut samples = vec![sample(0, |_| {})];
    samples.extend((1..=14).map(|place| sample(place * 5, read)));
    let charts = Charts::of(&samples, Window::Quarter, at(70), false);
    let shares = curve(&charts, "Cache hits", "from a copy");
    // Each minute that ends within one after the reads has them.
    assert_eq!(shares[..12], [Some(75.0); 12]);
    assert_eq!(shares[12..], [None, None]);
    assert!(
        curve(&charts, "Latency", "half")
            .iter()
            .all(Option::is_none)
    );
}

#[test]
fn quantiles_lie_between_the_bounds_that_hold_them() {
    let bounds = |counts: [f64; 11]| {
        let mut bound = 0.000_1;
        counts.map(|count| {
            let upper = bound;
            bound *= 4.0;
            (upper, count)
        })
    };
    let mut after = [100.0; 11];
    // Half of them took up to 0.1 ms, the others between 1.6 and 6.4 ms.
    after[..3].fill(50.0);
    let samples = [
        sample(0, |it| it.durations = bounds([0.0; 11])),
        sample(5, |it| it.durations = bounds(after)),
    ];
    let charts = Charts::of(&samples, Window::Quarter, at(5), false);
    let half = curve(&charts, "Latency", "half")[0].unwrap();
    assert!((half - 0.1).abs() < 1e-6, "{half}");
    let most = curve(&charts, "Latency", "95 of 100")[0].unwrap();
    assert!((1.6..=6.4).contains(&most), "{most}");
}

#[test]
fn an_hour_is_averaged_to_as_many_points_as_a_quarter_has() {
    let samples: Vec<_> = (0..=720).map(|place| sample(place * 5, |_| {})).collect();
    let charts = Charts::of(&samples, Window::Hour, at(3_600), true);
    assert_eq!(charts.times.len(), MOST_POINTS);
    assert_eq!(curve(&charts, "Queue age", "edge").len(), MOST_POINTS);
}

#[test]
fn a_clock_that_was_set_back_makes_no_point() {
    let samples = [sample(10, |_| {}), sample(5, |_| {}), sample(10, |_| {})];
    let charts = Charts::of(&samples, Window::Quarter, at(10), false);
    assert_eq!(charts.times, [at(10)]);
}

#[test]
fn numbers_are_as_short_as_they_can_be_read() {
    for (unit, value, told) in [
        (Unit::PerSecond, 0.0, "0/s"),
        (Unit::PerSecond, 0.2, "0.20/s"),
        (Unit::PerSecond, 1234.5, "1234/s"),
        (Unit::Milliseconds, 12.34, "12.3 ms"),
        (Unit::Milliseconds, 2_500.0, "2.50 s"),
        (Unit::Percent, 99.4, "99 %"),
        (Unit::Seconds, 90.0, "90.0 s"),
        (Unit::Seconds, 600.0, "10 min"),
        (Unit::Requests, 17.0, "17"),
    ] {
        assert_eq!(unit.tell(value), told);
    }
}
