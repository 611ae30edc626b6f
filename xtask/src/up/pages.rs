//! The commands that the documentation shows as run: each is run again, as it stands
//! there, and what it answers is held against what stands below it.
//!
//! Ids, times and numbers change from run to run. What has to be the same: whether the
//! command works, the keys of a JSON answer, code and reason of an error, and the first
//! word of each line of anything else.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Running;
use crate::error::Error;
use crate::tools::Tool;
use crate::{processes, terminal};

/// Pages whose `console` blocks are of the demo, in the order in which they are read.
const PAGES: &[&str] = &["README.md", "docs/concepts.md", "docs/runbook.md"];

/// The fake allows few requests in 10 s, and a webhook takes its time.
const PATIENCE: Duration = Duration::from_secs(15);

/// A command and what it printed when the page was written.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    command: String,
    printed: String,
}

/// Runs every command of the pages.
pub(super) fn check(running: &mut Running<'_>) -> Result<(), Error> {
    terminal::heading("checking every command that the documentation shows as run");
    let grpcurl = running.tools.typed(running.workspace, Tool::Grpcurl);
    let (mut total, mut failed) = (0, 0);
    for page in PAGES {
        let path = running.workspace.root.join(page);
        let text = fs::read_to_string(&path).map_err(Error::io(format!("read {page}")))?;
        for mut shown in commands(&text) {
            // Where it is depends on what the machine had.
            let command = shown.command.replace("target/tools/bin/grpcurl", &grpcurl);
            shown.command = running.demo.at_its_addresses(&command);
            total += 1;
            match until_alike(running, &shown)? {
                Ok(()) => terminal::step("ok", format_args!("{page}: {}", first_line(&shown))),
                Err(difference) => {
                    failed += 1;
                    terminal::step(
                        "FAILED",
                        format_args!("{page}: {}\n{difference}", shown.command),
                    );
                }
            }
            running.services.all_running()?;
        }
    }
    if failed == 0 {
        terminal::step("Done", format_args!("all {total} commands work as shown"));
        return Ok(());
    }
    Err(Error::ExamplesFailed { failed, total })
}

/// What is shown in a page's `console` blocks.
fn commands(page: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut inside = false;
    let mut goes_on = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            found.push(Shown {
                command: command.to_owned(),
                printed: String::new(),
            });
            goes_on = line.ends_with('\\');
        } else if let Some(shown) = found.last_mut() {
            let text = if goes_on {
                goes_on = line.ends_with('\\');
                &mut shown.command
            } else {
                &mut shown.printed
            };
            text.push('\n');
            text.push_str(line);
        }
    }
    found
}

fn until_alike(running: &Running<'_>, shown: &Shown) -> Result<Result<(), String>, Error> {
    let start = Instant::now();
    loop {
        if running.interrupt.take() {
            return Err(Error::Interrupted);
        }
        let output = Command::new("sh")
            .args(["-c", &shown.command])
            .current_dir(&running.workspace.root)
            .stdin(Stdio::null())
            .output()
            .map_err(Error::io("run a shell"))?;
        let answer = [output.stdout, output.stderr].concat();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        match alike(&shown.printed, &answer, output.status.success()) {
            Ok(()) => return Ok(Ok(())),
            Err(difference) if start.elapsed() > PATIENCE => {
                return Ok(Err(format!("{difference}; it answered\n{answer}")));
            }
            Err(_) => processes::pause(),
        }
    }
}

/// Whether an answer is of the kind that the page shows.
fn alike(printed: &str, answer: &str, succeeded: bool) -> Result<(), String> {
    let printed = printed.trim();
    if printed.starts_with("ERROR:") == succeeded {
        return Err(format!(
            "it {}",
            if succeeded { "worked" } else { "failed" }
        ));
    }
    if let Ok(printed) = serde_json::from_str::<Value>(printed) {
        let answer = serde_json::from_str(answer.trim()).map_err(|error| error.to_string())?;
        return keys_are_there(&printed, &answer, "");
    }
    let mut wanted = printed.lines().map(str::trim);
    let missing = wanted.find(|line| !answer.contains(beginning(line)));
    missing.map_or(Ok(()), |line| Err(format!("no line {line:?}")))
}

/// What does not change of a line: code and reason of an error, else its first word.
fn beginning(line: &str) -> &str {
    if line.starts_with("Code:") || line.starts_with("ERROR:") {
        return line;
    }
    line.split([' ', '{']).next().unwrap_or(line)
}

/// Every key that is shown is in the answer too. Of lists the first one is looked at.
fn keys_are_there(shown: &Value, answer: &Value, at: &str) -> Result<(), String> {
    match (shown, answer) {
        (Value::Object(shown), Value::Object(answer)) => {
            shown.iter().try_for_each(|(key, value)| {
                let at = format!("{at}/{key}");
                let found = answer.get(key).ok_or_else(|| format!("no {at}"))?;
                keys_are_there(value, found, &at)
            })
        }
        (Value::Array(shown), Value::Array(answer)) => match (shown.first(), answer.first()) {
            (Some(shown), Some(answer)) => keys_are_there(shown, answer, at),
            (Some(_), None) => Err(format!("nothing in {at}")),
            (None, _) => Ok(()),
        },
        _ => Ok(()),
    }
}

fn first_line(shown: &Shown) -> &str {
    shown.command.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_what_they_printed_are_taken_from_console_blocks_alone() {
        let page = "$ no\n```sh\n$ no\n```\n```console\n$ one \\\n    two\nprinted\n$ three\n```\n";
        let shown = |command: &str, printed: &str| Shown {
            command: command.to_owned(),
            printed: printed.to_owned(),
        };
        assert_eq!(
            commands(page),
            [shown("one \\\n    two", "\nprinted"), shown("three", "")]
        );
    }

    #[test]
    fn an_answer_of_another_kind_is_told_apart() {
        let shown = r#"{"a": {"b": 1}, "l": [{"c": 2}]}"#;
        let alike_it = r#"{"a": {"b": 7, "x": 0}, "l": [{"c": 0}, 3]}"#;
        alike(shown, alike_it, true).unwrap();
        for other in [
            r#"{"a": {}, "l": []}"#,
            r#"{"a": {"b": 7}, "l": []}"#,
            "words",
        ] {
            alike(shown, other, true).unwrap_err();
        }
        alike(
            "ERROR:\n  Code: NotFound",
            "ERROR:\n  Code: NotFound\n  more",
            false,
        )
        .unwrap();
        alike(
            "ERROR:\n  Code: NotFound",
            "ERROR:\n  Code: Internal",
            false,
        )
        .unwrap_err();
        alike("ERROR:\n  Code: NotFound", "{}", true).unwrap_err();
        alike("depth 3\nage{x=\"y\"} 1", "age{x=\"z\"} 2\ndepth 0.0", true).unwrap();
        alike("depth 3", "age 2", true).unwrap_err();
    }
}
