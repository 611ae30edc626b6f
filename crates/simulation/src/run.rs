//! The run of one seed: a world, an hour of it with faults, rest, judgement.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use community_svc::cache::LeaseCheck;
use serde::{Deserialize, Serialize};
use service_kit::tasks::Tasks;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::clock::HostClock;
use crate::edge::EdgeHost;
use crate::faults::Faults;
use crate::host::Keeper;
use crate::journal::Journal;
use crate::laws;
use crate::ledger::Ledger;
use crate::mail::Mail;
use crate::network::Network;
use crate::people::People;
use crate::records::Records;
use crate::service::ServiceHost;
use crate::vendor::Vendor;
use crate::{EDGES, TTL};

/// How long everything may take to come to rest.
const REST: Duration = Duration::from_secs(1_800);
/// How often somebody looks which events have taken effect.
const LOOK: Duration = Duration::from_millis(500);
/// No more lines of the journal are told.
const LINES: usize = 60;

/// Whether something in the process panicked. A panic in a task is no crash of a host: it
/// is a mistake.
pub static PANICKED: AtomicBool = AtomicBool::new(false);

/// A mistake that the simulation has to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum Plant {
    /// The edge's log does not sync what it has written.
    DroppedFsync,
    /// A fill of the cache does not show its lease.
    SkippedLease,
}

impl Plant {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DroppedFsync => "dropped-fsync",
            Self::SkippedLease => "skipped-lease",
        }
    }
}

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Everything follows from it.
    pub seed: u64,
    /// How long faults and load last, of simulated time.
    pub minutes: u64,
    /// A mistake to find.
    pub plant: Option<Plant>,
    /// Whether the journal goes to the log.
    pub is_loud: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The laws that were broken, and how.
    pub broken: Vec<(String, String)>,
    /// What leads to the first.
    pub journal: Vec<String>,
    /// Tells whether two runs were the same.
    pub digest: String,
    /// How much simulated time went by, in seconds.
    pub simulated: u64,
    /// What was counted.
    pub counts: BTreeMap<String, u64>,
}

/// Runs a seed; the service keeps its file in `directory`. To be called in a paused
/// runtime of one thread.
pub async fn run(options: Options, directory: &Path) -> Outcome {
    let world = World::new(options, directory);
    let people = world.begin().await;
    let until = world.begun + Duration::from_secs(60 * options.minutes);
    world.live(&people, until).await;
    world.come_to_rest(&people).await;
    world.outcome()
}

struct World {
    options: Options,
    begun: Instant,
    journal: Journal,
    ledger: Ledger,
    network: Network,
    tasks: Tasks,
    mail: Mail,
    vendor: Vendor,
    edges: [Arc<EdgeHost>; 2],
    faults: Faults,
    directory: std::path::PathBuf,
}

/// Makes the programs of the hosts.
struct Lives<'a> {
    options: Options,
    network: &'a Network,
    clocks: &'a [Arc<HostClock>; 3],
}

impl Lives<'_> {
    fn edge(&self, at: usize) -> Arc<EdgeHost> {
        let is_honest = self.options.plant != Some(Plant::DroppedFsync);
        let (network, clock) = (self.network.clone(), Arc::clone(&self.clocks[at]));
        let seed = self.options.seed;
        Arc::new(EdgeHost::new(EDGES[at], network, clock, seed, is_honest))
    }

    fn service(&self, vendor: &Vendor, directory: &Path) -> Arc<ServiceHost> {
        let lease_check = match self.options.plant {
            Some(Plant::SkippedLease) => LeaseCheck::Off,
            _ => LeaseCheck::On,
        };
        let (network, clock) = (self.network.clone(), Arc::clone(&self.clocks[2]));
        Arc::new(ServiceHost::new(
            network,
            clock,
            vendor.clone(),
            directory.to_owned(),
            (self.options.seed, lease_check),
        ))
    }
}

