//! The service config: which methods may take how long and are retried how.
//!
//! The format is gRPC's own (<https://grpc.io/docs/guides/service-config/>), so that
//! one file, `proto/service_config.json`, is for clients in every language.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use tonic::Code;

/// The config that comes with the contract.
const SHIPPED: &str = include_str!("../../service_config.json");

/// Most attempts that gRPC lets a policy have.
const MOST_ATTEMPTS: u32 = 5;

/// Why a config cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not JSON of the expected form.
    #[error("the service config is not of the form that gRPC describes")]
    Form(#[from] serde_json::Error),
    /// A value breaks its rule.
    #[error("the service config's {field} {rule}")]
    Value {
        /// The field's name.
        field: &'static str,
        /// What it must be, to be read after the name.
        rule: &'static str,
    },
}

/// Time-outs and retries for each method.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    methods: BTreeMap<String, MethodConfig>,
    throttling: Option<Throttling>,
}

/// What holds for one method.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MethodConfig {
    /// How long a call may take in all; `None` for as long as it likes.
    pub timeout: Option<Duration>,
    /// How it is retried; `None` for not at all.
    pub retry: Option<RetryPolicy>,
}

/// How failed calls are sent again.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// How often a call is sent in all, 2 to 5.
    pub max_attempts: u32,
    /// The wait before the second attempt, on average.
    pub initial_backoff: Duration,
    /// The longest wait, on average.
    pub max_backoff: Duration,
    /// How much longer each wait is than the one before.
    pub backoff_multiplier: f64,
    /// The codes of failures that are sent again.
    pub codes: BTreeSet<i32>,
}

/// The budget that all retries of a client share: gRPC's retry throttling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttling {
    /// How many tokens there are at most; below half of them nothing is retried.
    pub max_tokens: f64,
    /// What a call that goes well gives back.
    pub token_ratio: f64,
}

impl ServiceConfig {
    /// The config that comes with the contract.
    ///
    /// # Panics
    /// Never: a test reads the same file.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "a file of this crate, read by its tests"
    )]
    pub fn shipped() -> Self {
        Self::parse(SHIPPED).expect("the shipped service config is valid")
    }

    /// Reads a config in gRPC's JSON format. What it says of load balancing is not used.
    ///
    /// # Errors
    /// [`ConfigError`], which names what is wrong.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let file: File = serde_json::from_str(text)?;
        let mut methods = BTreeMap::new();
        for group in file.method_config {
            let config = MethodConfig {
                timeout: duration("timeout", group.timeout.as_deref())?,
                retry: group.retry_policy.map(RetryFile::check).transpose()?,
            };
            for name in group.name {
                methods.insert(name.key(), config.clone());
            }
        }
        let throttling = file.retry_throttling.map(ThrottlingFile::check);
        Ok(Self {
            methods,
            throttling: throttling.transpose()?,
        })
    }

    /// What holds for the method with this path, `/package.Service/Method`: its own
    /// config, else its service's, else the one for all.
    #[must_use]
    pub fn method(&self, path: &str) -> MethodConfig {
        let path = path.strip_prefix('/').unwrap_or(path);
        let service = path.split_once('/').map_or("", |(service, _)| service);
        [path, &format!("{service}/"), "/"]
            .iter()
            .find_map(|key| self.methods.get(*key))
            .cloned()
            .unwrap_or_default()
    }

    /// The budget of retries.
    #[must_use]
    pub fn throttling(&self) -> Option<Throttling> {
        self.throttling
    }
}

impl RetryPolicy {
    /// The average wait before the attempt with this number: 2 for the first retry.
    #[must_use]
    pub(super) fn backoff(&self, attempt: u32) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(2)).unwrap_or(i32::MAX);
        let seconds = self.initial_backoff.as_secs_f64() * self.backoff_multiplier.powi(exponent);
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(self.max_backoff)
            .min(self.max_backoff)
    }

    /// Whether failures with this code are sent again.
    #[must_use]
    pub fn retries(&self, code: Code) -> bool {
        self.codes.contains(&(code as i32))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    method_config: Vec<Group>,
    retry_throttling: Option<ThrottlingFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: Vec<Name>,
    timeout: Option<String>,
    retry_policy: Option<RetryFile>,
}

#[derive(Deserialize)]
struct Name {
    #[serde(default)]
    service: String,
    #[serde(default)]
    method: String,
}

