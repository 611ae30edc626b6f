//! The whole system on ports of its own: fake, service, edge, and the stores that
//! a test asks for. Ends when it is dropped.

use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;

use crate::clients::Clients;
use crate::eventually;
use crate::fake::Fake;
use crate::otlp::Collector;
use crate::program::Program;
use crate::stores::{MongoDb, Redis};
use crate::{ports, tools};

/// The key that the fake signs with and the edge verifies with.
pub const WEBHOOK_SECRET: &str = "sandbox-webhook-secret";
/// The one community.
pub const NETWORK_ID: &str = "SandboxNet";
/// The id of the app that the service signs in as.
pub const CLIENT_ID: &str = "sandbox-client-id";
/// That app's secret.
pub const CLIENT_SECRET: &str = "sandbox-client-secret";

/// A running system.
#[derive(Debug)]
pub struct Sandbox {
    /// Ways into the system.
    pub clients: Clients,
    /// Control of the fake.
    pub fake: Fake,
    /// `fake-bettermode`; not started when the service runs its own.
    pub fake_program: Program,
    /// `community-svc`.
    pub service: Program,
    /// `webhook-edge`.
    pub edge: Program,
    /// The Redis of this sandbox alone, when asked for.
    pub redis: Option<Redis>,
    /// The `MongoDB` of this sandbox alone, when asked for.
    pub mongodb: Option<MongoDb>,
    service_admin: SocketAddr,
    edge_admin: SocketAddr,
    // Dropped after the processes.
    folder: TempDir,
}

/// A second `community-svc`.
#[derive(Debug)]
pub struct Replica {
    /// Clients of this one.
    pub clients: Clients,
    /// The process.
    pub program: Program,
}

/// What to start and with which settings.
#[derive(Debug, Default)]
pub struct SandboxBuilder {
    redis: bool,
    mongodb: MongoDbChoice,
    service_has_its_own_fake: bool,
    fake_settings: Vec<(String, String)>,
    service_settings: Vec<(String, String)>,
    edge_settings: Vec<(String, String)>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum MongoDbChoice {
    #[default]
    Embedded,
    Shared,
    Own,
}

impl Sandbox {
    /// A system on embedded stores, to be changed before it is started.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// A system on embedded stores, ready.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A path of the service's admin port: `/livez`, `/readyz` or `/metrics`.
    #[must_use]
    pub fn service_admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service_admin)
    }

    /// A path of the edge's admin port.
    #[must_use]
    pub fn edge_admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.edge_admin)
    }

    /// Waits until every webhook that the edge has acknowledged is with the service.
    ///
    /// Panics when one still waits after the patience of [`eventually()`].
    pub async fn forwarded(&self) {
        let url = self.edge_admin_url("/metrics");
        eventually("the edge's queue is empty", async || {
            let answer = self.clients.http().get(&url).send().await;
            let text = answer.map_err(|error| error.to_string())?.text().await;
            let text = text.map_err(|error| error.to_string())?;
            let depth = text
                .lines()
                .find(|line| line.starts_with("webhook_edge_queue_depth "));
            match depth {
                // Without a queue nothing waits.
                None | Some("webhook_edge_queue_depth 0.0") => Ok(()),
                Some(depth) => Err(depth.to_owned()),
            }
        })
        .await;
    }

    /// Another `community-svc` over the same stores and the same fake, ready.
    pub async fn another_service(&self) -> Replica {
        let [listen, admin] = std::array::from_fn(|_| ports::free());
        let mut program = self.service.another(&[listen, admin]);
        program.set("COMMUNITY_SVC_LISTEN", &listen.to_string());
        program.set("COMMUNITY_SVC_ADMIN_LISTEN", &admin.to_string());
        program.start().await;
        Replica {
            clients: self.clients.with_service(listen),
            program,
        }
    }

    /// Where the programs keep their files, one folder each.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The service's and the edge's log lines so far, as they were written.
    #[must_use]
    pub fn all_lines(&self) -> Vec<String> {
        [self.service.lines(), self.edge.lines()].concat()
    }

    /// Waits until service and edge say on their admin ports that they are ready.
    pub async fn ready(&self) {
        for url in [
            self.service_admin_url("/readyz"),
            self.edge_admin_url("/readyz"),
        ] {
            eventually(&format!("{url} says ready"), async || {
                let response = self
                    .clients
                    .http()
                    .get(&url)
                    .send()
                    .await
                    .map_err(|error| error.to_string())?;
                let status = response.status();
                let text = response.text().await.unwrap_or_default();
                if status.is_success() {
                    Ok(())
                } else {
                    Err(format!("{status}: {text}"))
                }
            })
            .await;
        }
    }
}

