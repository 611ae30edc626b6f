//! Every input that was worth keeping, again; and some that nobody has seen.

use std::fs;
use std::path::Path;

use fuzz_targets::TARGETS;
use proptest::prelude::*;

fn kept(target: &str) -> std::io::Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut files = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    files.into_iter().map(fs::read).collect()
}

#[test]
fn the_kept_inputs_break_nothing() {
    for target in TARGETS {
        let inputs = kept(target.name).unwrap();
        assert!(inputs.len() >= 5, "the corpus of {} is gone", target.name);
        for input in inputs {
            (target.run)(&input);
        }
    }
}

#[test]
fn kept_inputs_with_some_bytes_changed_break_nothing() {
    for target in TARGETS {
        let inputs = kept(target.name).unwrap();
        let changes = proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8);
        proptest!(|(which: usize, changes in changes)| {
            let mut input = inputs[which % inputs.len()].clone();
            for (at, byte) in changes {
                if !input.is_empty() {
                    let at = at % input.len();
                    input[at] = byte;
                }
            }
            (target.run)(&input);
        });
    }
}

#[test]
fn any_bytes_break_nothing() {
    for target in TARGETS {
        proptest!(|(input in proptest::collection::vec(any::<u8>(), 0..512))| {
            (target.run)(&input);
        });
    }
}
