//! What a person sees: headings, steps, failures and prefixed log lines.
//!
//! Colours only on a terminal, and not when `NO_COLOR` is set.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::OnceLock;

use crate::workspace;

/// A colour by its number in the terminal's table of eight.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
    Magenta = 35,
    Cyan = 36,
}

/// Writes one line to standard output. A closed pipe is no reason to stop.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Writes a heading with an empty line above it.
pub(crate) fn heading(text: impl Display) {
    line(format_args!(
        "\n{}",
        paint(Colour::Cyan, format_args!("== {text}"))
    ));
}

/// Writes what is being done or was done.
pub(crate) fn step(verb: &str, text: impl Display) {
    line(format_args!(
        "{} {text}",
        paint(Colour::Green, format_args!("{verb:>12}"))
    ));
}

/// Writes why the command failed, to standard error.
pub(crate) fn failure(error: &dyn Display) {
    let _ = writeln!(
        io::stderr().lock(),
        "{} {error}",
        paint(Colour::Red, "error:")
    );
}

/// Writes one line of a service's log behind the service's name.
pub(crate) fn log(name: &str, colour: Colour, text: &str) {
    line(format_args!(
        "{} {text}",
        paint(colour, format_args!("{name:>15} |"))
    ));
}

/// Whether a person sees colours, here and in what is passed on from services.
pub(crate) fn coloured() -> bool {
    static COLOURED: OnceLock<bool> = OnceLock::new();
    *COLOURED.get_or_init(|| io::stdout().is_terminal() && workspace::setting("NO_COLOR").is_none())
}

fn paint(colour: Colour, text: impl Display) -> String {
    if coloured() {
        format!("\x1b[1;{}m{text}\x1b[0m", colour as u8)
    } else {
        text.to_string()
    }
}
