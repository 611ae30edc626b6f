//! The wiring: settings in, a running service out.
//!
//! [`App::build`] binds the ports and makes every part; [`App::run`] serves until
//! the service drains. Dependencies may be down: nothing here waits for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bettermode::{Client, Transport};
use prometheus_client::registry::Registry;
use rand::RngExt as _;
use service_kit::admin;
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic_health::server::HealthReporter;
use trace_kit::{Exporting, Tracer};

use crate::cache::Cache;
use crate::calendar::Calendar;
use crate::callers::{Register, Watched as WatchedFile};
use crate::community_members::SharedMemberStore;
use crate::config::{BetterMode, Config, Door};
use crate::connections::Port;
use crate::direct_messages::DirectMessages;
use crate::event_types::EventTypes;
use crate::events::MAX_WATCHERS;
use crate::ground::Ground;
use crate::grpc::{Activities, Community, WebhookEvents};
use crate::health::{Health, Watched};
use crate::layers::request_id::RequestIds;
use crate::layers::shed;
use crate::layers::{Inbound, Layers};
use crate::members::Members;
use crate::metrics::Metrics;
use crate::posts::Posts;
use crate::projections::{Copies, Effects, Random};
use crate::rate_limit::Limiter;
use crate::reactions::Reactions;
use crate::replies::Replies;
use crate::server::{self, Parts};
use crate::services::Services;
use crate::spaces::Spaces;
use crate::stores::Stores;
use crate::upstream::Upstream;
use crate::upstream::traced::traced;
use crate::writes::{Timing, Writes};

mod background;
mod console;
mod made;
mod port;
mod traces;
mod within;

use background::Background;
use made::Made;
pub use within::Within;

/// How long tasks may take to notice that the service has stopped.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long the start waits for the stores to answer.
const FIRST_CHECK: Duration = Duration::from_millis(500);

/// How many calls at once keep the embedded store busy: it reads one statement at a time
/// and writes one, and the next is brought meanwhile.
const CALLS_OF_A_FILE: usize = 2;

/// How many calls at once read from MongoDB, and write to it.
const CALLS_OF_MONGODB: usize = 64;