impl World {
    fn new(options: Options, directory: &Path) -> Self {
        let (seed, begun) = (options.seed, Instant::now());
        let journal = Journal::new(begun, options.is_loud);
        let ledger = Ledger::default();
        let network = Network::new(Chance::of(seed, "network"));
        let clock = || Arc::new(HostClock::new(begun));
        let (right, clocks) = (clock(), [clock(), clock(), clock()]);
        let mail = Mail {
            network: network.clone(),
            ledger: ledger.clone(),
            journal: journal.clone(),
            begun,
            clock: Arc::clone(&right),
            chance: Chance::of(seed, "mail"),
            tasks: Tasks::new(),
        };
        let books = (journal.clone(), ledger.clone());
        let vendor = Vendor::new(seed, right, network.clone(), books, mail.sender());
        let lives = Lives {
            options,
            network: &network,
            clocks: &clocks,
        };
        let edges = [lives.edge(0), lives.edge(1)];
        let service = lives.service(&vendor, directory);
        let keeper = |life| Keeper::new(life, network.clone(), journal.clone(), ledger.clone());
        let keepers = [
            keeper(edges[0].clone()),
            keeper(edges[1].clone()),
            keeper(service),
        ];
        let faults = Faults {
            chance: Chance::of(seed, "faults"),
            journal: journal.clone(),
            network: network.clone(),
            vendor: vendor.clone(),
            edges: edges.clone(),
            keepers,
            clocks,
        };
        Self {
            options,
            begun,
            journal,
            ledger,
            network,
            tasks: Tasks::new(),
            mail,
            vendor,
            edges,
            faults,
            directory: directory.to_owned(),
        }
    }

    /// Starts every host.
    async fn begin(&self) -> People {
        let fake = self.vendor.fake().clone();
        let stop = CancellationToken::new();
        self.tasks
            .spawn("vendor", async move { fake.run_webhooks(stop).await });
        for keeper in &self.faults.keepers {
            self.tasks.spawn("keeper", keeper.clone().keep());
        }
        let books = (self.ledger.clone(), self.journal.clone());
        People::of(self.vendor.clone(), self.network.clone(), books, self.begun).await
    }

    /// Load and faults, until then.
    async fn live(&self, people: &People, until: Instant) {
        let chance = |user: &str| Chance::of(self.options.seed, user);
        let watch = watch(
            self.ledger.clone(),
            self.journal.clone(),
            self.directory.clone(),
            self.begun,
        );
        self.tasks.spawn("watch", watch);
        let load = [
            self.tasks
                .spawn("writer", people.clone().write(chance("writer"), until)),
            self.tasks
                .spawn("reader 1", people.clone().read(chance("reader 1"), until)),
            self.tasks
                .spawn("reader 2", people.clone().read(chance("reader 2"), until)),
            self.tasks
                .spawn("stranger", self.mail.clone().strange(until)),
            self.tasks
                .spawn("faults", self.faults.clone().happen(until)),
        ];
        for task in load {
            let _ended = task.await;
        }
    }

