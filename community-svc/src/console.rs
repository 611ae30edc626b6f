//! The console: web pages for operators on the admin port.
//!
//! Off unless a token is set. Pages are made here, on the server; they need no file and
//! no address beside this program. They call what the RPCs call: the stores' ports, the
//! replay, the health, never a store by another way. Payloads are personal data: their
//! e-mail addresses are masked until somebody asks for them, which is written to the
//! audit log, as is every replay.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use prometheus_client::registry::Registry;
use service_kit::admin::{PageBody, Pages};
use service_kit::clock::SharedClock;
use service_kit::http::Body;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;

use crate::config::ConsoleConfig;
use crate::grpc::WebhookEvents;
use crate::health::Health;
use crate::members::Members;
use crate::projections::Effects;

mod answer;
mod assets;
mod charts;
mod edge;
mod exposition;
mod feed;
mod filters;
mod layout;
mod pages;
mod payload;
mod problem;
mod request;
mod samples;
mod session;
mod text;

pub use session::Secrets;

use answer::Answer;
use problem::Problem;
use request::Asked;
use samples::{Sampler, Samples};
use session::{Sessions, Visitor};

/// Where all of it is.
const ROOT: &str = "/console";

/// The console of one process.
#[derive(Debug)]
pub(crate) struct Console {
    sessions: Sessions,
    events: WebhookEvents,
    effects: Effects,
    members: Members,
    health: Health,
    samples: Samples,
    clock: SharedClock,
}

/// What the console is made of: what the RPCs have.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) events: WebhookEvents,
    pub(crate) effects: Effects,
    pub(crate) members: Members,
    pub(crate) health: Health,
    pub(crate) clock: SharedClock,
}

/// The console and what it does while nobody looks.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) console: Arc<Console>,
    sampler: Sampler,
}

impl Console {
    /// Made of these, on the admin port with this number.
    pub(crate) fn open(
        config: &ConsoleConfig,
        port: u16,
        parts: Parts,
        registry: Arc<Registry>,
        secrets: Secrets,
    ) -> Opened {
        let samples = Samples::default();
        let taker = Sampler {
            samples: samples.clone(),
            registry,
            health: parts.health.clone(),
            edge: config.edge.clone(),
            clock: Arc::clone(&parts.clock),
        };
        let clock = Arc::clone(&parts.clock);
        let console = Arc::new(Self {
            sessions: Sessions::new(&config.token, port, secrets, clock),
            events: parts.events,
            effects: parts.effects,
            members: parts.members,
            health: parts.health,
            samples,
            clock: parts.clock,
        });
        Opened {
            console,
            sampler: taker,
        }
    }

    async fn respond(&self, request: Request<Body>) -> Answer {
        let Ok(asked) = Asked::read(request).await else {
            return answer::text(StatusCode::BAD_REQUEST, "the request cannot be read\n");
        };
        if let Some(file) = assets::find(&asked) {
            return file;
        }
        if asked.method == Method::POST && asked.is_from_elsewhere() {
            return Problem::ForeignForm.page();
        }
        if asked.path == "login" {
            return pages::login::answer(&self.sessions, &asked);
        }
        let Some(visitor) = self.sessions.visitor(&asked.headers) else {
            return pages::login::required(&asked);
        };
        let is_ours = || visitor.sent(asked.form.get("form_secret").unwrap_or_default());
        if asked.method == Method::POST && !is_ours() {
            return Problem::ForeignForm.page();
        }
        let done = match asked.method {
            Method::GET | Method::HEAD => self.show(&asked, &visitor).await,
            Method::POST => self.act(&asked, &visitor).await,
            _ => Err(Problem::NoSuchPage),
        };
        done.unwrap_or_else(|problem| problem.page())
    }

    async fn show(&self, asked: &Asked, visitor: &Visitor) -> Result<Answer, Problem> {
        match asked.path.as_str() {
            "" => pages::overview::page(self, asked, visitor).await,
            "overview" => pages::overview::part(self, asked).await,
            "events" => pages::events::page(self, asked, visitor).await,
            "feed" => feed::answer(self, asked).await,
            "event" => pages::event::page(self, asked, visitor).await,
            "dead-letters" => pages::dead_letters::page(self, asked, visitor).await,
            "members" => pages::members::page(self, visitor).await,
            "member" => pages::member::page(self, asked, visitor).await,
            _ => Err(Problem::NoSuchPage),
        }
    }

    async fn act(&self, asked: &Asked, visitor: &Visitor) -> Result<Answer, Problem> {
        match asked.path.as_str() {
            "event" => pages::event::reveal(self, asked, visitor).await,
            "dry-run" => pages::replay::dry_run(self, asked, visitor).await,
            "replay" => pages::replay::run(self, asked).await,
            "members" => pages::members::find(self, asked, visitor).await,
            "logout" => Ok(pages::login::sign_out(&self.sessions, asked)),
            _ => Err(Problem::NoSuchPage),
        }
    }
}

impl Pages for Console {
    fn owns(&self, path: &str) -> bool {
        let rest = path.strip_prefix(ROOT);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn answer(self: Arc<Self>, request: Request<Body>) -> BoxFuture<'static, Response<PageBody>> {
        async move { answer::guarded(self.respond(request).await) }.boxed()
    }
}

impl Opened {
    /// Starts what it does while nobody looks.
    pub(crate) fn spawn(self, tasks: &Tasks, shutdown: &Shutdown) -> Arc<dyn Pages> {
        tasks.spawn("console samples", self.sampler.run(shutdown.clone()));
        self.console
    }
}

/// One line in the audit log: what was done in the console. Whoever has the token has no
/// other name.
fn audit(action: &'static str, count: u64) {
    tracing::info!(target: "audit", parent: None, caller = "console", action, count, "console");
}
