//! Settings from the environment: read once, every mistake reported at once.
//!
//! A [`Settings`] reader records each value it hands out, where it came from and
//! what was wrong with it; [`Settings::finish`] gives either the whole list (for
//! `config check`, secrets redacted) or all errors. A secret `X` can also come
//! from the file that `X_FILE` names. It never writes the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

/// Where settings are read from.
pub trait Env {
    /// The value of `key`; `None` when it is not set or not Unicode.
    fn get(&self, key: &str) -> Option<String>;
    /// Every key that is set.
    fn keys(&self) -> Vec<String>;
}

/// The process's environment.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnv;

impl Env for ProcessEnv {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the process's environment"
    )]
    fn get(&self, key: &str) -> Option<String> {
        std::env::var(key).ok()
    }

    fn keys(&self) -> Vec<String> {
        std::env::vars_os()
            .filter_map(|(key, _)| key.into_string().ok())
            .collect()
    }
}

/// A fixed set of values, for tests.
#[derive(Debug, Clone, Default)]
pub struct MapEnv(BTreeMap<String, String>);

impl MapEnv {
    /// An environment of exactly these values.
    pub fn new<K: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(
            values
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl Env for MapEnv {
    fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn keys(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Where a resolved value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The environment.
    Environment,
    /// A file that the environment names.
    File,
    /// The value the program has when nothing is set.
    Default,
    /// Nothing is set and there is no default.
    Unset,
}

/// A setting as it will be used; secrets are redacted already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Name of the environment variable.
    pub key: String,
    /// The value to show.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::Environment => "environment",
            Origin::File => "file",
            Origin::Default => "default",
            Origin::Unset => return write!(f, "{}= (not set)", self.key),
        };
        write!(f, "{}={} ({origin})", self.key, self.value)
    }
}

/// Everything that is wrong with the settings, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Invalid(pub Vec<String>);

impl Invalid {
    /// The same, with the settings that nobody reads: a misspelt name is often why
    /// another one is missing.
    #[must_use]
    pub fn with_unknown(mut self, unknown: &[String]) -> Self {
        self.0.extend(
            unknown
                .iter()
                .map(|key| format!("{key}: unknown setting; is it misspelt?")),
        );
        self
    }
}

/// Reads settings and remembers what it read.
pub struct Settings<'a> {
    env: &'a dyn Env,
    resolved: Vec<Resolved>,
    invalid: Vec<String>,
    known: BTreeSet<String>,
}

impl fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("resolved", &self.resolved)
            .finish_non_exhaustive()
    }
}

impl<'a> Settings<'a> {
    /// A reader of `env`.
    #[must_use]
    pub fn new(env: &'a dyn Env) -> Self {
        Self {
            env,
            resolved: Vec::new(),
            invalid: Vec::new(),
            known: BTreeSet::new(),
        }
    }

    /// A value, or `default` when `key` is not set or empty. A value that does not
    /// parse is reported by [`finish`](Self::finish).
    pub fn parsed<T>(&mut self, key: &str, default: T) -> T
    where
        T: FromStr<Err: fmt::Display> + fmt::Display,
    {
        if let Some(value) = self.optional(key) {
            value
        } else {
            self.note_default(key, &default);
            default
        }
    }

