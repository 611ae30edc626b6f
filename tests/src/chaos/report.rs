//! What a run found, for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::drivers::Tally;
use super::ledger::Ledger;
use super::options::{Fault, Options, Store};

/// How many examples of a violation are named.
const EXAMPLES: usize = 5;

/// What a run found.
#[derive(Debug)]
pub struct Report {
    options: Options,
    tally: Tally,
    disturbed_for: Duration,
    settled_in: Duration,
    sent: Sent,
    stored: usize,
    activities: usize,
    /// What must be none, and how many there are.
    counts: BTreeMap<&'static str, usize>,
    violations: Vec<String>,
}

#[derive(Debug, Default)]
struct Sent {
    signed: usize,
    acknowledged: usize,
    repeated: u64,
    forged: usize,
    requests: u64,
    answers: BTreeMap<u16, u64>,
}

impl Report {
    /// Everything that broke the law; empty when nothing did.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// SIGKILLs of programs that were serving.
    #[must_use]
    pub fn kills(&self) -> u32 {
        let at_failpoints: u32 = self.tally.failpoints.values().sum();
        self.tally.kills.values().sum::<u32>() + at_failpoints
    }

    /// Webhooks that were answered 200, each counted once.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        self.sent.acknowledged
    }

    pub(super) fn new(options: &Options) -> Self {
        Self {
            options: options.clone(),
            tally: Tally::default(),
            disturbed_for: Duration::ZERO,
            settled_in: Duration::ZERO,
            sent: Sent::default(),
            stored: 0,
            activities: 0,
            counts: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    pub(super) fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    pub(super) fn disturbed(&mut self, tally: Tally, duration: Duration) {
        self.violations.extend(tally.violations.iter().cloned());
        self.tally = tally;
        self.disturbed_for = duration;
    }

    pub(super) fn settled(&mut self, duration: Duration) {
        self.settled_in = duration;
    }

    pub(super) fn sent(&mut self, ledger: &Ledger) {
        self.sent = Sent {
            signed: ledger.signed.len(),
            acknowledged: ledger.acknowledged(),
            repeated: ledger.repeated,
            forged: ledger.forged.len(),
            requests: ledger.requests,
            answers: ledger.answers.iter().map(|(&k, &v)| (k, v)).collect(),
        };
    }

    pub(super) fn found(&mut self, stored: usize, activities: usize) {
        (self.stored, self.activities) = (stored, activities);
    }

    /// Something of which there must be none.
    pub(super) fn count(&mut self, what: &'static str, which: &[String]) {
        self.counts.insert(what, which.len());
        if !which.is_empty() {
            let examples = which[..which.len().min(EXAMPLES)].join(", ");
            self.violations
                .push(format!("{what}: {} ({examples})", which.len()));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (options, sent, tally) = (&self.options, &self.sent, &self.tally);
        let store = match options.store {
            Store::MongoDb => "mongodb",
            Store::Sqlite => "sqlite",
        };
        writeln!(f, "seed {}, store {store}", options.seed)?;
        let mut row = |name: &str, value: String| writeln!(f, "  {name:<28} {value}");
        row("disturbed for", seconds(self.disturbed_for))?;
        row("settled in", seconds(self.settled_in))?;
        row("webhooks signed", sent.signed.to_string())?;
        row("  acknowledged", sent.acknowledged.to_string())?;
        row("  acknowledged again", sent.repeated.to_string())?;
        row("webhooks forged", sent.forged.to_string())?;
        row("requests", sent.requests.to_string())?;
        for (status, count) in &sent.answers {
            let name = match status {
                0 => "  without an answer".to_owned(),
                status => format!("  answered {status}"),
            };
            row(&name, count.to_string())?;
        }
        row("stored", self.stored.to_string())?;
        row("activities", self.activities.to_string())?;
        row("kills", self.kills().to_string())?;
        for (target, count) in &tally.kills {
            row(
                &format!("  {}, any moment", target.name()),
                count.to_string(),
            )?;
        }
        for (name, count) in &tally.failpoints {
            row(&format!("  at {name}"), count.to_string())?;
        }
        row("before serving, not counted", tally.too_early.to_string())?;
        for (name, count) in &tally.not_passed {
            row(&format!("  {name} not passed"), count.to_string())?;
        }
        for (name, count) in &tally.others {
            row(name, count.to_string())?;
        }
        for (target, times) in &tally.recoveries {
            row(&format!("{} starts in", target.name()), spread(times))?;
        }
        for (what, count) in &self.counts {
            row(what, count.to_string())?;
        }
        for violation in &self.violations {
            writeln!(f, "  VIOLATION {violation}")?;
        }
        if !self.violations.is_empty() {
            writeln!(f, "  again with: cargo xtask chaos {}", self.arguments())?;
        }
        Ok(())
    }
}

impl Report {
    /// The arguments that make the same plan again.
    fn arguments(&self) -> String {
        let options = &self.options;
        let faults: Vec<_> = options.faults.iter().map(|fault| fault.name()).collect();
        let store = match options.store {
            Store::MongoDb => "mongodb",
            Store::Sqlite => "sqlite",
        };
        let faults = if faults.len() == Fault::ALL.len() {
            String::new()
        } else {
            format!(" --faults {}", faults.join(","))
        };
        format!(
            "--seed {} --store {store} --kills {} --events {} --rate {}{faults}",
            options.seed, options.kills, options.events, options.rate
        )
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// Median and longest.
fn spread(times: &[Duration]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = |index: usize| sorted.get(index).map_or(0, Duration::as_millis);
    let (median, longest) = (at(sorted.len() / 2), at(sorted.len().saturating_sub(1)));
    format!("{median} ms at the median, {longest} ms at most")
}
