//! From a span that has ended to the collector, on nobody's way.
//!
//! The library's own batch processor does not tell how many spans it dropped, and runs
//! on a thread that shutdown cannot wait for; so the queue is ours, and what is sent and
//! how is the library's.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracerProvider, SpanData, SpanExporter as Exporter, SpanProcessor,
};
use prometheus_client::registry::Registry;
use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::metrics::Metrics;
use crate::names::{SERVICE_INSTANCE_ID, SERVICE_VERSION};
use crate::{Config, Sampling, Tracer};

/// How many spans may wait; more are dropped. As in the specification.
const WAITING: usize = 2048;
/// How many are sent at once. As in the specification.
const BATCH: usize = 512;
/// How long the last spans may take when the process stops; part of the time that
/// stopping may take.
pub const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// Why nothing can be exported. Both are mistakes in the settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address or the certificate cannot be used.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: {0}")]
    Endpoint(#[source] tonic::transport::Error),
    /// The file of certificates cannot be read.
    #[error("OTEL_EXPORTER_OTLP_CERTIFICATE={path}: {source}")]
    Certificate {
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The library refuses one of its own variables.
    #[error("the exporter of traces cannot be made: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Which process the spans are of.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The program's version.
    pub version: &'static str,
    /// A name that no other process has, nor this one after a restart.
    pub instance: String,
}

/// The end of the way; to be asked for the last spans when the process stops.
#[derive(Debug)]
pub struct Exporting {
    stopping: CancellationToken,
    flushed: oneshot::Receiver<()>,
    provider: SdkTracerProvider,
}

/// Begins to export. Does not connect yet: a collector that is away keeps nobody from
/// starting.
///
/// # Errors
/// [`SetupError`], which names the setting.
pub fn start(
    config: &Config,
    identity: Identity,
    (clock, tasks): (SharedClock, &Tasks),
    registry: &mut Registry,
) -> Result<(Tracer, Exporting), SetupError> {
    let resource = resource(config, identity);
    let mut exporter = exporter(config)?;
    exporter.set_resource(&resource);
    let metrics = Metrics::register(registry);
    let (sender, ended) = mpsc::channel(WAITING);
    let (flushing, flushed) = oneshot::channel();
    let stopping = CancellationToken::new();
    let sending = Sending {
        exporter,
        ended,
        delay: config.delay,
        metrics: metrics.clone(),
        stopping: stopping.clone(),
        is_failing: false,
    };
    // It outlives the other tasks, whose last spans it sends; `Exporting` waits for it.
    tasks.spawn_detached("export of traces", sending.run(flushing));
    let provider = SdkTracerProvider::builder()
        .with_sampler(sampler(config))
        .with_resource(resource)
        .with_span_processor(Handover { sender, metrics })
        .build();
    tracing::info!(endpoint = %crate::Value::url(&config.endpoint), sampling = %config.sampling, "traces are exported");
    let tracer = Tracer::new(provider.tracer("community-bridge"), clock);
    let exporting = Exporting {
        stopping,
        flushed,
        provider,
    };
    Ok((tracer, exporting))
}

impl Exporting {
    /// Sends the spans that have ended, for at most [`FLUSH_LIMIT`]; what is left then
    /// is lost. Spans that begin from now on are not recorded.
    pub async fn finish(self) {
        let _already = self.provider.shutdown();
        self.stopping.cancel();
        if timeout(FLUSH_LIMIT, self.flushed).await.is_err() {
            tracing::warn!("the last spans could not be exported in time");
        }
    }
}

fn resource(config: &Config, identity: Identity) -> Resource {
    let given = config.attributes.iter().cloned();
    Resource::builder_empty()
        .with_attributes(given.map(|(key, value)| KeyValue::new(key, value)))
        .with_service_name(config.service_name.clone())
        .with_attribute(KeyValue::new(SERVICE_VERSION, identity.version))
        .with_attribute(KeyValue::new(SERVICE_INSTANCE_ID, identity.instance))
        .build()
}

fn exporter(config: &Config) -> Result<SpanExporter, SetupError> {
    let mut metadata = MetadataMap::new();
    for (key, value) in &config.headers {
        metadata.insert(key.clone(), value.clone());
    }
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_channel(channel(config)?)
        .with_metadata(metadata)
        .with_timeout(config.timeout);
    Ok(exporter.build()?)
}

fn channel(config: &Config) -> Result<Channel, SetupError> {
    let mut endpoint = Endpoint::from_shared(config.endpoint.to_string())
        .map_err(SetupError::Endpoint)?
        .connect_timeout(config.timeout)
        .timeout(config.timeout);
    if config.endpoint.scheme() == "https" {
        let tls = ClientTlsConfig::new();
        let tls = match &config.authority {
            Some(path) => {
                let read = std::fs::read(path).map_err(|source| SetupError::Certificate {
                    path: path.clone(),
                    source,
                });
                tls.ca_certificate(Certificate::from_pem(read?))
            }
            None => tls.with_native_roots(),
        };
        endpoint = endpoint.tls_config(tls).map_err(SetupError::Endpoint)?;
    }
    Ok(endpoint.connect_lazy())
}

fn sampler(config: &Config) -> Sampler {
    let parent_based = |root| Sampler::ParentBased(Box::new(root));
    let ratio = Sampler::TraceIdRatioBased(config.ratio);
    match config.sampling {
        Sampling::AlwaysOn => Sampler::AlwaysOn,
        Sampling::AlwaysOff => Sampler::AlwaysOff,
        Sampling::Ratio => ratio,
        Sampling::ParentAlwaysOn => parent_based(Sampler::AlwaysOn),
        Sampling::ParentAlwaysOff => parent_based(Sampler::AlwaysOff),
        Sampling::ParentRatio => parent_based(ratio),
    }
}

/// Takes spans as they end. Never waits.
#[derive(Debug)]
struct Handover {
    sender: mpsc::Sender<SpanData>,
    metrics: Metrics,
}

impl SpanProcessor for Handover {
    fn on_start(&self, _: &mut opentelemetry_sdk::trace::Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        if self.sender.try_send(span).is_err() {
            self.metrics.dropped.inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Gathers spans and sends them.
struct Sending<E> {
    exporter: E,
    ended: mpsc::Receiver<SpanData>,
    delay: Duration,
    metrics: Metrics,
    stopping: CancellationToken,
    is_failing: bool,
}

impl<E: Exporter> Sending<E> {
    async fn run(mut self, flushing: oneshot::Sender<()>) {
        while let Some(batch) = self.gather().await {
            self.send(batch).await;
        }
        // What ended meanwhile.
        self.ended.close();
        loop {
            let mut batch = Vec::new();
            if self.ended.recv_many(&mut batch, BATCH).await == 0 {
                break;
            }
            self.send(batch).await;
        }
        // Nobody is left to hear it where the time was too short.
        let _gone = flushing.send(());
    }

    /// The next batch: full, or as old as spans may get; `None` when it is time to stop.
    async fn gather(&mut self) -> Option<Vec<SpanData>> {
        let stopping = self.stopping.clone();
        let first = tokio::select! {
            biased;
            () = stopping.cancelled() => return None,
            first = self.ended.recv() => first?,
        };
        let mut batch = vec![first];
        let leaves_at = Instant::now() + self.delay;
        while batch.len() < BATCH {
            let room = BATCH - batch.len();
            tokio::select! {
                count = self.ended.recv_many(&mut batch, room) => if count == 0 {
                    break;
                },
                () = sleep_until(leaves_at) => break,
                () = stopping.cancelled() => break,
            }
        }
        Some(batch)
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let count = batch.len() as u64;
        match self.exporter.export(batch).await {
            Ok(()) => {
                self.metrics.exported.inc_by(count);
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("the collector takes spans again");
                }
            }
            Err(error) => {
                self.metrics.failed.inc_by(count);
                // Told once: it would be the same every few seconds.
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(
                        cause = error.to_string(),
                        "the collector does not take spans; they are lost until it does"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