    /// A value that may be left out.
    pub fn optional<T>(&mut self, key: &str) -> Option<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let Some(text) = self.text(key) else {
            self.record(key, String::new(), Origin::Unset);
            return None;
        };
        self.record(key, text.clone(), Origin::Environment);
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.invalid.push(format!("{key}={text}: {error}"));
                None
            }
        }
    }

    /// An address that may carry credentials, from `key` or from the file that
    /// `{key}_FILE` names. They are not shown: what stands between the scheme and
    /// the `@` is redacted.
    pub fn address(&mut self, key: &str) -> Option<SecretString> {
        let found = self.confidential(key);
        match &found {
            Some(found) => self.record(key, without_credentials(&found.text), found.origin()),
            None => self.record(key, String::new(), Origin::Unset),
        }
        found.map(|found| SecretString::from(found.text))
    }

    /// A flag: `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`, in any case.
    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        let Some(text) = self.text(key) else {
            self.record(key, default.to_string(), Origin::Default);
            return default;
        };
        self.record(key, text.clone(), Origin::Environment);
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => {
                self.invalid
                    .push(format!("{key}={text}: use true or false"));
                default
            }
        }
    }

    /// A secret, from `key` or from the file that `{key}_FILE` names (line ends at its
    /// end are dropped). It is never shown. Both at once is an error.
    pub fn secret(&mut self, key: &str) -> Option<SecretString> {
        self.secret_and_file(key).map(|(secret, _)| secret)
    }

    /// The same, with the path of the file where the secret came from one: for
    /// secrets that are read again when they change.
    pub fn secret_and_file(&mut self, key: &str) -> Option<(SecretString, Option<PathBuf>)> {
        let Some(found) = self.confidential(key) else {
            self.record(key, String::new(), Origin::Unset);
            return None;
        };
        self.record(key, "[redacted]".to_owned(), found.origin());
        Some((SecretString::from(found.text), found.file))
    }

    /// A value that must not be shown as it is; nothing is recorded yet.
    fn confidential(&mut self, key: &str) -> Option<Confidential> {
        let file_key = format!("{key}_FILE");
        let found = match (self.text(key), self.text(&file_key)) {
            (Some(_), Some(_)) => {
                self.invalid
                    .push(format!("{key} and {file_key} are both set: keep one"));
                None
            }
            (Some(text), None) => Some(Confidential { text, file: None }),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => Some(Confidential {
                    text: text.trim_end_matches(['\r', '\n']).to_owned(),
                    file: Some(path.into()),
                }),
                Err(error) => {
                    self.invalid.push(format!("{file_key}={path}: {error}"));
                    None
                }
            },
            (None, None) => None,
        };
        found.filter(|found| !found.text.is_empty())
    }

    /// Reports a mistake that only the caller can see, such as two settings that
    /// exclude each other.
    pub fn reject(&mut self, problem: impl Into<String>) {
        self.invalid.push(problem.into());
    }

    /// Keys that are set, start with one of `prefixes`, and were not read: most
    /// likely misspelt. `also_known` are settings of the other programs that share
    /// the environment.
    #[must_use]
    pub fn unknown(&self, prefixes: &[&str], also_known: &[&str]) -> Vec<String> {
        let is_known = |key: &str| {
            let base = key.strip_suffix("_FILE").unwrap_or(key);
            self.known.contains(key) || also_known.contains(&key) || also_known.contains(&base)
        };
        let mut unknown: Vec<String> = self
            .env
            .keys()
            .into_iter()
            .filter(|key| prefixes.iter().any(|prefix| key.starts_with(prefix)))
            .filter(|key| !is_known(key))
            .collect();
        unknown.sort();
        unknown
    }

    /// Every setting in the order it was read.
    ///
    /// # Errors
    /// [`Invalid`] with every mistake, when there is one.
    pub fn finish(self) -> Result<Vec<Resolved>, Invalid> {
        if self.invalid.is_empty() {
            Ok(self.resolved)
        } else {
            Err(Invalid(self.invalid))
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        self.known.insert(key.to_owned());
        let text = self.env.get(key)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn record(&mut self, key: &str, value: String, origin: Origin) {
        self.resolved.push(Resolved {
            key: key.to_owned(),
            value,
            origin,
        });
    }

    fn note_default(&mut self, key: &str, default: &impl fmt::Display) {
        if let Some(last) = self.resolved.last_mut()
            && last.key == key
            && last.origin == Origin::Unset
        {
            last.value = default.to_string();
            last.origin = Origin::Default;
        }
    }
}

/// A secret or an address, and the file that it came from. No `Debug`: it would show it.
struct Confidential {
    text: String,
    file: Option<PathBuf>,
}

impl Confidential {
    fn origin(&self) -> Origin {
        match self.file {
            Some(_) => Origin::File,
            None => Origin::Environment,
        }
    }
}

fn without_credentials(address: &str) -> String {
    // The last `@` before the path: a password may itself hold one.
    let Some((scheme, rest)) = address.split_once("://") else {
        return "[redacted]".to_owned();
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    // Options after `?` can carry passwords too.
    let path = path.split('?').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://[redacted]@{host}{path}"),
        None => format!("{scheme}://{authority}{path}"),
    }
}

#[cfg(test)]
mod tests;
