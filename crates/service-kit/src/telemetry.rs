//! Logs: one line per fact, as text for people or JSON for programs.
//!
//! Lines go to standard error, so that a command's answer on standard output
//! stays clean. What is never logged: secrets, e-mail addresses, message bodies.

use std::fmt;
use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("use text or json"),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Which lines are written: a level (`debug`, `INFO`, Python's `WARNING` too), or
/// targets with levels, such as `info,webhook_edge=debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLevel(String);

impl Default for LogLevel {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = match text.to_ascii_lowercase().as_str() {
            "warning" => "warn".to_owned(),
            "critical" => "error".to_owned(),
            other => other.to_owned(),
        };
        EnvFilter::try_new(&text)
            .map(|_| Self(text))
            .map_err(|error| format!("use trace, debug, info, warn or error ({error})"))
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What does not follow the level that is set: stores that tell of their housekeeping at
/// `info` are quieter, and who changed what is told at every level. A level that is given
/// for one of them wins.
const APART: &str = "fjall=warn,lsm_tree=warn,audit=info";

/// Starts logging for the whole process. Later calls change nothing.
pub fn init(format: LogFormat, level: &LogLevel) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("{APART},{}", level.0)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second call, as tests in one process make it, keeps the first subscriber.
    let _already_set = match format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().finish().try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_any_case_and_with_pythons_names() {
        for (text, level) in [("DEBUG", "debug"), ("WARNING", "warn"), ("info", "info")] {
            assert_eq!(text.parse::<LogLevel>().unwrap().to_string(), level);
        }
    }

    #[test]
    fn a_level_that_does_not_exist_is_refused() {
        assert!("webhook_edge=loud".parse::<LogLevel>().is_err());
    }
}