impl Name {
    fn key(&self) -> String {
        format!("{}/{}", self.service, self.method)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryFile {
    max_attempts: u32,
    initial_backoff: String,
    max_backoff: String,
    backoff_multiplier: f64,
    retryable_status_codes: Vec<String>,
}

impl RetryFile {
    fn check(self) -> Result<RetryPolicy, ConfigError> {
        let bad = |field, rule| Err(ConfigError::Value { field, rule });
        if self.max_attempts < 2 {
            return bad("maxAttempts", "must be 2 at least");
        }
        if !(self.backoff_multiplier > 0.0 && self.backoff_multiplier.is_finite()) {
            return bad("backoffMultiplier", "must be more than 0");
        }
        let wait = |field, text: &str| duration(field, Some(text)).map(Option::unwrap_or_default);
        let initial_backoff = wait("initialBackoff", &self.initial_backoff)?;
        let max_backoff = wait("maxBackoff", &self.max_backoff)?;
        if initial_backoff.is_zero() || max_backoff.is_zero() {
            return bad("initialBackoff and maxBackoff", "must be more than 0");
        }
        let mut codes = BTreeSet::new();
        for name in &self.retryable_status_codes {
            let Some(code) = code(name) else {
                return bad("retryableStatusCodes", "must be names of gRPC's codes");
            };
            codes.insert(code as i32);
        }
        Ok(RetryPolicy {
            max_attempts: self.max_attempts.min(MOST_ATTEMPTS),
            initial_backoff,
            max_backoff,
            backoff_multiplier: self.backoff_multiplier,
            codes,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottlingFile {
    max_tokens: f64,
    token_ratio: f64,
}

impl ThrottlingFile {
    fn check(self) -> Result<Throttling, ConfigError> {
        let bad = |field, rule| Err(ConfigError::Value { field, rule });
        if !(self.max_tokens > 0.0 && self.max_tokens <= 1_000.0) {
            return bad("maxTokens", "must be more than 0 and at most 1000");
        }
        if !(self.token_ratio > 0.0 && self.token_ratio.is_finite()) {
            return bad("tokenRatio", "must be more than 0");
        }
        Ok(Throttling {
            max_tokens: self.max_tokens,
            token_ratio: self.token_ratio,
        })
    }
}

/// A duration as protobuf's JSON has it: `1.5s`.
fn duration(field: &'static str, text: Option<&str>) -> Result<Option<Duration>, ConfigError> {
    text.map(|text| {
        text.strip_suffix('s')
            .and_then(|number| number.parse().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or(ConfigError::Value {
                field,
                rule: "must be seconds, such as \"1.5s\"",
            })
    })
    .transpose()
}

/// The code with this name: `UNAVAILABLE`.
fn code(name: &str) -> Option<Code> {
    let wanted = name.replace('_', "");
    (0..=16)
        .map(Code::from_i32)
        .find(|code| format!("{code:?}").eq_ignore_ascii_case(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::{Kind, Methods};

    #[test]
    fn the_shipped_config_has_a_policy_for_every_method_of_its_kind() {
        let config = ServiceConfig::shipped();
        for (path, method) in Methods::of_the_contract().iter() {
            let MethodConfig { timeout, retry } = config.method(path);
            let retry = retry.unwrap_or_else(|| panic!("{path} has no policy"));
            assert_eq!(timeout.is_none(), method.streams, "{path}");
            assert!(retry.retries(Code::ResourceExhausted), "{path}");
            // To a client that only knows codes, UNAVAILABLE may be a lost answer.
            let unavailable = method.kind != Kind::Write;
            assert_eq!(retry.retries(Code::Unavailable), unavailable, "{path}");
        }
        assert!(config.throttling().is_some());
        assert_eq!(config.method("/a.v1.B/C"), MethodConfig::default());
    }

    #[test]
    fn waits_grow_up_to_their_limit() {
        let policy = ServiceConfig::shipped()
            .method("/community.v1.CommunityService/GetMember")
            .retry
            .unwrap();
        let waits = [2, 3, 4, 40].map(|attempt| policy.backoff(attempt).as_millis());
        assert_eq!(waits, [100, 200, 400, 2_000]);
    }

    #[test]
    fn a_config_that_breaks_a_rule_is_refused_with_the_field() {
        let policy = |part: &str| {
            let text = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 3,
                "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"]}}]}"#;
            let (old, new) = part.split_once('>').unwrap_or_default();
            assert!(text.contains(old), "{old}");
            ServiceConfig::parse(&text.replace(old, new))
        };
        let fine = policy("2>2").unwrap().method("/any.Service/Method");
        assert_eq!(fine.retry.unwrap().max_attempts, 3);
        for (part, field) in [
            ("\"maxAttempts\": 3>\"maxAttempts\": 1", "maxAttempts"),
            ("\"0.1s\">\"0.1\"", "initialBackoff"),
            ("\"1s\">\"-1s\"", "maxBackoff"),
            (
                "\"backoffMultiplier\": 2>\"backoffMultiplier\": 0",
                "backoffMultiplier",
            ),
            ("UNAVAILABLE>BUSY", "retryableStatusCodes"),
        ] {
            let problem = policy(part).unwrap_err().to_string();
            assert!(problem.contains(field), "{problem}");
        }
        assert!(ServiceConfig::parse("[]").is_err());
    }
}
