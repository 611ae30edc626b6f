//! What a check found.

use std::fmt;

/// How good a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Good,
    /// To be known before going on.
    Note,
    /// In the way.
    Bad,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How good it is.
    pub grade: Grade,
    /// What was looked at.
    pub subject: &'static str,
    /// What was found, and what to do about it. No secret, no e-mail address.
    pub text: String,
}

/// All findings, in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Something is as it should be.
    pub fn good(&mut self, subject: &'static str, text: impl Into<String>) {
        self.add(Grade::Good, subject, text.into());
    }

    /// Something is to be known before going on.
    pub fn note(&mut self, subject: &'static str, text: impl Into<String>) {
        self.add(Grade::Note, subject, text.into());
    }

    /// Something is in the way.
    pub fn bad(&mut self, subject: &'static str, text: impl Into<String>) {
        self.add(Grade::Bad, subject, text.into());
    }

    /// Whether there is a finding of this grade.
    #[must_use]
    pub fn has(&self, grade: Grade) -> bool {
        self.0.iter().any(|finding| finding.grade == grade)
    }

    fn add(&mut self, grade: Grade, subject: &'static str, text: String) {
        self.0.push(Finding {
            grade,
            subject,
            text,
        });
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            let grade = match finding.grade {
                Grade::Good => "ok  ",
                Grade::Note => "note",
                Grade::Bad => "BAD ",
            };
            writeln!(f, "{grade}  {:<22}  {}", finding.subject, finding.text)?;
        }
        Ok(())
    }
}
