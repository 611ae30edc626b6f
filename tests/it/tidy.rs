//! Habits that a compiler does not hold: sizes, names, a README for each crate, every
//! error explained.

use std::fs;
use std::path::{Path, PathBuf};

use community_proto::v1::ErrorReason;
use tonic::Code;

use crate::repository;

const LONGEST_FILE: usize = 500;
const LONGEST_MAIN: usize = 80;

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let long: Vec<_> = rust_files()
        .into_iter()
        .map(|path| (lines(&path), path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "split these: {long:?}");
}

#[test]
fn every_main_is_short_and_boring() {
    let mains: Vec<_> = rust_files()
        .into_iter()
        .filter(|path| path.ends_with("src/main.rs"))
        .collect();
    assert!(mains.len() >= 3, "{mains:?}");
    let long: Vec<_> = mains
        .into_iter()
        .filter(|path| lines(path) > LONGEST_MAIN)
        .collect();
    assert!(long.is_empty(), "over {LONGEST_MAIN} lines: {long:?}");
}

#[test]
fn names_of_tests_are_sentences_and_no_test_is_switched_off() {
    // Written in two parts, so that this file is not found by its own search.
    let forbidden = [concat!("fn te", "st_"), concat!("#[ig", "nore")];
    let mut found = Vec::new();
    for path in rust_files() {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if forbidden.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn nothing_is_left_to_do_later() {
    let forbidden = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("unimple", "mented!("),
    ];
    let mut found = Vec::new();
    for path in rust_files() {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if forbidden.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_crate_says_what_it_is_in_a_readme() {
    let manifests: Vec<_> = repository::files()
        .into_iter()
        .filter(|path| path.ends_with("Cargo.toml"))
        .filter(|path| fs::read_to_string(path).unwrap().contains("[package]"))
        .collect();
    assert!(manifests.len() >= 8, "{manifests:?}");
    for manifest in manifests {
        let readme = manifest.with_file_name("README.md");
        let text = fs::read_to_string(&readme).unwrap_or_default();
        assert!(
            text.lines().count() >= 5,
            "{} is missing or says nothing",
            readme.display()
        );
    }
}

#[test]
fn every_error_reason_is_explained_with_its_code() {
    let text = fs::read_to_string(repository::root().join("docs/errors.md")).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    // Numbers have gaps.
    for reason in (1..=999).filter_map(|number| ErrorReason::try_from(number).ok()) {
        // The anchor is where the error's Help link leads.
        let name = reason.as_reason();
        let cell = format!("`{name}`<a id=\"{}\"></a>", name.to_ascii_lowercase());
        let row = rows.iter().find(|row| row[1] == cell);
        let row = row.unwrap_or_else(|| panic!("docs/errors.md has no row | {cell} |"));
        assert!(
            row[2].chars().all(|c| c.is_ascii_uppercase() || c == '_') && !row[2].is_empty(),
            "{name} has no code: {row:?}"
        );
        assert!(row[3].len() > 10 && row[4].len() > 10, "{row:?}");
    }
}

#[test]
fn the_error_page_explains_no_reason_that_does_not_exist() {
    let text = fs::read_to_string(repository::root().join("docs/errors.md")).unwrap();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let name = line.split('`').nth(1).unwrap();
        let full = format!("ERROR_REASON_{name}");
        assert!(
            ErrorReason::from_str_name(&full).is_some(),
            "{name} is no reason"
        );
    }
}

#[test]
fn the_error_page_maps_every_code_to_http() {
    let text = fs::read_to_string(repository::root().join("docs/errors.md")).unwrap();
    for number in 0..=16 {
        let code = Code::from_i32(number);
        let wanted = format!("| {number} | {} |", community_proto::http_status(code));
        let row = text.lines().find(|line| line.contains(&wanted));
        let row = row.unwrap_or_else(|| panic!("no row has {wanted}"));
        let name = row.split('|').nth(1).unwrap().trim().replace('_', "");
        assert!(format!("{code:?}").eq_ignore_ascii_case(&name), "{row}");
    }
}

/// Sources that people write: all but the generated contract.
fn rust_files() -> Vec<PathBuf> {
    let files: Vec<_> = repository::files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| {
            !path
                .parent()
                .is_some_and(|folder| folder.ends_with("src/gen"))
        })
        .collect();
    assert!(files.len() > 100, "only {} sources found", files.len());
    files
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}