impl SandboxBuilder {
    /// With a Redis of its own, which the test may kill.
    #[must_use]
    pub fn with_redis(mut self) -> Self {
        self.redis = true;
        self
    }

    /// With a database of its own in the `MongoDB` that all tests share.
    #[must_use]
    pub fn with_mongodb(mut self) -> Self {
        self.mongodb = MongoDbChoice::Shared;
        self
    }

    /// With a `MongoDB` of its own, which the test may kill; slower to start.
    #[must_use]
    pub fn with_own_mongodb(mut self) -> Self {
        self.mongodb = MongoDbChoice::Own;
        self
    }

    /// `TESTING_MODE`: the service runs its own fake, and no other one is started.
    #[must_use]
    pub fn in_testing_mode(mut self) -> Self {
        self.service_has_its_own_fake = true;
        self.service_setting("TESTING_MODE", "true")
    }

    /// Sets a variable of the fake; an empty value takes ours away.
    #[must_use]
    pub fn fake_setting(mut self, name: &str, value: &str) -> Self {
        self.fake_settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a variable of the service; an empty value takes ours away.
    #[must_use]
    pub fn service_setting(mut self, name: &str, value: &str) -> Self {
        self.service_settings
            .push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a variable of the edge; an empty value takes ours away.
    #[must_use]
    pub fn edge_setting(mut self, name: &str, value: &str) -> Self {
        self.edge_settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Service and edge export their traces to this collector, soon.
    #[must_use]
    pub fn traced_to(mut self, collector: &Collector) -> Self {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url().as_str()),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ] {
            self = self.edge_setting(name, value).service_setting(name, value);
        }
        self
    }

    /// The edge answers a webhook only once the service has stored it.
    #[must_use]
    pub fn acknowledging_when_stored(self) -> Self {
        self.edge_setting("WEBHOOK_ACK", "stored")
    }

    /// The edge logs each webhook that it takes.
    #[must_use]
    pub fn logging_each_webhook(self) -> Self {
        self.edge_setting("LOG_LEVEL", "info,webhook_edge=debug")
    }

    /// Starts all of it and waits until it is ready.
    pub async fn start(self) -> Sandbox {
        let sandbox = self.start_listening().await;
        sandbox.ready().await;
        sandbox
    }

    /// Starts all of it and waits until each part listens, ready or not: for tests
    /// of what happens while something is missing.
    pub async fn start_listening(self) -> Sandbox {
        let mut sandbox = self.build().await;
        apply(&self.fake_settings, &mut sandbox.fake_program);
        if !self.service_has_its_own_fake {
            sandbox.fake_program.start().await;
        }
        apply(&self.service_settings, &mut sandbox.service);
        apply(&self.edge_settings, &mut sandbox.edge);
        sandbox.service.start().await;
        sandbox.edge.start().await;
        sandbox
    }

    /// Programs that are configured and not started, but for the stores.
    async fn build(&self) -> Sandbox {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let [fake, service, service_admin, edge, edge_admin] =
            std::array::from_fn(|_| ports::free());
        let mut sandbox = Sandbox {
            clients: Clients::new(service, edge, WEBHOOK_SECRET),
            fake: Fake::at(fake),
            fake_program: program("fake-bettermode", folder.path(), &[fake]),
            service: program("community-svc", folder.path(), &[service, service_admin]),
            edge: program("webhook-edge", folder.path(), &[edge, edge_admin]),
            redis: None,
            mongodb: None,
            service_admin,
            edge_admin,
            folder,
        };
        let fake_url = sandbox.fake.url("");
        let edge_url = sandbox.clients.edge_url("/webhooks/bettermode");
        let [
            listen,
            service_listen,
            service_admin,
            edge_listen,
            edge_admin,
        ] = [fake, service, service_admin, edge, edge_admin].map(|address| address.to_string());
        sandbox.fake_program.set_all(&[
            ("FAKE_BETTERMODE_LISTEN", &listen),
            ("FAKE_BETTERMODE_NETWORK_ID", NETWORK_ID),
            ("FAKE_BETTERMODE_CLIENT_ID", CLIENT_ID),
            ("FAKE_BETTERMODE_CLIENT_SECRET", CLIENT_SECRET),
            ("FAKE_BETTERMODE_WEBHOOK_URL", &edge_url),
            ("FAKE_BETTERMODE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ]);
        sandbox.service.set_all(&[
            ("COMMUNITY_SVC_LISTEN", &service_listen),
            ("COMMUNITY_SVC_ADMIN_LISTEN", &service_admin),
            ("BETTERMODE_API_URL", &fake_url),
            ("BETTERMODE_NETWORK_ID", NETWORK_ID),
            ("BETTERMODE_CLIENT_ID", CLIENT_ID),
            ("BETTERMODE_CLIENT_SECRET", CLIENT_SECRET),
        ]);
        sandbox.edge.set_all(&[
            ("WEBHOOK_EDGE_LISTEN", &edge_listen),
            ("WEBHOOK_EDGE_ADMIN_LISTEN", &edge_admin),
            ("COMMUNITY_SVC_URL", &format!("http://{service}")),
            ("BETTERMODE_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("BETTERMODE_NETWORK_ID", NETWORK_ID),
        ]);
        self.add_stores(&mut sandbox).await;
        sandbox
    }

    async fn add_stores(&self, sandbox: &mut Sandbox) {
        if self.redis {
            let redis = Redis::start().await;
            sandbox.service.set("REDIS_URL", redis.url());
            sandbox.redis = Some(redis);
        }
        match self.mongodb {
            MongoDbChoice::Embedded => {}
            MongoDbChoice::Shared => {
                let uri = tools::variable_of_the_runner("TEST_MONGODB_URI");
                sandbox.service.set("MONGODB_URI", &uri);
                // No other sandbox has this port, now or earlier in this process.
                let port = sandbox.service_admin.port();
                let database = format!("sandbox_{}_{port}", std::process::id());
                sandbox.service.set("MONGODB_DATABASE", &database);
            }
            MongoDbChoice::Own => {
                let mongodb = MongoDb::start().await;
                sandbox.service.set("MONGODB_URI", &mongodb.uri());
                sandbox.mongodb = Some(mongodb);
            }
        }
    }
}

/// What the test asked for comes last and wins.
fn apply(settings: &[(String, String)], program: &mut Program) {
    for (name, value) in settings {
        program.set(name, value);
    }
}

fn program(name: &str, folder: &Path, addresses: &[SocketAddr]) -> Program {
    let mut program = Program::new(name, &tools::built(name), folder, addresses);
    let data = folder.join(name);
    let own = match name {
        "webhook-edge" => "WEBHOOK_EDGE_QUEUE_DIR",
        _ => "DATA_DIR",
    };
    program.set(own, &data.display().to_string());
    program.set("LOG_FORMAT", "json");
    program.set("RUST_BACKTRACE", "1");
    program
}
