use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HALF: Duration = Duration::from_millis(500);

/// Lets a breaker fail until it opens.
fn opened(now: Instant) -> Breaker {
    let breaker = Breaker::default();
    for _ in 0..FAILURES {
        assert_eq!(breaker.state(now), BreakerState::Closed);
        breaker.enter(now).unwrap().failed(now, 0.5);
    }
    breaker
}

fn refused(breaker: &Breaker, now: Instant) -> Duration {
    breaker.enter(now).err().unwrap()
}

#[tokio::test]
async fn failures_in_a_row_open_it_and_others_do_not() {
    let now = Instant::now();
    let breaker = Breaker::default();
    for _ in 0..3 {
        for _ in 1..FAILURES {
            breaker.enter(now).unwrap().failed(now, 0.5);
        }
        breaker.enter(now).unwrap().answered();
    }
    assert_eq!(breaker.state(now), BreakerState::Closed);
    let breaker = opened(now);
    assert_eq!(breaker.state(now), BreakerState::Open { retry_after: HALF });
    assert_eq!(refused(&breaker, now), HALF);
    let soon = now + Duration::from_millis(499);
    assert_eq!(refused(&breaker, soon), Duration::from_millis(1));
}

#[tokio::test]
async fn one_probe_goes_and_its_success_closes_it() {
    let now = Instant::now();
    let (breaker, later) = (opened(now), now + HALF);
    assert_eq!(breaker.state(later), BreakerState::HalfOpen);
    let probe = breaker.enter(later).unwrap();
    assert_eq!(refused(&breaker, later), SECOND);
    assert_eq!(breaker.state(later), BreakerState::HalfOpen);
    probe.answered();
    assert_eq!(breaker.state(later), BreakerState::Closed);
    let passes: Vec<_> = (0..9).map(|_| breaker.enter(later).unwrap()).collect();
    drop(passes);
}

#[tokio::test]
async fn each_failed_probe_doubles_the_time_up_to_half_a_minute() {
    let mut now = Instant::now();
    let breaker = opened(now);
    let mut waits = vec![refused(&breaker, now)];
    for _ in 0..7 {
        now += refused(&breaker, now);
        breaker.enter(now).unwrap().failed(now, 1.0);
        waits.push(refused(&breaker, now));
    }
    let millis: Vec<_> = waits.iter().map(Duration::as_millis).collect();
    assert_eq!(
        millis,
        [500, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]
    );
    now += refused(&breaker, now);
    breaker.enter(now).unwrap().answered();
    for _ in 0..FAILURES {
        breaker.enter(now).unwrap().failed(now, 1.0);
    }
    assert_eq!(refused(&breaker, now), SECOND);
}

#[tokio::test]
async fn a_probe_that_is_given_up_leaves_its_place_to_the_next() {
    let now = Instant::now();
    let (breaker, later) = (opened(now), now + HALF);
    for _ in 0..3 {
        drop(breaker.enter(later).unwrap());
    }
    breaker.enter(later).unwrap().answered();
    assert_eq!(breaker.state(later), BreakerState::Closed);
}

#[tokio::test]
async fn what_calls_from_before_find_out_late_changes_nothing() {
    let now = Instant::now();
    let breaker = Breaker::default();
    let mut late: Vec<_> = (0..4).map(|_| breaker.enter(now).unwrap()).collect();
    for _ in 0..FAILURES {
        breaker.enter(now).unwrap().failed(now, 0.5);
    }
    late.pop().unwrap().answered();
    for pass in late {
        pass.failed(now + HALF, 1.0);
    }
    assert_eq!(breaker.state(now), BreakerState::Open { retry_after: HALF });
}
