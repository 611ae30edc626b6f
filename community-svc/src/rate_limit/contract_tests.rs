//! What the window must do, over its two implementations, at chosen times; and
//! that the two give the same answers.

use std::time::Duration;

use bettermode::Class;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use super::Limits;
use super::shared_window::{Learned, SharedWindow};
use super::window::{Claim, Correction, Decision, Usage, WINDOW, Window};
use crate::redis_link::{RedisLink, testing};

/// An arbitrary start, of the size that Redis's clock has.
const START: u64 = 1_772_600_000_123;

/// Runs each function over both implementations.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $name() {
                super::$name(super::Bench::Memory(super::Window::default())).await;
            })+
        }
        mod real_redis {
            $(#[tokio::test] async fn $name() {
                super::$name(super::Bench::redis(&super::testing::link())).await;
            })+
        }
    };
}

contract!(
    the_limit_passes_at_once_and_the_next_waits_for_the_first_to_leave,
    points_run_out_before_requests_where_they_cost_more,
    the_time_to_wait_counts_requests_and_points,
    more_points_than_the_limit_need_the_window_for_themselves,
    background_work_leaves_the_last_room_to_people_and_counts_for_them,
    the_time_to_wait_is_that_of_the_class,
    background_work_always_gets_one_request_and_what_costs_more_than_its_room,
    what_others_used_counts_from_when_it_was_heard,
    what_the_log_knows_already_is_not_counted_twice,
    an_old_claim_is_forgotten,
    what_was_charged_above_what_was_taken_counts_from_when_it_was_taken,
    what_a_claim_knew_already_is_not_counted_again_as_a_correction,
    what_a_correction_told_is_not_counted_again_as_a_claim,
    a_clock_that_steps_back_holds_up_for_one_window_at_most,
    a_smaller_limit_holds_at_once,
);

enum Bench {
    Memory(Window),
    /// With the corrections that go with the next decision, and when they were.
    Redis(SharedWindow, Vec<(u64, u64)>),
}

impl Bench {
    fn redis(link: &RedisLink) -> Self {
        let key = format!("bettermode:ratelimit:test:{}", Uuid::new_v4());
        Self::Redis(SharedWindow::new(link.clone(), key), Vec::new())
    }

    async fn acquire(
        &mut self,
        now: u64,
        room: Limits,
        complexity: u32,
        claims: &[Claim],
    ) -> Decision {
        match self {
            Self::Memory(window) => window.acquire(START + now, room, complexity, claims),
            Self::Redis(window, corrections) => {
                let correction = |(at, points): (u64, u64)| Correction {
                    id: Uuid::new_v4().to_string(),
                    age: now - at,
                    points,
                };
                let learned = Learned {
                    corrections: corrections.drain(..).map(correction).collect(),
                    claims: claims.to_vec(),
                };
                window
                    .acquire_at(&(START + now).to_string(), room, complexity, &learned)
                    .await
                    .unwrap()
            }
        }
    }

    /// So many points more were charged than what was taken at `at`.
    fn correct(&mut self, now: u64, at: u64, points: u64) {
        match self {
            Self::Memory(window) => window.correct(START + now, now - at, points),
            Self::Redis(_, corrections) => corrections.push((at, points)),
        }
    }

    /// With nothing claimed.
    async fn ask(&mut self, now: u64, room: Limits, complexity: u32) -> Decision {
        self.acquire(now, room, complexity, &[]).await
    }
}

fn limits(requests: u32, complexity: u32) -> Limits {
    Limits {
        requests,
        complexity,
    }
}

fn wait(millis: u64) -> Decision {
    Decision::Refused {
        retry_after: Duration::from_millis(millis),
    }
}

fn claim(age: u64, requests: u64, complexity: u64) -> Claim {
    Claim {
        age,
        used: Usage {
            requests,
            complexity,
        },
    }
}

async fn the_limit_passes_at_once_and_the_next_waits_for_the_first_to_leave(mut bench: Bench) {
    let limits = limits(3, 100);
    for now in [0, 0, 5] {
        assert_eq!(bench.ask(now, limits, 1).await, Decision::Allowed);
    }
    assert_eq!(bench.ask(5, limits, 1).await, wait(WINDOW - 4));
    assert_eq!(bench.ask(WINDOW, limits, 1).await, wait(1));
    for _ in 0..2 {
        assert_eq!(bench.ask(WINDOW + 1, limits, 1).await, Decision::Allowed);
    }
    assert_eq!(bench.ask(WINDOW + 1, limits, 1).await, wait(5));
}

