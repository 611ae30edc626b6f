use super::*;

fn limits(age: Duration) -> Limits {
    Limits {
        connections: 1,
        connections_per_address: 0,
        age,
        grace: Duration::from_secs(1),
    }
}

#[tokio::test(start_paused = true)]
async fn ages_differ_by_a_tenth_either_way_and_no_age_is_no_end() {
    let hour = Duration::from_secs(3600);
    let age = |random| {
        let gently = Ends::new(&limits(hour), random).gently;
        gently.expect("an end") - Instant::now()
    };
    assert!(
        (3239..=3240).contains(&age(0.0).as_secs()),
        "{:?}",
        age(0.0)
    );
    let about = |seconds: u64| Duration::from_secs(seconds)..Duration::from_secs(seconds + 1);
    assert!(about(3600).contains(&age(0.5)), "{:?}", age(0.5));
    assert!(about(3960).contains(&age(1.0)), "{:?}", age(1.0));
    assert!(Ends::new(&limits(Duration::ZERO), 0.5).gently.is_none());
}