/// Why the service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port is taken or not ours to use.
    #[error("failed to listen on {addr}; is another process using it? change {setting}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The setting that names it.
        setting: &'static str,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The certificate of the gRPC port cannot be used.
    #[error(
        "COMMUNITY_SVC_TLS_CERTIFICATE, COMMUNITY_SVC_TLS_KEY and COMMUNITY_SVC_TLS_CLIENT_CA: {0}"
    )]
    Tls(#[from] service_kit::http::tls::Error),
    /// A store cannot even be described.
    #[error("failed to set up the stores")]
    Stores(#[from] crate::stores::Error),
    /// Traces cannot be exported.
    #[error(transparent)]
    Traces(#[from] trace_kit::SetupError),
    /// The HTTPS client cannot be made.
    #[error("failed to set up the BetterMode client")]
    Client(#[source] bettermode::Error),
    /// The descriptors for reflection are broken.
    #[error("failed to set up reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// The service, ready to run.
pub struct App {
    grpc: Port,
    admin: TcpListener,
    service: Inbound<Services>,
    registry: Arc<Registry>,
    console: Option<console::Opened>,
    health: Health,
    reporter: HealthReporter,
    upstream: Upstream,
    cache: Cache,
    background: Background,
    callers: Option<WatchedFile>,
    enabled: bool,
    notice: Duration,
    drain: Duration,
    exporting: Option<Exporting>,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl App {
    /// Binds the ports and makes every part.
    ///
    /// # Errors
    /// [`Error`] when something is wrong that waiting would not mend.
    pub async fn build(
        config: Config,
        clock: SharedClock,
        tasks: Tasks,
        shutdown: Shutdown,
    ) -> Result<Self, Error> {
        let (notice, drain) = (config.door.notice, config.door.drain);
        let process = (Arc::clone(&clock), &tasks, &shutdown);
        let made = Made::new(&config, Ground::default(), process)?;
        let grpc = port::open(&config.door, made.metrics).await?;
        let admin = bind(config.admin_listen, "COMMUNITY_SVC_ADMIN_LISTEN").await?;
        let registry = Arc::new(made.registry);
        let console = console::open(&config, &admin, &made.parts, (&registry, clock));
        let (reporter, service) = serving(made.parts)?;
        Ok(Self {
            grpc,
            admin,
            service,
            registry,
            console,
            health: made.health,
            reporter,
            upstream: made.upstream,
            cache: made.cache,
            background: made.background,
            callers: made.callers,
            enabled: config.bettermode.enabled,
            notice,
            drain,
            exporting: made.exporting,
            tasks,
            shutdown,
        })
    }

    /// Serves until the service drains, then lets open calls finish.
    pub async fn run(self) {
        let Self {
            tasks, shutdown, ..
        } = &self;
        let (tasks, shutdown) = (tasks.clone(), shutdown.clone());
        // Known states before the first call where the stores are quick to answer; one
        // that is away must not keep the service from starting.
        let checked = self.health.check_stores();
        if tokio::time::timeout(FIRST_CHECK, checked).await.is_err() {
            tracing::warn!("a store is slow to answer; serving without waiting for it");
        }
        let reporter = self.reporter.clone();
        let announced = tasks.spawn(
            "health",
            self.health.clone().watch(self.reporter, shutdown.clone()),
        );
        if let Some(file) = self.callers {
            tasks.spawn("callers", file.watch(shutdown.clone()));
        }
        if let Some(tls) = self.grpc.tls.clone() {
            tasks.spawn("certificate", tls.watch(shutdown.clone()));
        }
        self.background.spawn(&tasks, &shutdown);
        tasks.spawn("cache coherence", self.cache.clone().listen());
        if self.enabled {
            tasks.spawn("capabilities", learn_capabilities(self.upstream));
        }
        announce("grpc", &self.grpc.listener);
        announce("admin", &self.admin);
        let console = self.console.map(|it| it.spawn(&tasks, &shutdown));
        tasks.spawn(
            "admin",
            admin::run(
                self.admin,
                self.registry,
                Arc::new(self.health),
                console,
                tasks.clone(),
                shutdown.clone(),
            ),
        );
        let drain = port::Drain {
            notice: self.notice,
            limit: self.drain,
            announced,
            reporter,
        };
        port::serve(self.grpc, self.service, drain, tasks.clone(), &shutdown).await;
        self.cache.close();
        if !tasks.finished(LAST_WORDS).await {
            tracing::warn!("some tasks were cut off");
        }
        // Last: what ended until now has spans.
        if let Some(exporting) = self.exporting {
            exporting.finish().await;
        }
        tracing::info!("stopped");
    }
}

/// Everything behind its layers, and what the standard health service is told with.
fn serving(parts: Parts) -> Result<(HealthReporter, Inbound<Services>), Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflections = (reflection().build_v1()?, reflection().build_v1alpha()?);
    let service = server::service(parts, health, reflections.0, reflections.1);
    Ok((reporter, service))
}

/// What the server serves, and who knows how it is.
fn parts(
    config: &Config,
    register: Option<Register>,
    mut stores: Stores,
    upstream: &Upstream,
    (clock, tasks, shutdown, traces): (SharedClock, &Tasks, &Shutdown, Option<Tracer>),
    metrics: Metrics,
) -> (Parts, Health, Background) {
    let writes = writes(config, &stores, &clock, tasks, &metrics);
    let layers = layers(
        &config.door,
        register,
        &mut stores,
        (metrics.clone(), traces.clone()),
    );
    let members = Members::new(
        upstream.clone(),
        Arc::clone(&stores.limiter),
        stores.cache.clone(),
        tasks,
        metrics.clone(),
    );
    let copies = Copies {
        members,
        spaces: Spaces::new(upstream.clone(), stores.cache.clone()),
    };
    let health = health(config, &stores, upstream, &clock);
    let enabled = config.bettermode.enabled;
    let made = (&copies, writes, health.clone());
    let records = Arc::clone(&stores.members);
    let community = community(enabled, upstream, (stores.cache, records), made);
    let effects = Effects::new(
        copies,
        stores.members,
        stores.activities,
        config.cache.member_max_age,
    )
    .traced(traces.clone());
    let activities = Activities {
        enabled,
        events: Arc::clone(&stores.events),
        effects: effects.clone(),
    };
    let background = Background::new(
        Arc::clone(&stores.events),
        effects.clone(),
        stores.writes,
        &config.events,
        &clock,
        &metrics,
    );
    let webhook_events = WebhookEvents {
        enabled,
        store: stores.events,
        metrics,
        clock,
        shutdown: shutdown.clone(),
        watchers: Arc::new(Semaphore::new(MAX_WATCHERS as usize)),
        preview: Arc::new(effects),
        traces,
    };
    let parts = Parts {
        community,
        webhook_events,
        activities,
        layers,
    };
    (parts, health, background)
}

/// Who knows how every dependency is.
fn health(config: &Config, stores: &Stores, upstream: &Upstream, clock: &SharedClock) -> Health {
    Health::new(Watched {
        upstream: upstream.clone(),
        enabled: config.bettermode.enabled,
        testing: config.bettermode.testing,
        cache: stores.cache.clone(),
        events: Arc::clone(&stores.events),
        limiter: Arc::clone(&stores.limiter),
        clock: Arc::clone(clock),
    })
}

/// Every family of RPCs over BetterMode.
fn community(
    enabled: bool,
    upstream: &Upstream,
    (cache, records): (Cache, SharedMemberStore),
    (copies, writes, health): (&Copies, Writes, Health),
) -> Community {
    Community {
        enabled,
        members: copies.members.clone(),
        records,
        spaces: copies.spaces.clone(),
        event_types: EventTypes::new(upstream.clone(), cache),
        posts: Posts::new(upstream.clone()),
        replies: Replies::new(upstream.clone()),
        reactions: Reactions::new(upstream.clone()),
        direct_messages: DirectMessages::new(upstream.clone()),
        calendar: Calendar::new(upstream.clone()),
        writes,
        health,
    }
}

pub(crate) fn client(
    config: &BetterMode,
    limiter: &Arc<Limiter>,
    clock: &SharedClock,
) -> Result<Client, Error> {
    client_over(config, transport(config), limiter, clock, None)
}

fn client_over(
    config: &BetterMode,
    (transport, credentials): (Option<Transport>, bettermode::Credentials),
    limiter: &Arc<Limiter>,
    clock: &SharedClock,
    traces: Option<&Tracer>,
) -> Result<Client, Error> {
    let mut settings = bettermode::Config::new(credentials);
    settings.api_url = config.api_url.clone();
    settings.network_id.clone_from(&config.network_id);
    settings.generation = config.generation;
    settings.timeout = config.timeout;
    let transport = match transport {
        Some(transport) => transport,
        None => settings.https().map_err(Error::Client)?,
    };
    let transport = match traces {
        Some(traces) => traced(transport, traces, &settings.api_url),
        None => transport,
    };
    let clock = Arc::clone(clock);
    Ok(Client::new(
        settings,
        transport,
        Arc::clone(limiter) as Arc<dyn bettermode::Budget>,
        Arc::new(move || clock.now()),
    ))
}

/// Credentials, and the way to the built-in fake when it stands in.
fn transport(config: &BetterMode) -> (Option<Transport>, bettermode::Credentials) {
    #[cfg(feature = "simulation")]
    if config.testing {
        tracing::warn!(
            "TESTING_MODE: BetterMode is played by the built-in fake; no request leaves"
        );
        let (transport, credentials) = crate::simulation::start();
        return (Some(transport), credentials);
    }
    // Without credentials the integration is disabled, and no call gets this far.
    let none = || bettermode::Credentials::StaticToken(String::new().into());
    (None, config.credentials.clone().unwrap_or_else(none))
}

/// Asks early, so that the first caller does not wait for it; a failure is asked
/// again by whoever needs the answer.
async fn learn_capabilities(upstream: Upstream) {
    let capabilities = upstream.client().capabilities().await;
    if let Ok(capabilities) = upstream.settle(crate::error::Call::CAPABILITIES, capabilities) {
        tracing::info!(?capabilities, "asked the network what it can do");
    }
}

fn writes(
    config: &Config,
    stores: &Stores,
    clock: &SharedClock,
    tasks: &Tasks,
    metrics: &Metrics,
) -> Writes {
    let timing = Timing {
        request: config.bettermode.timeout,
        settle: config.writes.settle,
    };
    Writes::new(
        Arc::clone(&stores.writes),
        Arc::clone(clock),
        tasks.clone(),
        timing,
        metrics.clone(),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
fn random() -> Random {
    Arc::new(|| rand::rng().random())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
fn layers(
    door: &Door,
    callers: Option<Register>,
    stores: &mut Stores,
    (metrics, traces): (Metrics, Option<Tracer>),
) -> Layers {
    let at_the_store = match door.max_store_calls {
        0 if stores.events.is_embedded() => CALLS_OF_A_FILE,
        0 => CALLS_OF_MONGODB,
        calls => calls,
    };
    Layers {
        request_ids: RequestIds::new(rand::rng().random()),
        metrics,
        callers,
        limits: stores.of_one_caller.take(),
        door: shed::Door::new(door.max_calls, at_the_store),
        traces,
    }
}

/// Who may call, and the file to read that from again.
fn register(door: &Door) -> (Option<Register>, Option<WatchedFile>) {
    let Some(auth) = &door.auth else {
        return (None, None);
    };
    let register = Register::new(auth.callers.clone());
    let file = auth.file.clone();
    let file = file.map(|path| WatchedFile::new(path, register.clone()));
    (Some(register), file)
}

fn reflection<'a>() -> tonic_reflection::server::Builder<'a> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(community_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        // So that grpcurl can print error details.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
}

async fn bind(addr: SocketAddr, setting: &'static str) -> Result<TcpListener, Error> {
    TcpListener::bind(addr)
        .await
        .map_err(|source| Error::Listen {
            addr,
            setting,
            source,
        })
}

fn announce(server: &'static str, listener: &TcpListener) {
    if let Ok(addr) = listener.local_addr() {
        tracing::info!(server, %addr, "listening");
    }
}
