//! What a run found, for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::disturb::Tally;
use super::ledger::{Ledger, Told};
use super::options::{Generation, Options};

/// How many examples of a violation are named.
const EXAMPLES: usize = 5;

/// What a run found.
#[derive(Debug)]
pub struct Report {
    options: Options,
    tally: Tally,
    took: Duration,
    told: BTreeMap<String, usize>,
    calls: BTreeMap<String, u64>,
    there: usize,
    requests: u64,
    doubled: usize,
    lost: usize,
    violations: Vec<String>,
}

impl Report {
    pub(super) fn new(options: &Options, tally: Tally, took: Duration) -> Self {
        Self {
            options: options.clone(),
            tally,
            took,
            told: BTreeMap::new(),
            calls: BTreeMap::new(),
            there: 0,
            requests: 0,
            doubled: 0,
            lost: 0,
            violations: Vec::new(),
        }
    }

    /// Everything that broke the law; empty when nothing did.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// How many callers were told that their message was sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.told.get("sent").copied().unwrap_or(0)
    }

    /// How often a service died.
    #[must_use]
    pub fn deaths(&self) -> u32 {
        self.tally.kills + self.tally.deaths
    }

    /// How many calls ended so: `ok`, a reason, or a code where there was none.
    #[must_use]
    pub fn calls(&self, outcome: &str) -> u64 {
        self.calls.get(outcome).copied().unwrap_or(0)
    }

    pub(super) fn generation(&self) -> Generation {
        self.options.generation
    }

    pub(super) fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    pub(super) fn doubled(&mut self, count: usize, what: &str) {
        self.doubled += count;
        self.violation(format!("doubled: {what}"));
    }

    pub(super) fn lost(&mut self, what: &str) {
        self.lost += 1;
        self.violation(format!("lost: {what}"));
    }

    pub(super) fn counted(&mut self, ledger: &Ledger, there: usize, requests: u64) {
        for told in ledger.entries.iter().flat_map(|entry| &entry.told) {
            let name = match told {
                Told::Sent(_) => "sent".to_owned(),
                Told::Unknown => "unknown".to_owned(),
                Told::Refused(reason) => format!("refused: {reason}"),
                Told::Nothing => "nothing, and did not wait".to_owned(),
            };
            *self.told.entry(name).or_default() += 1;
        }
        self.calls.clone_from(&ledger.calls);
        self.there = there;
        self.requests = requests;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options {
            seed,
            messages,
            store,
            generation,
            ..
        } = &self.options;
        writeln!(
            f,
            "{messages} messages, {store:?}, {} network, seed {seed}, {:.0} s",
            generation.name(),
            self.took.as_secs_f64()
        )?;
        let Tally {
            kills,
            deaths,
            faults,
        } = &self.tally;
        writeln!(
            f,
            "  services killed {kills}, died at a step {deaths}; faults {faults}"
        )?;
        writeln!(f, "  callers were told {:?}", self.told)?;
        writeln!(f, "  calls ended {:?}", self.calls)?;
        writeln!(
            f,
            "  in the community {}, requests that send {}",
            self.there, self.requests
        )?;
        writeln!(f, "  doubled {}, lost {}", self.doubled, self.lost)?;
        write!(f, "  violations {}", self.violations.len())?;
        for violation in self.violations.iter().take(EXAMPLES) {
            write!(f, "\n    {violation}")?;
        }
        Ok(())
    }
}