    async fn come_to_rest(&self, people: &People) {
        self.faults.end().await;
        let end = Instant::now() + REST;
        // The vendor has given up what it could not deliver by then.
        tokio::time::sleep(Duration::from_secs(200)).await;
        while !self.rests() {
            if Instant::now() > end {
                let how = format!(
                    "{REST:?} after the last fault something still waits: {}",
                    self.waits()
                );
                self.ledger.broken("everything drains", how, &EDGES);
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.judge().await;
        // A copy whose webhook was given up lives by its age, and is renewed at a read.
        tokio::time::sleep(2 * TTL + TTL / 5).await;
        for old in people.read_all().await {
            self.ledger
                .broken("at the end every reader sees the vendor's value", old, &[]);
        }
        if PANICKED.load(Ordering::Relaxed) {
            self.ledger
                .broken("nothing panics", "see the text above", &[]);
        }
    }

    fn rests(&self) -> bool {
        let queues = self.edges.iter().map(|edge| edge.queue());
        let is_empty = |queue: Option<webhook_edge::queue::Queue>| {
            queue.is_some_and(|queue| queue.stats().depth == 0)
        };
        let are_up = self.faults.keepers.iter().all(Keeper::is_up);
        are_up && queues.into_iter().all(is_empty) && self.pending() == Some(0)
    }

    /// Events that have not taken effect.
    fn pending(&self) -> Option<usize> {
        let states = Records::open(&self.directory).ok()?.states_after(0).ok()?;
        Some(
            states
                .iter()
                .filter(|(_, _, state)| state == "pending")
                .count(),
        )
    }

    fn waits(&self) -> String {
        let stats = self
            .edges
            .iter()
            .map(|edge| edge.queue().map(|queue| queue.stats()));
        let up: Vec<bool> = self.faults.keepers.iter().map(Keeper::is_up).collect();
        format!(
            "up {up:?}, queues {:?}, pending {:?}",
            stats.collect::<Vec<_>>(),
            self.pending()
        )
    }

    async fn judge(&self) {
        let queues: Vec<_> = self.edges.iter().filter_map(|edge| edge.queue()).collect();
        if let Err(error) = self.judge_by(&queues).await {
            self.ledger.broken("what is stored can be read", error, &[]);
        }
    }

    async fn judge_by(&self, queues: &[webhook_edge::queue::Queue]) -> Result<(), String> {
        let records = Records::open(&self.directory).map_err(|error| error.to_string())?;
        let found = laws::find(&records, queues).await?;
        let activities = records.activities().map_err(|error| error.to_string())?;
        self.journal
            .count("events stored", found.stored.len() as u64);
        self.journal.count("dead letters", found.dead.len() as u64);
        self.journal
            .count("activities", u64::try_from(activities).unwrap_or(0));
        laws::judge(&self.ledger, &found, &records);
        Ok(())
    }

    fn outcome(&self) -> Outcome {
        let books = self.ledger.books();
        let about = books
            .broken
            .first()
            .map(|first| first.about.clone())
            .unwrap_or_default();
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        let until = books.broken.first().map(|first| first.at - self.begun);
        let lines = self.journal.about(&about, until.unwrap_or_default(), LINES);
        let broken = books
            .broken
            .iter()
            .map(|one| (one.law.to_owned(), one.how.clone()));
        let counts = self.journal.counts().into_iter();
        Outcome {
            seed: self.options.seed,
            broken: broken.collect(),
            journal: lines.iter().map(ToString::to_string).collect(),
            digest: self.journal.digest(),
            simulated: self.begun.elapsed().as_secs(),
            counts: counts
                .map(|(what, count)| (what.to_owned(), count))
                .collect(),
        }
    }
}

/// Notes which events have taken effect, and with them which versions nobody may see any
/// more.
async fn watch(ledger: Ledger, journal: Journal, directory: std::path::PathBuf, begun: Instant) {
    let mut all_before = 0;
    let mut noted = std::collections::BTreeSet::new();
    let mut records = None;
    loop {
        tokio::time::sleep(LOOK).await;
        if records.is_none() {
            records = Records::open(&directory).ok();
        }
        let Some(Ok(states)) = records
            .as_ref()
            .map(|records| records.states_after(all_before))
        else {
            continue;
        };
        let mut is_prefix = true;
        for (seq, id, state) in states {
            if state != "done" {
                is_prefix = false;
                continue;
            }
            if is_prefix {
                all_before = seq;
            }
            if noted.insert(seq) {
                journal.note(format!("{id} had taken effect by {:?}", begun.elapsed()));
                let mut books = ledger.books();
                if let Some((member, version)) =
                    books.sent.get(&id).and_then(|sent| sent.version.clone())
                {
                    let settled = books.settled.entry(member).or_default();
                    *settled = (*settled).max(version);
                }
            }
        }
    }
}
