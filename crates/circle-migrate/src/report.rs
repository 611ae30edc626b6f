//! What became of everything, or would: counted, listed, and added up against the
//! snapshot.

mod build;
mod csv;
mod files;
mod html;

use jiff::Timestamp;
use serde::Serialize;

use crate::key::Subject;

pub use build::{of_ledger, of_plan};
pub use files::{Written, write};

/// A report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `plan` for what would happen, `result` for what did.
    pub kind: ReportKind,
    /// When it was made.
    pub made_at: Timestamp,
    /// Circle's community.
    pub community_id: u64,
    /// Its name.
    pub community_name: Option<String>,
    /// BetterMode's network.
    pub network_id: String,
    /// One for each kind of record.
    pub sections: Vec<Section>,
    /// What else has to be said.
    pub notes: Vec<String>,
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// What would happen.
    Plan,
    /// What happened.
    Result,
}

impl ReportKind {
    /// Its name in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Result => "result",
        }
    }
}

/// One kind of record.
#[derive(Debug, Clone, Serialize)]
pub struct Section {
    /// What is done.
    #[serde(serialize_with = "name_of")]
    pub subject: Subject,
    /// Rows of the snapshot; absent where there is one only for those who are members.
    pub snapshot_rows: Option<usize>,
    /// How many of each outcome and reason, the most first.
    pub tallies: Vec<Tally>,
    /// Whether the outcomes are as many as the rows.
    pub adds_up: bool,
    /// Rows of the snapshot without an outcome, and ids with an outcome and no row.
    pub unaccounted: Vec<u64>,
    /// Each of them.
    pub lines: Vec<Line>,
}

/// How many of one outcome and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The outcome.
    pub outcome: String,
    /// The reason.
    pub reason: Option<String>,
    /// How many.
    pub count: usize,
}

/// One record.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Circle's id.
    pub id: u64,
    /// Enough of the address for those who know it.
    pub who: Option<String>,
    /// What became of it, or would.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// What kind of thing it is in BetterMode.
    pub target_kind: Option<String>,
    /// BetterMode's id.
    pub target_id: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
}

impl Report {
    /// How many of an outcome in all sections.
    #[must_use]
    pub fn count(&self, subject: Subject, outcome: &str) -> usize {
        let sections = self
            .sections
            .iter()
            .filter(|section| section.subject == subject);
        let tallies = sections.flat_map(|section| &section.tallies);
        let counts = tallies.filter(|tally| tally.outcome == outcome);
        counts.map(|tally| tally.count).sum()
    }

    /// Whether every outcome is one that needs nobody.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.sections.iter().all(|section| {
            let mut tallies = section.tallies.iter();
            section.adds_up && tallies.all(|tally| !is_trouble(&tally.outcome))
        })
    }
}

/// Whether an outcome wants somebody to look.
#[must_use]
pub fn is_trouble(outcome: &str) -> bool {
    matches!(outcome, "failed" | "unknown")
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn name_of<S: serde::Serializer>(subject: &Subject, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(subject.name())
}

#[cfg(test)]
mod tests;
