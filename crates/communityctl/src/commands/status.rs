//! `status`: every part of the bridge, and what each leans on.

use community_proto::v1::{CircuitState, DependencyState, GetStatusRequest, Status};
use serde_json::{Value, json};

use super::{Context, Outcome};
use crate::admin::Port;
use crate::error::Error;
use crate::proto_json::ProtoJson;
use crate::service::Service;

/// One line of the answer.
struct Part {
    name: String,
    is_well: bool,
    state: String,
    about: String,
}

impl Part {
    fn new(name: impl Into<String>, is_well: bool, state: &str, about: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            is_well,
            state: state.to_owned(),
            about: about.into(),
        }
    }

    fn failed(name: &str, error: &Error) -> Self {
        let about = format!("{error}; {}", error.next_step());
        Self::new(name, false, "no answer", about.trim_end_matches("; "))
    }
}

pub(super) async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let mut parts = Vec::new();
    let status = match ask_service(context).await {
        Ok(status) => {
            parts.extend(of_service(&status));
            Some(status)
        }
        Err(error) => {
            parts.push(Part::failed("community-svc", &error));
            None
        }
    };
    parts.push(readiness("community-svc readiness", Port::of_service_admin(context)?).await);
    parts.push(readiness("webhook-edge readiness", Port::of_edge_admin(context)?).await);
    parts.push(chain(&Port::of_edge(context)?).await);
    let queue = ask_queue(context).await;
    parts.push(of_queue(&queue));
    let is_well = parts.iter().all(|part| part.is_well);
    if context.output.is_json() {
        let status = status.map(|status| ProtoJson::new()?.of("Status", &status));
        let parts: Vec<Value> = parts.iter().map(line).collect();
        context.output.json(&json!({
            "ok": is_well,
            "parts": parts,
            "service": status.transpose()?,
            "queue": queue.ok(),
        }))?;
    } else {
        let rows: Vec<Vec<String>> = parts
            .into_iter()
            .map(|part| vec![part.name, part.state, part.about])
            .collect();
        context
            .output
            .table(&["PART", "STATE", "ABOUT"], &rows, "")?;
    }
    Ok(Outcome::of(is_well))
}

fn line(part: &Part) -> Value {
    json!({ "part": part.name, "ok": part.is_well, "state": part.state, "about": part.about })
}

async fn ask_service(context: &Context<'_>) -> Result<Status, Error> {
    let service = Service::of(context)?;
    let answer = service
        .client
        .community()
        .get_status(GetStatusRequest {})
        .await;
    let answer = answer.map_err(service.failed("asking for the status"))?;
    Ok(answer.into_inner().status.unwrap_or_default())
}

fn of_service(status: &Status) -> Vec<Part> {
    let mode = if status.testing_mode {
        ", TESTING MODE: a fake plays BetterMode"
    } else {
        ""
    };
    let about = format!("version {}{mode}", status.version);
    let mut parts = vec![Part::new("community-svc", true, "up", about)];
    for dependency in &status.dependencies {
        let state = match dependency.state() {
            DependencyState::Unspecified => "not checked yet",
            DependencyState::Up => "up",
            DependencyState::Down => "down",
            DependencyState::Embedded => "embedded",
            DependencyState::Disabled => "disabled",
        };
        let about = match dependency.message.as_str() {
            "" => dependency.kind.clone(),
            message => format!("{}: {message}", dependency.kind),
        };
        let name = format!("  {}", dependency.name);
        parts.push(Part::new(name, state != "down", state, about));
    }
    if let Some(breaker) = &status.circuit_breaker
        && breaker.state() != CircuitState::Closed
    {
        let about = "BetterMode failed several times in a row: most calls fail at once";
        parts.push(Part::new("  circuit breaker", false, "open", about));
    }
    if let Some(budget) = &status.upstream_budget {
        let about = format!(
            "{} of {} requests and {} of {} points are left of 10 s",
            budget.request_remaining,
            budget.request_limit,
            budget.complexity_remaining,
            budget.complexity_limit
        );
        parts.push(Part::new("  upstream budget", true, "known", about));
    }
    parts
}

async fn readiness(name: &'static str, port: Port) -> Part {
    match ask(&port, "asking for readiness", "/readyz").await {
        Ok((200, _)) => Part::new(name, true, "ready", ""),
        Ok((_, text)) => {
            let obstacles: Vec<&str> = text.lines().collect();
            Part::new(name, false, "not ready", obstacles.join("; "))
        }
        Err(error) => Part::failed(name, &error),
    }
}

/// What the edge says to strangers about the whole chain.
async fn chain(edge: &Port) -> Part {
    let name = "webhook-edge";
    match ask(edge, "asking for health", "/health").await {
        Ok((200, _)) => Part::new(name, true, "up", edge.url().as_str()),
        Ok((status, text)) => {
            Part::new(name, false, "unwell", format!("{status}: {}", text.trim()))
        }
        Err(error) => Part::failed(name, &error),
    }
}

async fn ask_queue(context: &Context<'_>) -> Result<Value, Error> {
    let edge = Port::of_edge_admin(context)?;
    edge.get("asking for the queue", "/admin/v1/queue").await
}

fn of_queue(queue: &Result<Value, Error>) -> Part {
    let name = "  queue";
    match queue {
        Ok(queue) if queue["poisoned"] == true => Part::new(
            name,
            false,
            "poisoned",
            "its disk failed: mend it, then restart the edge",
        ),
        Ok(queue) => {
            let dead = queue["dead_letters"].as_u64().unwrap_or(0);
            let oldest = queue["oldest"].as_str();
            let since = oldest.map(|oldest| format!(" since {oldest}"));
            let about = format!(
                "{} wait{}, {dead} dead letters",
                queue["waiting"],
                since.unwrap_or_default()
            );
            Part::new(
                name,
                dead == 0,
                if dead == 0 { "ok" } else { "dead letters" },
                about,
            )
        }
        Err(Error::Refused { status: 404, .. }) => {
            Part::new(name, true, "none", "WEBHOOK_ACK=stored")
        }
        Err(error) => Part::failed(name, error),
    }
}

async fn ask(port: &Port, attempted: &'static str, path: &str) -> Result<(u16, String), Error> {
    let request = port.request(reqwest::Method::GET, path)?;
    let answer = port.send(attempted, request).await?;
    Ok((answer.status, answer.text))
}
