//! The settings: OpenTelemetry's own variables, as far as there is something to set.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use service_kit::env::Settings;
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};
use url::Url;

/// How long sending a batch may take, in milliseconds; the specification's default.
const DEFAULT_TIMEOUT_MS: u64 = 10_000;
/// How long a span waits for others, in milliseconds; the specification's default.
const DEFAULT_DELAY_MS: u64 = 5_000;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";
const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// Which traces are recorded. A trace that comes from outside of the process can be
/// recorded because its beginning was: that is what "parent based" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// All.
    AlwaysOn,
    /// None.
    AlwaysOff,
    /// This share of them.
    Ratio,
    /// As it was decided where the trace began; those that begin here all.
    #[default]
    ParentAlwaysOn,
    /// As it was decided where the trace began; of those that begin here none.
    ParentAlwaysOff,
    /// As it was decided where the trace began; of those that begin here this share.
    ParentRatio,
}

const SAMPLINGS: [(&str, Sampling); 6] = [
    ("always_on", Sampling::AlwaysOn),
    ("always_off", Sampling::AlwaysOff),
    ("traceidratio", Sampling::Ratio),
    ("parentbased_always_on", Sampling::ParentAlwaysOn),
    ("parentbased_always_off", Sampling::ParentAlwaysOff),
    ("parentbased_traceidratio", Sampling::ParentRatio),
];

impl FromStr for Sampling {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = SAMPLINGS.iter().find(|(name, _)| *name == text);
        known.map(|(_, sampling)| *sampling).ok_or(
            "use always_on, always_off, traceidratio, or one of them with parentbased_ before it",
        )
    }
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = SAMPLINGS.iter().find(|(_, sampling)| sampling == self);
        f.write_str(known.map_or("", |(name, _)| *name))
    }
}

/// A word that a variable must have, of which we have but one.
macro_rules! only {
    ($type:ident, $word:literal, $advice:literal) => {
        struct $type;

        impl FromStr for $type {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if text == $word {
                    Ok(Self)
                } else {
                    Err($advice)
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($word)
            }
        }
    };
}

only!(
    Grpc,
    "grpc",
    "this program exports by grpc alone, which collectors take on port 4317"
);

/// Where spans go, and which.
#[derive(Clone)]
pub struct Config {
    pub(crate) endpoint: Url,
    pub(crate) headers: Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>,
    pub(crate) authority: Option<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) delay: Duration,
    pub(crate) service_name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) sampling: Sampling,
    pub(crate) ratio: f64,
}

impl fmt::Debug for Config {
    /// Without the headers: they are what the collector knows us by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("endpoint", &self.endpoint.as_str())
            .field("sampling", &self.sampling)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Reads the variables; `None` where nothing is exported: without an endpoint, or
    /// with `OTEL_SDK_DISABLED=true`.
    pub fn load(settings: &mut Settings<'_>, program: &str) -> Option<Self> {
        let disabled = settings.flag("OTEL_SDK_DISABLED", false);
        let endpoint = endpoint(settings);
        let _grpc = settings.parsed("OTEL_EXPORTER_OTLP_PROTOCOL", Grpc);
        let headers = settings.secret(HEADERS);
        let authority: Option<String> = settings.optional("OTEL_EXPORTER_OTLP_CERTIFICATE");
        let millis = |settings: &mut Settings<'_>, key, default| {
            Duration::from_millis(settings.parsed(key, default))
        };
        let timeout = millis(settings, "OTEL_EXPORTER_OTLP_TIMEOUT", DEFAULT_TIMEOUT_MS);
        let delay = millis(settings, "OTEL_BSP_SCHEDULE_DELAY", DEFAULT_DELAY_MS);
        let service_name: Option<String> = settings.optional("OTEL_SERVICE_NAME");
        let attributes: Option<String> = settings.optional(ATTRIBUTES);
        let sampling = settings.parsed(SAMPLER, Sampling::default());
        let ratio = ratio(settings);
        let config = Self {
            headers: headers_of(settings, headers.as_ref()),
            attributes: attributes_of(settings, attributes.as_deref()),
            endpoint: endpoint?,
            authority: authority.map(PathBuf::from),
            timeout,
            delay,
            service_name: service_name.unwrap_or_else(|| program.to_owned()),
            sampling,
            ratio,
        };
        (!disabled).then_some(config)
    }
}

fn endpoint(settings: &mut Settings<'_>) -> Option<Url> {
    let address = settings.address(ENDPOINT)?;
    match address.expose_secret().parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
        _ => {
            settings.reject(format!(
                "{ENDPOINT}: use http://host:port or https://host:port of the collector's OTLP/gRPC port"
            ));
            None
        }
    }
}

