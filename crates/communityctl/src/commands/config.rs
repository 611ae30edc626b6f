//! `config check`: each program checks its own settings, in this environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Context, Outcome};
use crate::cli::ConfigCheck;
use crate::error::{Error, code};

const PROGRAMS: [&str; 2] = ["community-svc", "webhook-edge"];

pub(super) fn check(context: &mut Context<'_>, args: &ConfigCheck) -> Result<Outcome, Error> {
    let mut worst = 0;
    for name in PROGRAMS {
        let program = find(name, args.programs.as_deref());
        let output = Command::new(&program)
            .args(["config", "check"])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| {
                Error::NotFound(format!(
                    "failed to run {}: {error}; --programs names the folder of {} and {}",
                    program.display(),
                    PROGRAMS[0],
                    PROGRAMS[1]
                ))
            })?;
        let exit = output
            .status
            .code()
            .and_then(|exit| u8::try_from(exit).ok());
        let exit = exit.unwrap_or(code::FAILED);
        worst = worst.max(exit);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        if context.output.is_json() {
            context.output.json(&line(name, exit, &text))?;
        } else {
            let verdict = match exit {
                0 => "ok",
                code::SETTINGS => "the settings do not add up",
                _ => "something does not work",
            };
            context.output.text(&format!("{name}: {verdict}"))?;
            for line in text.lines() {
                context.output.text(&format!("  {line}"))?;
            }
        }
    }
    Ok(if worst == 0 {
        Outcome::Good
    } else {
        Outcome::Code(worst)
    })
}

/// Settings and where they came from apart from what is said about them.
fn line(name: &str, exit: u8, text: &str) -> Value {
    let mut settings = serde_json::Map::new();
    let mut messages = Vec::new();
    for line in text.lines() {
        match setting(line) {
            Some((key, value, origin)) => {
                settings.insert(key.to_owned(), json!({ "value": value, "origin": origin }));
            }
            None => messages.push(line),
        }
    }
    json!({
        "program": name,
        "ok": exit == 0,
        "exitCode": exit,
        "settings": settings,
        "messages": messages,
    })
}

/// `KEY=value (origin)`, as both programs print it.
fn setting(line: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = line.split_once('=')?;
    let (value, origin) = rest.rsplit_once(" (")?;
    let is_key = key
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let origin = origin.strip_suffix(')')?;
    (is_key && !key.is_empty()).then_some((key, value, origin))
}

/// Beside this program, else wherever PATH leads.
fn find(name: &str, folder: Option<&Path>) -> PathBuf {
    if let Some(folder) = folder {
        return folder.join(name);
    }
    let own = std::env::current_exe().ok();
    let beside = own.and_then(|own| Some(own.parent()?.join(name)));
    match beside {
        Some(path) if path.is_file() => path,
        _ => PathBuf::from(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_from_what_is_said_about_them() {
        let text = "LOG_LEVEL=info (default)\nBETTERMODE_API_TOKEN= (not set)\nwarning: A=b is odd\ncommunity-svc: ok (version 1)\n";
        let line = line("webhook-edge", 1, text);
        assert_eq!(line["settings"]["LOG_LEVEL"]["value"], "info");
        assert_eq!(
            line["settings"]["BETTERMODE_API_TOKEN"]["origin"],
            "not set"
        );
        assert_eq!(line["messages"].as_array().unwrap().len(), 2);
    }
}