async fn points_run_out_before_requests_where_they_cost_more(mut bench: Bench) {
    let limits = limits(20, 100);
    assert_eq!(bench.ask(0, limits, 60).await, Decision::Allowed);
    assert_eq!(bench.ask(1, limits, 41).await, wait(WINDOW));
    assert_eq!(bench.ask(1, limits, 40).await, Decision::Allowed);
    assert_eq!(bench.ask(1, limits, 0).await, Decision::Allowed);
}

async fn the_time_to_wait_counts_requests_and_points(mut bench: Bench) {
    let limits = limits(3, 100);
    for (now, points) in [(0, 10), (100, 80), (200, 10)] {
        assert_eq!(bench.ask(now, limits, points).await, Decision::Allowed);
    }
    assert_eq!(bench.ask(300, limits, 10).await, wait(WINDOW + 1 - 300));
    assert_eq!(bench.ask(300, limits, 11).await, wait(WINDOW + 101 - 300));
    assert_eq!(bench.ask(300, limits, 91).await, wait(WINDOW + 201 - 300));
}

async fn more_points_than_the_limit_need_the_window_for_themselves(mut bench: Bench) {
    let limits = limits(5, 100);
    assert_eq!(bench.ask(0, limits, 1).await, Decision::Allowed);
    assert_eq!(bench.ask(0, limits, 5_000).await, wait(WINDOW + 1));
    let later = WINDOW + 1;
    assert_eq!(bench.ask(later, limits, 5_000).await, Decision::Allowed);
    assert_eq!(bench.ask(later, limits, 1).await, wait(WINDOW + 1));
}

async fn background_work_leaves_the_last_room_to_people_and_counts_for_them(mut bench: Bench) {
    let limits = limits(8, 1_000);
    let passed = [
        (Class::Backfill, 4),
        (Class::Refresh, 2),
        (Class::Interactive, 2),
    ];
    for (class, count) in passed {
        let room = limits.room_of(class);
        for _ in 0..count {
            assert_eq!(bench.ask(0, room, 1).await, Decision::Allowed, "{class:?}");
        }
        assert_eq!(bench.ask(0, room, 1).await, wait(WINDOW + 1), "{class:?}");
    }
    let later = WINDOW + 1;
    let room = limits.room_of(Class::Backfill);
    assert_eq!(bench.ask(later, room, 400).await, Decision::Allowed);
    assert_eq!(bench.ask(later, room, 101).await, wait(WINDOW + 1));
    let room = limits.room_of(Class::Refresh);
    assert_eq!(bench.ask(later, room, 350).await, Decision::Allowed);
    assert_eq!(bench.ask(later, room, 1).await, wait(WINDOW + 1));
    assert_eq!(bench.ask(later, limits, 250).await, Decision::Allowed);
}

async fn the_time_to_wait_is_that_of_the_class(mut bench: Bench) {
    let limits = limits(4, 1_000);
    for now in [0, 100, 200, 300] {
        assert_eq!(bench.ask(now, limits, 1).await, Decision::Allowed);
    }
    // One, two, three of the four have to leave first.
    let waits = [
        (Class::Interactive, 1),
        (Class::Refresh, 101),
        (Class::Backfill, 201),
    ];
    for (class, after) in waits {
        let (room, free_at) = (limits.room_of(class), WINDOW + after);
        assert_eq!(bench.ask(300, room, 1).await, wait(free_at - 300));
        assert_eq!(bench.ask(free_at - 1, room, 1).await, wait(1));
    }
    let room = limits.room_of(Class::Backfill);
    let decision = bench.ask(WINDOW + 201, room, 1).await;
    assert_eq!(decision, Decision::Allowed);
}

async fn background_work_always_gets_one_request_and_what_costs_more_than_its_room(
    mut bench: Bench,
) {
    let room = limits(1, 100).room_of(Class::Backfill);
    assert_eq!(room, limits(1, 50));
    assert_eq!(bench.ask(0, room, 80).await, Decision::Allowed);
    let later = WINDOW + 1;
    assert_eq!(bench.ask(later, room, 80).await, Decision::Allowed);
    // All of its points counted, not only its room.
    let people = limits(5, 100);
    assert_eq!(bench.ask(later, people, 21).await, wait(WINDOW + 1));
    assert_eq!(bench.ask(later, people, 20).await, Decision::Allowed);
}

