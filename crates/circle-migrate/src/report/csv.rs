//! The report as a table, one line for each record.

use super::Report;

/// The whole table, with a header.
pub(super) fn render(report: &Report) -> String {
    let mut text = String::from(
        "subject,circle_id,who,outcome,reason,bettermode_kind,bettermode_id,attempts\r\n",
    );
    for section in &report.sections {
        for line in &section.lines {
            let cells = [
                section.subject.name().to_owned(),
                line.id.to_string(),
                line.who.clone().unwrap_or_default(),
                line.outcome.clone(),
                line.reason.clone().unwrap_or_default(),
                line.target_kind.clone().unwrap_or_default(),
                line.target_id.clone().unwrap_or_default(),
                line.attempts.to_string(),
            ];
            let cells = cells.map(|cell| quoted(&cell));
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
    }
    text
}

/// A cell that no spreadsheet takes for a formula.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if is_formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_no_formula_is_left() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
