//! Tables for people, JSON lines for programs. A program's lines keep their names; tables
//! may change at any time.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value;

/// For whom it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: one JSON value a line.
    Json,
}

/// Where a command writes.
pub struct Output {
    out: Box<dyn Write>,
    format: Format,
}

impl Output {
    /// Output to `out`.
    #[must_use]
    pub fn new(out: Box<dyn Write>, format: Format) -> Self {
        Self { out, format }
    }

    /// Whether it is for programs.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Writes a JSON value on a line of its own.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn json(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{value}")?;
        self.out.flush()
    }

    /// Writes lines for people, without what a terminal would take for a command.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", safe_lines(text))?;
        self.out.flush()
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Writes a table, or says that it is empty.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn table(&mut self, heads: &[&str], rows: &[Vec<String>], empty: &str) -> io::Result<()> {
        if rows.is_empty() {
            return self.text(empty);
        }
        self.text(table(heads, rows).trim_end())
    }

    /// Writes names and values, one pair a line; values that are empty are left out.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn pairs(&mut self, pairs: &[(&str, String)]) -> io::Result<()> {
        let shown = pairs.iter().filter(|(_, value)| !value.is_empty());
        let width = shown.clone().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in shown {
            self.text(&format!("{name:<width$}  {}", safe(value)))?;
        }
        Ok(())
    }
}

/// Columns as wide as their widest cell.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| safe(cell)).collect())
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.max(heads.get(column).map_or(0, |head| head.len()))
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, width) in cells.zip(&widths) {
            let _infallible = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(&mut heads.iter().copied());
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

/// The text on one line, without what a terminal would take for a command: a stranger may
/// have written it.
#[must_use]
pub fn safe(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if is_hidden(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

/// The same with its line breaks.
#[must_use]
pub fn safe_lines(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' => '\n',
            letter if is_hidden(letter) => '\u{fffd}',
            letter => letter,
        })
        .collect()
}

/// Control characters, and those that turn the direction of writing.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["a".to_owned(), "long cell".to_owned()],
            vec!["ünï".to_owned(), "b".to_owned()],
        ];
        assert_eq!(
            table(&["ID", "WHAT"], &rows),
            "ID   WHAT\na    long cell\nünï  b\n"
        );
    }

    #[test]
    fn no_text_gives_a_terminal_orders() {
        assert_eq!(
            safe("a\u{1b}[2Jb\nc\u{202e}d"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d"
        );
        assert_eq!(safe_lines("a\n\u{7}b"), "a\n\u{fffd}b");
    }
}
