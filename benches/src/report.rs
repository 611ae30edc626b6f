//! Showing figures: on the terminal, and in the section of docs/benchmarks.md that
//! belongs to the measurement.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

const PAGE: &str = "docs/benchmarks.md";

/// What one measurement found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    text: String,
    missed: bool,
}

impl Report {
    /// Adds a paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) {
        self.block(text);
    }

    /// Adds a table. The first column is text, the others are figures.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        self.block(&grid(head, rows, |column| column > 0));
    }

    /// Adds a table whose columns all are text.
    pub(crate) fn texts(&mut self, head: &[&str], rows: &[Vec<String>]) {
        self.block(&grid(head, rows, |_| false));
    }

    /// Adds bars: what is asked, what was found, whether that meets it.
    pub(crate) fn bars(&mut self, bars: &[(&str, String, bool)]) {
        self.missed |= bars.iter().any(|(_, _, met)| !met);
        let rows: Vec<Vec<String>> = bars
            .iter()
            .map(|(asked, found, met)| {
                let verdict = if *met { "met" } else { "MISSED" };
                vec![(*asked).to_owned(), found.clone(), verdict.to_owned()]
            })
            .collect();
        self.texts(&["Bar", "Found", ""], &rows);
    }

    /// The end of a smoke run: nothing is judged and nothing written.
    pub(crate) fn finish_quick() -> ExitCode {
        say("Quick run: everything was counted and compared; bars mean nothing here.");
        ExitCode::SUCCESS
    }

    /// Whether every bar was met.
    pub(crate) fn is_met(&self) -> bool {
        !self.missed
    }

    /// Writes the section and ends with 1 when a bar was missed.
    pub(crate) fn finish(self, section: &str) -> ExitCode {
        self.write(section);
        Self::verdict(self.is_met())
    }

    /// Writes the section.
    pub(crate) fn write(&self, section: &str) {
        let page = Path::new(PAGE);
        let old = fs::read_to_string(page).unwrap_or_else(|error| {
            panic!("could not read {PAGE} at the repository's root: {error}")
        });
        let new = with_section(&old, section, &self.text);
        fs::write(page, new).unwrap_or_else(|error| panic!("could not write {PAGE}: {error}"));
        say(&format!("Written to {PAGE}."));
    }

    /// The exit code for bars that were all met, or not.
    pub(crate) fn verdict(met: bool) -> ExitCode {
        if met {
            return ExitCode::SUCCESS;
        }
        say("A bar was missed.");
        ExitCode::FAILURE
    }

    fn block(&mut self, text: &str) {
        say(&format!("{text}\n"));
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }
}

/// A table as Markdown has it and a terminal shows it; figures stand on the right.
fn grid(head: &[&str], rows: &[Vec<String>], is_figure: impl Fn(usize) -> bool) -> String {
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([head[column].len(), 2]).max().unwrap_or(2)
        })
        .collect();
    let line = |cells: &[&str]| {
        let mut line = String::from("|");
        for (column, (cell, &width)) in cells.iter().zip(&widths).enumerate() {
            let _ = if is_figure(column) {
                write!(line, " {cell:>width$} |")
            } else {
                write!(line, " {cell:<width$} |")
            };
        }
        line
    };
    let rule = widths.iter().enumerate().map(|(column, &width)| {
        let mark = if is_figure(column) { ":" } else { "-" };
        format!(" {}{mark} |", "-".repeat(width - 1))
    });
    let mut lines = vec![line(head), format!("|{}", rule.collect::<String>())];
    for row in rows {
        lines.push(line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    lines.join("\n")
}

/// Writes a line to standard output, at once: a measurement takes minutes.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Puts the text between the section's two markers.
fn with_section(page: &str, section: &str, text: &str) -> String {
    let [begin, end] = ["begin", "end"].map(|word| format!("<!-- {word} {section} -->"));
    let parts = page
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.unwrap_or_else(|| panic!("{PAGE} has no section {section}"));
    format!("{before}{begin}\n\n{text}\n{end}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_rest_stays() {
        let page = "# Page\n<!-- begin a -->\nold\n<!-- end a -->\nmore\n<!-- begin b -->\n<!-- end b -->\n";
        let new = with_section(page, "a", "new\n");
        assert_eq!(
            new,
            "# Page\n<!-- begin a -->\n\nnew\n\n<!-- end a -->\nmore\n<!-- begin b -->\n<!-- end b -->\n"
        );
        assert_eq!(with_section(&new, "a", "new\n"), new);
    }

    #[test]
    fn one_missed_bar_is_remembered() {
        let mut report = Report::default();
        report.bars(&[
            ("fast", "9".to_owned(), true),
            ("small", "7".to_owned(), false),
        ]);
        report.bars(&[("right", "all".to_owned(), true)]);
        assert!(report.missed);
        assert!(
            report.text.contains("| small | 7     | MISSED |"),
            "{}",
            report.text
        );
    }
}
