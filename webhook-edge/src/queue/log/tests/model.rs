//! Any sequence of operations does what a map in memory would do, restarts included.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Vec<u8>>),
    Remove(Vec<u64>),
    CleanUp,
    Restart,
    CloseAndRestart,
}

fn step() -> impl Strategy<Value = Step> {
    let record = proptest::collection::vec(any::<u8>(), 0..400);
    prop_oneof![
        5 => proptest::collection::vec(record, 1..6).prop_map(Step::Append),
        4 => proptest::collection::vec(0..12_u64, 1..6).prop_map(Step::Remove),
        2 => Just(Step::CleanUp),
        1 => Just(Step::Restart),
        1 => Just(Step::CloseAndRestart),
    ]
}

struct Model {
    last: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
}

fn apply(mut log: Log, directory: &Path, model: &mut Model, step: Step) -> Log {
    match step {
        Step::Append(records) => {
            let slices: Vec<_> = records.iter().map(Vec::as_slice).collect();
            append(&mut log, &slices);
            for record in records {
                model.last += 1;
                model.waiting.insert(model.last, record);
            }
        }
        Step::Remove(from_the_head) => {
            let head = model.waiting.keys().next().copied().unwrap_or(1);
            let positions: Vec<_> = from_the_head.iter().map(|nth| head + nth).collect();
            remove(&mut log, &positions);
            model
                .waiting
                .retain(|position, _| !positions.contains(position));
        }
        Step::CleanUp => log.clean_up(model.last).unwrap(),
        Step::Restart => {
            drop(log);
            return open(directory);
        }
        Step::CloseAndRestart => {
            log.seal(NOON).unwrap();
            drop(log);
            return open(directory);
        }
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_log_does_what_its_model_does(steps in proptest::collection::vec(step(), 1..40)) {
        let directory = tempfile::tempdir().unwrap();
        let mut log = open(directory.path());
        let mut model = Model { last: 0, waiting: BTreeMap::new() };
        for step in steps {
            log = apply(log, directory.path(), &mut model, step);
            prop_assert_eq!(&waiting(&log), &model.waiting);
            let bytes: usize = model.waiting.values().map(Vec::len).sum();
            prop_assert_eq!(log.load(), (model.waiting.len() as u64, bytes as u64));
            prop_assert_eq!(log.last(), model.last);
            prop_assert_eq!(log.oldest().is_some(), !model.waiting.is_empty());
        }
    }
}
