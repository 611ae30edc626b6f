//! Many seeds, each in a process of its own: what one leaves behind is no part of the
//! next, and its chance begins with its seed.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use crate::run::{Outcome, Plant};

/// Which seeds, and how.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The program that runs one of them.
    pub program: PathBuf,
    /// The first seed.
    pub first: u64,
    /// How many.
    pub seeds: u64,
    /// How long each is, in minutes of simulated time.
    pub minutes: u64,
    /// How many run at once.
    pub at_once: usize,
    /// A mistake that is planted.
    pub plant: Option<Plant>,
    /// Whether the first one that fails ends it.
    pub until_one_fails: bool,
    /// Whether each tells everything that happens.
    pub is_loud: bool,
}

/// What came of them.
#[derive(Debug, Default)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Those that broke a law.
    pub failed: Vec<Outcome>,
    /// Those that could not be run, and why.
    pub not_run: Vec<String>,
    /// What was counted, added up.
    pub counts: BTreeMap<String, u64>,
    /// Simulated seconds, added up.
    pub simulated: u64,
    /// Real seconds.
    pub seconds: f64,
}

impl Summary {
    /// Whether all held.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed.is_empty() && self.not_run.is_empty()
    }
}

/// Runs them; tells `each` of every outcome.
pub fn run(campaign: &Campaign, mut each: impl FnMut(&Outcome)) -> Summary {
    let (begun, next, is_over) = (Instant::now(), AtomicU64::new(0), AtomicBool::new(false));
    let (told, outcomes) = channel();
    let mut summary = Summary::default();
    std::thread::scope(|scope| {
        for _ in 0..campaign.at_once.max(1) {
            let (told, next, is_over) = (told.clone(), &next, &is_over);
            scope.spawn(move || work(campaign, next, is_over, &told));
        }
        drop(told);
        for outcome in outcomes {
            summary.seeds += 1;
            match outcome {
                Ok(outcome) => {
                    each(&outcome);
                    summary.simulated += outcome.simulated;
                    for (what, count) in &outcome.counts {
                        *summary.counts.entry(what.clone()).or_default() += count;
                    }
                    if !outcome.broken.is_empty() {
                        is_over.fetch_or(campaign.until_one_fails, Ordering::Relaxed);
                        summary.failed.push(outcome);
                    }
                }
                Err(error) => summary.not_run.push(error),
            }
        }
    });
    summary.failed.sort_by_key(|outcome| outcome.seed);
    summary.seconds = begun.elapsed().as_secs_f64();
    summary
}

fn work(
    campaign: &Campaign,
    next: &AtomicU64,
    is_over: &AtomicBool,
    told: &Sender<Result<Outcome, String>>,
) {
    while !is_over.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= campaign.seeds {
            return;
        }
        if told.send(start(campaign, campaign.first + number)).is_err() {
            return;
        }
    }
}

/// Runs one in a process of its own.
fn start(campaign: &Campaign, seed: u64) -> Result<Outcome, String> {
    let failed = |error: &dyn std::fmt::Display| format!("seed {seed}: {error}");
    let mut command = Command::new(&campaign.program);
    command
        .args(["--one", "--seed", &seed.to_string()])
        .args(["--minutes", &campaign.minutes.to_string()])
        .env("SIMULATION_SEED", seed.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .stdout(Stdio::piped());
    if campaign.is_loud {
        command.arg("--loud");
    }
    if let Some(plant) = campaign.plant {
        command.args(["--plant", plant.name()]);
    }
    let output = command.output().map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&format_args!("ended with {}", output.status)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(&error))
}

/// Writes what came of a campaign, for people.
///
/// # Errors
/// When nobody reads.
pub fn report(to: &mut impl Write, campaign: &Campaign, summary: &Summary) -> std::io::Result<()> {
    for outcome in summary.failed.iter().take(5) {
        tell_failed(to, campaign, outcome)?;
    }
    for error in &summary.not_run {
        writeln!(to, "NOT RUN  {error}")?;
    }
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let (seeds, hours) = (summary.seeds as f64, summary.simulated as f64 / 3600.0);
    let seconds = summary.seconds.max(0.001);
    writeln!(
        to,
        "{} seeds in {seconds:.1} s ({:.2} a second), {hours:.0} simulated hours, {} failed",
        summary.seeds,
        seeds / seconds,
        summary.failed.len()
    )?;
    for (what, count) in &summary.counts {
        writeln!(to, "  {count:>10}  {what}")?;
    }
    Ok(())
}

fn tell_failed(to: &mut impl Write, campaign: &Campaign, outcome: &Outcome) -> std::io::Result<()> {
    writeln!(to, "FAILED  seed {}", outcome.seed)?;
    for (law, how) in outcome.broken.iter().take(5) {
        writeln!(to, "  law: {law}\n       {how}")?;
    }
    for line in &outcome.journal {
        writeln!(to, "    {line}")?;
    }
    let minutes = campaign.minutes;
    writeln!(
        to,
        "  again: cargo xtask simulate --seed {} --minutes {minutes}{}",
        outcome.seed,
        campaign
            .plant
            .map_or(String::new(), |plant| format!(" --plant {}", plant.name()))
    )
}
