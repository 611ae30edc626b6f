//! The documentation: every link leads somewhere, every page is in the index, every command
//! of this repository that a page names exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use integration_tests::tools;

use crate::repository;

/// Every page of ours, by its path.
fn pages() -> BTreeMap<PathBuf, String> {
    let files = repository::files().into_iter();
    let pages = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages: BTreeMap<_, _> = pages
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect();
    assert!(pages.len() > 25, "{:?}", pages.keys());
    pages
}

/// The lines of a page that are no examples.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// Where the links of a page lead to.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(page) {
        // What stands in backticks is no link.
        let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("_");
        let targets = text.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split_once(')'));
        found.extend(targets.map(|(target, _)| target.to_owned()));
    }
    found
}

/// The anchors of a page: those of its headings, as GitHub makes them, and its own.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#'));
    let headings = headings.map(|line| slug(line.trim_start_matches('#').trim()));
    let own = page.split("id=\"").skip(1);
    let own = own.filter_map(|rest| rest.split('"').next().map(str::to_owned));
    headings.chain(own).collect()
}

fn slug(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .flat_map(char::to_lowercase)
        .collect()
}

#[test]
fn every_link_between_files_of_the_repository_leads_somewhere() {
    let pages = pages();
    let mut broken = Vec::new();
    let mut count = 0;
    for (path, text) in &pages {
        for link in links(text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                normal(&path.parent().unwrap().join(file))
            };
            let leads = target.exists()
                && (anchor.is_empty()
                    || pages
                        .get(&target)
                        .is_some_and(|page| anchors(page).contains(anchor)));
            if !leads {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(count > 60, "only {count} links found");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The path without `..`, so that it is one that is known.
fn normal(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[test]
fn the_index_names_every_page_and_that_of_the_decisions_every_decision() {
    let docs = repository::root().join("docs");
    for (folder, index) in [
        (docs.clone(), "README.md"),
        (docs.join("decisions"), "README.md"),
    ] {
        let text = fs::read_to_string(folder.join(index)).unwrap();
        let linked: BTreeSet<_> = links(&text)
            .into_iter()
            .map(|link| link.split('#').next().unwrap_or_default().to_owned())
            .collect();
        for page in fs::read_dir(&folder).unwrap() {
            let path = page.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if path.extension().is_some_and(|extension| extension == "md") && name != index {
                assert!(
                    linked.contains(&*name),
                    "{}/{index}: no link to {name}",
                    folder.display()
                );
            }
        }
    }
}

#[test]
fn every_command_of_the_repository_that_a_page_names_exists() {
    let mut help = std::process::Command::new(tools::built("xtask"));
    let help = tools::finish(help.arg("--help")).stdout;
    let known: BTreeSet<_> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(known.contains("up"), "{help}");
    let mut count = 0;
    for (path, text) in pages() {
        let words: Vec<_> = text.split_whitespace().collect();
        for three in words.windows(3) {
            if !three[0].ends_with("cargo") || three[1] != "xtask" {
                continue;
            }
            let end = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
            let name = three[2].split(end).next().unwrap_or_default();
            if !name.is_empty() {
                assert!(
                    known.contains(name),
                    "{}: cargo xtask {name}",
                    path.display()
                );
                count += 1;
            }
        }
    }
    assert!(count > 15, "only {count} found");
}

#[test]
fn a_heading_becomes_the_anchor_that_the_web_makes_of_it() {
    assert_eq!(slug("What a start finds"), "what-a-start-finds");
    assert_eq!(slug("`X_Y`: it's 3.5, no?"), "x_y-its-35-no");
}
