//! What goes wrong, when, and where; all of it by the seed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::chance::Chance;
use crate::clock::HostClock;
use crate::disk::Failure;
use crate::edge::EdgeHost;
use crate::host::{Ending, Keeper};
use crate::journal::Journal;
use crate::network::{Host, Network};
use crate::vendor::Vendor;
use crate::{EDGES, READER, SERVICE, VENDOR, WRONG_CLOCK};

/// Links that faults concern.
const LINKS: [(Host, Host); 6] = [
    (VENDOR, EDGES[0]),
    (VENDOR, EDGES[1]),
    (EDGES[0], SERVICE),
    (EDGES[1], SERVICE),
    (SERVICE, VENDOR),
    (READER, SERVICE),
];

/// Makes faults; clones make the same ones.
#[derive(Clone)]
pub struct Faults {
    /// Which ones.
    pub chance: Chance,
    /// Where they are told.
    pub journal: Journal,
    /// The network.
    pub network: Network,
    /// The vendor.
    pub vendor: Vendor,
    /// The edges.
    pub edges: [Arc<EdgeHost>; 2],
    /// Who keeps the edges and the service running.
    pub keepers: [Keeper; 3],
    /// The clocks of edges and service.
    pub clocks: [Arc<HostClock>; 3],
}

impl Faults {
    /// One fault after the other, until then. Several can be there at once.
    pub async fn happen(self, until: Instant) {
        while Instant::now() < until {
            tokio::time::sleep(self.chance.seconds(4, 45)).await;
            self.one().await;
        }
    }

    /// Everything is as it should be, and stays so; hosts that are down are started.
    pub async fn end(&self) {
        self.journal.note("faults end");
        for (one, other) in LINKS {
            self.network.heal(one, other);
        }
        for keeper in &self.keepers {
            keeper.spare();
        }
        for edge in &self.edges {
            edge.disk().mend();
        }
        for clock in &self.clocks {
            clock.step(0);
        }
        self.vendor.flaky(0);
        self.vendor
            .control("DELETE", "faults", &serde_json::Value::Null)
            .await;
    }

    async fn one(&self) {
        let edge = self.chance.place(EDGES.len());
        match self.chance.between(0, 16) {
            0..3 => self.crash(edge),
            3..5 => self.crash(2),
            5..7 => self.cut(),
            7 => self.slow(),
            8 => self.reset(),
            9 => self.fill(edge),
            10 => self.fail(edge),
            11 => self.step(),
            12..14 => self.trouble_upstream().await,
            _ => self.damage_mail().await,
        }
    }

    fn crash(&self, which: usize) {
        let keeper = &self.keepers[which];
        let is_power = self.chance.happens(500);
        let ending = if is_power {
            Ending::PowerLost
        } else {
            Ending::Killed
        };
        // Half of them in the middle of the next work on the disk.
        let steps = if self.chance.happens(500) {
            self.chance.between(1, 12)
        } else {
            0
        };
        let pause = self
            .chance
            .time(Duration::from_millis(300), Duration::from_secs(25));
        if keeper.end(ending, steps, pause) {
            let kind = match (which, ending) {
                (2, _) => "service killed",
                (_, Ending::Killed) => "edge killed",
                (_, Ending::PowerLost) => "edge without power",
            };
            let name = keeper.name();
            self.journal
                .fault(kind, format!("{name} in {steps} steps, for {pause:?}"));
        }
    }

    fn link(&self) -> (Host, Host) {
        let (from, to) = LINKS[self.chance.place(LINKS.len())];
        if self.chance.happens(500) {
            (from, to)
        } else {
            (to, from)
        }
    }

    fn cut(&self) {
        let (from, to) = self.link();
        let both = self.chance.happens(600);
        let time = self.chance.seconds(1, 60);
        self.network.cut(from, to);
        if both {
            self.network.cut(to, from);
        }
        let ways = if both { "both ways" } else { "one way" };
        self.journal
            .fault("link cut", format!("{from} to {to}, {ways}, for {time:?}"));
        self.later(time, move |faults| faults.network.heal(from, to));
    }

    fn slow(&self) {
        let (from, to) = self.link();
        let by = self
            .chance
            .time(Duration::from_millis(20), Duration::from_secs(2));
        let time = self.chance.seconds(5, 90);
        self.network.slow(from, to, by);
        self.journal.fault(
            "link slow",
            format!("{from} to {to} by {by:?} for {time:?}"),
        );
        self.later(time, move |faults| faults.network.heal(from, to));
    }

    fn reset(&self) {
        let (one, other) = self.link();
        self.network.reset(one, other);
        self.journal
            .fault("connections reset", format!("{one} and {other}"));
    }

    fn fill(&self, edge: usize) {
        let time = self.chance.seconds(5, 60);
        self.edges[edge].disk().fill(true);
        self.journal
            .fault("disk full", format!("{} for {time:?}", EDGES[edge]));
        self.later(time, move |faults| faults.edges[edge].disk().fill(false));
    }

    fn fail(&self, edge: usize) {
        let failure = if self.chance.happens(500) {
            Failure::Sync
        } else {
            Failure::Write
        };
        self.edges[edge].disk().fail(failure);
        self.journal.fault(
            "disk error",
            format!("{} at its next {failure:?}", EDGES[edge]),
        );
    }

    fn step(&self) {
        let which = self.chance.place(self.clocks.len());
        // The edges' clocks can be wrong by more than the window of signatures.
        let most = if which == 2 {
            WRONG_CLOCK.as_secs()
        } else {
            600
        };
        let by = i64::try_from(self.chance.between(0, 2 * most)).unwrap_or(0);
        let by = by - i64::try_from(most).unwrap_or(0);
        let time = self.chance.seconds(10, 120);
        self.clocks[which].step(by);
        self.journal.fault(
            "clock wrong",
            format!("clock {which} by {by} s for {time:?}"),
        );
        self.later(time, move |faults| faults.clocks[which].step(0));
    }

    async fn trouble_upstream(&self) {
        let count = self.chance.between(1, 20);
        let kinds = [
            "status_429",
            "status_5xx",
            "latency_ms",
            "late_answer_ms",
            "cut_body",
            "html_body",
            "status_5xx_after",
            "network",
        ];
        let kind = kinds[self.chance.place(kinds.len())];
        let value = match kind {
            "latency_ms" | "late_answer_ms" => Some(self.chance.between(100, 12_000)),
            "status_429" => Some(self.chance.between(1, 15)),
            _ => None,
        };
        self.journal
            .fault("upstream", format!("{kind} {value:?}, {count} times"));
        if kind == "network" {
            self.vendor.flaky(300);
            self.later(self.chance.seconds(5, 60), |faults| faults.vendor.flaky(0));
        } else {
            self.vendor.fault(kind, count, value).await;
        }
    }

    async fn damage_mail(&self) {
        let kinds = [
            "webhook_duplicate",
            "webhook_reorder",
            "webhook_corrupt_signature",
            "webhook_corrupt_body",
            "webhook_stale",
        ];
        let kind = kinds[self.chance.place(kinds.len())];
        let count = self.chance.between(1, 6);
        self.journal.fault("mail", format!("{kind}, {count} times"));
        self.vendor.fault(kind, count, None).await;
    }

    fn later(&self, time: Duration, what: impl FnOnce(&Self) + Send + 'static) {
        let faults = self.clone();
        let tasks = service_kit::tasks::Tasks::new();
        tasks.spawn("a fault ends", async move {
            tokio::time::sleep(time).await;
            what(&faults);
        });
    }
}