async fn what_others_used_counts_from_when_it_was_heard(mut bench: Bench) {
    let limits = limits(20, 2_000);
    assert_eq!(bench.ask(0, limits, 10).await, Decision::Allowed);
    // 400 ms ago 18 of the 20 were gone, and only 1 of them was ours.
    let claims = [claim(400, 18, 0)];
    let first = bench.acquire(1_000, limits, 10, &claims).await;
    assert_eq!(first, Decision::Allowed);
    assert_eq!(bench.ask(1_000, limits, 10).await, Decision::Allowed);
    assert_eq!(bench.ask(1_000, limits, 10).await, wait(WINDOW + 1 - 1_000));
    let one_free = WINDOW + 1;
    assert_eq!(bench.ask(one_free, limits, 10).await, Decision::Allowed);
    assert_eq!(bench.ask(one_free, limits, 10).await, wait(600));
}

async fn what_the_log_knows_already_is_not_counted_twice(mut bench: Bench) {
    let limits = limits(20, 2_000);
    for now in 0..10 {
        assert_eq!(bench.ask(now, limits, 10).await, Decision::Allowed);
    }
    let claims = [claim(0, 10, 0), claim(5, 0, 100), claim(0, 0, 60)];
    for _ in 0..10 {
        let decision = bench.acquire(20, limits, 10, &claims).await;
        assert_eq!(decision, Decision::Allowed);
    }
    let decision = bench.acquire(20, limits, 10, &claims).await;
    assert_eq!(decision, wait(WINDOW + 1 - 20));
}

async fn an_old_claim_is_forgotten(mut bench: Bench) {
    let claims = [claim(WINDOW + 1, 20, 2_000)];
    let decision = bench.acquire(50, limits(1, 1), 1, &claims).await;
    assert_eq!(decision, Decision::Allowed);
}

async fn what_was_charged_above_what_was_taken_counts_from_when_it_was_taken(mut bench: Bench) {
    let limits = limits(20, 100);
    assert_eq!(bench.ask(0, limits, 50).await, Decision::Allowed);
    assert_eq!(bench.ask(300, limits, 10).await, Decision::Allowed);
    bench.correct(500, 0, 30);
    assert_eq!(bench.ask(500, limits, 11).await, wait(WINDOW + 1 - 500));
    assert_eq!(bench.ask(500, limits, 10).await, Decision::Allowed);
    // The 50 and the 30 leave together.
    let later = WINDOW + 1;
    assert_eq!(bench.ask(later, limits, 80).await, Decision::Allowed);
    assert_eq!(bench.ask(later, limits, 1).await, wait(300));
}

async fn what_a_claim_knew_already_is_not_counted_again_as_a_correction(mut bench: Bench) {
    let limits = limits(20, 1_000);
    assert_eq!(bench.ask(0, limits, 100).await, Decision::Allowed);
    // Another answer tells what BetterMode charged for ours before ours does.
    let decision = bench.acquire(200, limits, 0, &[claim(10, 0, 350)]).await;
    assert_eq!(decision, Decision::Allowed);
    bench.correct(300, 0, 200);
    assert_eq!(bench.ask(300, limits, 651).await, wait(WINDOW + 1 - 300));
    assert_eq!(bench.ask(300, limits, 650).await, Decision::Allowed);
}

async fn what_a_correction_told_is_not_counted_again_as_a_claim(mut bench: Bench) {
    let limits = limits(20, 1_000);
    assert_eq!(bench.ask(0, limits, 100).await, Decision::Allowed);
    bench.correct(300, 0, 200);
    let decision = bench.acquire(300, limits, 0, &[claim(0, 0, 300)]).await;
    assert_eq!(decision, Decision::Allowed);
    assert_eq!(bench.ask(300, limits, 700).await, Decision::Allowed);
}

async fn a_clock_that_steps_back_holds_up_for_one_window_at_most(mut bench: Bench) {
    let limits = limits(1, 10);
    assert_eq!(bench.ask(3_600_000, limits, 1).await, Decision::Allowed);
    assert_eq!(bench.ask(0, limits, 1).await, wait(WINDOW + 1));
    assert_eq!(bench.ask(WINDOW + 1, limits, 1).await, Decision::Allowed);
}

async fn a_smaller_limit_holds_at_once(mut bench: Bench) {
    for now in 0..5 {
        assert_eq!(bench.ask(now, limits(5, 100), 1).await, Decision::Allowed);
    }
    // Four of the five have to leave before there is room for one more of two.
    assert_eq!(
        bench.ask(10, limits(2, 100), 1).await,
        wait(WINDOW + 4 - 10)
    );
}

/// How a history is made up: the step to the next time, the class, the points, a
/// claim, a correction.
type Step = (u64, Class, u32, Option<(u64, u64, u64)>, Option<(u64, u64)>);

