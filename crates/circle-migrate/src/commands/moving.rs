//! What the commands that speak with BetterMode share.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::{Context, Ending};
use crate::Error;
use crate::ledger::{Ledger, Pair};
use crate::links::{self, CsvLinker, HubRows, Linker, ServiceLinker};
use crate::migration::{Migration, Source};
use crate::options::MoveArgs;
use crate::progress::Progress;
use crate::report::{self, Report};
use crate::run::Run;
use crate::target::Target;

/// Under what name a ledger keeps the options of its run.
pub(super) const OPTIONS: &str = "options";

pub(super) fn pair(
    context: &Context,
    source: &Source,
    command: &'static str,
) -> Result<Pair, Error> {
    Ok(Pair {
        community: source.community.get(),
        network: context.config.target.network(command)?.to_owned(),
    })
}

pub(super) fn target(
    context: &Context,
    command: &'static str,
    max_failures: u32,
) -> Result<Target, Error> {
    let target = &context.config.target;
    let abort = context.shutdown.aborting().clone();
    let target = Target::https(target, command, context.clock.clone(), abort)?;
    Ok(target.with_most_failures(max_failures))
}

/// Does a move with these options; the report tells how it ended, also when it stopped.
pub(super) async fn apply(
    context: &Context,
    command: &'static str,
    source: Source,
    ledger: Ledger,
    mut options: MoveArgs,
) -> Result<Ending, Error> {
    options.batch_size = Some(context.config.batch_size.get());
    let with_content = options.content;
    let migration = Migration::new(source, &options, context.config.max_members)?;
    let kept = serde_json::to_string(&options).unwrap_or_default();
    ledger.remember(OPTIONS, &kept)?;
    let target = target(context, command, options.max_failures)?;
    let linker = linker(context)?;
    let (clock, stop) = (context.clock.clone(), context.shutdown.draining().clone());
    let run = Run::new(
        target,
        ledger,
        options,
        clock,
        stop,
        Progress::new(),
        linker,
    );
    let mut rng = rand::make_rng::<StdRng>();
    let ended = migration.apply(&run, &mut rng).await;
    let rows = match &ended {
        Ok(()) => link_rows(context, &migration, &run.ledger).await?,
        // What stopped the move is dealt with first.
        Err(_) => None,
    };
    let now = context.clock.now();
    let mut report = report::of_ledger(&migration.source, &run.ledger, with_content, now)?;
    report
        .notes
        .extend(rows.iter().map(|rows| rows.note.clone()));
    show(&report, &context.config.work_dir)?;
    ended?;
    if rows.is_some_and(|rows| !rows.is_complete) {
        return Ok(Ending::Partial);
    }
    Ok(ending(&report))
}

/// The last step: the Community Hub's rows, where a Notion is set. A signal ends it between
/// rows.
async fn link_rows(
    context: &Context,
    migration: &Migration,
    ledger: &Ledger,
) -> Result<Option<HubRows>, Error> {
    let (config, columns) = (&context.config, &migration.mapping.notion);
    let people = &migration.source.people;
    let random = random();
    let linking = links::link_rows(
        &config.notion,
        columns,
        people,
        ledger,
        &config.work_dir,
        random,
    );
    tokio::select! {
        rows = linking => rows,
        // Each write is whole, and may be made again.
        () = context.shutdown.draining().cancelled() => Err(Error::Stopped),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
fn random() -> impl Fn() -> f64 + Send + Sync + 'static {
    || rand::rng().random()
}

/// The service where there is one, else a table on disk.
fn linker(context: &Context) -> Result<Box<dyn Linker>, Error> {
    if let Some(service) = ServiceLinker::new(&context.config.service)? {
        return Ok(Box::new(service));
    }
    Ok(Box::new(CsvLinker {
        path: context.config.work_dir.join("community_members.csv"),
    }))
}

pub(super) fn ending(report: &Report) -> Ending {
    if report.is_complete() {
        Ending::Complete
    } else {
        Ending::Partial
    }
}

/// Writes a report, and its counts for whoever watches.
pub(super) fn show(report: &Report, work_dir: &Path) -> Result<(), Error> {
    let written = report::write(report, &work_dir.join("report"))?;
    let mut text = String::new();
    let is_empty =
        |section: &&report::Section| section.snapshot_rows.is_none() && section.lines.is_empty();
    for section in report.sections.iter().filter(|section| !is_empty(section)) {
        let rows = section
            .snapshot_rows
            .map_or(String::new(), |rows| format!(" ({rows} rows)"));
        let _never = writeln!(text, "{}{rows}", section.subject);
        for tally in &section.tallies {
            let reason = tally.reason.as_deref().unwrap_or_default();
            let _never = writeln!(text, "  {:>8}  {:16} {reason}", tally.count, tally.outcome);
        }
        if !section.adds_up {
            let _never = writeln!(text, "  does not add up: {:?}", section.unaccounted);
        }
    }
    for note in &report.notes {
        let _never = writeln!(text, "note: {note}");
    }
    for path in [&written.html, &written.csv, &written.json] {
        let _never = writeln!(text, "wrote {}", path.display());
    }
    let _closed = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}
