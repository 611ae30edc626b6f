//! Every setting there is, from where it is documented and from the programs themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use integration_tests::{Program, tools};
use tempfile::TempDir;

use crate::repository;

/// The programs that print their settings.
pub(crate) const PRINTING: [&str; 3] = ["community-svc", "webhook-edge", "notion-sync"];

/// The least that lets a program's settings add up.
pub(crate) const MINIMAL: [(&str, &str); 5] = [
    ("TESTING_MODE", "true"),
    ("BETTERMODE_WEBHOOK_SECRET", "a-signing-secret"),
    ("BETTERMODE_NETWORK_ID", "net"),
    ("NOTION_API_TOKEN", "a-token"),
    (
        "NOTION_COMMUNITY_HUB_DB",
        "0f0e0d0c0b0a49088706050403020100",
    ),
];

/// A part of the example file.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    /// Explanations, each with the settings below it: name, and the value that is shown.
    pub(crate) entries: Vec<(String, Vec<Documented>)>,
}

/// A setting as the example file has it.
#[derive(Debug)]
pub(crate) struct Documented {
    pub(crate) key: String,
    pub(crate) value: String,
    /// It stands there as to be filled in.
    pub(crate) required: bool,
}

/// The example file, section by section.
pub(crate) fn documented() -> Vec<Section> {
    let path = repository::root().join(".env.bettermode.example");
    let text = fs::read_to_string(path).expect("the example file is there");
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("# --- ") {
            sections.push(Section {
                title: title.trim_end_matches(['-', ' ']).to_owned(),
                entries: Vec::new(),
            });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            continue;
        };
        let open = section
            .entries
            .last_mut()
            .filter(|(_, settings)| settings.is_empty());
        if let Some(comment) = line.strip_prefix("# ") {
            match open {
                Some((text, _)) => {
                    text.push('\n');
                    text.push_str(comment);
                }
                None => section.entries.push((comment.to_owned(), Vec::new())),
            }
        } else if let Some((key, value)) = setting(line.strip_prefix('#').unwrap_or(line)) {
            let (_, settings) = section.entries.last_mut().expect("it is explained");
            settings.push(Documented {
                key: key.to_owned(),
                value: value.to_owned(),
                required: !line.starts_with('#'),
            });
        }
    }
    sections
}

/// The names of all of them.
pub(crate) fn documented_names() -> BTreeSet<String> {
    let sections = documented();
    let settings = sections
        .iter()
        .flat_map(|section| &section.entries)
        .flat_map(|(_, settings)| settings);
    settings.map(|setting| setting.key.clone()).collect()
}

/// What a program prints of its settings: name, and the default where it is one.
pub(crate) async fn printed(program: &str) -> BTreeMap<String, Option<String>> {
    let (_, text) = run(program, &["config", "check"], &MINIMAL).await;
    let lines = text.lines().filter_map(setting);
    let lines = lines.map(|(key, rest)| {
        let default = rest.strip_suffix(" (default)").map(str::to_owned);
        (key.to_owned(), default)
    });
    lines.collect()
}

/// Which of a program's settings it reads from a file that `X_FILE` names: it complains of
/// a file that is not there.
pub(crate) async fn from_files(program: &str) -> BTreeSet<String> {
    let keys: Vec<_> = printed(program)
        .await
        .into_keys()
        .map(|key| format!("{key}_FILE"))
        .collect();
    let nowhere: Vec<_> = keys.iter().map(|key| (key.as_str(), "/nowhere")).collect();
    let (_, text) = run(program, &["config", "check"], &nowhere).await;
    let complaints = text
        .lines()
        .filter_map(|line| line.split_once("_FILE=/nowhere: "));
    complaints.map(|(key, _)| key.to_owned()).collect()
}

/// `KEY=value`, where the line is that.
pub(crate) fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    let is_key = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    (key.len() > 3 && key.chars().all(is_key)).then_some((key, value))
}

/// Runs a program that ends by itself, with these settings and nothing else.
pub(crate) async fn run(
    name: &str,
    arguments: &[&str],
    settings: &[(&str, &str)],
) -> (Option<i32>, String) {
    let folder = TempDir::new().expect("a folder can be made");
    let mut program = Program::new(name, &tools::built(name), folder.path(), &[]);
    for argument in arguments {
        program = program.arg(*argument);
    }
    for (key, value) in settings {
        program.set(key, value);
    }
    let status = program.run_to_end().await;
    (status.code(), program.log())
}
