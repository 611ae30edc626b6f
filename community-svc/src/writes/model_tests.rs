//! Every order in which the steps of two callers can happen, with calls that die
//! between any two of them, answers that are lost, a store that fails and time that
//! passes: no order makes a write twice, and none tells of one that is not there.
//!
//! The flow is the service's own; only the store and BetterMode are simulated. Each
//! order is one path through a tree of choices, and all paths are walked that have so
//! many things going wrong, and so many turns from one call to the other in its midst.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::task::noop_waker;

use super::*;

mod world;

use world::{World, id};

/// More than an attempt and its settling.
const LONG: Duration = Duration::from_secs(60);
/// More than an attempt.
const SHORT: Duration = Duration::from_secs(21);

const TIMING: Timing = Timing {
    request: Duration::from_secs(18),
    settle: Duration::from_secs(10),
};

type Call = Pin<Box<dyn Future<Output = Result<String, Error>> + Send>>;

/// Somebody who wants a write done and does not give up.
struct Caller {
    request: u8,
    state: CallerState,
}

enum CallerState {
    Calling(Call),
    /// Calls again later.
    Waiting,
    Answered(Result<String, Error>),
    /// Died, and never comes back.
    Gone,
}

/// What can happen next.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// A call goes one step further.
    Step(usize),
    /// A call ends where it is: the service or the caller died.
    Die(usize),
    /// The same, and nobody asks again.
    DieForGood(usize),
    /// Somebody asks again although it is early.
    Hurry(usize),
    /// BetterMode does what it was asked long ago.
    Land,
    /// Time passes while calls are under way, and those who wait ask again.
    Stall,
}

/// One path: callers of these requests, all with the same content.
async fn path(world: &Arc<World>, requests: &[u8]) -> Vec<Caller> {
    let mut callers: Vec<Caller> = requests
        .iter()
        .map(|request| Caller {
            request: *request,
            state: CallerState::Calling(world.call(*request)),
        })
        .collect();
    let mut current = 0;
    for _ in 0..400 {
        let next = possible(world, &callers, current);
        if next.is_empty() {
            if !wait(world, &mut callers, LONG).await {
                return callers;
            }
            continue;
        }
        let next = next[world.choose(next.len())];
        if let Next::Step(index) = next {
            if index != current && is_calling(&callers[current]) {
                world.use_turn();
            }
            current = index;
        }
        happen(world, &mut callers, next).await;
    }
    panic!("it does not come to an end");
}

fn is_calling(caller: &Caller) -> bool {
    matches!(caller.state, CallerState::Calling(_))
}

fn possible(world: &World, callers: &[Caller], current: usize) -> Vec<Next> {
    let may_turn = world.has_turns_left() || !is_calling(&callers[current]);
    let mut next = Vec::new();
    let mut faults = Vec::new();
    for (index, caller) in callers.iter().enumerate() {
        match &caller.state {
            CallerState::Calling(_) if index == current || may_turn => {
                next.push(Next::Step(index));
                faults.extend([Next::Die(index), Next::DieForGood(index)]);
            }
            CallerState::Waiting => faults.push(Next::Hurry(index)),
            CallerState::Calling(_) | CallerState::Answered(_) | CallerState::Gone => {}
        }
    }
    if world.late_work().is_some() {
        next.push(Next::Land);
    }
    if next.is_empty() {
        return next;
    }
    if world.has_faults_left() {
        // Late work is done within the time that a write is given to settle.
        let late = world.late_work();
        if late.is_none_or(|until| until > world.now() + SHORT) {
            faults.push(Next::Stall);
        }
        next.extend(faults);
    }
    next
}