fn history() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => 0..40u64,
        3 => 500..4_000u64,
        1 => (WINDOW - 2)..(WINDOW + 3),
        1 => (2 * WINDOW)..(3 * WINDOW),
    ];
    let claim = proptest::option::weighted(0.15, (0..(WINDOW + 500), 0..8u64, 0..150u64));
    let class = prop_oneof![
        Just(Class::Interactive),
        Just(Class::Refresh),
        Just(Class::Backfill)
    ];
    let correction = proptest::option::weighted(0.15, (0..(WINDOW + 500), 0..60u64));
    proptest::collection::vec((step, class, 0..60u32, claim, correction), 1..60)
}

/// Whether `points` more fit beside what passed, by the words of the rule.
fn there_is_room(passed: &[(u64, u64)], at: u64, room: Limits, points: u64) -> bool {
    let inside = passed.iter().filter(|(then, _)| then + WINDOW >= at);
    let (count, sum) = inside.fold((0, 0), |(n, s), (_, c)| (n + 1, s + c));
    let most = u64::from(room.complexity);
    count < u64::from(room.requests) && sum + points.min(most) <= most
}

proptest! {
    #[test]
    fn no_window_holds_more_than_the_limit_and_nothing_is_refused_without_need(
        steps in history(), requests in 1..6u32, complexity in 60..150u32,
    ) {
        let limits = limits(requests, complexity);
        let mut window = Window::default();
        let mut passed: Vec<(u64, u64)> = Vec::new();
        let mut now = START;
        for (step, class, points, ..) in steps {
            now += step;
            let room = limits.room_of(class);
            let fits = |at: u64| there_is_room(&passed, at, room, points.into());
            match window.acquire(now, room, points, &[]) {
                Decision::Allowed => {
                    prop_assert!(fits(now));
                    passed.push((now, points.into()));
                }
                Decision::Refused { retry_after } => {
                    let free_at = now + u64::try_from(retry_after.as_millis()).unwrap();
                    prop_assert!(!fits(now));
                    prop_assert!(fits(free_at) && !fits(free_at - 1));
                }
            }
        }
        for (start, _) in &passed {
            let inside = passed.iter().filter(|(at, _)| (*start..=start + WINDOW).contains(at));
            let (count, sum) = inside.fold((0, 0), |(n, s), (_, c)| (n + 1, s + c));
            prop_assert!(count <= u64::from(requests) && sum <= u64::from(complexity));
        }
    }
}

#[tokio::test]
async fn a_correction_that_is_sent_again_to_redis_counts_once() {
    let key = format!("bettermode:ratelimit:test:{}", Uuid::new_v4());
    let window = SharedWindow::new(testing::link(), key);
    let correction = Correction {
        id: "one".to_owned(),
        age: 0,
        points: 30,
    };
    let learned = Learned {
        corrections: vec![correction.clone(), correction],
        claims: Vec::new(),
    };
    let at = START.to_string();
    for _ in 0..3 {
        let decision = window.acquire_at(&at, limits(9, 100), 20, &learned).await;
        assert_eq!(decision.unwrap(), Decision::Allowed);
    }
    let decision = window.acquire_at(&at, limits(9, 100), 11, &learned).await;
    assert_eq!(decision.unwrap(), wait(WINDOW + 1));
}

mod real_redis_and_memory {
    use super::*;

    #[test]
    fn give_the_same_answers() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let link = runtime.block_on(async { testing::link() });
        let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
        let strategy = (history(), 1..6u32, 40..150u32);
        runner
            .run(&strategy, |(steps, requests, complexity)| {
                runtime.block_on(compare(&link, steps, limits(requests, complexity)))
            })
            .unwrap();
    }

    async fn compare(
        link: &RedisLink,
        steps: Vec<Step>,
        limits: Limits,
    ) -> Result<(), TestCaseError> {
        let mut memory = Bench::Memory(Window::default());
        let mut redis = Bench::redis(link);
        let mut now = 0;
        for (step, class, points, said, charged) in steps {
            now += step;
            if let Some((age, more)) = charged {
                memory.correct(now, now.saturating_sub(age), more);
                redis.correct(now, now.saturating_sub(age), more);
            }
            let room = limits.room_of(class);
            let claims: Vec<_> = said
                .into_iter()
                .map(|(age, requests, complexity)| claim(age, requests, complexity))
                .collect();
            prop_assert_eq!(
                memory.acquire(now, room, points, &claims).await,
                redis.acquire(now, room, points, &claims).await
            );
        }
        Ok(())
    }
}
