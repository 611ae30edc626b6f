//! BetterMode as a migration uses it: paced, patient, and stopped by what patience does
//! not help against.
//!
//! The client below never repeats a change. What this adds: it waits where nothing was
//! sent, and says for each change whether it happened, was refused, or nobody knows.

mod pacing;
mod roster;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bettermode::{Budget, Client, Error as ClientError, TimeSource, Transport};
use service_kit::clock::SharedClock;
use tokio_util::sync::CancellationToken;

pub use pacing::Pacer;
pub use roster::{Known, Roster};

use crate::Error;
use crate::config::TargetConfig;

/// The longest pause before something that was not sent is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The community that is moved to.
#[derive(Debug, Clone)]
pub struct Target {
    client: Client,
    /// Failures since the last answer.
    failures: Arc<AtomicU32>,
    /// So many in a row stop the run.
    most_failures: u32,
    abort: CancellationToken,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent<T> {
    /// It happened.
    Done(T),
    /// It did not, and would not another time either.
    Refused(Refusal),
    /// Nobody knows: look for it.
    Unknown,
}

/// Why BetterMode refuses something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A word for programs.
    pub code: String,
    /// BetterMode's words, without addresses.
    pub message: String,
}

impl Target {
    /// The target over HTTPS.
    ///
    /// # Errors
    /// [`Error::MissingSetting`] without a token or an app; [`Error::Target`] when TLS
    /// cannot be set up.
    pub fn https(
        config: &TargetConfig,
        command: &'static str,
        clock: SharedClock,
        abort: CancellationToken,
    ) -> Result<Self, Error> {
        let config = client_config(config, command)?;
        let transport = config.https()?;
        Ok(Self::new(
            config,
            transport,
            Arc::new(Pacer::new()),
            clock,
            abort,
        ))
    }

    /// The target over any transport and budget.
    pub fn new(
        config: bettermode::Config,
        transport: Transport,
        budget: Arc<dyn Budget>,
        clock: SharedClock,
        abort: CancellationToken,
    ) -> Self {
        let time: TimeSource = Arc::new(move || clock.now());
        Self {
            client: Client::new(config, transport, budget, time)
                .for_class(bettermode::Class::Backfill),
            failures: Arc::default(),
            most_failures: 10,
            abort,
        }
    }

    /// The same, stopping after so many failures in a row.
    #[must_use]
    pub fn with_most_failures(self, most_failures: u32) -> Self {
        Self {
            most_failures,
            ..self
        }
    }

    /// Reads, again and again while that may help.
    ///
    /// # Errors
    /// [`Error::TargetGone`] after too many failures in a row; [`Error::Target`] for what
    /// repeating does not help against.
    pub async fn read<T>(
        &self,
        work: impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<T, Error> {
        loop {
            let error = match work(&self.client).await {
                Ok(value) => {
                    self.answered();
                    return Ok(value);
                }
                Err(error) => error,
            };
            match pause_after(&error) {
                Some(pause) => self.wait(pause, &error).await?,
                None if matches!(error, ClientError::Unavailable { .. }) => {
                    self.wait(Duration::from_secs(5), &error).await?;
                }
                None => return Err(error.into()),
            }
        }
    }

    /// Changes something, once: what was not sent for sure is sent again.
    ///
    /// # Errors
    /// [`Error::TargetGone`] after too many failures in a row; [`Error::Target`] when the
    /// token is refused or may not do this, since everything after would be refused too.
    pub async fn write<T>(
        &self,
        work: impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<Sent<T>, Error> {
        loop {
            let error = match work(&self.client).await {
                Ok(value) => {
                    self.answered();
                    return Ok(Sent::Done(value));
                }
                Err(error) => error,
            };
            if let Some(pause) = pause_after(&error) {
                self.wait(pause, &error).await?;
                continue;
            }
            return match error {
                ClientError::OutcomeUnknown { .. } => {
                    self.failed(&error)?;
                    Ok(Sent::Unknown)
                }
                ClientError::TokenRefused
                | ClientError::PermissionDenied { .. }
                | ClientError::NetworkIdMissing
                | ClientError::ImpersonationUnavailable => Err(error.into()),
                refused => {
                    self.answered();
                    Ok(Sent::Refused(Refusal::of(&refused)))
                }
            };
        }
    }

    fn answered(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    fn failed(&self, error: &ClientError) -> Result<(), Error> {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures < self.most_failures {
            return Ok(());
        }
        Err(Error::TargetGone {
            failures,
            last: error.to_string(),
        })
    }

    async fn wait(&self, pause: Duration, error: &ClientError) -> Result<(), Error> {
        // A limit is no failure: it passes by itself.
        if !matches!(error, ClientError::RateLimited { .. }) {
            self.failed(error)?;
        }
        let pause = pause.min(LONGEST_PAUSE);
        tracing::info!(%error, seconds = pause.as_secs_f64(), "waiting");
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.abort.cancelled() => Err(Error::Aborted),
        }
    }
}

impl Refusal {
    /// What a client's error says.
    fn of(error: &ClientError) -> Self {
        let code = match error {
            ClientError::InvalidInput { field, .. } => match field {
                Some(field) => format!("refused_{field}"),
                None => "refused_value".to_owned(),
            },
            ClientError::NotFound { what } => format!("no_such_{what}").replace(' ', "_"),
            ClientError::ActionFailed { .. } => "action_failed".to_owned(),
            ClientError::NotSupported { .. } => "not_supported".to_owned(),
            ClientError::TooComplex { .. } => "too_complex".to_owned(),
            ClientError::Upstream { code, .. } | ClientError::PartialData { code, .. } => {
                format!("code_{code}")
            }
            _ => "refused".to_owned(),
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}

/// How long to wait before sending again what was not sent; `None` when it was.
fn pause_after(error: &ClientError) -> Option<Duration> {
    match error {
        ClientError::RateLimited { retry_after, .. }
        | ClientError::CircuitOpen { retry_after, .. } => {
            Some((*retry_after).max(Duration::from_millis(100)))
        }
        ClientError::Transport { .. } => Some(Duration::from_secs(2)),
        _ => None,
    }
}

fn client_config(
    target: &TargetConfig,
    command: &'static str,
) -> Result<bettermode::Config, Error> {
    let app = target.client_id.clone().zip(target.client_secret.clone());
    let credentials = match (&target.token, app) {
        (Some(token), _) => bettermode::Credentials::StaticToken(token.clone()),
        (None, Some((client_id, client_secret))) => bettermode::Credentials::App {
            client_id,
            client_secret,
        },
        (None, None) => {
            return Err(Error::MissingSetting {
                command,
                setting: "BETTERMODE_API_TOKEN",
                hint: "or BETTERMODE_CLIENT_ID with BETTERMODE_CLIENT_SECRET, of an app that is \
                       installed in the network that you move to",
            });
        }
    };
    let mut config = bettermode::Config::new(credentials);
    if let Some(url) = &target.api_url {
        config.api_url = url.clone();
    }
    config.network_id = target.network_id.as_deref().map(bettermode::NetworkId::new);
    config.timeout = Duration::from_secs(30);
    Ok(config)
}
