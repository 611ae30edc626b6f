//! The figures of all rounds together: tables and bars.

use std::collections::BTreeMap;

use super::round::Measured;
use super::{MAIN, Options, Setting, UNPINNED};
use crate::figures::Spread;
use crate::machine;
use crate::report::Report;
use crate::system::System;

/// Of the bare handler's requests for each second of processor time.
const LEAST_OF_VERIFYING: f64 = 0.4;
/// Milliseconds that the 99th percentile may lie above the bare handler's.
const MOST_ABOVE_P99: f64 = 5.0;
/// Times the webhooks that inserting one by one stores in a second.
const LEAST_TIMES_INSERTING: f64 = 8.0;

type Figure = fn(&Measured) -> f64;

/// Every round so far.
#[derive(Debug, Default)]
pub(super) struct Results {
    rounds: BTreeMap<(System, usize, bool), Vec<Measured>>,
    sync: Spread,
}

impl Results {
    pub(super) fn add(&mut self, system: System, setting: Setting, measured: &Measured) {
        let key = (system, setting.connections, setting.pinned);
        self.rounds.entry(key).or_default().push(*measured);
    }

    /// How long the disk took to keep 4 KiB, in milliseconds.
    pub(super) fn add_sync_latency(&mut self, median: f64) {
        self.sync.add(median);
    }

    /// The one table of a smoke run.
    pub(super) fn show_quick(&self, report: &mut Report, pinned: bool) {
        self.table(report, Setting { pinned, ..MAIN });
    }

    /// Everything, ratios and bars first.
    pub(super) fn show(&self, report: &mut Report, options: &Options) {
        self.ratios(report);
        self.bars(report);
        report.paragraph(&format!(
            "Bodies of {} bytes, signed, every event id new; {} rounds of {} s in turns, median \
             (least-most). Machine: {}; others may use it too, so compare lines and not machines. \
             Keeping 4 KiB on its disk (append, fdatasync) took {} ms in the median before each \
             round. Log level warn. The server has core 0 for itself, the client, the service and \
             what else runs share the rest; mongod may use any core.",
            options.body_bytes,
            options.rounds,
            options.seconds,
            machine::described(),
            self.sync.show(2)
        ));
        self.table(report, MAIN);
        report.paragraph("The same, with no core reserved for anybody:");
        self.table(report, UNPINNED);
        for connections in [1, 128] {
            report.paragraph(&format!(
                "The first again, with {connections} connection(s), one round:"
            ));
            self.table(
                report,
                Setting {
                    connections,
                    pinned: true,
                },
            );
        }
    }

    fn spread(&self, system: System, setting: Setting, figure: Figure) -> Spread {
        let mut spread = Spread::default();
        let key = (system, setting.connections, setting.pinned);
        for measured in self.rounds.get(&key).into_iter().flatten() {
            spread.add(figure(measured));
        }
        spread
    }

    fn median(&self, system: System, setting: Setting, figure: Figure) -> f64 {
        self.spread(system, setting, figure).median()
    }

    fn ratios(&self, report: &mut Report) {
        let columns: [(Figure, Setting, System); 4] = [
            (|m| m.stored_per_processor_second, MAIN, System::Verify),
            (|m| m.answers_per_processor_second, MAIN, System::Verify),
            (|m| m.rate, UNPINNED, System::Verify),
            (|m| m.end_to_end, UNPINNED, System::Insert),
        ];
        let head = [
            "",
            "per core, until stored / (a)",
            "per core, while answering / (a)",
            "answers/s / (a)",
            "end to end / (b)",
        ];
        let rows: Vec<Vec<String>> = System::ALL
            .iter()
            .map(|&system| {
                let ratio = |&(figure, setting, base): &(Figure, Setting, System)| {
                    let base = self.median(base, setting, figure);
                    format!("{:.2}", self.median(system, setting, figure) / base)
                };
                let ratios = columns.iter().map(ratio);
                [system.name().to_owned()]
                    .into_iter()
                    .chain(ratios)
                    .collect()
            })
            .collect();
        report.table(&head, &rows);
    }

    fn bars(&self, report: &mut Report) {
        let per_core: Figure = |m| m.stored_per_processor_second;
        let of_verifying = self.median(System::Queued, MAIN, per_core)
            / self.median(System::Verify, MAIN, per_core);
        let p99: Figure = |m| m.p99;
        let above = [MAIN, UNPINNED].map(|setting| {
            self.median(System::Queued, setting, p99) - self.median(System::Verify, setting, p99)
        });
        let end_to_end: Figure = |m| m.end_to_end;
        let times = self.median(System::Queued, UNPINNED, end_to_end)
            / self.median(System::Insert, UNPINNED, end_to_end);
        report.bars(&[
            (
                "(c) takes at least 0.4 of (a)'s webhooks per core, forwarding included",
                format!("{of_verifying:.2}"),
                of_verifying >= LEAST_OF_VERIFYING,
            ),
            (
                "p99 of (c) at most 5 ms above (a)'s, a core for the server",
                format!("{:+.2} ms", above[0]),
                above[0] <= MOST_ABOVE_P99,
            ),
            (
                "p99 of (c) at most 5 ms above (a)'s, no core reserved",
                format!("{:+.2} ms", above[1]),
                above[1] <= MOST_ABOVE_P99,
            ),
            (
                "(c) stores at least 8 times what (b) stores, end to end",
                format!("{times:.1} times"),
                times >= LEAST_TIMES_INSERTING,
            ),
        ]);
    }

    fn table(&self, report: &mut Report, setting: Setting) {
        let columns: [(&str, Figure, usize); 10] = [
            ("answers/s", |m| m.rate, 0),
            ("p50 ms", |m| m.p50, 2),
            ("p99 ms", |m| m.p99, 2),
            ("p99.9 ms", |m| m.p999, 2),
            (
                "answers per core second",
                |m| m.answers_per_processor_second,
                0,
            ),
            (
                "stored per core second",
                |m| m.stored_per_processor_second,
                0,
            ),
            ("end to end/s", |m| m.end_to_end, 0),
            ("server cores", |m| m.server_cores, 2),
            ("service cores", |m| m.service_cores, 2),
            ("client cores", |m| m.client_cores, 2),
        ];
        let title = format!("{} connections", setting.connections);
        let mut head = vec![title.as_str()];
        head.extend(columns.iter().map(|(name, _, _)| *name));
        let rows: Vec<Vec<String>> = System::ALL
            .iter()
            .map(|&system| {
                let figures = columns.iter().map(|&(_, figure, decimals)| {
                    self.spread(system, setting, figure).show(decimals)
                });
                [system.name().to_owned()]
                    .into_iter()
                    .chain(figures)
                    .collect()
            })
            .collect();
        report.table(&head, &rows);
    }
}