fn ratio(settings: &mut Settings<'_>) -> f64 {
    let ratio = settings.parsed(RATIO, 1.0);
    if !(0.0..=1.0).contains(&ratio) {
        settings.reject(format!("{RATIO}={ratio}: use 0 to 1"));
    }
    ratio
}

/// `key=value` between commas, values percent-encoded (the specification of the
/// exporter: as W3C Baggage, without properties).
fn pairs(text: &str) -> impl Iterator<Item = Option<(String, String)>> + '_ {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    pairs.map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((key.trim().to_owned(), value.into_owned()))
    })
}

fn headers_of(
    settings: &mut Settings<'_>,
    text: Option<&SecretString>,
) -> Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)> {
    let text = text
        .map(secrecy::ExposeSecret::expose_secret)
        .unwrap_or_default();
    let header = |pair: Option<(String, String)>| {
        let (key, value) = pair?;
        let key = key.to_ascii_lowercase().parse().ok()?;
        let mut value: MetadataValue<Ascii> = value.parse().ok()?;
        value.set_sensitive(true);
        Some((key, value))
    };
    let headers: Option<Vec<_>> = pairs(text).map(header).collect();
    headers.unwrap_or_else(|| {
        settings.reject(format!(
            "{HEADERS}: use name=value between commas, values percent-encoded"
        ));
        Vec::new()
    })
}

fn attributes_of(settings: &mut Settings<'_>, text: Option<&str>) -> Vec<(String, String)> {
    let attributes: Option<Vec<_>> = pairs(text.unwrap_or_default()).collect();
    attributes.unwrap_or_else(|| {
        settings.reject(format!(
            "{ATTRIBUTES}: use name=value between commas, values percent-encoded"
        ));
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use service_kit::env::MapEnv;

    use super::*;

    fn load(variables: &[(&str, &str)]) -> (Option<Config>, Result<String, String>) {
        let env = MapEnv::new(variables.iter().copied());
        let mut settings = Settings::new(&env);
        let config = Config::load(&mut settings, "a-program");
        let said = settings.finish().map_err(|invalid| invalid.to_string());
        let said = said.map(|resolved| {
            let lines: Vec<_> = resolved.iter().map(ToString::to_string).collect();
            lines.join("\n")
        });
        (config, said)
    }

    #[test]
    fn nothing_is_exported_without_an_endpoint_or_when_it_is_disabled() {
        let (config, said) = load(&[("OTEL_SERVICE_NAME", "x")]);
        assert!(config.is_none());
        assert!(said.is_ok());
        let (config, _) = load(&[(ENDPOINT, "http://c:4317"), ("OTEL_SDK_DISABLED", "true")]);
        assert!(config.is_none());
        // An empty value counts as none, as the specification has it.
        assert!(load(&[(ENDPOINT, "")]).0.is_none());
    }

    #[test]
    fn what_is_set_is_used_and_the_rest_is_the_specifications_default() {
        let (config, said) = load(&[
            (ENDPOINT, "http://collector:4317"),
            (HEADERS, "api-key=s3cret%2C, X-Other = b"),
            (ATTRIBUTES, "deployment.environment.name=prod%20a"),
            (SAMPLER, "parentbased_traceidratio"),
            (RATIO, "0.25"),
        ]);
        let config = config.unwrap();
        assert_eq!(config.service_name, "a-program");
        assert_eq!(config.timeout, Duration::from_secs(10));
        assert_eq!(config.delay, Duration::from_secs(5));
        assert_eq!(config.sampling, Sampling::ParentRatio);
        assert!((config.ratio - 0.25).abs() < f64::EPSILON);
        let headers: Vec<_> = config
            .headers
            .iter()
            .map(|(key, value)| (key.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(headers, [("api-key", "s3cret,"), ("x-other", "b")]);
        let environment = ("deployment.environment.name", "prod a");
        let environment = (environment.0.to_owned(), environment.1.to_owned());
        assert_eq!(config.attributes, [environment]);
        assert!(!said.unwrap().contains("s3cret"));
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn what_does_not_add_up_is_refused_and_no_header_is_told() {
        for (key, value) in [
            (ENDPOINT, "collector:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            (HEADERS, "s3cret"),
            (HEADERS, "two words=s3cret"),
            (SAMPLER, "sometimes"),
            (RATIO, "1.5"),
            (ATTRIBUTES, "nothing"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ] {
            let (_, said) =
                load(&[(ENDPOINT, "http://c:4317"), (key, value)][usize::from(key == ENDPOINT)..]);
            let said = said.unwrap_err();
            assert!(said.starts_with(key), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
