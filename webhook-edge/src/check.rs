//! The commands that look and leave: `config check` and `healthcheck`.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use service_kit::http::tls::{Protocol, Tls};
use service_kit::tasks::Tasks;
use tokio::net::TcpStream;

use crate::backend::Backend;
use crate::config::{Config, Loaded};
use crate::health::{Part, Probe as _, State};

/// How long a running edge may take to say whether it is ready.
const HEALTHCHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// Prints the settings, looks at the certificate, then asks the service how it is.
/// Success when certificate and key fit, the service answers and its event store
/// works: then webhooks can be taken.
pub async fn config(loaded: &Loaded, out: &mut impl Write) -> ExitCode {
    let mut lines: Vec<String> = loaded.resolved.iter().map(ToString::to_string).collect();
    lines.extend(
        loaded
            .warnings
            .iter()
            .map(|warning| format!("warning: {warning}")),
    );
    let certificate = certificate(&loaded.config);
    let has_certificate = certificate.as_ref().is_none_or(Result::is_ok);
    lines.extend(certificate.map(|checked| checked.unwrap_or_else(|problem| problem)));
    let usable = match service(&loaded.config).await {
        Ok((usable, answer)) => {
            lines.extend(answer);
            usable
        }
        Err(problem) => {
            lines.push(problem);
            false
        }
    };
    finish(usable && has_certificate, &lines, out)
}

/// Asks the running edge on its admin port whether it is ready.
pub async fn health(config: &Config, out: &mut impl Write) -> ExitCode {
    let asked = tokio::time::timeout(HEALTHCHECK_TIMEOUT, ask_readyz(config.admin_listen)).await;
    let (ready, line) = match asked {
        Ok(Ok((StatusCode::OK, text))) => (true, text),
        Ok(Ok((_, text))) => (false, text),
        Ok(Err(error)) => (
            false,
            format!("no answer on {}: {error}", config.admin_listen),
        ),
        Err(_) => (
            false,
            format!(
                "no answer on {} within {HEALTHCHECK_TIMEOUT:?}",
                config.admin_listen
            ),
        ),
    };
    finish(ready, &[line.trim_end().to_owned()], out)
}

fn finish(success: bool, lines: &[String], out: &mut impl Write) -> ExitCode {
    // A reader that has gone away is no failure of the check.
    let _closed = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is to be said about the certificate; nothing without one.
fn certificate(config: &Config) -> Option<Result<String, String>> {
    let files = config.connections.tls.clone()?;
    Some(match Tls::load(files, Protocol::Http1) {
        Ok(_) => Ok("certificate: ok".to_owned()),
        Err(error) => Err(format!("certificate: {error}")),
    })
}

async fn service(config: &Config) -> Result<(bool, Vec<String>), String> {
    let backend = Backend::new(&config.service_url, &config.service_access)
        .map_err(|error| format!("community-svc: {error}"))?;
    let status = backend
        .status()
        .await
        .map_err(|error| format!("community-svc: {error}\n  {}", error.hint()))?;
    let mut lines = vec![format!("community-svc: ok (version {})", status.version)];
    lines.extend(status.parts.iter().map(part_line));
    let store_is_down = |part: &Part| part.name == "event_store" && part.state == State::Down;
    Ok((!status.parts.iter().any(store_is_down), lines))
}

fn part_line(part: &Part) -> String {
    let state = match part.state {
        State::Ok => "ok",
        State::Down => "down",
        State::Disabled => "disabled",
        State::Unknown => "not checked yet",
    };
    let message = match part.message.as_str() {
        "" => String::new(),
        message => format!(": {message}"),
    };
    format!("  {} ({}): {state}{message}", part.name, part.kind)
}

async fn ask_readyz(
    address: SocketAddr,
) -> Result<(StatusCode, String), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    Tasks::new().spawn_detached("healthcheck connection", async move {
        let _ended = connection.await;
    });
    let request = Request::get("/readyz")
        .header(http::header::HOST, address.to_string())
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let text = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}
