//! Tokens on the command line, taken out of the process list.
//!
//! Everybody on a machine can read the arguments of every process. So the program starts
//! itself again, in the same process, without them: each token is put into a file that exists
//! in memory only and that the setting's `_FILE` variable names by its descriptor. Neither
//! arguments nor environment hold a token then. The shell's history still does, and so does
//! whatever recorded the first start: a file or the environment is better.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::fs::MemfdFlags;

/// Options that hold a token, and their settings.
const TOKENS: [(&str, &str); 3] = [
    ("--circle-token", "CIRCLE_API_TOKEN"),
    ("--bettermode-token", "BETTERMODE_API_TOKEN"),
    ("--notion-token", "NOTION_API_TOKEN"),
];

/// The tokens could not be hidden.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not take the tokens out of the process list ({0}): give them by environment or file instead"
)]
pub struct NotHidden(io::Error);

/// Starts the program again without tokens in its arguments. Returns when there are none.
///
/// # Errors
/// [`NotHidden`] when that fails; nothing was done then.
pub fn start_again(arguments: impl IntoIterator<Item = OsString>) -> Result<(), NotHidden> {
    let mut arguments = arguments.into_iter();
    let name = arguments.next().unwrap_or_default();
    let (kept, tokens) = split(arguments);
    if tokens.is_empty() {
        return Ok(());
    }
    let program = std::env::current_exe().map_err(NotHidden)?;
    let mut again = Command::new(program);
    again.arg0(name).args(kept);
    let mut files = Vec::new();
    for (setting, token) in tokens {
        let file = keep(&token).map_err(NotHidden)?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        again
            .env_remove(setting)
            .env(format!("{setting}_FILE"), path);
        // Open until the program is another one, which then has it open.
        files.push(file);
    }
    Err(NotHidden(again.exec()))
}

/// Puts a token into memory that a program started from here can read.
fn keep(token: &OsStr) -> io::Result<File> {
    // Without CLOEXEC: it is to outlive the change of programs.
    let mut file = File::from(rustix::fs::memfd_create("token", MemfdFlags::empty())?);
    file.write_all(token.as_bytes())?;
    Ok(file)
}

/// The arguments without tokens, and the tokens. Of one that comes twice the last counts. An
/// option without its value is left for the command line's own complaint.
fn split(
    arguments: impl Iterator<Item = OsString>,
) -> (Vec<OsString>, Vec<(&'static str, OsString)>) {
    let mut kept = Vec::new();
    let mut tokens: Vec<(&'static str, OsString)> = Vec::new();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let found = TOKENS.iter().find_map(|(option, setting)| {
            let rest = argument.as_bytes().strip_prefix(option.as_bytes())?;
            match rest.split_first() {
                None => Some((*setting, None)),
                Some((b'=', value)) => Some((*setting, Some(OsStr::from_bytes(value).to_owned()))),
                Some(_) => None,
            }
        });
        let (setting, token) = match found {
            Some((setting, Some(token))) => (setting, token),
            Some((setting, None)) if arguments.peek().is_some() => {
                (setting, arguments.next().unwrap_or_default())
            }
            Some((_, None)) | None => {
                kept.push(argument);
                continue;
            }
        };
        tokens.retain(|(known, _)| *known != setting);
        tokens.push((setting, token));
    }
    (kept, tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_of(arguments: &[&str]) -> (Vec<OsString>, Vec<(&'static str, OsString)>) {
        split(arguments.iter().map(OsString::from))
    }

    #[test]
    fn tokens_are_taken_out_in_both_spellings_and_all_else_stays() {
        let line = [
            "extract",
            "--circle-token",
            "a",
            "--max-requests",
            "5",
            "--notion-token=b",
        ];
        let (kept, tokens) = split_of(&line);
        assert_eq!(kept, ["extract", "--max-requests", "5"]);
        let expected = [("CIRCLE_API_TOKEN", "a"), ("NOTION_API_TOKEN", "b")];
        let tokens: Vec<_> = tokens
            .iter()
            .map(|(k, v)| (*k, v.to_str().unwrap()))
            .collect();
        assert_eq!(tokens, expected);
    }

    #[test]
    fn an_option_without_a_value_and_a_longer_name_stay() {
        let line = ["--circle-token-file", "x", "--circle-token"];
        let (kept, tokens) = split_of(&line);
        assert_eq!(kept, line);
        assert!(tokens.is_empty());
    }

    #[test]
    fn without_tokens_nothing_is_started() {
        assert!(start_again(["circle-migrate", "plan"].map(OsString::from)).is_ok());
    }
}