async fn happen(world: &Arc<World>, callers: &mut [Caller], next: Next) {
    match next {
        Next::Step(index) => {
            step(&mut callers[index]);
            if world.has_died() {
                callers[index].state = CallerState::Waiting;
            }
        }
        Next::Die(index) => {
            world.use_fault();
            callers[index].state = CallerState::Waiting;
        }
        Next::DieForGood(index) => {
            world.use_fault();
            callers[index].state = CallerState::Gone;
        }
        Next::Hurry(index) => {
            world.use_fault();
            let call = world.call(callers[index].request);
            callers[index].state = CallerState::Calling(call);
        }
        Next::Land => world.land(),
        Next::Stall => {
            world.use_fault();
            let is_late = world.late_work().is_some();
            wait(world, callers, if is_late { SHORT } else { LONG }).await;
        }
    }
}

fn step(caller: &mut Caller) {
    let CallerState::Calling(call) = &mut caller.state else {
        return;
    };
    let waker = noop_waker();
    let Poll::Ready(outcome) = call.as_mut().poll(&mut Context::from_waker(&waker)) else {
        return;
    };
    let again = matches!(
        outcome,
        Err(Error::RequestInProgress { .. } | Error::WriteStoreUnavailable)
    );
    caller.state = if again {
        CallerState::Waiting
    } else {
        CallerState::Answered(outcome)
    };
}

/// Time passes, and those who were told to ask again do; false when nobody is left.
async fn wait(world: &Arc<World>, callers: &mut [Caller], time: Duration) -> bool {
    world.pass(time).await;
    let mut is_somebody_left = false;
    for caller in callers {
        if matches!(caller.state, CallerState::Waiting) {
            caller.state = CallerState::Calling(world.call(caller.request));
            is_somebody_left = true;
        }
    }
    is_somebody_left
}

/// What must be true whatever happened.
fn check(world: &World, callers: &[Caller]) {
    let mut told: BTreeMap<u8, BTreeSet<String>> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for caller in callers {
        match &caller.state {
            CallerState::Answered(Ok(object)) => {
                told.entry(caller.request)
                    .or_default()
                    .insert(object.clone());
            }
            CallerState::Answered(Err(Error::SpaceNotFound)) => {}
            CallerState::Gone => {
                gone.insert(caller.request);
            }
            CallerState::Answered(Err(error)) => panic!("told {error:?}"),
            CallerState::Calling(_) | CallerState::Waiting => panic!("not at its end"),
        }
    }
    let objects = world.objects();
    for (request, answers) in &told {
        assert_eq!(answers.len(), 1, "request {request} has {answers:?}");
    }
    let all: BTreeSet<_> = told.values().flatten().collect();
    assert_eq!(
        all.len(),
        told.len(),
        "two requests have one object: {told:?}"
    );
    for object in all {
        assert!(objects.contains(object), "{object} is not there");
    }
    let unheard = gone.iter().filter(|request| !told.contains_key(request));
    let most = told.len() + unheard.count();
    assert!(
        (told.len()..=most).contains(&objects.len()),
        "{objects:?} for {told:?} and {gone:?}"
    );
}

/// Walks every path with so many things that go wrong.
async fn walk(requests: &[u8], faults: u32, turns: u32, at_least: u64) {
    let mut choices = Vec::new();
    let mut paths = 0;
    loop {
        let world = World::new(choices, faults, turns);
        let callers = path(&world, requests).await;
        let tried = world.choices();
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check(&world, &callers);
        })) {
            panic!("{panic:?} after {tried:?}");
        }
        paths += 1;
        let Some(next) = world::next_path(tried) else {
            break;
        };
        choices = next;
    }
    assert!(paths >= at_least, "only {paths} paths");
}

#[tokio::test(start_paused = true)]
async fn one_caller_gets_one_object_whatever_goes_wrong_three_times() {
    walk(&[1], 3, 0, 10_000).await;
}

#[tokio::test(start_paused = true)]
async fn two_calls_with_one_id_at_once_make_one_object() {
    walk(&[1, 1], 2, 1, 10_000).await;
}

#[tokio::test(start_paused = true)]
async fn equal_writes_under_two_ids_at_once_make_two_objects() {
    walk(&[1, 2], 2, 1, 10_000).await;
}

#[test]
fn request_ids_of_the_model_are_fit() {
    assert_ne!(id(1), id(2));
}
