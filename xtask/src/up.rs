//! `cargo xtask up`: the whole path on this machine, from one command.
//!
//! Builds and runs the fake BetterMode, the service and the edge, waits until
//! each is ready, prints commands to try, and stops all of it on Ctrl-C or when
//! one of the three ends by itself.

mod examples;
mod grpcurl_calls;
mod grpcurl_page;
mod pages;
mod readiness;
mod services;
mod settings;
mod world;

use std::fs;
use std::path::Path;

use self::services::Services;
use self::settings::{Demo, Stores};
use crate::error::Error;
use crate::processes::{self, Interrupt};
use crate::terminal;
use crate::tools::{self, Tool, Tools};
use crate::workspace::Workspace;

/// How to run it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Use the Redis of `REDIS_URL` and the `MongoDB` of `MONGODB_URI`, not the embedded stores
    #[arg(long)]
    real: bool,
    /// Run every printed command once, and those that the documentation shows as run; compare
    /// what they answer, then stop
    #[arg(long)]
    check: bool,
}

/// Runs until Ctrl-C, or until every printed command was checked.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let stores = if options.real {
        Stores::real()?
    } else {
        Stores::Embedded
    };
    let outcome = with_demo(workspace, stores, |running| serve(running, options));
    match outcome {
        // Ctrl-C is how a person ends this; nothing went wrong.
        Err(Error::Interrupted) if !options.check => Ok(()),
        other => other,
    }
}

/// How to make the page of grpcurl calls.
#[derive(Debug, clap::Args)]
pub(crate) struct PageOptions {
    /// Make every call, and write nothing
    #[arg(long)]
    check: bool,
}

/// Calls every RPC with grpcurl and writes docs/grpcurl.md from what is answered.
pub(crate) fn grpcurl(workspace: &Workspace, options: &PageOptions) -> Result<(), Error> {
    with_demo(workspace, Stores::Embedded, |running| {
        grpcurl_page::make(running, options.check)
    })
}

/// The demo while it runs.
struct Running<'a> {
    workspace: &'a Workspace,
    demo: &'a Demo,
    tools: &'a Tools,
    services: &'a mut Services,
    interrupt: &'a Interrupt,
    world: world::World,
}

/// Builds and starts all of it, does the work, stops all of it.
fn with_demo(
    workspace: &Workspace,
    stores: Stores,
    work: impl FnOnce(&mut Running<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let demo = Demo::read(workspace, stores)?;
    demo.require_free_addresses()?;
    let interrupt = Interrupt::listen()?;
    let tools = tools::ensure(workspace, Tool::FOR_EXAMPLES)?;
    let mut arguments = vec!["--bins"];
    for name in ["fake-bettermode", "community-svc", "webhook-edge"] {
        arguments.extend(["--package", name]);
    }
    processes::build(workspace, &interrupt, &arguments)?;
    start_afresh(&workspace.demo())?;

    let mut services = Services::default();
    let started = start(workspace, &demo, &tools, &mut services, &interrupt);
    let outcome = started.and_then(|world| {
        work(&mut Running {
            workspace,
            demo: &demo,
            tools: &tools,
            services: &mut services,
            interrupt: &interrupt,
            world,
        })
    });
    terminal::heading("stopping");
    services.stop(&interrupt);
    outcome
}

/// Starts all of it, each part when the one before is ready; what the fake then holds.
fn start(
    workspace: &Workspace,
    demo: &Demo,
    tools: &Tools,
    services: &mut Services,
    interrupt: &Interrupt,
) -> Result<world::World, Error> {
    let curl = tools.path(Tool::Curl);
    let mut start = |name, colour, variables: Vec<(&'static str, String)>, ready: &str| {
        services.start(workspace, name, colour, &variables)?;
        readiness::wait(services, name, curl, ready, interrupt)
    };
    start(
        "fake-bettermode",
        terminal::Colour::Magenta,
        demo.for_fake(),
        &demo.world_url(),
    )?;
    start(
        "community-svc",
        terminal::Colour::Blue,
        demo.for_service(),
        &demo.service_ready_url(),
    )?;
    start(
        "webhook-edge",
        terminal::Colour::Yellow,
        demo.for_edge(),
        &demo.health_url(),
    )?;

    world::World::read(curl, &demo.world_url())
}

fn serve(running: &mut Running<'_>, options: &Options) -> Result<(), Error> {
    let Running {
        workspace,
        demo,
        tools,
        services,
        interrupt,
        world,
    } = running;
    let examples = examples::all(workspace, tools, demo, world);
    let script = examples::write(workspace, &examples)?;
    examples::print(&examples);
    terminal::line(format_args!(
        "\nThe same commands are in {}.",
        workspace.as_typed(&script)
    ));
    terminal::line(format_args!(
        "See the webhooks at {}; the token is {}.",
        demo.console_url(),
        settings::CONSOLE_TOKEN
    ));
    if options.check {
        examples::check(workspace, &examples, services, interrupt)?;
        return pages::check(running);
    }
    terminal::heading("ready; Ctrl-C stops everything");
    loop {
        services.all_running()?;
        if interrupt.take() {
            return Err(Error::Interrupted);
        }
        processes::pause();
    }
}

/// The fake's world is new at every start, so events of an earlier one would tell
/// of posts that no longer exist.
fn start_afresh(folder: &Path) -> Result<(), Error> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::io(format!("remove {}", folder.display())))?;
    }
    fs::create_dir_all(folder).map_err(Error::io(format!("create {}", folder.display())))
}
