//! docs/configuration.md is made from the example file and from what the programs print.
//! `UPDATE_DOCS=1 cargo xtask test the_page_of_settings` makes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use integration_tests::tools;

use crate::repository;
use crate::settings::{self, Documented, MINIMAL, PRINTING, Section};

const HEAD: &str = "\
# Configuration

<!-- Made by `UPDATE_DOCS=1 cargo xtask test the_page_of_settings` from .env.bettermode.example and
     from what the programs print: change the texts there. -->

Every setting is an environment variable, read once at the start. What does not add up ends the
start with exit code 78 and all mistakes at once; a misspelt name is warned of. `community-svc
config check` and `webhook-edge config check` print the settings as they are understood, where
each came from, secrets redacted, and try each dependency.

Where a name is followed by *or file*, a file can hold the value: `X_FILE` is its path. Only
`COMMUNITY_SVC_AUTH_FILE` and the files of certificates are read again when they change.

To copy and fill in: [.env.bettermode.example](../.env.bettermode.example), which has the same texts.
";

/// What the programs themselves tell.
struct Told {
    /// By program: each setting and its default, where it has one.
    printed: BTreeMap<&'static str, BTreeMap<String, Option<String>>>,
    from_files: BTreeSet<String>,
}

#[tokio::test]
async fn the_page_of_settings_is_what_programs_and_example_file_say() {
    let mut told = Told {
        printed: BTreeMap::new(),
        from_files: BTreeSet::new(),
    };
    for program in PRINTING {
        told.printed
            .insert(program, settings::printed(program).await);
        told.from_files.extend(settings::from_files(program).await);
    }
    assert!(told.from_files.len() >= 6, "{:?}", told.from_files);
    let page = page(&told);
    let path = repository::root().join("docs/configuration.md");
    if tools::number("UPDATE_DOCS", 0) == 1 {
        fs::write(&path, &page).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "docs/configuration.md is out of date: UPDATE_DOCS=1 cargo xtask test the_page_of_settings"
    );
}

fn page(told: &Told) -> String {
    let mut page = HEAD.to_owned();
    for section in settings::documented() {
        let _ = write!(
            page,
            "\n## {}\n\n| setting | default | read by | |\n|---|---|---|---|\n",
            section.title
        );
        for (text, settings) in &section.entries {
            let mut text = explanation(text);
            for setting in settings {
                let _ = writeln!(page, "{}", told.row(&section, setting, &text));
                "as above".clone_into(&mut text);
            }
        }
    }
    page
}

impl Told {
    fn row(&self, section: &Section, setting: &Documented, text: &str) -> String {
        let key = &setting.key;
        let file = if self.from_files.contains(key) {
            " or file"
        } else {
            ""
        };
        let programs = self.printed.iter();
        let readers: Vec<_> = programs
            .filter(|(_, printed)| printed.contains_key(key))
            .collect();
        let default = readers.iter().find_map(|(_, printed)| printed[key].clone());
        // Those that were set to have the programs print are not printed as defaults.
        let is_shown = readers.is_empty() || MINIMAL.iter().any(|(set, _)| set == key);
        let default = match (default, setting.required) {
            (Some(default), _) => format!("`{default}`"),
            (None, true) => "to be filled in".to_owned(),
            (None, false) if is_shown && !setting.value.is_empty() => {
                format!("`{}`", setting.value)
            }
            (None, false) => "none".to_owned(),
        };
        let names: Vec<_> = readers.iter().map(|(name, _)| **name).collect();
        // What prints no settings stands behind the title of its section.
        let of_section = section
            .title
            .split_once('(')
            .map(|(_, name)| name.trim_end_matches(')'));
        let by = match names.as_slice() {
            [] => of_section.unwrap_or("nobody yet").to_owned(),
            names => names.join(", "),
        };
        format!("| `{key}`{file} | {default} | {by} | {text} |")
    }
}

/// A comment as a cell of a table; its indented lines stay lines.
fn explanation(comment: &str) -> String {
    let mut text = String::new();
    let mut was_code = false;
    for line in comment.lines() {
        let is_code = line.starts_with("  ");
        if is_code {
            let (code, note) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
            let _ = write!(text, "<br>`{code}` {}", note.trim());
        } else if was_code {
            let _ = write!(text, "<br>{line}");
        } else {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(line);
        }
        was_code = is_code;
    }
    text.replace('|', "\\|")
}
