//! Any sequence of operations does what a map in memory would do.

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<u8>),
    Remove(Vec<usize>),
    Bury(usize),
    Redrive,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => proptest::collection::vec(0..40_u8, 1..12).prop_map(Step::Append),
        3 => proptest::collection::vec(0..20_usize, 1..6).prop_map(Step::Remove),
        1 => (0..20_usize).prop_map(Step::Bury),
        1 => Just(Step::Redrive),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Default)]
struct Model {
    known: BTreeSet<String>,
    waiting: Vec<String>,
    dead: Vec<String>,
    /// How many have left since the queue was opened.
    left: u64,
}

async fn apply(queue: Queue, directory: &TempDir, model: &mut Model, step: Step) -> Queue {
    match step {
        Step::Append(numbers) => {
            let ids: Vec<_> = numbers.iter().map(|number| format!("e{number}")).collect();
            let events: Vec<_> = ids.iter().map(|id| event(id)).collect();
            let outcomes = append_all(&queue, &events).await;
            for (id, outcome) in ids.into_iter().zip(outcomes) {
                let is_new = model.known.insert(id.clone());
                let expected = if is_new {
                    Accepted::Stored
                } else {
                    Accepted::Duplicate
                };
                assert_eq!(outcome, Ok(expected));
                if is_new {
                    model.waiting.push(id);
                }
            }
        }
        Step::Remove(indexes) => {
            let gone: BTreeSet<_> = indexes.into_iter().collect();
            let chosen: Vec<_> = (0..)
                .zip(all(&queue).await)
                .filter(|(index, _)| gone.contains(index))
                .collect();
            for (index, _) in chosen.iter().rev() {
                model.waiting.remove(*index);
            }
            model.left += chosen.len() as u64;
            let chosen: Vec<_> = chosen.into_iter().map(|(_, queued)| queued).collect();
            queue.remove(&chosen).await.unwrap();
            // Those that have left already change nothing.
            queue.remove(&chosen).await.unwrap();
        }
        Step::Bury(index) => {
            if let Some(position) = positions(&queue).await.get(index) {
                queue.bury(*position, "why".to_owned()).await.unwrap();
                model.dead.push(model.waiting.remove(index));
            }
        }
        Step::Redrive => {
            let letters = queue.dead_letters(None, 100).await.unwrap();
            let places: Vec<_> = letters.iter().map(|letter| letter.position).collect();
            let ids: Vec<_> = letters
                .iter()
                .map(|letter| letter.event().unwrap().id.to_string())
                .collect();
            assert_eq!(queue.redrive(&places).await, Ok(model.dead.len() as u64));
            model.dead.clear();
            model.waiting.extend(ids);
        }
        Step::Reopen => {
            queue.close().await;
            model.left = 0;
            return open(directory);
        }
    }
    queue
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_queue_does_what_its_model_does(steps in proptest::collection::vec(step(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let (mut queue, mut model) = (open(&directory), Model::default());
            for step in steps {
                queue = apply(queue, &directory, &mut model, step).await;
                assert_eq!(waiting(&queue).await, model.waiting);
                let stats = queue.stats();
                assert_eq!(stats.depth, model.waiting.len() as u64);
                assert_eq!(stats.dead, model.dead.len() as u64);
                let came_in = stats.flow.found + stats.flow.taken;
                assert_eq!(came_in, stats.depth + stats.dead + model.left);
                assert_eq!(stats.oldest.is_some(), stats.depth > 0);
                assert_eq!(stats.bytes > 0, stats.depth > 0);
            }
        });
    }
}
